"""Transports of the HTTP library, one for each request under way, kept for the next to the same place.

A pool of the library looks at all its requests and connections whenever one begins or ends: with 32
at once that is half of what a call costs.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any, NamedTuple

KEPT = 100  # for each place; what comes back beyond that is closed
STALE = 60.0  # seconds without a request, after which a connection is closed

Place = tuple[bytes, bytes, int | None]


class _Idle(NamedTuple):
    transport: Any
    since: float


class Lanes:
    """Who takes one gives it back. Safe under threads; closing what is given out is the caller's."""

    def __init__(
        self, opened: Callable[[], Any], *, kept: int = KEPT, stale: float = STALE
    ) -> None:
        self._opened = opened
        self._kept = kept
        self._stale = stale
        self._idle: dict[Place, deque[_Idle]] = defaultdict(deque)
        self._closed = False

    def take(self, place: Place) -> Any:
        """The transport that was used last, or a new one."""
        try:
            return self._idle[place].pop().transport
        except IndexError:
            return self._opened()

    def give(self, place: Place, transport: Any) -> Any | None:
        """Keep it for the next request. Gives one to close: this, or another that nobody needs."""
        if self._closed:
            return transport
        idle, now = self._idle[place], time.monotonic()
        idle.append(_Idle(transport, now))
        try:
            oldest = idle.popleft()
        except IndexError:  # another thread has taken it already
            return None
        if len(idle) >= self._kept or now - oldest.since > self._stale:
            return oldest.transport
        idle.appendleft(oldest)
        return None

    def close(self) -> list[Any]:
        """Keep none from here on. Gives those that were kept, to be closed."""
        self._closed = True
        kept = list(self._idle.values())
        return [one.transport for idle in kept for one in _emptied(idle)]


class Lane(NamedTuple):
    """A transport that is in use, and where it belongs."""

    lanes: Lanes
    place: Place
    transport: Any

    def give(self) -> Any | None:
        """Back to the others; see there."""
        return self.lanes.give(self.place, self.transport)


def _emptied(idle: deque[_Idle]) -> list[_Idle]:
    return [idle.pop() for _ in range(len(idle))]
