"""What routing has to know of a model: how much it takes and gives, what it can do, until when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sophia_cli.llm.catalogue.listing import Listing, listing_of
from sophia_cli.llm.catalogue.table import load_table

if TYPE_CHECKING:
    from sophia_cli.llm.config import Config

_DATED = re.compile(r"[-@](20\d{6}|20\d\d-\d\d-\d\d)$")
_LATEST = re.compile(r"-latest$")
_VARIANT = re.compile(r":[a-z-]+$")  # OpenRouter's `:free`, `:nitro`, `:floor`
_FINE_TUNED = re.compile(r"^(ft:[^:]+):.*")
_REGION = re.compile(r"^(us|eu|apac|jp|au|ca|global|us-gov)\.")
_CLAUDE = re.compile(r"^(claude-.*\d)\.(\d)")
# `claude-4-sonnet` is how Cortex says `claude-sonnet-4`.
_NUMBER_FIRST = re.compile(r"^claude-(\d+(?:-\d)?)-(opus|sonnet|haiku)$")


@dataclass(frozen=True)
class ModelFacts:
    """Tokens that a prompt and an answer may have, capabilities, and the day a model is switched off.

    None where it is not known: unknown is not no. `retires` is a date such as `2026-11-30`, or empty.
    """

    context: int | None = None
    output: int | None = None
    tools: bool | None = None
    json_schema: bool | None = None
    vision: bool | None = None
    retires: str = ""


def facts_of(config: Config, provider: str, model: str) -> ModelFacts | None:
    """What is known of a configured provider's model, by that provider's name of it; None for nothing."""
    found = config.providers.get(provider)
    listing = listing_of(found, model) if found else None
    return _facts(listing) if listing else None


@lru_cache(maxsize=4096)
def _facts(listing: Listing) -> ModelFacts | None:
    table = load_table()
    for vendor, name, certain in _names(listing):
        facts = _read(table.facts(vendor, name))
        if facts is not None:
            # The date is that of the vendor's own endpoint and of just this version.
            return facts if certain and listing.host != "cortex" else replace(facts, retires="")
    return None


def _names(listing: Listing) -> Iterator[tuple[str, str, bool]]:
    """Where the facts may stand, the surest place first, and whether that is the very same version."""
    vendor, name = listing.vendor, listing.model.lower()
    name = _CLAUDE.sub(r"\1-\2", _VARIANT.sub("", _FINE_TUNED.sub(r"\1", _REGION.sub("", name))))
    yield vendor, name, True
    undated = _LATEST.sub("", _DATED.sub("", name))
    if undated != name:
        yield vendor, undated, False
    turned = _NUMBER_FIRST.sub(r"claude-\2-\1", undated)
    if turned != undated:
        yield vendor, turned, False
    if listing.host:
        yield listing.host, listing.name.lower(), True


def _read(row: Any) -> ModelFacts | None:
    if not isinstance(row, list) or len(row) != 6:  # not there, or damaged
        return None
    context, output, *flags, retires = row
    tools, json_schema, vision = (None if flag is None else bool(flag) for flag in flags)
    return ModelFacts(context, output, tools, json_schema, vision, retires)
