"""How requests reach the providers: over httpx or its successor, over aiohttp where that is chosen, or in process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from sophia_cli.llm.call import Request


class Reply(Protocol):
    """A response whose head is there. Header names are in lower case; close it when it is done with."""

    status: int
    headers: tuple[tuple[str, str], ...]

    def chunks(self) -> Iterator[bytes]:
        """The body as it comes in, unpacked. Raises Unanswered."""

    def close(self) -> None:
        """Let go of the connection."""

    def cut(self) -> None:
        """Break the connection off under a thread that waits for it."""


class Connections(Protocol):
    """Open connections of a thread pool's worth of calls."""

    def send(self, request: Request) -> Reply:
        """Send a request and wait for the head of its response. Raises Unanswered."""

    def close(self) -> None:
        """Close them all."""


class AsyncReply(Protocol):
    """The same on an event loop, where a wait is cancelled rather than cut."""

    status: int
    headers: tuple[tuple[str, str], ...]

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes in, unpacked. Raises Unanswered."""

    async def close(self) -> None:
        """Let go of the connection."""


class AsyncConnections(Protocol):
    """Open connections of one event loop."""

    async def send(self, request: Request) -> AsyncReply:
        """Send a request and wait for the head of its response. Raises Unanswered."""

    async def close(self) -> None:
        """Close them all."""
