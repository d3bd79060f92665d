"""Snowflake's older completion, `inference:complete`: its own chunks and no `[DONE]`."""

from __future__ import annotations

from typing import Any

from sophia_cli.llm.simulator.ask import Ask
from sophia_cli.llm.simulator.draft import Draft
from sophia_cli.llm.simulator.reply import SSE_TYPE, Output, data_event


def complete(ask: Ask, draft: Draft, with_usage: bool) -> dict[str, Any]:
    """The whole answer as one object."""
    usage = {"usage": _usage(draft)} if with_usage else {}
    return {**_frame(ask), "choices": [{"message": _content(draft.text)}], **usage}


def stream(ask: Ask, draft: Draft, with_usage: bool) -> Output:
    """The same answer as events; the last one carries the usage."""
    frame = _frame(ask)
    body = [_chunk(frame, piece, {}) for piece in draft.pieces]
    closing = _chunk(frame, "", _usage(draft) if with_usage else {})
    headers = (("content-type", SSE_TYPE),)
    return Output(200, headers, tuple(body), closing=(closing,), streamed=True)


def _frame(ask: Ask) -> dict[str, Any]:
    return {"id": ask.digest.uuid("id"), "created": ask.digest.created, "model": ask.model}


def _chunk(frame: dict[str, Any], text: str, usage: dict[str, Any]) -> bytes:
    delta = {"type": "text", **_content(text)}
    return data_event({**frame, "choices": [{"delta": delta}], "usage": usage})


def _content(text: str) -> dict[str, Any]:
    return {"content": text, "content_list": [{"type": "text", "text": text}]}


def _usage(draft: Draft) -> dict[str, Any]:
    return {
        "prompt_tokens": draft.tokens_in,
        "completion_tokens": draft.tokens_out,
        "guardrails_tokens": 0,
        "total_tokens": draft.tokens_in + draft.tokens_out,
    }
