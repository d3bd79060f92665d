"""Failures by kind: how often, the last one, and what answered instead."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sophia_cli.llm.ledger import Ledger
from sophia_cli.llm.ledger.history import Failures, attempts_of, call_at
from sophia_cli.llm.ledger.record import OK
from sophia_cli.usage.words import plain


@dataclass(frozen=True)
class Failure:
    """Requests to one provider that failed alike, of so many `calls`; 0 requests where nothing was sent.

    `answered` counts the calls that got an answer after all, by who gave it. `example` is the id of
    the last one, `said` what the ledger has of its end.
    """

    provider: str
    kind: str
    requests: int
    calls: int
    answered: tuple[tuple[str, int], ...]
    example: str
    when: str
    said: str

    def data(self) -> dict[str, Any]:
        """For other programs."""
        return {**vars(self), "answered": dict(self.answered)}


def failures_of(ledger: Ledger, found: Sequence[Failures]) -> tuple[Failure, ...]:
    """The failures of a span, the most frequent first. Raises LLMError."""
    groups: dict[tuple[str, str], list[Failures]] = defaultdict(list)
    for one in found:
        groups[one.provider, one.kind].append(one)
    failures = [_failure(ledger, *key, rows) for key, rows in groups.items()]
    return tuple(sorted(failures, key=lambda one: (-one.calls, one.provider, one.kind)))


def _failure(ledger: Ledger, provider: str, kind: str, rows: Sequence[Failures]) -> Failure:
    answered: Counter[str] = Counter()
    for row in rows:
        if row.outcome == OK:
            answered[row.answered_by] += row.calls
    last = max(row.last_ns for row in rows)
    call = call_at(ledger, last) or {}
    moment = datetime.fromtimestamp(last / 1e9, UTC).isoformat(" ", "minutes")[:16]
    return Failure(
        provider=provider,
        kind=kind,
        requests=sum(row.requests for row in rows),
        calls=sum(row.calls for row in rows),
        answered=tuple(answered.most_common()),
        example=str(call.get("id", "")),
        when=moment,
        said=_said(ledger, call, provider, kind),
    )


def _said(ledger: Ledger, call: dict[str, Any], provider: str, kind: str) -> str:
    """The words are kept of the failure that ended a call; of one before it, the status."""
    if (call.get("provider"), call.get("error_kind")) == (provider, kind):
        return plain(str(call.get("error") or ""))
    for attempt in attempts_of(ledger, str(call.get("id", ""))):
        if attempt.provider == provider and attempt.error_kind == kind:
            return f"HTTP {attempt.status}" if attempt.status else "no answer came"
    return ""
