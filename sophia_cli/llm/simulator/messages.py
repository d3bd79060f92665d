"""Anthropic's messages, as Anthropic, Snowflake, Portkey and OpenRouter speak them."""

from __future__ import annotations

from typing import Any

from sophia_cli.llm.simulator.ask import Ask
from sophia_cli.llm.simulator.chat import openrouter_cost
from sophia_cli.llm.simulator.draft import Draft, ToolCall
from sophia_cli.llm.simulator.reply import SSE_TYPE, Output, named_event

_STOPS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}


def message(ask: Ask, draft: Draft, with_usage: bool) -> dict[str, Any]:
    """The whole answer as one object."""
    blocks: list[dict[str, Any]] = [{"type": "text", "text": draft.text}] if draft.text else []
    blocks += [{**_tool_use(call), "input": dict(call.arguments)} for call in draft.calls]
    answer = {**_frame(ask), "content": blocks, **_ending(draft)}
    if not with_usage:
        return answer
    return {**answer, "usage": {**_usage(ask, draft, draft.tokens_out)}}


def stream(ask: Ask, draft: Draft, with_usage: bool) -> Output:
    """The same answer as Anthropic's sequence of named events."""
    start: dict[str, Any] = {
        **_frame(ask),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }
    delta: dict[str, Any] = {"type": "message_delta", "delta": _ending(draft)}
    if with_usage:
        start["usage"] = _usage(ask, draft, 1)
        delta["usage"] = {"output_tokens": draft.tokens_out, **_cost(ask, draft)}
    opening = [{"type": "message_start", "message": start}]
    body: list[dict[str, Any]] = []
    if draft.text or not draft.calls:
        deltas = [{"type": "text_delta", "text": piece} for piece in draft.pieces]
        body += _block(0, {"type": "text", "text": ""}, deltas)
    for index, call in enumerate(draft.calls, start=1 if draft.text else 0):
        body += _block(index, {**_tool_use(call), "input": {}}, _json_deltas(call))
    # The ping is there because readers must skip it.
    body.insert(1, {"type": "ping"})
    closing = [body.pop(), delta, {"type": "message_stop"}]
    return Output(
        200,
        (("content-type", SSE_TYPE),),
        tuple(map(named_event, body)),
        tuple(map(named_event, opening)),
        tuple(map(named_event, closing)),
        streamed=True,
    )


def _block(index: int, block: dict[str, Any], deltas: list[dict[str, Any]]) -> list[dict[str, Any]]:
    start = {"type": "content_block_start", "index": index, "content_block": block}
    middle = [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
    return [start, *middle, {"type": "content_block_stop", "index": index}]


def _json_deltas(call: ToolCall) -> list[dict[str, Any]]:
    text = call.json
    pieces = ["", *(text[at : at + 7] for at in range(0, len(text), 7))]
    return [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]


def _frame(ask: Ask) -> dict[str, Any]:
    name = f"msg_{ask.digest.hex('id')}"
    return {"id": name, "type": "message", "role": "assistant", "model": ask.model}


def _ending(draft: Draft) -> dict[str, Any]:
    reason = "stop_sequence" if draft.stop is not None else _STOPS[draft.finish]
    return {"stop_reason": reason, "stop_sequence": draft.stop}


def _tool_use(call: ToolCall) -> dict[str, Any]:
    return {"type": "tool_use", "id": f"toolu_{call.id}", "name": call.name}


def _usage(ask: Ask, draft: Draft, tokens_out: int) -> dict[str, Any]:
    usage = {
        "input_tokens": draft.tokens_in,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": tokens_out,
    }
    return {**usage, **_cost(ask, draft)} if tokens_out == draft.tokens_out else usage


def _cost(ask: Ask, draft: Draft) -> dict[str, Any]:
    return openrouter_cost(ask, draft.tokens_in, draft.tokens_out)
