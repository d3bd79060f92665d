"""Answers as the callers of the native door see them: text, a response, vectors, or an error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sophia_cli.llm.call import LLMResponse
from sophia_cli.llm.errors import CallFailed, LLMError
from sophia_cli.llm.failure import BUDGET, Failure
from sophia_cli.llm.options import CompletionOptions
from sophia_cli.llm.pipeline import Answer
from sophia_cli.llm.usage import delta_of, text_of, tool_calls_of


def begin(answer: Answer) -> Iterator[str]:
    """The text of an answer that came whole although a stream was asked for."""
    if answer.failure:
        raise failed(answer, answer.failure)
    if not answer.live and (text := text_of(answer.reply)):
        yield text


def texts_of(answer: Answer) -> Iterator[str]:
    """The text of the events that have come since."""
    return filter(None, map(delta_of, events_of(answer)))


def events_of(answer: Answer) -> Iterator[Mapping[str, Any]]:
    """The events of a stream that have come since."""
    events = answer.scanner.events if answer.scanner else None
    while events:
        yield events.popleft()


def response_of(answer: Answer) -> LLMResponse:
    """A complete answer. Raises CallFailed."""
    if answer.failure:
        raise failed(answer, answer.failure)
    reply = answer.reply
    form, calls, text = answer.meter.call.form, tool_calls_of(reply), text_of(reply)
    return describe(
        answer,
        text,
        model=str(reply.get("model") or answer.meter.model),
        tool_calls=calls,
        raw=reply,
        parsed=form.read(text) if form and not calls else None,
    )


def read_form(answer: Answer, response: LLMResponse) -> LLMResponse:
    """A streamed answer with its value, or with what is wrong with it."""
    form = answer.meter.call.form
    try:
        return replace(response, parsed=form.read(response.content)) if form else response
    except ValueError as error:
        return replace(response, error=str(error))


def describe(answer: Answer, content: str, **more: Any) -> LLMResponse:
    """What is known of an answer apart from its text, and `more` of its fields."""
    meter = answer.meter
    usage = meter.usage
    return LLMResponse(
        content=content,
        provider=meter.provider,
        model=more.pop("model", meter.model),
        cost_usd=None if meter.cost_nano is None else meter.cost_nano / 1e9,
        latency_ms=meter.latency * 1000,
        tokens_in=usage.input if usage else None,
        tokens_out=usage.output if usage else None,
        finish_reason=meter.finish_reason,
        call_id=meter.call.id,
        cached=meter.kept is not None,
        simulated=meter.simulated,
        attempts=meter.tries,
        **more,
    )


def returned(error: LLMError, options: CompletionOptions) -> LLMResponse:
    """The error as a response, for code whose old service never raised."""
    if options.get("on_error", "raise") != "return":
        raise error
    call_id = error.call_id if isinstance(error, CallFailed) else ""
    provider = error.provider if isinstance(error, CallFailed) else ""
    return LLMResponse(content="", provider=provider, call_id=call_id, error=error.message)


def vectors_of(answer: Answer) -> list[list[float]]:
    """The vectors of an answer, in the order of their texts. Raises CallFailed."""
    if answer.failure:
        raise failed(answer, answer.failure)
    rows = answer.reply.get("data", [])
    return [row["embedding"] for row in sorted(rows, key=lambda row: row.get("index", 0))]


def failed(answer: Answer, failure: Failure) -> CallFailed:
    """The error to raise for a failure, in words and with its mend."""
    from sophia_cli.llm.explain import explain

    meter = answer.meter
    short = next((one for one in meter.tries if one.error_kind == BUDGET), None)
    message, mend = explain(failure, meter.provider, meter.config, short)
    return CallFailed(
        message,
        mend,
        kind=failure.kind,
        status=failure.status,
        provider=meter.provider,
        attempts=meter.attempts,
        call_id=meter.call.id,
    )
