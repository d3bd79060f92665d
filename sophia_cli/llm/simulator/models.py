"""The list of models. It names the simulator's own; every other name is answered as well."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sophia_cli.llm.simulator.ask import Ask
from sophia_cli.llm.simulator.chat import PRICE_IN, PRICE_OUT

_NAMES = ("small", "large", "small-embedding")
_CONTEXT = 128_000


def models(ask: Ask) -> dict[str, Any]:
    """The list as this provider gives it; OpenRouter's has prices in USD per token, as text."""
    if ask.flavour == "anthropic":
        rows = [_anthropic(ask, name) for name in _NAMES]
        return {"data": rows, "has_more": False, "first_id": _NAMES[0], "last_id": _NAMES[-1]}
    row = _openrouter if ask.flavour == "openrouter" else _openai
    return {"object": "list", "data": [row(ask, name) for name in _NAMES]}


def _anthropic(ask: Ask, name: str) -> dict[str, Any]:
    created = datetime.fromtimestamp(ask.digest.created, UTC).isoformat()
    return {"type": "model", "id": name, "display_name": f"Simulated {name}", "created_at": created}


def _openai(ask: Ask, name: str) -> dict[str, Any]:
    created = ask.digest.created
    return {"id": name, "object": "model", "created": created, "owned_by": "simulator"}


def _openrouter(ask: Ask, name: str) -> dict[str, Any]:
    return {
        "id": f"simulated/{name}",
        "name": f"Simulated: {name}",
        "created": ask.digest.created,
        "context_length": _CONTEXT,
        "pricing": {"prompt": f"{PRICE_IN:.6f}", "completion": f"{PRICE_OUT:.6f}", "request": "0"},
        "supported_parameters": ["max_tokens", "response_format", "stop", "tools", "tool_choice"],
    }
