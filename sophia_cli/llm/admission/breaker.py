"""Circuit breakers: a candidate that fails time after time is left alone for a while.

Closed, it is asked. Open, it is not, until its rest is over. Then one call, the probe, may show
that it answers again: if so the breaker closes, if not the rest begins anew.
"""

from __future__ import annotations

import threading

from sophia_cli.llm.outlook import Candidate


class _Trouble:
    """A candidate that failed lately."""

    def __init__(self) -> None:
        self.failures = 0
        self.reason = ""
        self.rests_until = 0.0
        self.probing = False


class Breakers:
    """One breaker for each provider and model. Moments are of `time.monotonic`."""

    def __init__(self, failures: int, rest: float) -> None:
        self._failures = failures
        self._rest = rest
        self._lock = threading.Lock()
        self._troubles: dict[Candidate, _Trouble] = {}

    def resting(self, now: float) -> dict[Candidate, str]:
        """The candidates that are not to be asked now, each with the reason in words."""
        return {
            candidate: f"rests for {trouble.rests_until - now:.0f} s after {trouble.failures} "
            f"failures in a row ({trouble.reason})"
            for candidate, trouble in list(self._troubles.items())
            if now < trouble.rests_until
        }

    def enter(self, candidate: Candidate, now: float) -> str:
        """A call wants to go there: empty if it may, else why not. Whoever enters must leave."""
        if candidate not in self._troubles:
            return ""
        with self._lock:
            trouble = self._troubles.get(candidate)
            if trouble is None or not trouble.rests_until:
                return ""
            if now < trouble.rests_until:
                return f"rests after {trouble.failures} failures in a row ({trouble.reason})"
            if trouble.probing:
                return "rests until a call under way shows that it answers again"
            trouble.probing = True
            return ""

    def answered(self, candidate: Candidate) -> None:
        """It works."""
        if candidate in self._troubles:
            with self._lock:
                self._troubles.pop(candidate, None)

    def failed(self, candidate: Candidate, reason: str, now: float, asked_rest: float) -> None:
        """It did not answer; it may have asked for a longer rest."""
        if not self._failures:
            return
        with self._lock:
            trouble = self._troubles.setdefault(candidate, _Trouble())
            trouble.failures += 1
            trouble.reason = reason
            if trouble.probing or trouble.failures >= self._failures:
                trouble.rests_until = now + max(self._rest, asked_rest)
            trouble.probing = False

    def unclear(self, candidate: Candidate) -> None:
        """The call ended without saying anything about the candidate: cancelled, or a bad request."""
        if candidate in self._troubles:
            with self._lock:
                if candidate in self._troubles:
                    self._troubles[candidate].probing = False
