"""One call from route to answer, without doing any I/O of its own.

`exchange` is a generator: it yields what should be done on the wire (`Send`, `Read`, `Sleep`) and
is sent what came of it (`Head`, `Chunk`, `End`, `Broken`). The two drivers differ only in how they wait.
"""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sophia_cli.llm.admission import Asking, Ticket
from sophia_cli.llm.backoff import delay
from sophia_cli.llm.cache.store import Kept
from sophia_cli.llm.call import OTHER, Call, Request
from sophia_cli.llm.errors import MORE_MONEY, BudgetExceeded, LLMError
from sophia_cli.llm.estimate import Estimate
from sophia_cli.llm.failure import (
    BUDGET,
    DEADLINE,
    LIMIT,
    Failure,
    from_event,
    from_status,
    message_of,
)
from sophia_cli.llm.meter import Means, Meter
from sophia_cli.llm.outlook import QUIET, Outlook
from sophia_cli.llm.prices.worstcase import worst_case
from sophia_cli.llm.providers import KINDS
from sophia_cli.llm.requests import Prepared, prepare
from sophia_cli.llm.routing import Decision, Verdict, decide
from sophia_cli.llm.scanner import Scanner
from sophia_cli.llm.shape import fault_in, misfit_in
from sophia_cli.llm.steps import Broken, Chunk, Event, Head, Read, Replay, Send, Sleep, Step


@dataclass(frozen=True)
class Answer:
    """What a call came to. `body` is all of it, or its beginning when it is `live` (more is to be read).

    `reply` is a complete body, parsed.
    """

    meter: Meter
    head: Head
    body: bytes = b""
    live: bool = False
    failure: Failure | None = None
    error: Exception | None = None
    scanner: Scanner | None = None
    reply: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Failed:
    """An attempt without an answer, with what the provider sent, for a client that wants to see it."""

    failure: Failure
    head: Head = Head(0, ())
    body: bytes = b""
    error: Exception | None = None


Exchange = Generator[Step, Event, Answer]


def exchange(
    call: Call, means: Means, outlook: Outlook = QUIET, *, keep_events: bool = False
) -> Exchange:
    """Run a call through its candidates until one answers, or give the answer that is kept.

    Raises NotConfigured, NoRoute, ConfigError or BudgetExceeded when none may be asked; every other
    end is an Answer.
    """
    try:
        decision = decide(call, means.config, outlook)
    except LLMError as error:
        refused = getattr(error, "decision", None) or Decision()
        Meter(refused.label(call), refused, means).fail(Failure(error.kind, error.message))
        raise
    meter = Meter(decision.label(call), decision, means)
    try:
        if means.archive is not None:
            kept, meter.recording = means.archive.consult(meter.call, decision)
            if kept is not None:
                return (yield from _replay(kept, meter, keep_events))
        return (yield from _try_candidates(decision, means, meter, keep_events))
    except BaseException as error:
        if isinstance(error, LLMError):
            meter.fail(Failure(error.kind, error.message))
        elif isinstance(error, Exception):
            meter.fail(Failure("internal", f"{type(error).__name__}: {error}"))
        else:  # Ctrl-C, a cancelled task, a generator that is thrown away
            meter.cancel("cancelled")
        raise


def _try_candidates(decision: Decision, means: Means, meter: Meter, keep_events: bool) -> Exchange:
    call, config = meter.call, means.config
    failed = _Failed(Failure("no_route", "no candidate"))
    unusable: LLMError | None = None
    for verdict in decision.candidates:
        try:
            prepared = prepare(call, verdict, config)
        except LLMError as error:  # such as a key file that cannot be read
            unusable = unusable or error
            continue
        for number in range(call.attempts):
            ticket = yield from _admit(prepared, verdict, decision.estimate, means, meter)
            if isinstance(ticket, Failure):
                meter.pass_over(verdict, ticket)
                failed = failed if meter.attempts else _Failed(ticket)
                break
            meter.attempt(verdict, prepared.provider, len(prepared.request.body), ticket)
            result = yield from _attempt(prepared, verdict, meter, keep_events)
            if isinstance(result, Answer):
                return result
            failed = result
            meter.attempt_failed(failed.failure)
            wait = delay(number, failed.failure.retry_after)
            last = number + 1 == call.attempts
            if last or not failed.failure.worth_retrying or wait > _longest_wait(meter):
                break
            yield Sleep(wait)
        if not failed.failure.worth_another:
            break
    if unusable and not meter.attempts:
        raise unusable
    if failed.failure.kind == BUDGET:
        raise BudgetExceeded(failed.failure.message, MORE_MONEY)
    meter.fail(failed.failure)
    return Answer(meter, failed.head, failed.body, failure=failed.failure, error=failed.error)


def _admit(
    prepared: Prepared, verdict: Verdict, size: Estimate, means: Means, meter: Meter
) -> Generator[Step, Event, Ticket | Failure]:
    """Wait until the request may go out, no longer than a retry would; or say why it may not."""
    worst = worst_case(means.config, *verdict.place, size)
    asking = Asking(
        meter.call,
        verdict.place,
        prepared.provider,
        worst.price,
        size.tokens_in,
        worst.nano,
        size.note,
    )
    waited = 0.0
    while True:
        if meter.left is not None and meter.left <= 0:
            words = f"the deadline of {meter.call.deadline:g} s has passed"
            return Failure(DEADLINE, words)
        admitted = means.desk.admit(asking)
        if not isinstance(admitted, float):
            return admitted
        if waited + admitted > _longest_wait(meter):
            words = (
                f"{verdict.provider} is at its limit in this process for another {admitted:.1f} s"
            )
            return Failure(LIMIT, words)
        yield Sleep(admitted)
        waited += admitted


def _longest_wait(meter: Meter) -> float:
    """Seconds that a call may wait for something else than an answer."""
    left = meter.left
    return meter.config.longest_wait if left is None else min(meter.config.longest_wait, left)


def _replay(kept: Kept, meter: Meter, keep_events: bool) -> Exchange:
    """Give an answer again as it came: whole, or event by event."""
    meter.reuse(kept)
    kind = "text/event-stream; charset=utf-8" if kept.stream else "application/json"
    head = Head(200, (("content-type", kind), ("x-sophia-cache", "hit")))
    if not kept.stream:
        return _completed(head, kept.body, _parse(kept.body) or {}, meter)
    yield Replay(kept.events())
    scanner = Scanner(keep_events=keep_events, copy=meter.recording)
    result = yield from _begin_stream(head, scanner, meter)
    assert isinstance(result, Answer)  # it has begun before
    return result


def _attempt(
    prepared: Prepared, verdict: Verdict, meter: Meter, keep_events: bool
) -> Generator[Step, Event, Answer | _Failed]:
    head = yield _send(prepared.request, meter)
    if isinstance(head, Broken):
        return _Failed(Failure(head.kind, head.message), error=head.error)
    assert isinstance(head, Head)  # drivers answer Send with Head or Broken
    native = meter.call.door == "native"
    if 300 <= head.status < 400 and native:
        # A key must not follow a redirect to wherever a provider's name may point one day.
        words = f"it redirects to {head.get('location') or 'nowhere'}"
        return _Failed(Failure("bad_response", words, head.status), head)
    if head.status < 400 and _is_stream(head):
        if native and not meter.call.stream:
            words = "answered a stream that was not asked for"
            return _Failed(Failure("bad_response", words, head.status), head)
        scanner = Scanner(
            drop_usage=prepared.drop_usage, keep_events=keep_events, copy=meter.recording
        )
        return (yield from _begin_stream(head, scanner, meter))
    if (
        head.status < 400
        and meter.call.operation == OTHER
        and "json" not in head.get("content-type")
    ):
        meter.accept(head.status, None)
        return Answer(meter, head, live=True)
    body = yield from _read_all()
    if isinstance(body, Broken):
        return _Failed(Failure(body.kind, body.message, head.status), head, error=body.error)
    if head.status >= 400:
        return _Failed(from_status(head.status, dict(head.headers), body), head, body)
    return _check_body(prepared, head, body, meter)


def _send(request: Request, meter: Meter) -> Send:
    left = meter.left
    return Send(request) if left is None else Send(request, time.monotonic() + left)


def _check_body(prepared: Prepared, head: Head, body: bytes, meter: Meter) -> Answer | _Failed:
    """Accept a complete answer, unless it is an error in disguise or no answer at all."""
    reply = _parse(body)
    if meter.call.operation != OTHER:
        if reply is None:
            kind = head.get("content-type").partition(";")[0] or "nothing"
            failure = Failure(
                "bad_response", f"answered {kind} that is no JSON object", head.status
            )
            return _Failed(failure, head, body)
        if reply.get("error"):
            return _Failed(from_event(reply["error"], head.status), head, body)
        if prepared.provider:
            adapted = KINDS[prepared.provider.kind].adapt_reply(meter.call.operation, body)
            if adapted is not body:
                body, reply = adapted, _parse(adapted) or {}
        if meter.call.door == "native" and (words := fault_in(meter.call, reply)):
            return _Failed(Failure("bad_response", words, head.status), head, body)
    if words := misfit_in(meter.call, reply or {}):
        failure = Failure("bad_response", words, head.status)
        meter.misfit(failure, reply or {}, len(body))
        return Answer(meter, head, body, failure=failure)
    return _completed(head, body, reply or {}, meter)


def _completed(head: Head, body: bytes, reply: Mapping[str, Any], meter: Meter) -> Answer:
    if meter.recording is not None:
        meter.recording.add(body, whole=True)
    meter.complete(head.status, reply, len(body))
    return Answer(meter, head, body, reply=reply)


def _begin_stream(
    head: Head, scanner: Scanner, meter: Meter
) -> Generator[Step, Event, Answer | _Failed]:
    """Hold a stream back until its first event, so that an error at once can still go elsewhere."""
    passed = b""
    while not (scanner.started or scanner.failure or scanner.finished):
        event = yield Read()
        if isinstance(event, Chunk):
            meter.bytes_received += len(event.data)
            passed += scanner.feed(event.data)
            continue
        if isinstance(event, Broken):
            return _Failed(Failure(event.kind, event.message, head.status), head, error=event.error)
        passed += scanner.end()
        if not (
            scanner.started or scanner.failure or scanner.finished or meter.call.operation == OTHER
        ):
            words = message_of(passed) or "the stream ended before its first event"
            return _Failed(Failure("bad_response", words, head.status), head, passed)
        break
    if scanner.failure and not scanner.started:
        return _Failed(scanner.failure, head, passed)
    meter.accept(head.status, scanner)
    return Answer(meter, head, passed, live=True, scanner=scanner)


def _read_all() -> Generator[Step, Event, bytes | Broken]:
    parts = []
    while True:
        event = yield Read()
        if isinstance(event, Chunk):
            parts.append(event.data)
        elif isinstance(event, Broken):
            return event
        else:
            return b"".join(parts)


def _is_stream(head: Head) -> bool:
    return head.get("content-type").lower().startswith("text/event-stream")


def _parse(body: bytes) -> Mapping[str, Any] | None:
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return reply if isinstance(reply, dict) else None
