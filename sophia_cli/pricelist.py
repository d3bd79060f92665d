"""Makes `llm/catalogue/models.json`: `python -m sophia_cli.pricelist --litellm WHEEL --as-of DATE`.

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
from datetime import date
from pathlib import Path
from typing import Any

from sophia_cli.llm.catalogue.table import FILE, FORMAT

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
    lines = [f'{{"format":{FORMAT},']
    lines += [f'"{key}":{_compact(data[key])},' for key in data if key != "vendors"]
    lines.append('"vendors":{')
    parts = []
    for name, vendor in data["vendors"].items():
        facts = [f"{_compact(key)}:{_compact(row)}" for key, row in vendor["facts"].items()]
        parts.append(f'"{name}":{{"facts":{{\n' + ",\n".join(facts) + "}}")
    return "\n".join(lines) + "\n" + ",\n".join(parts) + "}}\n"


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def build(limits: Mapping[str, Any], limits_source: str, as_of: date) -> dict[str, Any]:
    """The catalogue as data."""
    vendors = {vendor.name: {"facts": facts_for(vendor, limits)} for vendor in VENDORS}
    return {"facts_source": limits_source, "as_of": as_of.isoformat(), "vendors": vendors}


def main() -> None:
    """Write the catalogue anew."""
    parser = argparse.ArgumentParser(prog="python -m sophia_cli.pricelist", description=__doc__)
    parser.add_argument("--litellm", type=Path, required=True, help="a wheel of litellm")
    parser.add_argument("--as-of", type=date.fromisoformat, required=True)
    options = parser.parse_args()
    limits, source = read_limits(options.litellm)
    FILE.write_text(write(build(limits, source, options.as_of)), encoding="utf-8")


if __name__ == "__main__":
    main()
