"""Makes `llm/catalogue/models.json`:

    python -m sophia_cli.pricelist --litellm WHEEL --as-of DATE

`DATE` is the day on which the installed release of genai-prices came out.

Prices come from the package genai-prices, which has to be installed (extra `dev`). Limits,
capabilities and retirement dates come out of the JSON in a wheel of litellm, which is read as the
zip that it is: never imported, never installed. The same inputs give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, time
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sophia_cli.llm.catalogue.table import FILE, FORMAT, names_in

_LIMITS = "litellm/model_prices_and_context_window_backup.json"
_MODES = ("chat", "responses", "completion", "embedding")
# Where these vendors' entries say nothing of a capability, the model has none; elsewhere it is unknown.
_COMPLETE = ("openai", "anthropic", "google")
_REGIONAL = re.compile(r"^(us|eu|apac|jp|au|ca|global|us-gov)\.")


@dataclass(frozen=True)
class Vendor:
    """One part of the catalogue: its name there, litellm's words for it, their prefixes of names."""

    name: str
    litellm: tuple[str, ...]
    prefixes: tuple[str, ...] = ()


VENDORS = (
    Vendor("anthropic", ("anthropic",)),
    Vendor("aws", ("bedrock_converse", "bedrock"), ("bedrock/",)),
    Vendor("azure", ("azure",), ("azure/",)),
    Vendor("cerebras", ("cerebras",), ("cerebras/",)),
    Vendor("cohere", ("cohere_chat", "cohere"), ("cohere/",)),
    Vendor("deepseek", ("deepseek",), ("deepseek/",)),
    Vendor("fireworks", ("fireworks_ai", "fireworks_ai-embedding-models"), ("fireworks_ai/",)),
    Vendor(
        "google",
        ("gemini", "vertex_ai-language-models", "vertex_ai-embedding-models"),
        ("gemini/",),
    ),
    Vendor("groq", ("groq",), ("groq/",)),
    Vendor("minimax", ("minimax",), ("minimax/",)),
    Vendor("mistral", ("mistral", "codestral"), ("mistral/", "codestral/")),
    Vendor("moonshotai", ("moonshot",), ("moonshot/",)),
    Vendor("openai", ("openai", "text-completion-openai")),
    Vendor("openrouter", ()),
    Vendor("perplexity", ("perplexity",), ("perplexity/",)),
    Vendor("together", ("together_ai",), ("together_ai/",)),
    Vendor("voyageai", ("voyage",), ("voyage/",)),
    Vendor("x-ai", ("xai",), ("xai/",)),
    Vendor("zai", ("zai",), ("zai/",)),
    # No prices: Snowflake publishes credits, and no maintained list has them.
    Vendor("cortex", ("snowflake",), ("snowflake/",)),
)


def facts_for(vendor: Vendor, limits: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The facts of a vendor's models by name: context, output, tools, JSON schema, vision, retirement."""
    found: dict[str, list[Any]] = {}
    for source in vendor.litellm:
        for key, entry in limits.items():
            if entry.get("litellm_provider") == source and entry.get("mode") in _MODES:
                name = _without(vendor.prefixes, key).lower()
                if "/" not in name or vendor.name not in ("aws", "azure"):  # a region's own entry
                    found.setdefault(name, _row(vendor, entry))
    found |= dict(_aliases(vendor, limits, found))
    return {name: row for name, row in sorted(found.items()) if not _REGIONAL.match(name)}


def _aliases(
    vendor: Vendor, limits: Mapping[str, Any], found: Mapping[str, list[Any]]
) -> Iterator[tuple[str, list[Any]]]:
    for key, entry in limits.items():
        target = str(entry.get("alias_of", ""))
        if limits.get(target, {}).get("litellm_provider") in vendor.litellm:
            name, meant = (_without(vendor.prefixes, word).lower() for word in (key, target))
            if meant in found and name not in found:
                yield name, found[meant]


def _row(vendor: Vendor, entry: Mapping[str, Any]) -> list[Any]:
    chat = entry["mode"] in ("chat", "responses")
    absent = False if vendor.name in _COMPLETE or not chat else None
    flags = [
        entry.get(f"supports_{name}", absent)
        for name in ("function_calling", "response_schema", "vision")
    ]
    output = _tokens(entry.get("max_output_tokens")) if chat else None
    retires = entry.get("deprecation_date", "")
    return [
        _tokens(entry.get("max_input_tokens")),
        output,
        *(None if flag is None else int(flag) for flag in flags),
        retires,
    ]


def _tokens(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and value > 0 else None


def _without(prefixes: tuple[str, ...], name: str) -> str:
    return next((name.removeprefix(prefix) for prefix in prefixes if name.startswith(prefix)), name)


def read_limits(wheel: Path) -> tuple[Mapping[str, Any], str]:
    """The table of limits in a wheel of litellm, and `litellm VERSION`."""
    with zipfile.ZipFile(wheel) as archive:
        inside = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        limits = json.loads(archive.read(_LIMITS))
    return limits, "litellm " + inside.partition("/")[0].removesuffix(".dist-info").split("-")[1]


def write(data: Mapping[str, Any]) -> str:
    """The file's text: one model a line, so that a change of prices can be read as a diff."""
    lines = [f'"{key}":{_compact(data[key])},' for key in data if key != "vendors"]
    parts = []
    for name, vendor in data["vendors"].items():
        prices = ",\n".join(_compact(model) for model in vendor["prices"])
        facts = ",\n".join(
            f"{_compact(key)}:{_compact(row)}" for key, row in vendor["facts"].items()
        )
        also = _compact(vendor["also"])
        parts.append(f'"{name}":{{"also":{also},"prices":[\n{prices}],"facts":{{\n{facts}}}}}')
    return "{" + "\n".join([*lines, '"vendors":{']) + "\n" + ",\n".join(parts) + "}}\n"


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def build(limits: Mapping[str, Any], limits_source: str, as_of: date) -> dict[str, Any]:
    """The catalogue as data."""
    from genai_prices.data import providers

    listed = {provider.id: provider for provider in providers}
    vendors = {vendor.name: _part(vendor, listed.get(vendor.name), limits) for vendor in VENDORS}
    return {
        "format": FORMAT,
        "prices_source": [f"genai-prices {version('genai-prices')}", as_of.isoformat()],
        "facts_source": limits_source,
        "vendors": vendors,
    }


def _part(vendor: Vendor, provider: Any, limits: Mapping[str, Any]) -> dict[str, Any]:
    facts = facts_for(vendor, limits)
    if provider is None:
        return {"also": [], "prices": [], "facts": facts}
    sold = [name for name in provider.fallback_model_providers or () if name in _NAMES]
    facts = facts if vendor.litellm else dict(_windows(provider))
    return {"also": sold, "prices": list(prices_for(provider)), "facts": facts}


_NAMES = {vendor.name for vendor in VENDORS}


def _windows(provider: Any) -> Iterator[tuple[str, list[Any]]]:
    """What genai-prices itself knows of limits, for a vendor that litellm has no list of."""
    for model in provider.models:
        if model.context_window:
            for name in names_in(clause_of(model.match)):
                yield name, [model.context_window, None, None, None, None, ""]


# genai-prices' words for rates, and ours.
_RATES = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cached",
    "cache_write_mtok": "written",
    "cache_write_1h_mtok": "written_hour",
    "output_reasoning_mtok": "reasoning",
    "input_audio_mtok": "audio_in",
    "output_audio_mtok": "audio_out",
    "requests_kcount": "request",
}
# Fees for tools beside the tokens; and cached sound, which we count as sound.
_BESIDE = ("web_searches_kcount", "storage_searches_kcount", "cache_audio_read_mtok")


def prices_for(provider: Any) -> Iterator[list[Any]]:
    """`[clause, rows]` of each model. Those without rows stay: no wider clause may price them."""
    for model in provider.models:
        yield [clause_of(model.match), rows_of(model)]


def rows_of(model: Any) -> list[dict[str, Any]]:
    """A model's prices as rows (see `llm/prices/rows.py`); none where tokens alone do not tell them.

    An entry without any price is free where its name says so, and unknown elsewhere. A missing
    output price is that of a model that only embeds; pictures, pages and hours are not counted here.
    """
    conditional = model.prices if isinstance(model.prices, list) else None
    rows: list[dict[str, Any]] = []
    for part in conditional or [None]:
        prices = (part.prices if part else model.prices).__dict__
        prices = {name: value for name, value in prices.items() if value is not None}
        if not prices and model.id.endswith(":free"):
            prices = {"input_mtok": Decimal(0), "output_mtok": Decimal(0)}
        if set(prices) <= {"input_mtok", "cache_read_mtok"} and _EMBEDS.search(model.id):
            prices["output_mtok"] = Decimal(0)
        plain = prices.get("input_mtok")
        prices = {
            name: value
            for name, value in prices.items()
            if name not in _BESIDE and not (name in _PICTURES and value == plain)
        }
        if not {"input_mtok", "output_mtok"} <= set(prices) <= set(_RATES):
            return []
        rows += _layers(prices, _condition(part.constraint if part else None))
    return _without_repeats(rows)


_EMBEDS = re.compile(r"embed|^voyage-")
_PICTURES = ("input_image_mtok", "input_video_mtok")


def _layers(prices: Mapping[str, Any], condition: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One condition's rates, and those of larger prompts. All rates: nothing of an earlier row stays."""
    row: dict[str, Any] = {}
    larger: dict[int, dict[str, Any]] = {}
    for theirs, ours in _RATES.items():
        price = prices.get(theirs)
        per = 1000 if ours == "request" else 1
        row[ours] = _number(getattr(price, "base", price), per)
        for tier in getattr(price, "tiers", ()):
            larger.setdefault(tier.start, {})[ours] = _number(tier.price, per)
    yield {**condition, **row}
    for start, rates in sorted(larger.items()):
        yield {**condition, "above": start, **rates}


def _without_repeats(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same without the rates that no row before has either."""
    named = {name for row in rows for name, value in row.items() if value is not None}
    return [{name: value for name, value in row.items() if name in named} for row in rows]


def _condition(constraint: Any) -> dict[str, Any]:
    if constraint is None:
        return {}
    if hasattr(constraint, "start_date"):
        return {"from": constraint.start_date.isoformat()}
    return {"between": [_clock(constraint.start_time), _clock(constraint.end_time)]}


def _clock(moment: time) -> int:
    if moment.tzinfo not in (None, UTC) or moment.second:
        raise ValueError(f"{moment} is no full minute of UTC")
    return moment.hour * 100 + moment.minute


def _number(price: Decimal | None, per: int = 1) -> int | float | None:
    if price is None:
        return None
    value = float(price / per)
    return int(value) if value.is_integer() else value


def clause_of(clause: Any) -> Any:
    """genai-prices' condition on names in our notation (see `is_match`)."""
    [(word, value)] = vars(clause).items()
    if word in ("or_", "and_"):
        parts = [clause_of(part) for part in value]
        return parts if word == "or_" else {"and": parts}
    text = value if word == "regex" else value.lower()
    return text if word == "equals" else {word: text}


def main() -> None:
    """Write the catalogue anew."""
    parser = argparse.ArgumentParser(prog="python -m sophia_cli.pricelist", description=__doc__)
    parser.add_argument("--litellm", type=Path, required=True, help="a wheel of litellm")
    parser.add_argument("--as-of", type=date.fromisoformat, required=True, help="YYYY-MM-DD")
    options = parser.parse_args()
    limits, source = read_limits(options.litellm)
    FILE.write_text(write(build(limits, source, options.as_of)), encoding="utf-8")


if __name__ == "__main__":
    main()
