"""Carries out the steps of one call on its one open response."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterable, Iterator

from sophia_cli.llm.call import Request
from sophia_cli.llm.connections import AsyncConnections, AsyncReply, Connections, Reply
from sophia_cli.llm.connections.library import Unanswered
from sophia_cli.llm.failure import DEADLINE
from sophia_cli.llm.steps import Broken, Chunk, End, Event, Head, Read, Replay, Send, Step

_LATE = Broken(DEADLINE, "the deadline has passed")


class Wire:
    """For calls of threads."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._reply: Reply | None = None
        self._chunks: Iterator[bytes] = iter(())
        self._until: float | None = None
        self._watch: threading.Timer | None = None

    def perform(self, step: Step) -> Event:
        if isinstance(step, Read):
            return self.read()
        if isinstance(step, Send):
            return self._send(step.request, step.until)
        self.close()
        if isinstance(step, Replay):
            self._chunks = iter(step.chunks)
            return None
        time.sleep(step.seconds)
        return None

    def read(self) -> Chunk | End | Broken:
        try:
            event: Chunk | End | Broken = Chunk(next(self._chunks))
        except StopIteration:
            event = End()
        except Unanswered as error:
            event = _broken(error)
        return _LATE if self._until is not None and time.monotonic() >= self._until else event

    def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if self._reply is not None:
            self._reply.close()
            self._reply = None

    def _send(self, request: Request, until: float | None) -> Head | Broken:
        self.close()
        self._until = until
        try:
            reply = self._reply = self._connections.send(_within(request, until))
        except Unanswered as error:
            return _broken(error) if until is None or time.monotonic() < until else _LATE
        if until is not None:
            # A read that waits for bytes knows only its own limit.
            self._watch = threading.Timer(max(until - time.monotonic(), 0), reply.cut)
            self._watch.daemon = True
            self._watch.start()
        self._chunks = reply.chunks()
        return Head(reply.status, reply.headers)


class AsyncWire:
    """For calls of an event loop."""

    def __init__(self, connections: AsyncConnections) -> None:
        self._connections = connections
        self._reply: AsyncReply | None = None
        self._chunks: AsyncIterator[bytes] | None = None
        self._until: float | None = None

    async def perform(self, step: Step) -> Event:
        if isinstance(step, Read):
            return await self.read()
        if isinstance(step, Send):
            return await self._send(step.request, step.until)
        await self.close()
        if isinstance(step, Replay):
            self._chunks = _each(step.chunks)
            return None
        await asyncio.sleep(step.seconds)
        return None

    async def read(self) -> Chunk | End | Broken:
        if self._until is None:
            return await self._read()
        try:
            async with asyncio.timeout(self._until - time.monotonic()):
                return await self._read()
        except TimeoutError:
            return _LATE

    async def close(self) -> None:
        if self._reply is not None:
            reply, self._reply = self._reply, None
            await reply.close()

    async def _send(self, request: Request, until: float | None) -> Head | Broken:
        await self.close()
        self._until = until
        try:
            if until is None:
                reply = await self._connections.send(request)
            else:
                async with asyncio.timeout(until - time.monotonic()):
                    reply = await self._connections.send(request)
        except TimeoutError:
            return _LATE
        except Unanswered as error:
            return _broken(error)
        self._reply = reply
        self._chunks = reply.chunks()
        return Head(reply.status, reply.headers)

    async def _read(self) -> Chunk | End | Broken:
        if self._chunks is None:
            return End()
        try:
            return Chunk(await anext(self._chunks))
        except StopAsyncIteration:
            return End()
        except Unanswered as error:
            return _broken(error)


async def _each(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def _within(request: Request, until: float | None) -> Request:
    """The request with no phase longer than what is left of its time."""
    if until is None:
        return request
    from dataclasses import replace

    from sophia_cli.llm.connections.overhttpx import phases

    left = max(until - time.monotonic(), 0.001)
    shorter = {
        name: left if seconds is None else min(seconds, left)
        for name, seconds in phases(request.timeout).items()
    }
    return replace(request, timeout=shorter)


def _broken(error: Unanswered) -> Broken:
    return Broken(error.kind, error.message, error.error)
