"""OpenRouter's own prices, as its `/models` gives them.

Wire facts (OpenRouter's TypeScript SDK, `Pricing` and `PricingOverride`): strings in USD per token;
-1 where a router decides; `overrides` hold where all of their conditions do, `min_prompt_tokens`
strictly above, `utc_start` and `utc_end` as clock numbers, `utc_days` by name; later entries win
for each price, and what one does not name it inherits.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from sophia_cli.llm.prices.price import DEAREST
from sophia_cli.llm.prices.rows import Rows

_RATES = {
    "prompt": "input",
    "completion": "output",
    "input_cache_read": "cached",
    "input_cache_write": "written",
    "input_cache_write_1h": "written_hour",
    "internal_reasoning": "reasoning",
    "audio": "audio_in",
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CONDITIONS = ("min_prompt_tokens", "utc_start", "utc_end", "utc_days")
_MILLION = 1_000_000


def parse_models(reply: Any) -> dict[str, Rows]:
    """The prices in an answer of `/models`, by model. Raises ValueError when it is none.

    A model whose prices cannot be understood is left out: unknown rather than wrong.
    """
    entries = reply.get("data") if isinstance(reply, dict) else None
    if not isinstance(entries, list):
        raise ValueError("it is no list of models")
    models: dict[str, Rows] = {}
    for entry in entries:
        try:
            models[str(entry["id"])] = _rows(entry["pricing"])
        except (LookupError, TypeError, ValueError, AttributeError, InvalidOperation):
            continue
    return models


def _rows(pricing: Mapping[str, Any]) -> Rows:
    base = _rates(pricing)
    if "input" not in base or "output" not in base:
        raise ValueError("a price is missing")
    request = _usd(pricing.get("request", "0"))
    rows = [{**base, **({"request": request} if request else {})}]
    for override in pricing.get("overrides") or ():
        unknown = set(override) - set(_CONDITIONS) - set(_RATES) - {"input_audio_cache"}
        if unknown:
            raise ValueError(f"a condition is not known: {unknown}")
        rows.append({**_conditions(override), **_rates(override)})
    return rows


def _conditions(override: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "min_prompt_tokens" in override:
        found["above"] = int(override["min_prompt_tokens"])
    if "utc_start" in override or "utc_end" in override:
        found["between"] = [int(override.get("utc_start", 0)), int(override.get("utc_end", 2400))]
    if "utc_days" in override:
        found["days"] = [_DAYS.index(day) for day in override["utc_days"]]
    return found


def _rates(pricing: Mapping[str, Any]) -> dict[str, float]:
    rates = {}
    for theirs, ours in _RATES.items():
        if theirs in pricing:
            usd = _usd(pricing[theirs], _MILLION)
            # Beside what it is a part of, 0 is what is written where nothing is said.
            if usd or ours in ("input", "output"):
                rates[ours] = usd
    return rates


def _usd(text: Any, times: int = 1) -> float:
    usd = Decimal(str(text)) * times
    if not 0 <= usd <= int(DEAREST):
        raise ValueError(f"a price is {text}")
    return float(usd)
