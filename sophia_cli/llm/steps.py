"""What the pipeline asks of a driver, and what the driver tells it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sophia_cli.llm.call import Request


@dataclass(frozen=True)
class Send:
    """Send this request; an earlier response that is still open is closed first.

    `until` is when all of its answer must be there, by `time.monotonic`; None for whenever.
    """

    request: Request
    until: float | None = None


@dataclass(frozen=True)
class Replay:
    """Read these chunks as if they were a response that is open."""

    chunks: Iterable[bytes]


@dataclass(frozen=True)
class Read:
    """Read the next chunk of the open response."""


@dataclass(frozen=True)
class Sleep:
    """Wait so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Head:
    """Status and headers of a response, names in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str:
        """The last header of that name, empty if there is none."""
        return dict(self.headers).get(name, "")


@dataclass(frozen=True)
class Chunk:
    """Bytes of the body, already unpacked."""

    data: bytes


@dataclass(frozen=True)
class End:
    """The body is complete."""


@dataclass(frozen=True)
class Broken:
    """No response, or none any more. `error` is what the HTTP library raised."""

    kind: str
    message: str
    error: Exception | None = None


Step = Send | Replay | Read | Sleep
Event = Head | Chunk | End | Broken | None
