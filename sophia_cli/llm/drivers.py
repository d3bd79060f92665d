"""The two ways to wait: each drives the same pipeline over its own HTTP client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import httpx

from sophia_cli.llm.call import Request
from sophia_cli.llm.failure import Failure
from sophia_cli.llm.pipeline import (
    Answer,
    Broken,
    Chunk,
    End,
    Event,
    Exchange,
    Head,
    Read,
    Send,
    Step,
)
from sophia_cli.llm.providers.simulated import BASE_URL as SIMULATOR_URL

if TYPE_CHECKING:
    from sophia_cli.llm.simulator import Simulator

LIMITS = httpx.Limits(max_connections=1000, max_keepalive_connections=100)


class StreamBroken(Exception):
    """A stream ended badly after part of it had been passed on."""

    def __init__(self, failure: Failure, error: Exception | None = None) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.error = error


def open_client(options: Mapping[str, Any]) -> httpx.Client:
    """A client for all providers; the simulator's requests stay in the process."""
    from sophia_cli.llm.simulator.transport import SimulatedTransport

    mounts = {SIMULATOR_URL: SimulatedTransport(_simulator(options))}
    return httpx.Client(mounts=mounts, limits=LIMITS)


def open_async_client(options: Mapping[str, Any]) -> httpx.AsyncClient:
    """The same for an event loop."""
    from sophia_cli.llm.simulator.transport import AsyncSimulatedTransport

    mounts = {SIMULATOR_URL: AsyncSimulatedTransport(_simulator(options))}
    return httpx.AsyncClient(mounts=mounts, limits=LIMITS)


def _simulator(options: Mapping[str, Any]) -> Simulator:
    from sophia_cli.llm.simulator import Fault, Simulator

    faults = tuple(Fault.parse(text) for text in options.get("faults", ()))
    return Simulator(seed=options.get("seed", 0), faults=faults)


def drive(machine: Exchange, client: httpx.Client) -> tuple[Answer, Body]:
    """Run a call to its answer. A live body must be read to its end or closed."""
    wire = _Wire(client)
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


async def drive_async(machine: Exchange, client: httpx.AsyncClient) -> tuple[Answer, AsyncBody]:
    """The same on an event loop."""
    wire = _AsyncWire(client)
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


class _Wire:
    """The one open response of a call."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._response: httpx.Response | None = None
        self._chunks: Iterator[bytes] = iter(())

    def perform(self, step: Step) -> Event:
        if isinstance(step, Read):
            return self.read()
        if isinstance(step, Send):
            return self._send(step.request)
        self.close()
        time.sleep(step.seconds)
        return None

    def _send(self, request: Request) -> Head | Broken:
        self.close()
        try:
            built = _build(self._client, request)
            self._response = self._client.send(built, stream=True)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return _broken(error)
        self._chunks = self._response.iter_bytes()
        return _head(self._response)

    def read(self) -> Chunk | End | Broken:
        try:
            return Chunk(next(self._chunks))
        except StopIteration:
            return End()
        except httpx.HTTPError as error:
            return _broken(error)

    def close(self) -> None:
        if self._response is not None:
            self._response.close()
            self._response = None


class _AsyncWire:
    """The one open response of a call, on an event loop."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._response: httpx.Response | None = None
        self._chunks: AsyncIterator[bytes] = _once(b"")

    async def perform(self, step: Step) -> Event:
        if isinstance(step, Read):
            return await self.read()
        if isinstance(step, Send):
            return await self._send(step.request)
        await self.close()
        await asyncio.sleep(step.seconds)
        return None

    async def _send(self, request: Request) -> Head | Broken:
        await self.close()
        try:
            built = _build(self._client, request)
            self._response = await self._client.send(built, stream=True)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return _broken(error)
        self._chunks = self._response.aiter_bytes()
        return _head(self._response)

    async def read(self) -> Chunk | End | Broken:
        try:
            return Chunk(await anext(self._chunks))
        except StopAsyncIteration:
            return End()
        except httpx.HTTPError as error:
            return _broken(error)

    async def close(self) -> None:
        if self._response is not None:
            response, self._response = self._response, None
            await response.aclose()


class Body:
    """The chunks of an answer. A live one is read to its end or closed; either way the call is written down."""

    def __init__(self, answer: Answer, wire: _Wire) -> None:
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

    def close(self, kind: str = "stopped") -> None:
        """Stop here: what is not read yet is not wanted."""
        self._open = False
        self._answer.meter.cancel(kind)
        self._wire.close()

    def _read(self) -> bytes:
        began = time.perf_counter()
        try:
            event = self._wire.read()
        except BaseException:
            self.close("cancelled")
            raise
        passed, error = _next(self._answer, event, time.perf_counter() - began)
        if not isinstance(event, Chunk):
            self.close()
        if error:
            raise error
        return passed


class AsyncBody:
    """The same on an event loop."""

    def __init__(self, answer: Answer, wire: _AsyncWire) -> None:
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

    async def aclose(self, kind: str = "stopped") -> None:
        """Stop here: what is not read yet is not wanted."""
        self._open = False
        self._answer.meter.cancel(kind)
        await self._wire.close()

    async def _read(self) -> bytes:
        began = time.perf_counter()
        try:
            event = await self._wire.read()
        except BaseException:
            await self.aclose("cancelled")
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
        failure = Failure("stream_broken", event.message, answer.head.status)
        answer.meter.broken(failure)
        return b"", StreamBroken(failure, event.error)
    rest, ended = answer.meter.end(waited)
    return rest, StreamBroken(ended) if ended else None


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


def _throw(machine: Exchange, error: BaseException) -> None:
    """Tell the pipeline, so that the call is written down as cancelled; a finished one does not mind."""
    try:
        machine.throw(error)
    except BaseException as raised:  # the same error comes back out
        if raised is not error and not isinstance(raised, StopIteration):
            raise


def _build(client: httpx.Client | httpx.AsyncClient, request: Request) -> httpx.Request:
    timeout = request.timeout
    return client.build_request(
        request.method,
        request.url,
        headers=dict(request.headers),
        content=request.body,
        timeout=httpx.Timeout(**timeout) if isinstance(timeout, Mapping) else timeout,
    )


def _head(response: httpx.Response) -> Head:
    return Head(
        response.status_code,
        tuple((name.lower(), value) for name, value in response.headers.multi_items()),
    )


def _broken(error: httpx.HTTPError | httpx.InvalidURL) -> Broken:
    name = type(error).__name__
    if isinstance(error, httpx.TimeoutException):
        return Broken("timeout", f"no answer in time ({name})", error)
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL):
        return Broken("invalid_request", str(error), error)
    return Broken("connection", f"{error or name}", error)
