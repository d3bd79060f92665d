"""Tokens and text out of an answer, whichever dialect it is in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

from sophia_cli.llm.call import Usage
from sophia_cli.llm.prices import NANO

# Beyond these a figure is a mistake, and would not fit the ledger's integers.
_MOST = 2**53
_DEAREST = 1e6


def read_usage(reply: Mapping[str, Any]) -> Usage | None:
    """The `usage` of an OpenAI- or Anthropic-shaped object; None when it has none that can be."""
    usage = reply.get("usage")
    if not isinstance(usage, Mapping):
        return None
    if "prompt_tokens" in usage:
        return _chat_usage(usage)
    if "input_tokens" in usage or "output_tokens" in usage:
        return _messages_usage(usage)
    return None


def _chat_usage(usage: Mapping[str, Any]) -> Usage | None:
    sent, received = _told(usage, "prompt_tokens"), _told(usage, "completion_tokens")
    if sent is None or received is None:
        return None
    return Usage(
        input=sent,
        output=received,
        cached=_count(_within(usage, "prompt_tokens_details").get("cached_tokens")),
        reasoning=_count(_within(usage, "completion_tokens_details").get("reasoning_tokens")),
        cost_nano=_reported_cost(usage),
    )


def _messages_usage(usage: Mapping[str, Any]) -> Usage | None:
    sent, received = _told(usage, "input_tokens"), _told(usage, "output_tokens")
    if sent is None or received is None:
        return None
    # Anthropic counts cached tokens beside input_tokens, OpenAI's Responses API within them.
    cached = _count(usage.get("cache_read_input_tokens"))
    written = _count(usage.get("cache_creation_input_tokens"))
    within = _count(_within(usage, "input_tokens_details").get("cached_tokens"))
    return Usage(
        input=sent + cached + written,
        output=received,
        cached=cached + within,
        reasoning=_count(_within(usage, "output_tokens_details").get("reasoning_tokens")),
    )


def _reported_cost(usage: Mapping[str, Any]) -> int | None:
    """OpenRouter's own figure: with the customer's key the upstream's price comes on top of its fee."""
    cost = usage.get("cost")
    if not _is_money(cost):
        return None
    upstream = _within(usage, "cost_details").get("upstream_inference_cost")
    if usage.get("is_byok") and _is_money(upstream):
        cost += upstream
    return round(cost * NANO)


def _is_money(value: Any) -> TypeGuard[float]:
    """USD that one call can have cost."""
    return isinstance(value, int | float) and value is not True and 0 <= value < _DEAREST


def _told(usage: Mapping[str, Any], name: str) -> int | None:
    """A number of tokens: 0 where nothing is said, None where what is said cannot be."""
    value = usage.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value < _MOST else None


def _count(value: Any) -> int:
    return _told({"": value}, "") or 0


def text_of(reply: Mapping[str, Any]) -> str:
    """The text of a complete answer."""
    if "choices" in reply:
        return _flatten(_within(_first(reply["choices"]), "message").get("content"))
    return _flatten(reply.get("content"))


def tool_calls_of(reply: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The tool calls of a complete OpenAI-shaped answer."""
    calls = _within(_first(reply.get("choices")), "message").get("tool_calls")
    return tuple(calls) if isinstance(calls, list) else ()


def finish_of(reply: Mapping[str, Any]) -> str:
    """Why the model stopped, in the provider's word."""
    return str(_first(reply.get("choices")).get("finish_reason") or reply.get("stop_reason") or "")


def delta_of(event: Mapping[str, Any]) -> str:
    """The text that one OpenAI-shaped stream event adds."""
    return _flatten(_within(_first(event.get("choices")), "delta").get("content"))


def _within(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = holder.get(name)
    return found if isinstance(found, Mapping) else {}


def _first(choices: Any) -> Mapping[str, Any]:
    return (
        choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    )


def _flatten(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(text for text in texts if isinstance(text, str))
    return ""
