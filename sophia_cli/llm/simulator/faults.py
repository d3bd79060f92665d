"""Faults on request: which one strikes which request, always the same for the same seed."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.simulator.digest import Digest

KINDS = (
    "html",
    "cut",
    "eof",
    "error_event",
    "error_first",
    "no_usage",
    "garbage",
    "empty",
    "slow",
    "refuse",
)
_STATUS = re.compile(r"246|[45]\d\d")
_OPTION = re.compile(r'\s*(\w+)\s*=\s*("[^"]*"|[^,]*)\s*(?:,|$)')
_MEND = 'write it as KIND or KIND:times=2,ratio=0.5,retry_after=1, such as "429:times=2"'


@dataclass(frozen=True)
class Fault:
    """One way to fail.

    `kind` is an HTTP status as text or one of KINDS. `times` limits how often it strikes, `ratio`
    is the share of requests that it strikes. `retry_after` is a number of seconds, "1500ms" for the
    header `retry-after-ms`, or any other text (an HTTP date) as it stands. `after_chunks` is how
    many events of a stream come before it (default: half). `seconds` is how slow "slow" is.
    Raises ConfigError for a kind or value that does not exist.
    """

    kind: str
    times: int | None = None
    ratio: float = 1.0
    retry_after: float | str | None = None
    after_chunks: int | None = None
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS and not _STATUS.fullmatch(self.kind):
            allowed = f"an error status, 246, {', '.join(KINDS)}"
            raise ConfigError(f"'{self.kind}' is not a fault; allowed: {allowed}", _MEND)
        if not 0 <= self.ratio <= 1:
            raise ConfigError(
                f"fault {self.kind}: ratio must be from 0 to 1, not {self.ratio}", _MEND
            )
        if min(self.times or 0, self.after_chunks or 0, self.seconds) < 0:
            raise ConfigError(f"fault {self.kind}: no number may be negative", _MEND)

    @property
    def status(self) -> int | None:
        """The HTTP status it answers with, None for the other kinds."""
        return int(self.kind) if self.kind.isdigit() else None

    @property
    def retry_header(self) -> tuple[tuple[str, str], ...]:
        """The header that says when to come back, if any."""
        if self.retry_after is None:
            return ()
        text = (
            f"{self.retry_after:g}"
            if isinstance(self.retry_after, float)
            else str(self.retry_after)
        )
        if text.endswith("ms") and text[:-2].isdigit():
            return (("retry-after-ms", text[:-2]),)
        return (("retry-after", text),)

    @classmethod
    def parse(cls, text: str) -> Fault:
        """A fault from text such as `429:times=2,retry_after=1`. Raises ConfigError."""
        kind, _, rest = str(text).strip().partition(":")
        options: dict[str, str] = {}
        position = 0
        while position < len(rest):
            match = _OPTION.match(rest, position)
            if not match:
                raise ConfigError(f"fault '{text}': '{rest[position:]}' is not option=value", _MEND)
            options[match[1]] = match[2].strip().strip('"')
            position = match.end()
        return cls(kind.strip(), **_typed(text, options))


def _typed(text: str, options: dict[str, str]) -> dict[str, Any]:
    readers: dict[str, Callable[[str], Any]] = {
        "times": int,
        "ratio": float,
        "retry_after": _number_or_text,
        "after_chunks": int,
        "seconds": float,
    }
    values = {}
    for name, value in options.items():
        if name not in readers:
            raise ConfigError(
                f"fault '{text}' has no option '{name}'; allowed: {', '.join(readers)}", _MEND
            )
        try:
            values[name] = readers[name](value)
        except ValueError:
            raise ConfigError(
                f"fault '{text}': {name} must be a number, not '{value}'", _MEND
            ) from None
    return values


def _number_or_text(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value


class FaultPlan:
    """The faults of one simulator and how often each has been met. Safe between threads."""

    def __init__(self, seed: int, faults: Iterable[Fault]) -> None:
        self._seed = seed
        self._faults = tuple(faults)
        self._met: dict[object, int] = {}
        self._struck: dict[object, int] = {}
        self._lock = threading.Lock()

    def next(self, asked: Fault | None = None) -> Fault | None:
        """The fault that strikes the next request: the one it asks for, else the first that is due."""
        candidates: list[tuple[object, Fault]] = [(asked, asked)] if asked else []
        candidates += enumerate(self._faults)
        with self._lock:
            return next((fault for key, fault in candidates if self._strikes(key, fault)), None)

    def _strikes(self, key: object, fault: Fault) -> bool:
        struck = self._struck.get(key, 0)
        if fault.times is not None and struck >= fault.times:
            return False
        met = self._met[key] = self._met.get(key, 0) + 1
        chance = Digest.of(self._seed, "fault", fault, key, met).number("strikes", 1 << 32)
        if chance >= fault.ratio * (1 << 32):
            return False
        self._struck[key] = struck + 1
        return True
