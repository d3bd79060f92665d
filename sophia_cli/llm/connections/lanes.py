"""Transports of the HTTP library, one for each request under way, kept for the next to the same place.

A pool of the library looks at all its requests and connections whenever one begins or ends: with 32
at once that is half of what a call costs.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

MOST = 1000  # requests at once
KEPT = 100  # for each place; what comes back beyond that is closed
STALE = 5.0  # seconds without a request, after which a connection is not used again

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
        self._lock = threading.Lock()
        self._closed = False

    def take(self, place: Place) -> Any:
        """The transport that was used last, or a new one."""
        with self._lock:
            if idle := self._idle[place]:
                return idle.pop().transport
        return self._opened()

    def give(self, place: Place, transport: Any) -> list[Any]:
        """Keep it for the next request. Gives those to close: this, or others that nobody needed."""
        with self._lock:
            if self._closed:
                return [transport]
            idle, now = self._idle[place], time.monotonic()
            idle.append(_Idle(transport, now))
            spare = []
            while len(idle) > self._kept or now - idle[0].since > self._stale:
                spare.append(idle.popleft().transport)
                if not idle:
                    break
            return spare

    def close(self) -> list[Any]:
        """Keep none from here on. Gives those that were kept, to be closed."""
        with self._lock:
            self._closed = True
            kept, self._idle = self._idle, defaultdict(deque)
        return [one.transport for idle in kept.values() for one in idle]


class Room(Protocol):
    """Counts the requests under way."""

    def release(self) -> None: ...


class Lane(NamedTuple):
    """A transport that is in use, where it belongs, and the room that it takes."""

    lanes: Lanes
    place: Place
    transport: Any
    room: Room

    def give(self) -> list[Any]:
        """Back to the others; see there."""
        self.room.release()
        return self.lanes.give(self.place, self.transport)
