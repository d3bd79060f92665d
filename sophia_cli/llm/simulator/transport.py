"""The simulator under an HTTP client, in process: no socket, no port.

The classes serve clients of httpx and of httpx2, which share their interface but not their types:
answers and errors are made of the library that the request came from. They are of neither library's
classes, so that the other need not be imported.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from sophia_cli.llm.simulator.engine import Simulator
from sophia_cli.llm.simulator.faults import Fault
from sophia_cli.llm.simulator.reply import Reply

if TYPE_CHECKING:
    import httpx

Faults = Iterable[Fault | str]
_LIBRARIES = ("httpx", "httpx2")
_CUT = "peer closed connection without sending complete message body (simulated)"
_REFUSED = "connection refused (simulated)"
_TOO_SLOW = "the read operation timed out (simulated)"


class SimulatedTransport:
    """Answers from a simulator, or from a new one with `seed` and `faults`. Errors are those of a real connection: ConnectError where it is
    refused, RemoteProtocolError where it breaks, ReadTimeout where it takes too long."""

    def __init__(
        self, simulator: Simulator | None = None, *, seed: int = 0, faults: Faults = ()
    ) -> None:
        self.simulator = simulator or Simulator(seed, faults)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """There is nothing to close."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request, after its latency."""
        exchange = _Exchange(self.simulator, request, request.read())
        exchange.check_refused()
        wait, too_slow = exchange.wait(exchange.reply.latency)
        time.sleep(wait)
        if too_slow:
            raise exchange.timeout()
        return exchange.response(self._chunks(exchange))

    def _chunks(self, exchange: _Exchange) -> Iterator[bytes]:
        for delay, chunk in zip(exchange.reply.delays, exchange.reply.chunks, strict=True):
            wait, too_slow = exchange.wait(delay)
            if wait:
                time.sleep(wait)
            if too_slow:
                raise exchange.timeout()
            yield chunk
        exchange.check_cut()


class AsyncSimulatedTransport:
    """The same for asynchronous clients."""

    def __init__(
        self, simulator: Simulator | None = None, *, seed: int = 0, faults: Faults = ()
    ) -> None:
        self.simulator = simulator or Simulator(seed, faults)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """There is nothing to close."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request, after its latency."""
        exchange = _Exchange(self.simulator, request, await request.aread())
        exchange.check_refused()
        wait, too_slow = exchange.wait(exchange.reply.latency)
        await asyncio.sleep(wait)
        if too_slow:
            raise exchange.timeout()
        return exchange.response(self._chunks(exchange))

    async def _chunks(self, exchange: _Exchange) -> AsyncIterator[bytes]:
        for delay, chunk in zip(exchange.reply.delays, exchange.reply.chunks, strict=True):
            wait, too_slow = exchange.wait(delay)
            await asyncio.sleep(wait)
            if too_slow:
                raise exchange.timeout()
            yield chunk
        exchange.check_cut()


class _Exchange:
    """One request with its reply, in the types of the client's own library."""

    def __init__(self, simulator: Simulator, request: httpx.Request, body: bytes) -> None:
        self._library: Any = _library_of(request)
        self._request = request
        self._longest: float | None = request.extensions.get("timeout", {}).get("read")
        self.reply: Reply = simulator.respond(
            request.method, request.url.raw_path.decode("ascii"), request.headers, body
        )

    def check_refused(self) -> None:
        """Raise ConnectError where the simulator takes no connection."""
        if self.reply.refused:
            raise self._library.ConnectError(_REFUSED, request=self._request)

    def check_cut(self) -> None:
        """Raise RemoteProtocolError where the connection breaks before its end."""
        if self.reply.cut:
            raise self._library.RemoteProtocolError(_CUT, request=self._request)

    def wait(self, delay: float) -> tuple[float, bool]:
        """How long to sleep, and whether the client's read timeout is over by then."""
        if self._longest is not None and delay > self._longest:
            return self._longest, True
        return delay, False

    def timeout(self) -> Exception:
        """The error of a read that took too long."""
        error: Exception = self._library.ReadTimeout(_TOO_SLOW, request=self._request)
        return error

    def response(self, chunks: Iterator[bytes] | AsyncIterator[bytes]) -> httpx.Response:
        """The library's response over the reply's chunks."""
        response: httpx.Response = self._library.Response(
            self.reply.status,
            headers=list(self.reply.headers),
            content=chunks,
            request=self._request,
        )
        return response


def _library_of(request: object) -> Any:
    roots = (base.__module__.partition(".")[0] for base in type(request).__mro__)
    return sys.modules[next((root for root in roots if root in _LIBRARIES), "httpx")]
