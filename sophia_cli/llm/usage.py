"""Tokens and text out of an answer, whichever dialect it is in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sophia_cli.llm.call import Usage
from sophia_cli.llm.prices import NANO


def read_usage(reply: Mapping[str, Any]) -> Usage | None:
    """The `usage` of an OpenAI- or Anthropic-shaped object; None when it has none."""
    usage = reply.get("usage")
    if not isinstance(usage, Mapping):
        return None
    if "prompt_tokens" in usage:
        return _chat_usage(usage)
    if "input_tokens" in usage or "output_tokens" in usage:
        return _messages_usage(usage)
    return None


def _chat_usage(usage: Mapping[str, Any]) -> Usage:
    return Usage(
        input=_count(usage.get("prompt_tokens")),
        output=_count(usage.get("completion_tokens")),
        cached=_count(_details(usage, "prompt_tokens_details").get("cached_tokens")),
        reasoning=_count(_details(usage, "completion_tokens_details").get("reasoning_tokens")),
        cost_nano=_reported_cost(usage),
    )


def _messages_usage(usage: Mapping[str, Any]) -> Usage:
    # Anthropic counts cached tokens beside input_tokens, OpenAI's Responses API within them.
    cached = _count(usage.get("cache_read_input_tokens"))
    written = _count(usage.get("cache_creation_input_tokens"))
    within = _count(_details(usage, "input_tokens_details").get("cached_tokens"))
    return Usage(
        input=_count(usage.get("input_tokens")) + cached + written,
        output=_count(usage.get("output_tokens")),
        cached=cached + within,
        reasoning=_count(_details(usage, "output_tokens_details").get("reasoning_tokens")),
    )


def _reported_cost(usage: Mapping[str, Any]) -> int | None:
    """OpenRouter's own figure: with the customer's key the upstream's price comes on top of its fee."""
    cost = usage.get("cost")
    if isinstance(cost, bool) or not isinstance(cost, int | float):
        return None
    upstream = _details(usage, "cost_details").get("upstream_inference_cost")
    if usage.get("is_byok") and isinstance(upstream, int | float):
        cost += upstream
    return round(cost * NANO)


def _details(usage: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = usage.get(name)
    return found if isinstance(found, Mapping) else {}


def _count(value: Any) -> int:
    return int(value) if isinstance(value, int | float) and value >= 0 else 0


def text_of(reply: Mapping[str, Any]) -> str:
    """The text of a complete answer."""
    if "choices" in reply:
        message = _first(reply["choices"]).get("message") or {}
        return _flatten(message.get("content"))
    return _flatten(reply.get("content"))


def tool_calls_of(reply: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The tool calls of a complete OpenAI-shaped answer."""
    message = _first(reply.get("choices")).get("message") or {}
    return tuple(message.get("tool_calls") or ())


def finish_of(reply: Mapping[str, Any]) -> str:
    """Why the model stopped, in the provider's word."""
    return str(_first(reply.get("choices")).get("finish_reason") or reply.get("stop_reason") or "")


def delta_of(event: Mapping[str, Any]) -> str:
    """The text that one OpenAI-shaped stream event adds."""
    delta = _first(event.get("choices")).get("delta") or {}
    return _flatten(delta.get("content"))


def _first(choices: Any) -> Mapping[str, Any]:
    return (
        choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    )


def _flatten(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(part.get("text") or "" for part in content if isinstance(part, dict))
    return ""
