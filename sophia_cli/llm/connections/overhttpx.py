"""Connections over httpx or httpx2.

A request goes straight to the library's transport, which takes two thirds of the time of its client:
there are no cookies, redirects or sign-in to look after. Only a proxy in the environment needs the client.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

from sophia_cli import __version__
from sophia_cli.llm.call import Request, Timeout
from sophia_cli.llm.connections.lanes import KEPT, MOST, STALE, Lane, Lanes, Place
from sophia_cli.llm.connections.library import library, unanswered
from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.providers.simulated import BASE_URL as SIMULATOR_URL

if TYPE_CHECKING:
    from sophia_cli.llm.simulator import Simulator

_PROXIED = {"max_connections": MOST, "max_keepalive_connections": KEPT}
_NO_ROOM = f"{MOST} requests are under way in this process already"
HEADERS = {
    "accept": "*/*",
    "accept-encoding": "gzip, deflate",
    "user-agent": f"sophia/{__version__}",
}
_PHASES = ("connect", "read", "write", "pool")


class HttpxConnections:
    """For calls of threads. `simulator` holds the options of the simulator's own provider."""

    def __init__(self, simulator: Mapping[str, Any], http: str = "") -> None:
        self._http = library(http)
        self._errors = (self._http.HTTPError, self._http.InvalidURL)
        self._options = simulator
        self._opening = threading.Lock()  # several threads may make the first call
        self._room = threading.Semaphore(MOST)
        self._simulator: Any = None
        self._proxied: Any = None
        self._lanes: Lanes | None = None

    def send(self, request: Request) -> HttpxReply:
        try:
            return self._send(build(self._http, request), request.url)
        except self._errors as error:
            raise unanswered(self._http, error) from error

    def close(self) -> None:
        lanes, self._lanes = self._lanes, None
        client, self._proxied = self._proxied, None
        for transport in lanes.close() if lanes else ():
            transport.close()
        if client is not None:
            client.close()

    def _send(self, built: Any, url: str) -> HttpxReply:
        if url.startswith(SIMULATOR_URL):
            return HttpxReply(self._http, self._simulated().handle_request(built))
        lanes = self._lanes or self._opened()
        if lanes is None:
            return HttpxReply(self._http, self._proxied.send(built, stream=True))
        if not self._room.acquire(timeout=_for_room(built)):
            raise self._http.PoolTimeout(_NO_ROOM, request=built)
        lane = Lane(lanes, place := _place(built.url), lanes.take(place), self._room)
        try:
            response = lane.transport.handle_request(built)
        except BaseException:
            self._room.release()
            lane.transport.close()
            raise
        return HttpxReply(self._http, response, lane)

    def _opened(self) -> Lanes | None:
        with self._opening, _openable():
            if self._lanes is None and self._proxied is None:
                if getproxies():
                    self._proxied = self._http.Client(limits=self._http.Limits(**_PROXIED))
                else:
                    self._lanes = lanes_of(self._http, self._http.HTTPTransport)
            return self._lanes

    def _simulated(self) -> Any:
        with self._opening:
            if self._simulator is None:
                from sophia_cli.llm.simulator.transport import SimulatedTransport

                self._simulator = SimulatedTransport(simulator_of(self._options))
            return self._simulator


class AsyncHttpxConnections:
    """For calls of one event loop."""

    def __init__(self, simulator: Mapping[str, Any], http: str = "") -> None:
        self._http = library(http)
        self._errors = (self._http.HTTPError, self._http.InvalidURL)
        self._options = simulator
        self._room = asyncio.Semaphore(MOST)
        self._simulator: Any = None
        self._proxied: Any = None
        self._lanes: Lanes | None = None

    async def send(self, request: Request) -> AsyncHttpxReply:
        try:
            return await self._send(build(self._http, request), request.url)
        except self._errors as error:
            raise unanswered(self._http, error) from error

    async def close(self) -> None:
        lanes, self._lanes = self._lanes, None
        client, self._proxied = self._proxied, None
        for transport in lanes.close() if lanes else ():
            await transport.aclose()
        if client is not None:
            await client.aclose()

    async def _send(self, built: Any, url: str) -> AsyncHttpxReply:
        if url.startswith(SIMULATOR_URL):
            return AsyncHttpxReply(self._http, await self._simulated().handle_async_request(built))
        lanes = self._lanes or self._opened()
        if lanes is None:
            return AsyncHttpxReply(self._http, await self._proxied.send(built, stream=True))
        if self._room.locked():
            await self._wait_for_room(built)
        else:
            await self._room.acquire()
        lane = Lane(lanes, place := _place(built.url), lanes.take(place), self._room)
        try:
            response = await lane.transport.handle_async_request(built)
        except BaseException:
            self._room.release()
            await lane.transport.aclose()
            raise
        return AsyncHttpxReply(self._http, response, lane)

    async def _wait_for_room(self, built: Any) -> None:
        try:
            async with asyncio.timeout(built.extensions["timeout"].get("pool")):
                await self._room.acquire()
        except TimeoutError:
            raise self._http.PoolTimeout(_NO_ROOM, request=built) from None

    def _opened(self) -> Lanes | None:
        with _openable():
            if self._proxied is None and getproxies():
                self._proxied = self._http.AsyncClient(limits=self._http.Limits(**_PROXIED))
            elif self._proxied is None:
                self._lanes = lanes_of(self._http, self._http.AsyncHTTPTransport)
        return self._lanes

    def _simulated(self) -> Any:
        if self._simulator is None:
            from sophia_cli.llm.simulator.transport import AsyncSimulatedTransport

            self._simulator = AsyncSimulatedTransport(simulator_of(self._options))
        return self._simulator


class HttpxReply:
    """A response of the library."""

    def __init__(self, http: Any, response: Any, lane: Lane | None = None) -> None:
        self._http = http
        self._response = response
        self._lane = lane
        self._ending = threading.Lock()
        self._ended = False
        self.status: int = response.status_code
        self.headers = _lowered(response)

    def chunks(self) -> Iterator[bytes]:
        try:
            yield from self._response.iter_bytes()
        except self._http.HTTPError as error:
            raise unanswered(self._http, error) from error

    def close(self) -> None:
        self._response.close()
        with self._ending:
            lane, self._lane, self._ended = self._lane, None, True
        for spare in lane.give() if lane is not None else ():
            spare.close()

    def cut(self) -> None:
        stream = self._response.extensions.get("network_stream")
        connection = stream.get_extra_info("socket") if stream else None
        # Once it is given back, the connection is that of another call.
        with self._ending:
            if isinstance(connection, socket.socket) and not self._ended:
                with suppress(OSError):
                    # The plain socket's method: that of a TLS socket is not made for another thread.
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)


class AsyncHttpxReply:
    """A response of the library on an event loop."""

    def __init__(self, http: Any, response: Any, lane: Lane | None = None) -> None:
        self._http = http
        self._response = response
        self._lane = lane
        self.status: int = response.status_code
        self.headers = _lowered(response)

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._response.aiter_bytes():
                yield chunk
        except self._http.HTTPError as error:
            raise unanswered(self._http, error) from error

    async def close(self) -> None:
        await self._response.aclose()
        lane, self._lane = self._lane, None
        for spare in lane.give() if lane is not None else ():
            await spare.aclose()


def lanes_of(http: Any, transport: Any) -> Lanes:
    """Lanes whose transports share what is known of certificates, which takes long to read."""
    known = http.create_ssl_context()
    limits = http.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=STALE)
    return Lanes(lambda: transport(verify=known, limits=limits))


def _for_room(built: Any) -> float | None:
    """Seconds to wait until another request has ended."""
    seconds: float | None = built.extensions["timeout"].get("pool")
    return seconds


def _place(url: Any) -> Place:
    return url.raw_scheme, url.raw_host, url.port


def build(http: Any, request: Request) -> Any:
    """The request as the library's transports take it."""
    headers = {**HEADERS, **{name.lower(): value for name, value in request.headers.items()}}
    return http.Request(
        request.method,
        _url(http, request.url),
        headers=headers,
        content=request.body,
        extensions={"timeout": phases(request.timeout)},
    )


def phases(timeout: Timeout) -> Mapping[str, float | None]:
    """Seconds for each phase of a request, None for no limit."""
    return timeout if isinstance(timeout, Mapping) else dict.fromkeys(_PHASES, timeout)


def simulator_of(options: Mapping[str, Any]) -> Simulator:
    """The simulator that the configuration describes."""
    from sophia_cli.llm.simulator import Fault, Simulator

    faults = tuple(Fault.parse(text) for text in options.get("faults", ()))
    return Simulator(seed=options.get("seed", 0), faults=faults)


@lru_cache(maxsize=256)
def _url(http: Any, text: str) -> Any:
    return http.URL(text)


@contextmanager
def _openable() -> Iterator[None]:
    """What the environment says of proxies and certificates may be of no use."""
    try:
        yield
    except ImportError as error:  # httpx speaks SOCKS only with another package
        raise ConfigError(
            f"the proxy of the environment cannot be used: {error}", "unset ALL_PROXY"
        ) from error
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"no connection can be opened as the environment says: {error}",
            "see SSL_CERT_FILE, SSL_CERT_DIR, HTTPS_PROXY and ALL_PROXY",
        ) from error


def _lowered(response: Any) -> tuple[tuple[str, str], ...]:
    return tuple([(name.lower(), value) for name, value in response.headers.multi_items()])
