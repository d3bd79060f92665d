"""What is written down about a call: money in nano-USD, time in nanoseconds since 1970 or microseconds.

Named tuples, because a service writes one of each for every call: a frozen dataclass of this many
fields takes three times as long to make. What a call writes is `made` of its fields in their order,
which takes a fifth of the time that their names take.
"""

from __future__ import annotations

from typing import Any, NamedTuple

made = tuple.__new__

# Every call ends in exactly one of these; a row that is still open belongs to a running process.
OK, ERROR, CANCELLED, CACHED, UNKNOWN = "ok", "error", "cancelled", "cached", "unknown"


class Opening(NamedTuple):
    """A call that has begun. No prompt, no answer and no key is ever part of it.

    `route` is the whole decision as JSON, `via` the name of the route that it went by.
    """

    id: str
    started_ns: int
    door: str
    operation: str
    service: str = ""
    task: str = ""
    data_class: str = ""
    user: str = ""
    session: str = ""
    team: str = ""
    metadata: str = ""
    requested_model: str = ""
    stream: bool = False
    route: str = ""
    via: str = ""


class Attempt(NamedTuple):
    """One request that was sent, and how it ended."""

    number: int
    provider: str
    model: str
    outcome: str
    error_kind: str
    status: int
    latency_us: int


class Charge(NamedTuple):
    """What one attempt took out of a budget account; `freed` is what its lease does not hold any more.

    `unknown` is held for an answer whose cost nobody said; `unpriced` counts calls without a price.
    """

    account: str
    window: str
    lease: str = ""
    spent: int = 0
    unknown: int = 0
    freed: int = 0
    unpriced: int = 0


class Final(NamedTuple):
    """How a call ended. None where a figure is not known: unknown is not zero.

    `saved_nano` is what an answer out of the cache once cost, or what a route's first candidate as
    written would have cost more than who was asked for the price.
    `missed`: the cache was asked for its answer, and had none.
    """

    id: str
    outcome: str
    error_kind: str = ""
    error: str = ""
    status: int = 0
    provider: str = ""
    model: str = ""
    attempts: tuple[Attempt, ...] = ()
    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cached: int | None = None
    tokens_written: int | None = None
    tokens_reasoning: int | None = None
    cost_nano: int | None = None
    saved_nano: int | None = None
    cost_source: str = ""
    latency_us: int = 0
    first_us: int | None = None
    bytes_sent: int = 0
    bytes_received: int = 0
    kept_local: int = 0
    simulated: bool = False
    finish_reason: str = ""
    billable: bool = False
    fallbacks: tuple[tuple[str, str, str], ...] = ()
    charges: tuple[Charge, ...] = ()
    missed: bool = False


Entry = Opening | Final | Charge


def printable(entry: Entry) -> Entry:
    """The same with values that a database can hold.

    Half a surrogate pair is written out as `\\ud83d`, any other object as its text, a number that
    is too large is not known.
    """
    return type(entry)(*(_held(value) for value in entry))


def _held(value: Any) -> Any:
    if isinstance(value, Attempt | Charge):
        return type(value)(*(_held(item) for item in value))
    if isinstance(value, tuple):
        return tuple(_held(item) for item in value)
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else None
    if value is None or isinstance(value, float):
        return value
    return str(value).encode("utf-8", "backslashreplace").decode()
