"""Connections over aiohttp, for services where every call's own cost counts (extra `fast`)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

from sophia_cli.llm.call import Request
from sophia_cli.llm.connections.library import Unanswered
from sophia_cli.llm.connections.overhttpx import (
    HEADERS,
    AsyncHttpxConnections,
    AsyncHttpxReply,
    phases,
)
from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.providers.simulated import BASE_URL as SIMULATOR_URL

if TYPE_CHECKING:
    import aiohttp


class AiohttpConnections:
    """For calls of one event loop; the simulator is reached as it is over httpx.

    Raises ConfigError where aiohttp is not installed.
    """

    def __init__(self, simulator: Mapping[str, Any]) -> None:
        try:
            import aiohttp
        except ModuleNotFoundError as error:
            raise ConfigError(
                '[llm] http = "aiohttp" needs the package aiohttp', 'pip install "sophia-cli[fast]"'
            ) from error
        self._library = aiohttp
        self._in_process = AsyncHttpxConnections(simulator)
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: Request) -> AiohttpReply | AsyncHttpxReply:
        if request.url.startswith(SIMULATOR_URL):
            return await self._in_process.send(request)
        limits = phases(request.timeout)
        timeout = self._library.ClientTimeout(
            total=None,
            connect=limits.get("pool"),
            sock_connect=limits.get("connect"),
            sock_read=limits.get("read"),
        )
        headers = {**HEADERS, **{name.lower(): value for name, value in request.headers.items()}}
        with answering(self._library):
            response = await self._opened().request(
                request.method,
                request.url,
                data=request.body,
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
            )
        return AiohttpReply(self._library, response)

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        await self._in_process.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            library = self._library
            self._session = library.ClientSession(
                connector=library.TCPConnector(limit=1000),
                cookie_jar=library.DummyCookieJar(),
                trust_env=bool(getproxies()),  # asked anew for each request, in a thread
                read_bufsize=2**18,
            )
        return self._session


class AiohttpReply:
    """A response of aiohttp."""

    def __init__(self, library: Any, response: aiohttp.ClientResponse) -> None:
        self._library = library
        self._response = response
        self.status = response.status
        self.headers = tuple((name.lower(), value) for name, value in response.headers.items())

    async def chunks(self) -> AsyncIterator[bytes]:
        with answering(self._library):
            async for chunk in self._response.content.iter_any():
                yield chunk

    async def close(self) -> None:
        # An answer that was read to its end has given its connection back by itself.
        self._response.close()


@contextmanager
def answering(library: Any) -> Iterator[None]:
    """The block waits for a response: what aiohttp raises is raised as Unanswered."""
    try:
        yield
    except library.InvalidURL as error:
        raise Unanswered("invalid_request", f"no valid URL: {error}", error) from error
    except TimeoutError as error:  # aiohttp's own are among them
        name = type(error).__name__
        raise Unanswered("timeout", f"no answer in time ({name})", error) from error
    except (library.ClientError, ValueError) as error:
        raise Unanswered("connection", str(error) or type(error).__name__, error) from error
