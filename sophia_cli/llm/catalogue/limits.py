"""What a model takes and can do: as the catalogue has it, corrected by `[limits]` of `sophia.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from sophia_cli.llm.catalogue import ModelFacts, facts_of
from sophia_cli.llm.configfile import ConfigFile
from sophia_cli.llm.errors import ConfigError

if TYPE_CHECKING:
    from sophia_cli.llm.config import Config

_SIZES = ("context", "output")
_KEYS = (*_SIZES, "tools", "json_schema", "vision")
_UNKNOWN = ModelFacts()


def parse_limits(file: ConfigFile) -> dict[str, Mapping[str, Any]]:
    """The `[limits."provider/model"]` tables: what stands there goes before the catalogue."""
    limits: dict[str, Mapping[str, Any]] = {}
    for name, table in file.table("limits").items():
        where = f'[limits."{name}"]'
        if not isinstance(table, dict):
            words = f"{file.at('limits', name)}: {where} must be a table"
            raise ConfigError(words, "such as {context = 32768}")
        file.check_names(where, table, _KEYS, "limits", name)
        for key, value in table.items():
            at = partial(file.at, "limits", name, key)
            is_size = isinstance(value, int) and not isinstance(value, bool) and value > 0
            if key in _SIZES and not is_size:
                raise ConfigError(f"{at()}: {where} {key} must be tokens, not {value!r}")
            if key not in _SIZES and not isinstance(value, bool):
                raise ConfigError(f"{at()}: {where} {key} must be true or false, not {value!r}")
        limits[name] = table
    return limits


def limits_of(config: Config, provider: str, model: str) -> ModelFacts:
    """What is known of a provider's model; all None for one that nobody has described."""
    found: ModelFacts | None = config.plans.get((provider, model))
    if found is None:
        found = facts_of(config, provider, model) or _UNKNOWN
        if own := config.limits.get(f"{provider}/{model}"):
            found = replace(found, **own)
        config.plans[provider, model] = found
    return found
