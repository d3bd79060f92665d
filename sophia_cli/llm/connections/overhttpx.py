"""Connections over httpx.

A request goes straight to httpx' transport, which takes two thirds of the time of its client: there
are no cookies, redirects or sign-in to look after. Only a proxy in the environment needs the client.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

import httpx

from sophia_cli import __version__
from sophia_cli.llm.call import Request, Timeout
from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.providers.simulated import BASE_URL as SIMULATOR_URL

if TYPE_CHECKING:
    from sophia_cli.llm.simulator import Simulator

LIMITS = httpx.Limits(max_connections=1000, max_keepalive_connections=100)
HEADERS = {
    "accept": "*/*",
    "accept-encoding": "gzip, deflate",
    "user-agent": f"sophia/{__version__}",
}
_PHASES = ("connect", "read", "write", "pool")


class HttpxConnections:
    """For calls of threads. `simulator` holds the options of the simulator's own provider."""

    def __init__(self, simulator: Mapping[str, Any]) -> None:
        self._options = simulator
        self._opening = threading.Lock()  # several threads may make the first call
        self._simulator: httpx.BaseTransport | None = None
        self._network: httpx.BaseTransport | httpx.Client | None = None

    def send(self, request: Request) -> HttpxReply:
        if request.url.startswith(SIMULATOR_URL):
            return HttpxReply(self._simulated().handle_request(build(request)))
        network = self._network or self._opened()
        if isinstance(network, httpx.Client):
            return HttpxReply(network.send(build(request), stream=True))
        return HttpxReply(network.handle_request(build(request)))

    def close(self) -> None:
        network, self._network = self._network, None
        if network is not None:
            network.close()

    def _opened(self) -> httpx.BaseTransport | httpx.Client:
        with self._opening, _openable():
            if self._network is None:
                self._network = (
                    httpx.Client(limits=LIMITS)
                    if getproxies()
                    else httpx.HTTPTransport(limits=LIMITS)
                )
            return self._network

    def _simulated(self) -> httpx.BaseTransport:
        with self._opening:
            if self._simulator is None:
                from sophia_cli.llm.simulator.transport import SimulatedTransport

                self._simulator = SimulatedTransport(simulator_of(self._options))
            return self._simulator


class AsyncHttpxConnections:
    """For calls of one event loop."""

    def __init__(self, simulator: Mapping[str, Any]) -> None:
        self._options = simulator
        self._simulator: httpx.AsyncBaseTransport | None = None
        self._network: httpx.AsyncBaseTransport | httpx.AsyncClient | None = None

    async def send(self, request: Request) -> AsyncHttpxReply:
        if request.url.startswith(SIMULATOR_URL):
            return AsyncHttpxReply(await self._simulated().handle_async_request(build(request)))
        if self._network is None:
            with _openable():
                self._network = (
                    httpx.AsyncClient(limits=LIMITS)
                    if getproxies()
                    else httpx.AsyncHTTPTransport(limits=LIMITS)
                )
        network = self._network
        if isinstance(network, httpx.AsyncClient):
            return AsyncHttpxReply(await network.send(build(request), stream=True))
        return AsyncHttpxReply(await network.handle_async_request(build(request)))

    async def close(self) -> None:
        network, self._network = self._network, None
        if network is not None:
            await network.aclose()

    def _simulated(self) -> httpx.AsyncBaseTransport:
        if self._simulator is None:
            from sophia_cli.llm.simulator.transport import AsyncSimulatedTransport

            self._simulator = AsyncSimulatedTransport(simulator_of(self._options))
        return self._simulator


class HttpxReply:
    """A response of httpx."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.status = response.status_code
        self.headers = _lowered(response)

    def chunks(self) -> Iterator[bytes]:
        return self._response.iter_bytes()

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
    """A response of httpx on an event loop."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.status = response.status_code
        self.headers = _lowered(response)

    def chunks(self) -> AsyncIterator[bytes]:
        return self._response.aiter_bytes()

    async def close(self) -> None:
        await self._response.aclose()


def build(request: Request) -> httpx.Request:
    """The request as httpx' transports take it."""
    headers = {**HEADERS, **{name.lower(): value for name, value in request.headers.items()}}
    return httpx.Request(
        request.method,
        _url(request.url),
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
def _url(text: str) -> httpx.URL:
    return httpx.URL(text)


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


def _lowered(response: httpx.Response) -> tuple[tuple[str, str], ...]:
    return tuple((name.lower(), value) for name, value in response.headers.multi_items())
