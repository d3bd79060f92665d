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
    about_input = _within(usage, "prompt_tokens_details")
    about_output = _within(usage, "completion_tokens_details")
    cached, written = _anthropic_cache(usage)
    # Portkey's gateway counts Anthropic's cached tokens in the total and beside the prompt's.
    if _count(usage.get("total_tokens")) == sent + received + cached + written:
        sent += cached + written
    return Usage(
        input=sent,
        output=received,
        cached=cached or _count(about_input.get("cached_tokens")),
        reasoning=_count(about_output.get("reasoning_tokens")),
        cost_nano=_reported_cost(usage),
        written=written or _count(about_input.get("cache_write_tokens")),
        audio_in=_count(about_input.get("audio_tokens")),
        audio_out=_count(about_output.get("audio_tokens")),
    )


def _messages_usage(usage: Mapping[str, Any]) -> Usage | None:
    sent, received = _told(usage, "input_tokens"), _told(usage, "output_tokens")
    if sent is None or received is None:
        return None
    # Anthropic counts cached tokens beside input_tokens, OpenAI's Responses API within them.
    cached, written = _anthropic_cache(usage)
    within = _count(_within(usage, "input_tokens_details").get("cached_tokens"))
    about_output = _within(usage, "output_tokens_details")
    return Usage(
        input=sent + cached + written,
        output=received,
        cached=cached + within,
        reasoning=_count(about_output.get("reasoning_tokens", about_output.get("thinking_tokens"))),
        written=written,
        written_hour=min(
            _count(_within(usage, "cache_creation").get("ephemeral_1h_input_tokens")), written
        ),
        cost_nano=_reported_cost(usage),
    )


def _anthropic_cache(usage: Mapping[str, Any]) -> tuple[int, int]:
    """Tokens read from the cache and written into it, by Anthropic's names."""
    names = ("cache_read_input_tokens", "cache_creation_input_tokens")
    read, written = (_count(usage.get(name)) for name in names)
    return read, written


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
    if isinstance(output := reply.get("output"), list):
        items = [item.get("content") for item in output if isinstance(item, dict)]
        return "".join(map(_flatten, items))
    return _flatten(reply.get("content"))


def tool_calls_of(reply: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The tool calls of a complete OpenAI-shaped answer."""
    calls = _within(_first(reply.get("choices")), "message").get("tool_calls")
    return tuple(calls) if isinstance(calls, list) else ()


def refusal_of(reply: Mapping[str, Any]) -> str:
    """What an OpenAI-shaped answer says instead of an answer; empty if it is one."""
    return str(_within(_first(reply.get("choices")), "message").get("refusal") or "")


def finish_of(reply: Mapping[str, Any]) -> str:
    """Why the model stopped, in the provider's word."""
    if reply.get("object") == "response":
        return str(_within(reply, "incomplete_details").get("reason") or reply.get("status") or "")
    return str(_first(reply.get("choices")).get("finish_reason") or reply.get("stop_reason") or "")


def model_of(reply: Mapping[str, Any]) -> str:
    """The model that an answer, or the first event of one, says it is from."""
    holders = (reply, _within(reply, "message"), _within(reply, "response"))
    return next((str(holder["model"]) for holder in holders if holder.get("model")), "")


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
