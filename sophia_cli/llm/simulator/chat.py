"""OpenAI's chat completions, as OpenAI, Snowflake, Portkey and OpenRouter speak them."""

from __future__ import annotations

from typing import Any

from sophia_cli.llm.simulator.admission import key_of
from sophia_cli.llm.simulator.ask import Ask
from sophia_cli.llm.simulator.draft import Draft, ToolCall
from sophia_cli.llm.simulator.reply import SSE_TYPE, Output, data_event

DONE = b"data: [DONE]\n\n"
COMMENT = b": OPENROUTER PROCESSING\n\n"
# USD per token of the simulated OpenRouter; its list of models says the same.
PRICE_IN, PRICE_OUT = 1e-06, 2e-06
_FEE = 0.05  # OpenRouter's share when the key at the provider is one's own
OWN_KEY = "byok"


def completion(ask: Ask, draft: Draft, with_usage: bool) -> dict[str, Any]:
    """The whole answer as one object."""
    message: dict[str, Any] = {"role": "assistant", "content": draft.text or None, "refusal": None}
    if draft.calls:
        message["tool_calls"] = [_tool_call(ask, call) for call in draft.calls]
    choice = {"index": 0, "message": message, "logprobs": None, **_finish(ask, draft.finish)}
    answer = {**_envelope(ask, "chat.completion"), "choices": [choice]}
    return {**answer, "usage": chat_usage(ask, draft)} if with_usage else answer


def stream(ask: Ask, draft: Draft, with_usage: bool) -> Output:
    """The same answer as events; usage comes last where it was asked for, at OpenRouter always."""
    options = ask.body.get("stream_options")
    asked = isinstance(options, dict) and options.get("include_usage") is True
    last_usage = with_usage and (asked or ask.flavour == "openrouter")
    no_usage = {"usage": None} if last_usage and ask.flavour != "openrouter" else {}
    frame = {**_envelope(ask, "chat.completion.chunk"), **no_usage}

    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, **_finish(ask, finish)}
        return data_event({**frame, "choices": [choice]})

    opening = (chunk({"role": "assistant", "content": "" if not draft.calls else None}),)
    body = [chunk({"content": piece}) for piece in draft.pieces]
    for index, call in enumerate(draft.calls):
        body += [chunk({"tool_calls": [delta]}) for delta in _tool_deltas(ask, index, call)]
    closing = [chunk({}, draft.finish)]
    if last_usage:
        closing.append(data_event({**frame, "choices": [], "usage": chat_usage(ask, draft)}))
    comment = (COMMENT,) if ask.flavour == "openrouter" else ()
    headers = (("content-type", SSE_TYPE),)
    return Output(200, headers, tuple(body), comment + opening, (*closing, DONE), streamed=True)


def chat_usage(ask: Ask, draft: Draft) -> dict[str, Any]:
    """The tokens, at OpenRouter with what they cost there."""
    usage: dict[str, Any] = {
        "prompt_tokens": draft.tokens_in,
        "completion_tokens": draft.tokens_out,
        "total_tokens": draft.tokens_in + draft.tokens_out,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }
    return {**usage, **openrouter_cost(ask, draft.tokens_in, draft.tokens_out)}


def openrouter_cost(ask: Ask, tokens_in: int, tokens_out: int) -> dict[str, Any]:
    """OpenRouter's own figures; empty elsewhere. With one's own key it bills only its fee."""
    if ask.flavour != "openrouter":
        return {}
    free = ask.model.endswith(":free")
    parts = (0.0, 0.0) if free else (tokens_in * PRICE_IN, tokens_out * PRICE_OUT)
    upstream = round(sum(parts), 12)
    is_byok = key_of(ask.place) == OWN_KEY
    details = {
        "upstream_inference_cost": upstream,
        "upstream_inference_prompt_cost": round(parts[0], 12),
        "upstream_inference_completions_cost": round(parts[1], 12),
    }
    cost = round(upstream * _FEE, 12) if is_byok else upstream
    return {"cost": cost, "is_byok": is_byok, "cost_details": details}


def completion_id(ask: Ask) -> str:
    """The name of an answer in the style of its provider."""
    if ask.flavour == "openrouter":
        return f"gen-{ask.digest.created}-{ask.digest.hex('id', 20)}"
    return f"chatcmpl-{ask.digest.hex('id')}"


def _envelope(ask: Ask, kind: str) -> dict[str, Any]:
    frame: dict[str, Any] = {
        "id": completion_id(ask),
        "object": kind,
        "created": ask.digest.created,
        "model": ask.model,
    }
    if ask.flavour == "openrouter":
        return {**frame, "provider": "Simulated"}
    return {**frame, "system_fingerprint": "fp_simulated"} if ask.flavour == "openai" else frame


def _finish(ask: Ask, finish: str | None) -> dict[str, Any]:
    reason = {"finish_reason": finish}
    return {**reason, "native_finish_reason": finish} if ask.flavour == "openrouter" else reason


def _tool_call(ask: Ask, call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.json}
    return {"id": f"call_{call.id}", "type": "function", "function": function}


def _tool_deltas(ask: Ask, index: int, call: ToolCall) -> list[dict[str, Any]]:
    """A call's name first, then its arguments in pieces that split words."""
    head = {
        **_tool_call(ask, call),
        "index": index,
        "function": {"name": call.name, "arguments": ""},
    }
    text = call.json
    pieces = [text[at : at + 7] for at in range(0, len(text), 7)]
    return [head, *({"index": index, "function": {"arguments": piece}} for piece in pieces)]
