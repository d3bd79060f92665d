"""Limits of one provider: calls at once, requests and tokens a minute, in this process.

Requests and tokens are kept in buckets that fill evenly and hold one minute's worth, as the
providers count them.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

_MINUTE = 60.0
_LOOK_AGAIN = 0.02  # seconds until a place among the calls at once may be free


@dataclass(frozen=True)
class Limits:
    """0 is no limit."""

    calls_at_once: int = 0
    requests_per_minute: int = 0
    tokens_per_minute: int = 0


class _Bucket:
    def __init__(self, per_minute: int) -> None:
        self._rate = per_minute / _MINUTE
        self._size = float(per_minute)
        self._level = self._size
        self._at: float | None = None

    def wait_for(self, amount: float, now: float) -> float:
        """Seconds until that much is in it; what is more than it ever holds goes when it is full."""
        if not self._size:
            return 0.0
        if self._at is not None:
            passed = max(now - self._at, 0.0)
            self._level = min(self._size, self._level + passed * self._rate)
        self._at = now
        return max((min(amount, self._size) - self._level) / self._rate, 0.0)

    def take(self, amount: float) -> None:
        self._level = min(self._size, self._level - amount)


class Gate:
    """Lets calls through to one provider. Moments are of `time.monotonic`."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._lock = threading.Lock()
        self._inside = 0
        self._requests = _Bucket(limits.requests_per_minute)
        self._tokens = _Bucket(limits.tokens_per_minute)

    def enter(self, tokens: int, now: float) -> float:
        """0 when the call is through; else after how many seconds to ask again."""
        with self._lock:
            wait = max(self._requests.wait_for(1, now), self._tokens.wait_for(tokens, now))
            if (
                wait == 0
                and self.limits.calls_at_once
                and self._inside >= self.limits.calls_at_once
            ):
                wait = _LOOK_AGAIN
            if wait == 0:
                self._inside += 1
                self._requests.take(1)
                self._tokens.take(tokens)
            return wait

    def leave(self, estimated: int, tokens: int | None) -> None:
        """The call is over; its tokens are known by now, or stay as they were estimated."""
        with self._lock:
            self._inside -= 1
            if tokens is not None:
                self._tokens.take(tokens - estimated)
