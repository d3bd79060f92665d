"""What has been: finished calls and days of the ledger, for reports and for replay. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sophia_cli.llm.ledger.record import Attempt
from sophia_cli.llm.ledger.store import Ledger

# Rows; a long report holds neither the ledger's lock nor more than fits a processor's cache.
_PAGE = 1000
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_STEP_NS = 32 * 10**9  # what the first five characters of a call's id count in
_AROUND_NS = 3600 * 10**9  # a call is written down soon after it was named


class Day(NamedTuple):
    """What finished calls of one day (UTC) and kind add up to; nano-USD and bytes."""

    day: str
    service: str
    team: str
    task: str
    provider: str
    model: str
    outcome: str
    calls: int
    unpriced: int
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    tokens_written: int
    tokens_reasoning: int
    cost_nano: int
    saved_nano: int
    kept_local: int
    simulated: int


class Failures(NamedTuple):
    """Requests that failed alike and what became of their calls; `last_ns` is the latest of these.

    `calls` are the calls that they belong to. Where nothing was sent `requests` is 0.
    """

    provider: str
    kind: str
    outcome: str
    answered_by: str
    requests: int
    calls: int
    last_ns: int


_DAYS = f"SELECT {', '.join(Day._fields)} FROM days WHERE day >= ? AND day <= ? ORDER BY day"

# `tries` has the requests of every call but those that were answered at once. One look at the calls does for
# both: with those that failed at a request, and those for which none was sent.
_FAILED = """WITH troubled AS (SELECT id, started_ns, outcome, provider, error_kind FROM calls
    WHERE started_ns >= ? AND started_ns < ? AND (attempts > 1 OR outcome NOT IN ('ok', 'cached')))
    SELECT t.provider, t.error_kind, c.outcome,
    CASE WHEN c.outcome = 'ok' THEN c.provider ELSE '' END,
    COUNT(*), COUNT(DISTINCT c.id), MAX(c.started_ns)
    FROM troubled c CROSS JOIN tries t ON t.call_id = c.id WHERE t.outcome = 'error' GROUP BY 1, 2, 3, 4
    UNION ALL SELECT provider, error_kind, outcome, '', 0, COUNT(*), MAX(started_ns) FROM troubled c
    WHERE outcome = 'error'
    AND NOT EXISTS (SELECT 1 FROM tries t WHERE t.call_id = c.id AND t.outcome = 'error')
    GROUP BY 1, 2, 3"""

_WHO_FAILED = """SELECT c.started_ns, t.provider, t.model FROM calls c CROSS JOIN tries t ON t.call_id = c.id
    WHERE c.started_ns >= ? AND c.started_ns < ? AND t.outcome = 'error'
    AND (c.attempts > 1 OR c.outcome NOT IN ('ok', 'cached'))"""


def days_between(ledger: Ledger, first: str, last: str) -> list[Day]:
    """The days from `first` to `last`, both among them, such as `2026-11-30`. Raises LLMError."""
    return [Day(*row) for row in ledger.read(_DAYS, (first, last))]


def count_between(ledger: Ledger, first: str, last: str) -> int:
    """How many finished calls these days have, without a look at any. Raises LLMError."""
    query = "SELECT COALESCE(SUM(calls), 0) FROM days WHERE day >= ? AND day <= ?"
    count: int = ledger.read(query, (first, last))[0][0]
    return count


def first_day(ledger: Ledger) -> str:
    """The day of the first finished call; empty where there is none. Raises LLMError."""
    return ledger.read("SELECT MIN(day) FROM days")[0][0] or ""


def pages_between(
    ledger: Ledger, start_ns: int, end_ns: int, columns: Sequence[str], *, page: int = _PAGE
) -> Iterator[list[tuple[Any, ...]]]:
    """These columns of every finished call that began in the span, in order, `started_ns` before them.

    So many calls at a time. Raises LLMError.
    """
    query = f"""SELECT started_ns, {', '.join(columns)} FROM calls
        WHERE started_ns >= ? AND started_ns < ? AND outcome != 'open'
        ORDER BY started_ns LIMIT {page}"""
    while rows := ledger.read(query, (start_ns, end_ns)):
        yield rows
        if len(rows) < page:
            return
        start_ns = rows[-1][0] + 1


def failures_between(ledger: Ledger, start_ns: int, end_ns: int) -> list[Failures]:
    """Failed requests of the span, and calls that failed without one. Raises LLMError."""
    return [Failures(*row) for row in ledger.read(_FAILED, (start_ns, end_ns))]


def who_failed(ledger: Ledger, start_ns: int, end_ns: int) -> dict[int, frozenset[tuple[str, str]]]:
    """Which providers and models gave calls of the span no answer, by the calls' moments. Raises LLMError."""
    found: dict[int, set[tuple[str, str]]] = {}
    for moment, provider, model in ledger.read(_WHO_FAILED, (start_ns, end_ns)):
        found.setdefault(moment, set()).add((provider, model))
    return {moment: frozenset(places) for moment, places in found.items()}


def call_at(ledger: Ledger, started_ns: int) -> dict[str, Any] | None:
    """The whole row of the call with that moment. Raises LLMError."""
    found = _rows(ledger, "started_ns = ?", (started_ns,))
    return found[0] if found else None


def calls_named(ledger: Ledger, name: str) -> list[dict[str, Any]]:
    """The rows whose id begins so, two at most. Raises LLMError.

    An id begins with its time, so that a whole one is found where it must be.
    """
    for start, end in _moments(name):
        where = "started_ns BETWEEN ? AND ? AND id = ?"
        if found := _rows(ledger, where, (start, end, name)):
            return found
    return _rows(ledger, "substr(id, 1, ?) = ? LIMIT 2", (len(name), name))


def attempts_of(ledger: Ledger, call_id: str) -> list[Attempt]:
    """The requests of a call; none for one whose row says it all, answered at once. Raises LLMError."""
    names = ", ".join(Attempt._fields)
    query = f"SELECT {names} FROM tries WHERE call_id = ? ORDER BY number"
    return [Attempt(*row) for row in ledger.read(query, (call_id,))]


def _rows(ledger: Ledger, where: str, parameters: tuple[Any, ...]) -> list[dict[str, Any]]:
    names = [row[1] for row in ledger.read("PRAGMA table_info(calls)")]
    query = f"SELECT {', '.join(names)} FROM calls WHERE {where}"
    return [dict(zip(names, row, strict=True)) for row in ledger.read(query, parameters)]


def _moments(name: str) -> Iterator[tuple[int, int]]:
    """Where in time a call of that name must stand: its clock begins anew every 34 years."""
    if len(name) != 16 or not set(name[:5]) <= set(_ALPHABET):
        return
    steps = 0
    for letter in name[:5]:
        steps = steps << 5 | _ALPHABET.index(letter)
    for turn in (1, 0, 2):
        moment = (steps | turn << 25) * _STEP_NS
        if moment < 2**62:
            yield moment - _AROUND_NS, moment + _AROUND_NS
