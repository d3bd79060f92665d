"""OpenAI's Responses API."""

from __future__ import annotations

from typing import Any

from sophia_cli.llm.simulator.ask import Ask
from sophia_cli.llm.simulator.chat import openrouter_cost
from sophia_cli.llm.simulator.draft import Draft, ToolCall
from sophia_cli.llm.simulator.reply import SSE_TYPE, Output, named_event


def response(ask: Ask, draft: Draft, with_usage: bool) -> dict[str, Any]:
    """The whole answer as one object."""
    ending: dict[str, Any] = {"status": "completed", "incomplete_details": None}
    if draft.finish == "length":
        reason = {"reason": "max_output_tokens"}
        ending = {"status": "incomplete", "incomplete_details": reason}
    usage = _usage(ask, draft) if with_usage else None
    return {**_frame(ask), **ending, "output": _items(ask, draft), "usage": usage}


def stream(ask: Ask, draft: Draft, with_usage: bool) -> Output:
    """The same answer as numbered events."""
    pending = {**_frame(ask), "status": "in_progress", "output": [], "usage": None}
    whole = response(ask, draft, with_usage)
    opening = [
        {"type": f"response.{state}", "response": pending} for state in ("created", "in_progress")
    ]
    body: list[dict[str, Any]] = []
    for index, item in enumerate(whole["output"]):
        inner = _text_events(item, draft) if item["type"] == "message" else _call_events(item)
        body += _item_events(index, item, inner)
    closing = [{"type": f"response.{whole['status']}", "response": whole}]
    numbered = [
        named_event({**event, "sequence_number": number})
        for number, event in enumerate([*opening, *body, *closing])
    ]
    return Output(
        200,
        (("content-type", SSE_TYPE),),
        tuple(numbered[len(opening) : -1]),
        tuple(numbered[: len(opening)]),
        tuple(numbered[-1:]),
        streamed=True,
    )


def _frame(ask: Ask) -> dict[str, Any]:
    return {
        "id": f"resp_{ask.digest.hex('id')}",
        "object": "response",
        "created_at": ask.digest.created,
        "model": ask.model,
        "error": None,
        "instructions": ask.body.get("instructions"),
        "metadata": ask.body.get("metadata") or {},
        "parallel_tool_calls": ask.body.get("parallel_tool_calls") is not False,
        "tool_choice": ask.body.get("tool_choice") or "auto",
        "tools": ask.body.get("tools") or [],
    }


def _items(ask: Ask, draft: Draft) -> list[dict[str, Any]]:
    if draft.calls:
        return [_call_item(call) for call in draft.calls]
    part = {"type": "output_text", "text": draft.text, "annotations": []}
    item = {"id": f"msg_{ask.digest.hex('message')}", "type": "message", "status": "completed"}
    return [{**item, "role": "assistant", "content": [part]}]


def _call_item(call: ToolCall) -> dict[str, Any]:
    names = {"id": f"fc_{call.id}", "type": "function_call", "call_id": f"call_{call.id}"}
    return {**names, "name": call.name, "arguments": call.json, "status": "completed"}


def _item_events(
    index: int, item: dict[str, Any], inner: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    empty: dict[str, Any] = {"content": []} if item["type"] == "message" else {"arguments": ""}
    started = {**item, **empty, "status": "in_progress"}
    at = {"output_index": index}
    return [
        {"type": "response.output_item.added", **at, "item": started},
        *({**event, **at, "item_id": item["id"]} for event in inner),
        {"type": "response.output_item.done", **at, "item": item},
    ]


def _text_events(item: dict[str, Any], draft: Draft) -> list[dict[str, Any]]:
    part = item["content"][0]
    at = {"content_index": 0}
    text = {"text": draft.text, "logprobs": []}
    return [
        {"type": "response.content_part.added", **at, "part": {**part, "text": ""}},
        *(
            {"type": "response.output_text.delta", **at, "delta": piece, "logprobs": []}
            for piece in draft.pieces
        ),
        {"type": "response.output_text.done", **at, **text},
        {"type": "response.content_part.done", **at, "part": part},
    ]


def _call_events(item: dict[str, Any]) -> list[dict[str, Any]]:
    kind, text = "response.function_call_arguments", item["arguments"]
    deltas = [
        {"type": f"{kind}.delta", "delta": text[at : at + 7]} for at in range(0, len(text), 7)
    ]
    return [*deltas, {"type": f"{kind}.done", "name": item["name"], "arguments": text}]


def _usage(ask: Ask, draft: Draft) -> dict[str, Any]:
    return {
        "input_tokens": draft.tokens_in,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": draft.tokens_out,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": draft.tokens_in + draft.tokens_out,
        **openrouter_cost(ask, draft.tokens_in, draft.tokens_out),
    }
