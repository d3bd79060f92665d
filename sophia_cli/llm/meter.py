"""Measures one call from its beginning to its one end, and writes it down."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sophia_cli.llm.admission import Desk, Ticket
from sophia_cli.llm.archive import Archive, Recording
from sophia_cli.llm.cache.store import Kept
from sophia_cli.llm.call import Call, Try, Usage
from sophia_cli.llm.config import Config
from sophia_cli.llm.failure import DEADLINE, Failure
from sophia_cli.llm.ledger.record import CANCELLED, ERROR, OK, Attempt, Charge, Final, Opening, made
from sophia_cli.llm.ledger.store import Ledger
from sophia_cli.llm.prices import cost_of, price_of
from sophia_cli.llm.providers import KINDS, Provider
from sophia_cli.llm.redaction import hide_keys
from sophia_cli.llm.routing import Decision, Verdict
from sophia_cli.llm.scanner import Scanner
from sophia_cli.llm.telemetry import Trace
from sophia_cli.llm.usage import finish_of, model_of, read_usage


@dataclass(frozen=True)
class Means:
    """What every call of an engine uses."""

    config: Config
    ledger: Ledger
    desk: Desk
    archive: Archive | None = None


class Meter:
    """The books of one call. Times are of the call itself: what its consumer does between chunks is not in them."""

    def __init__(self, call: Call, decision: Decision, means: Means) -> None:
        self.call = call
        self.provider = ""
        self.model = ""
        self.simulated = False
        self.usage: Usage | None = None
        self.finish_reason = ""
        self.cost_nano: int | None = None
        self.bytes_received = 0
        self.config = means.config
        self.recording: Recording | None = None
        self.kept: Kept | None = None
        self._ledger = means.ledger
        self._desk = means.desk
        self._ticket: Ticket | None = None
        self._charges: list[Charge] = []
        self._cost_source = ""
        self._scanner: Scanner | None = None
        self._tries: list[tuple[str, str, str, str, str, int]] = []
        self._attempts: list[Attempt] = []
        self._fallbacks: list[tuple[str, str, str]] = []
        self._began = time.perf_counter()
        self._attempt_began = self._began
        self._waited: float | None = None
        self._first: float | None = None
        self._sent = 0
        self._local = False
        self._ended = False
        self._answered = ""
        self._instead = decision.instead
        self._trace = Trace(call, means.config) if means.config.otel else None
        means.ledger.begin(_opening(call, decision))

    @property
    def attempts(self) -> int:
        """How many requests were sent."""
        return len(self._attempts)

    @property
    def latency(self) -> float:
        """Seconds the call has taken so far."""
        return time.perf_counter() - self._began if self._waited is None else self._waited

    @property
    def left(self) -> float | None:
        """Seconds until the call's deadline, None where it has none."""
        if not self.call.deadline:
            return None
        return self.call.deadline - (time.perf_counter() - self._began)

    @property
    def tries(self) -> tuple[Try, ...]:
        """The candidates so far, asked or passed over, in their order."""
        return tuple(Try(*said) for said in self._tries)

    def reuse(self, kept: Kept) -> None:
        """The answer is one that was given before: nothing is asked, nothing is paid."""
        self.kept = kept
        self.provider, self.model, self.simulated = kept.provider, kept.model, kept.simulated
        self.usage, self.finish_reason = kept.usage, kept.finish_reason

    def attempt(
        self, verdict: Verdict, provider: Provider | None, sent: int, ticket: Ticket
    ) -> None:
        """A request goes out."""
        if self._attempts and (self.provider, self.model) != (verdict.provider, verdict.model):
            self._fallbacks.append((self.provider, verdict.provider, self._attempts[-1].error_kind))
        self.provider, self.model = verdict.provider, verdict.model
        self.simulated = provider is not None and provider.kind == "simulator"
        self._local = provider is not None and KINDS[provider.kind].keeps_local
        self._sent += sent
        self._ticket = ticket
        self._attempt_began = time.perf_counter()

    def pass_over(self, verdict: Verdict, failure: Failure) -> None:
        """Nothing goes out to a candidate, for a reason of this process."""
        self._tries.append(
            (verdict.provider, verdict.model, "not_sent", failure.kind, failure.message, 0)
        )

    def attempt_failed(self, failure: Failure) -> None:
        """The request gave no answer."""
        # Nobody knows whether a provider counts its work that came too late, in part or in no shape.
        broken = failure.kind in ("connection", "bad_response") and 200 <= failure.status < 300
        billed = broken or failure.kind in ("timeout", DEADLINE)
        self._close_attempt(ERROR, failure, billed=billed)

    def accept(self, status: int, scanner: Scanner | None) -> None:
        """The answer has begun to stream."""
        self._waited = time.perf_counter() - self._began
        self._first = self._waited if scanner else None
        self._scanner = scanner
        self._status = status

    def complete(self, status: int, reply: Mapping[str, Any], received: int) -> None:
        """The whole answer is here."""
        self._waited = time.perf_counter() - self._began
        self.bytes_received += received
        self._take_from_reply(reply)
        self._close_attempt(OK, status=status)
        self._finish(OK, status=status)

    def misfit(self, failure: Failure, reply: Mapping[str, Any], received: int) -> None:
        """The whole answer is here and paid for, but it is not what was asked for."""
        self._waited = time.perf_counter() - self._began
        self.bytes_received += received
        self._take_from_reply(reply)
        self._close_attempt(OK, status=failure.status)
        self._finish(ERROR, failure, billable=True)

    def feed(self, chunk: bytes, waited: float) -> bytes:
        """A further chunk of a stream, after so many seconds; gives back what may be passed on."""
        self._waited = (self._waited or 0.0) + waited
        self.bytes_received += len(chunk)
        return self._scanner.feed(chunk) if self._scanner else chunk

    def end(self, waited: float = 0.0) -> tuple[bytes, Failure | None]:
        """The stream is over: what was held back, and the failure when it was not a good end."""
        self._waited = (self._waited or 0.0) + waited
        rest = self._scanner.end() if self._scanner else b""
        failure = self._verdict_on_end()
        if failure:
            self.broken(failure)
        else:
            self._take_from_scanner()
            self._close_attempt(OK, status=self._status)
            self._finish(OK, status=self._status)
        return rest, failure

    def broken(self, failure: Failure, waited: float = 0.0) -> None:
        """The stream broke after it had begun."""
        self._waited = (self._waited or 0.0) + waited
        self._take_from_scanner()
        self._close_attempt(ERROR, failure, status=self._status)
        self._finish(ERROR, failure, billable=True)

    def fail(self, failure: Failure) -> None:
        """No candidate gave an answer."""
        self._finish(ERROR, failure)

    def cancel(self, kind: str, waited: float = 0.0) -> None:
        """The caller stopped listening: `cancelled` before the answer was complete, or `stopped` by choice."""
        if self._ended:
            return
        if self._waited is not None:
            self._waited += waited
        if self._scanner and (self._scanner.finished or self._scanner.failure):
            # Clients stop reading at the last word of a stream, be it the end or an error.
            self.end()
            return
        started = self._scanner is not None
        self._take_from_scanner()
        failure = Failure(kind, "")
        self._close_attempt(CANCELLED, failure, status=self._status if started else 0)
        self._finish(CANCELLED, failure, billable=started)

    _status = 0

    def _verdict_on_end(self) -> Failure | None:
        scanner = self._scanner
        if scanner is None:
            return None
        if scanner.failure:
            return scanner.failure
        if scanner.finished or self.call.operation == "other":
            return None
        return Failure(
            "stream_broken", "the stream ended before the answer was complete", self._status
        )

    def _take_from_reply(self, reply: Mapping[str, Any]) -> None:
        self.usage, self.finish_reason = read_usage(reply), finish_of(reply)
        self._answered = model_of(reply)

    def _take_from_scanner(self) -> None:
        if self._scanner and self.kept is None:
            self.usage, self.finish_reason = self._scanner.usage, self._scanner.finish_reason
            self._answered = self._scanner.model

    def _close_attempt(
        self, outcome: str, failure: Failure | None = None, *, status: int = 0, billed: bool = True
    ) -> None:
        ticket, self._ticket = self._ticket, None
        if ticket is None:
            return
        took = round((time.perf_counter() - self._attempt_began) * 1e6)
        kind = failure.kind if failure else ""
        self._attempts.append(
            made(
                Attempt,
                (
                    len(self._attempts) + 1,
                    self.provider,
                    self.model,
                    outcome,
                    kind,
                    status or (failure.status if failure else 0),
                    took,
                ),
            )
        )
        words = self._words(failure) if failure else ""
        self._tries.append(
            (self.provider, self.model, outcome, kind, words, self._attempts[-1].status)
        )
        self.cost_nano, self._cost_source = cost_of(self.usage, ticket.price)
        self._charges += self._desk.settle(
            ticket, failure, self.usage, self.cost_nano, billed=billed
        )

    def _finish(
        self,
        outcome: str,
        failure: Failure | None = None,
        *,
        status: int = 0,
        billable: bool = False,
    ) -> None:
        if self._ended:
            return
        self._ended = True
        self._close_attempt(outcome, failure, billed=billable)
        usage = self.usage
        fields = (
            self.call.id,
            outcome,
            failure.kind if failure else "",
            self._words(failure) if failure else "",
            failure.status if failure else status,
            self.provider,
            self.model,
            tuple(self._attempts),
            usage.input if usage else None,
            usage.output if usage else None,
            usage.cached if usage else None,
            usage.written if usage else None,
            usage.reasoning if usage else None,
            self.cost_nano,
            None if self._instead is None else self._saved(outcome),
            self._cost_source,
            round(self.latency * 1e6),
            None if self._first is None else round(self._first * 1e6),
            self._sent,
            self.bytes_received,
            self._sent + self.bytes_received if self._local and outcome == OK else 0,
            self.simulated,
            self.finish_reason,
            (billable or outcome == OK) and not self.call.is_free,
            tuple(self._fallbacks),
            tuple(self._charges),
            self.recording is not None and self.recording.missed,
        )
        final = made(Final, fields)
        if self.kept is not None:
            final = self.kept.book(final)
            self.cost_nano = final.cost_nano
        self._ledger.finish(final)
        if self._trace:
            self._trace.end(final, self._answered)
        if self.recording is not None:
            self.recording.end(final)

    def _saved(self, outcome: str) -> int | None:
        """What the first candidate as written would have cost more: nothing where it would not have."""
        usage, paid = self.usage, self.cost_nano
        if outcome != OK or usage is None or paid is None or self._instead is None:
            return None
        if (self.provider, self.model) == self._instead:
            return None  # it answered itself: a discount of its own is no saving of the order
        price = price_of(self.config, *self._instead)
        if price is None:
            return None
        # What one provider's cache held another's would not: all of the prompt counts in full.
        there = price.cost(Usage(usage.input, usage.output, reasoning=usage.reasoning))
        return max(there - paid, 0) or None

    def _words(self, failure: Failure) -> str:
        """What the ledger says of a failure: a provider may say the client's own key back."""
        origin = self.call.origin
        return hide_keys(failure.message, origin.keys) if origin else failure.message


def _opening(call: Call, decision: Decision) -> Opening:
    labels = call.labels
    fields = (
        call.id,
        time.time_ns(),
        call.door,
        call.operation,
        labels.service,
        labels.task,
        labels.data_class,
        labels.user,
        labels.session,
        labels.team,
        json.dumps(labels.metadata, default=str) if labels.metadata else "",
        call.model,
        call.stream,
        decision.record(),
        decision.route,
    )
    return made(Opening, fields)
