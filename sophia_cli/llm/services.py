"""Options of a provider that differ by the service that calls: `[providers.portkey.virtual_keys]` and `configs`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sophia_cli.llm.secret import Secret

# Table of values by service -> the option that each of them stands for.
TABLES = {"virtual_keys": "virtual_key", "configs": "config"}
IN_ENVIRONMENT = "env:"


def by_service(options: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """The options with those tables turned into `services`: what each service has of its own.

    A value `env:NAME` is taken from that variable; one that is not set is an empty Secret.
    """
    found = {name: value for name, value in options.items() if name not in TABLES}
    for option in TABLES.values():
        if str(found.get(option, "")).startswith(IN_ENVIRONMENT):
            found[option] = _resolve(found[option], environ)
    services: dict[str, dict[str, Secret]] = {}
    for table, option in TABLES.items():
        for service, value in options.get(table, {}).items():
            services.setdefault(service, {})[option] = _resolve(value, environ)
    return {**found, "services": services} if services else found


def unset(options: Mapping[str, Any]) -> str:
    """The variable that an option for all services stands in, where it is not set; empty where all are."""
    said = (options.get(option) for option in TABLES.values())
    return next((one.source for one in said if isinstance(one, Secret) and not one.value), "")


def _resolve(value: str, environ: Mapping[str, str]) -> Secret:
    if not value.startswith(IN_ENVIRONMENT):
        return Secret(value, "sophia.toml")
    variable = value.removeprefix(IN_ENVIRONMENT)
    value = environ.get(variable, "").strip()
    return Secret(value if value.isascii() and value.isprintable() else "", variable)
