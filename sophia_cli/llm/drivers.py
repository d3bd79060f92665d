"""The two ways to wait: each drives the same pipeline over its own connections."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator

from sophia_cli.llm.connections import AsyncConnections, Connections
from sophia_cli.llm.connections.wire import AsyncWire, Wire
from sophia_cli.llm.failure import DEADLINE, Failure
from sophia_cli.llm.pipeline import Answer, Exchange
from sophia_cli.llm.steps import Broken, Chunk, Event


class StreamBroken(Exception):
    """A stream ended badly after part of it had been passed on."""

    def __init__(self, failure: Failure, error: Exception | None = None) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.error = error


def drive(machine: Exchange, connections: Connections) -> tuple[Answer, Body]:
    """Run a call to its answer. A live body must be read to its end or closed."""
    wire = Wire(connections)
    event: Event = None
    try:
        while True:
            event = wire.perform(machine.send(event))
    except StopIteration as stop:
        answer: Answer = stop.value
    except BaseException as error:
        wire.close()
        _throw(machine, error)
        raise
    if not answer.live:
        wire.close()
    return answer, Body(answer, wire)


async def drive_async(machine: Exchange, connections: AsyncConnections) -> tuple[Answer, AsyncBody]:
    """The same on an event loop."""
    wire = AsyncWire(connections)
    event: Event = None
    try:
        while True:
            event = await wire.perform(machine.send(event))
    except StopIteration as stop:
        answer: Answer = stop.value
    except BaseException as error:
        await wire.close()
        _throw(machine, error)
        raise
    if not answer.live:
        await wire.close()
    return answer, AsyncBody(answer, wire)


class Body:
    """The chunks of an answer. A live one is read to its end or closed; either way the call is written down."""

    def __init__(self, answer: Answer, wire: Wire) -> None:
        self._answer = answer
        self._wire = wire
        self._first = answer.body
        self._open = answer.live
        self._broken = _broken_before(answer)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first
        if self._broken:
            broken, self._broken = self._broken, None
            raise broken
        while self._open:
            if passed := self._read():
                return passed
        raise StopIteration

    def close(self, kind: str = "stopped", waited: float = 0.0) -> None:
        """Stop here, after so many seconds of waiting: what is not read yet is not wanted."""
        self._open = False
        self._answer.meter.cancel(kind, waited)
        self._wire.close()

    def _read(self) -> bytes:
        began = time.perf_counter()
        try:
            event = self._wire.read()
        except BaseException:
            self.close("cancelled", time.perf_counter() - began)
            raise
        passed, error = _next(self._answer, event, time.perf_counter() - began)
        if not isinstance(event, Chunk):
            self.close()
        if error:
            raise error
        return passed


class AsyncBody:
    """The same on an event loop."""

    def __init__(self, answer: Answer, wire: AsyncWire) -> None:
        self._answer = answer
        self._wire = wire
        self._first = answer.body
        self._open = answer.live
        self._broken = _broken_before(answer)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first
        if self._broken:
            broken, self._broken = self._broken, None
            raise broken
        while self._open:
            if passed := await self._read():
                return passed
        raise StopAsyncIteration

    async def aclose(self, kind: str = "stopped", waited: float = 0.0) -> None:
        """Stop here, after so many seconds of waiting: what is not read yet is not wanted."""
        self._open = False
        self._answer.meter.cancel(kind, waited)
        await self._wire.close()

    async def _read(self) -> bytes:
        began = time.perf_counter()
        try:
            event = await self._wire.read()
        except BaseException:
            await self.aclose("cancelled", time.perf_counter() - began)
            raise
        passed, error = _next(self._answer, event, time.perf_counter() - began)
        if not isinstance(event, Chunk):
            await self.aclose()
        if error:
            raise error
        return passed


def _broken_before(answer: Answer) -> StreamBroken | None:
    """How an answer broke between its head and the end of its body; None if it did not."""
    if answer.failure and answer.error and answer.head.status:
        return StreamBroken(answer.failure, answer.error)
    return None


def _next(answer: Answer, event: Event, waited: float) -> tuple[bytes, StreamBroken | None]:
    """What to pass on after one event of a live stream, and how it broke if it did."""
    if isinstance(event, Chunk):
        return answer.meter.feed(event.data, waited), None
    if isinstance(event, Broken):
        kind = DEADLINE if event.kind == DEADLINE else "stream_broken"
        failure = Failure(kind, event.message, answer.head.status)
        answer.meter.broken(failure, waited)
        return b"", StreamBroken(failure, event.error)
    rest, ended = answer.meter.end(waited)
    return rest, StreamBroken(ended) if ended else None


def _throw(machine: Exchange, error: BaseException) -> None:
    """Tell the pipeline, so that the call is written down as cancelled; a finished one does not mind."""
    try:
        machine.throw(error)
    except BaseException as raised:  # the same error comes back out
        if raised is not error and not isinstance(raised, StopIteration):
            raise
