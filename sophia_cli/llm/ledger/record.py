"""What is written down about a call: money in nano-USD, time in nanoseconds since 1970 or microseconds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

# Every call ends in exactly one of these; a row that is still open belongs to a running process.
OPEN = "open"
OK, ERROR, CANCELLED, CACHED, UNKNOWN = "ok", "error", "cancelled", "cached", "unknown"


@dataclass(frozen=True)
class Opening:
    """A call that has begun. No prompt, no answer and no key is ever part of it."""

    id: str
    started_ns: int
    door: str
    operation: str
    service: str = ""
    task: str = ""
    data_class: str = ""
    user: str = ""
    session: str = ""
    metadata: str = ""
    requested_model: str = ""
    stream: bool = False
    route: str = ""


@dataclass(frozen=True)
class Attempt:
    """One request that was sent, and how it ended."""

    number: int
    provider: str
    model: str
    outcome: str
    error_kind: str
    status: int
    latency_us: int


@dataclass(frozen=True)
class Final:
    """How a call ended. None where a figure is not known: unknown is not zero."""

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
    tokens_reasoning: int | None = None
    cost_nano: int | None = None
    cost_source: str = ""
    latency_us: int = 0
    first_us: int | None = None
    bytes_sent: int = 0
    bytes_received: int = 0
    kept_local: int = 0
    simulated: bool = False
    finish_reason: str = ""
    billable: bool = False
    fallbacks: tuple[tuple[str, str, str], ...] = field(default=())


Entry = Opening | Final


def printable(entry: Entry) -> Entry:
    """The same with values that a database can hold.

    Half a surrogate pair is written out as `\\ud83d`, any other object as its text, a number that
    is too large is not known.
    """
    return replace(entry, **{name: _held(value) for name, value in vars(entry).items()})


def _held(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_held(item) for item in value)
    if isinstance(value, Attempt):
        return replace(value, **{name: _held(item) for name, item in vars(value).items()})
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else None
    if value is None or isinstance(value, float):
        return value
    return str(value).encode("utf-8", "backslashreplace").decode()
