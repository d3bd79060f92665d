"""Whether a reply is an answer to what was asked; a proxy's page and an empty list are none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sophia_cli.llm.call import CHAT, EMBEDDINGS, Call
from sophia_cli.llm.usage import finish_of, refusal_of, text_of, tool_calls_of


def fault_in(call: Call, reply: Mapping[str, Any]) -> str:
    """What is wrong with a reply to a native call, in words; empty for an answer."""
    if call.operation == CHAT:
        return _fault_in_chat(reply)
    if call.operation == EMBEDDINGS:
        return _fault_in_vectors(call, reply)
    return ""


def misfit_in(call: Call, reply: Mapping[str, Any]) -> str:
    """Why an answer has not the form that was asked for, without quoting it; empty if it has.

    A model may call a tool instead of answering.
    """
    if call.form is None or tool_calls_of(reply):
        return ""
    if refusal_of(reply):
        return "the model refused to answer"
    try:
        call.form.read(text_of(reply))
    except ValueError as error:
        cut = finish_of(reply) == "length"
        return f"{error}: it was cut off at its limit of tokens" if cut else str(error)
    return ""


def _fault_in_chat(reply: Mapping[str, Any]) -> str:
    choices = reply.get("choices")
    if not isinstance(choices, list) or not choices:
        return "answered without choices"
    first = choices[0]
    message = first.get("message") if isinstance(first, dict) else None
    return "" if isinstance(message, dict) else "answered a choice without a message"


def _fault_in_vectors(call: Call, reply: Mapping[str, Any]) -> str:
    rows = reply.get("data")
    asked = call.body.get("input")
    wanted = len(asked) if isinstance(asked, list) else 1
    if not isinstance(rows, list) or len(rows) != wanted:
        count = len(rows) if isinstance(rows, list) else 0
        return f"answered {count} vectors for {wanted} texts"
    if not all(isinstance(row, dict) and _is_vector(row.get("embedding")) for row in rows):
        return "answered an embedding that is no vector"
    return ""


def _is_vector(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], int | float)
