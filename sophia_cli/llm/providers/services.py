"""Options of a provider that differ by the service that calls: `[providers.portkey.virtual_keys]` and `configs`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.keyfile import Keys
from sophia_cli.llm.secret import Secret

# Table of values by service -> the option that each of them stands for.
TABLES = {"virtual_keys": "virtual_key", "configs": "config"}
IN_ENVIRONMENT = "env:"


def by_service(options: Mapping[str, Any], keys: Keys) -> dict[str, Any]:
    """The options with those tables turned into `services`: what each service has of its own.

    A value `env:NAME` is found as a provider's own key is: in that variable, or kept under its name.
    One that is nowhere is an empty Secret.
    """
    found = {name: value for name, value in options.items() if name not in TABLES}
    for option in TABLES.values():
        if str(found.get(option, "")).startswith(IN_ENVIRONMENT):
            found[option] = _resolve(found[option], keys)
    services: dict[str, dict[str, Secret]] = {}
    for table, option in TABLES.items():
        for service, value in options.get(table, {}).items():
            services.setdefault(service, {})[option] = _resolve(value, keys)
    return {**found, "services": services} if services else found


def unset(options: Mapping[str, Any]) -> str:
    """The variable that an option for all services stands in, where it is not set; empty where all are."""
    said = (options.get(option) for option in TABLES.values())
    return next((one.source for one in said if isinstance(one, Secret) and not one.value), "")


def _resolve(value: str, keys: Keys) -> Secret:
    if not value.startswith(IN_ENVIRONMENT):
        return Secret(value, "sophia.toml")
    variable = value.removeprefix(IN_ENVIRONMENT)
    try:
        found = keys.find(variable)
    except ConfigError:  # the keyring: its provider's own key says so
        found = None
    usable = found is not None and found.value.isascii() and found.value.isprintable()
    return found if found is not None and usable else Secret("", variable)
