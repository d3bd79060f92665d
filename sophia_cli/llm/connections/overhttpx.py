"""Connections over httpx or httpx2.

A request goes straight to the library's transport, which takes two thirds of the time of its client:
there are no cookies, redirects or sign-in to look after. Only a proxy in the environment needs the client.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

from sophia_cli import __version__
from sophia_cli.llm.call import Request, Timeout
from sophia_cli.llm.connections.library import library, unanswered
from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.providers.simulated import BASE_URL as SIMULATOR_URL

if TYPE_CHECKING:
    from sophia_cli.llm.simulator import Simulator

_MOST = {"max_connections": 1000, "max_keepalive_connections": 100}
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
        self._simulator: Any = None
        self._network: Any = None

    def send(self, request: Request) -> HttpxReply:
        try:
            return HttpxReply(self._http, self._response(request))
        except self._errors as error:
            raise unanswered(self._http, error) from error

    def close(self) -> None:
        network, self._network = self._network, None
        if network is not None:
            network.close()

    def _response(self, request: Request) -> Any:
        built = build(self._http, request)
        if request.url.startswith(SIMULATOR_URL):
            return self._simulated().handle_request(built)
        network = self._network or self._opened()
        if isinstance(network, self._http.Client):
            return network.send(built, stream=True)
        return network.handle_request(built)

    def _opened(self) -> Any:
        with self._opening, _openable():
            if self._network is None:
                limits = self._http.Limits(**_MOST)
                opened = self._http.Client if getproxies() else self._http.HTTPTransport
                self._network = opened(limits=limits)
            return self._network

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
        self._simulator: Any = None
        self._network: Any = None

    async def send(self, request: Request) -> AsyncHttpxReply:
        try:
            return AsyncHttpxReply(self._http, await self._response(request))
        except self._errors as error:
            raise unanswered(self._http, error) from error

    async def close(self) -> None:
        network, self._network = self._network, None
        if network is not None:
            await network.aclose()

    async def _response(self, request: Request) -> Any:
        built = build(self._http, request)
        if request.url.startswith(SIMULATOR_URL):
            return await self._simulated().handle_async_request(built)
        network = self._network or self._opened()
        if isinstance(network, self._http.AsyncClient):
            return await network.send(built, stream=True)
        return await network.handle_async_request(built)

    def _opened(self) -> Any:
        with _openable():
            limits = self._http.Limits(**_MOST)
            opened = self._http.AsyncClient if getproxies() else self._http.AsyncHTTPTransport
            self._network = opened(limits=limits)
        return self._network

    def _simulated(self) -> Any:
        if self._simulator is None:
            from sophia_cli.llm.simulator.transport import AsyncSimulatedTransport

            self._simulator = AsyncSimulatedTransport(simulator_of(self._options))
        return self._simulator


class HttpxReply:
    """A response of the library."""

    def __init__(self, http: Any, response: Any) -> None:
        self._http = http
        self._response = response
        self.status: int = response.status_code
        self.headers = _lowered(response)

    def chunks(self) -> Iterator[bytes]:
        try:
            yield from self._response.iter_bytes()
        except self._http.HTTPError as error:
            raise unanswered(self._http, error) from error

    def close(self) -> None:
        self._response.close()

    def cut(self) -> None:
        stream = self._response.extensions.get("network_stream")
        connection = stream.get_extra_info("socket") if stream else None
        if isinstance(connection, socket.socket):
            with suppress(OSError):
                # The plain socket's method: that of a TLS socket is not made for another thread.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


class AsyncHttpxReply:
    """A response of the library on an event loop."""

    def __init__(self, http: Any, response: Any) -> None:
        self._http = http
        self._response = response
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
