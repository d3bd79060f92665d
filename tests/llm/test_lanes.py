"""Connections are used again, one request each at a time, and none is kept for ever."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from sophia_cli.llm.call import Request
from sophia_cli.llm.connections.lanes import Lanes
from sophia_cli.llm.connections.library import Unanswered
from sophia_cli.llm.connections.overhttpx import AsyncHttpxConnections, HttpxConnections

LIBRARIES = ("httpx", "httpx2")


class Server(ThreadingHTTPServer):
    """Answers each request on the connection it came by, whose ports it remembers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ports: list[int] = []
        self.together = threading.Barrier(1)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.server.ports.append(self.client_address[1])
        self.server.together.wait(30)
        if self.path == "/cut":
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *words: Any) -> None:
        """Nothing is said."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def get(url: str) -> Request:
    return Request("GET", url, {}, b"", 30.0)


def fetch(connections: HttpxConnections, url: str) -> bytes:
    reply = connections.send(get(url))
    try:
        return b"".join(reply.chunks())
    finally:
        reply.close()


async def fetch_async(connections: AsyncHttpxConnections, url: str) -> bytes:
    reply = await connections.send(get(url))
    try:
        return b"".join([chunk async for chunk in reply.chunks()])
    finally:
        await reply.close()


@pytest.mark.parametrize("library", LIBRARIES)
def test_one_after_the_other_goes_over_one_connection(server: Server, library: str) -> None:
    connections = HttpxConnections({}, library)
    assert [fetch(connections, server.url) for _ in range(5)] == [b"ok"] * 5
    connections.close()
    assert len(server.ports) == 5 and len(set(server.ports)) == 1


@pytest.mark.parametrize("library", LIBRARIES)
def test_many_at_once_have_a_connection_each_and_the_next_as_many_use_them_again(
    server: Server, library: str
) -> None:
    async def work() -> None:
        connections = AsyncHttpxConnections({}, library)
        for _ in range(2):
            found = await asyncio.gather(*(fetch_async(connections, server.url) for _ in range(8)))
            assert found == [b"ok"] * 8
        await connections.close()

    server.together = threading.Barrier(8)  # nobody is answered before all eight have come
    asyncio.run(work())
    assert len(server.ports) == 16 and len(set(server.ports)) == 8


def test_threads_at_once_have_a_connection_each(server: Server) -> None:
    connections = HttpxConnections({})
    server.together = threading.Barrier(4)
    for _ in range(2):
        threads = [threading.Thread(target=fetch, args=(connections, server.url)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    connections.close()
    assert len(server.ports) == 8 and len(set(server.ports)) == 4


def test_after_a_failure_another_connection_is_opened(server: Server) -> None:
    connections = HttpxConnections({})
    fetch(connections, server.url)
    with pytest.raises(Unanswered):
        fetch(connections, f"{server.url}cut")
    assert fetch(connections, server.url) == b"ok"
    connections.close()
    assert len(set(server.ports)) == 2


def test_a_reply_that_outlives_its_connections_closes_its_own(server: Server) -> None:
    connections = HttpxConnections({})
    reply = connections.send(get(server.url))
    connections.close()
    assert b"".join(reply.chunks()) == b"ok"
    reply.close()
    assert fetch(connections, server.url) == b"ok"  # used again, they open again
    connections.close()
    assert len(set(server.ports)) == 2


HERE, THERE = (b"https", b"here", None), (b"https", b"there", None)


def numbered(**limits: Any) -> Lanes:
    numbers = iter(range(1000))
    return Lanes(lambda: next(numbers), **limits)


def test_the_last_used_is_taken_first_and_places_do_not_share() -> None:
    lanes = numbered()
    first, second = lanes.take(HERE), lanes.take(HERE)
    assert (lanes.give(HERE, first), lanes.give(HERE, second)) == ([], [])
    assert lanes.take(THERE) == 2
    assert (lanes.take(HERE), lanes.take(HERE), lanes.take(HERE)) == (1, 0, 3)


def test_what_is_more_than_is_kept_goes_oldest_first() -> None:
    lanes = numbered(kept=2)
    taken = [lanes.take(HERE) for _ in range(4)]
    assert [lanes.give(HERE, one) for one in taken] == [[], [], [0], [1]]
    assert sorted(lanes.close()) == [2, 3]


def test_all_that_were_not_used_for_long_are_closed_by_the_next_that_comes_back() -> None:
    lanes = numbered(stale=3600.0)
    taken = [lanes.take(HERE) for _ in range(4)]
    assert [lanes.give(HERE, one) for one in taken[:3]] == [[], [], []]
    lanes._stale = -1.0  # an hour has passed
    assert lanes.give(HERE, taken[3]) == [0, 1, 2, 3]


def test_after_the_end_nothing_is_kept() -> None:
    lanes = numbered()
    first, second = lanes.take(HERE), lanes.take(HERE)
    lanes.give(HERE, first)
    assert (lanes.close(), lanes.give(HERE, second), lanes.take(HERE)) == ([0], [1], 2)


def test_no_more_are_under_way_than_there_is_room_for(server: Server) -> None:
    connections = HttpxConnections({})
    connections._room = threading.Semaphore(1)
    first = connections.send(get(server.url))
    with pytest.raises(Unanswered, match="no answer in time"):
        connections.send(Request("GET", server.url, {}, b"", {"pool": 0.01}))
    first.close()
    assert fetch(connections, server.url) == b"ok"
    connections.close()


def test_no_more_are_under_way_on_a_loop_than_there_is_room_for(server: Server) -> None:
    async def work() -> None:
        connections = AsyncHttpxConnections({})
        connections._room = asyncio.Semaphore(1)
        first = await connections.send(get(server.url))
        with pytest.raises(Unanswered, match="no answer in time"):
            await connections.send(Request("GET", server.url, {}, b"", {"pool": 0.01}))
        second = asyncio.create_task(fetch_async(connections, server.url))
        await first.close()
        assert await second == b"ok"
        with pytest.raises(Unanswered):
            await fetch_async(connections, f"{server.url}cut")
        assert await fetch_async(connections, server.url) == b"ok"
        await connections.close()

    asyncio.run(work())
