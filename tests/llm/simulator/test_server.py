from __future__ import annotations

import http.client
import json
import socket
import threading
from urllib.parse import urlsplit

import httpx
import pytest

from sophia_cli.llm.simulator import Simulator
from sophia_cli.llm.simulator.server import Recorded, SimulatorServer, serve

PATH = "/v1/chat/completions"
KEY = {"Authorization": "Bearer k"}
CHAT = {"model": "small", "messages": [{"role": "user", "content": "hello there"}]}
BODY = json.dumps(CHAT).encode()
STREAM = json.dumps(CHAT | {"stream": True}).encode()


def connect(server: SimulatorServer) -> http.client.HTTPConnection:
    address = urlsplit(server.url)
    return http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)


def raw(server: SimulatorServer, request: bytes) -> bytes:
    """Send bytes as they are, read until the server hangs up."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(request)
        received = b""
        while data := connection.recv(65536):
            received += data
    return received


def test_the_bytes_are_those_of_the_engine(server: SimulatorServer) -> None:
    for body in (BODY, STREAM):
        reply = Simulator().respond("POST", PATH, KEY, body)
        response = httpx.post(server.url + PATH, content=body, headers=KEY)
        sent = [pair for pair in response.headers.multi_items() if pair[0] != "transfer-encoding"]
        assert (response.status_code, response.content) == (200, b"".join(reply.chunks))
        assert sent == list(reply.headers)


def test_one_connection_serves_many_requests(server: SimulatorServer) -> None:
    connection = connect(server)
    bodies = []
    for body in (BODY, STREAM, BODY):
        connection.request("POST", PATH, body, KEY)
        bodies.append(connection.getresponse().read())
        port = connection.sock.getsockname()[1]
    assert bodies[0] == bodies[2]
    assert connection.sock.getsockname()[1] == port
    connection.close()


def test_requests_are_recorded(server: SimulatorServer) -> None:
    with httpx.Client(headers={"User-Agent": "test", "Accept": "*/*"}) as client:
        client.post(f"{server.url}{PATH}?a=1", content=b"{}", headers={"X-One": "1"})
    length = {"content-length": "2", "x-one": "1"}
    expected = {
        "host": server.url[7:],
        "accept-encoding": client.headers["accept-encoding"],  # those that are installed
        "connection": "keep-alive",
    }
    expected |= {"user-agent": "test", "accept": "*/*"} | length
    assert server.requests == [Recorded("POST", f"{PATH}?a=1", expected, b"{}")]


def test_a_body_sent_in_chunks(server: SimulatorServer) -> None:
    parts = iter([BODY[:10], BODY[10:]])
    assert httpx.post(server.url + PATH, content=parts, headers=KEY).status_code == 200
    assert server.requests[0].body == BODY


def test_a_body_sent_in_chunks_with_words_after_it(server: SimulatorServer) -> None:
    head = b"POST /nowhere HTTP/1.1\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
    answer = raw(server, head + b"2;name=value\r\n{}\r\n0\r\nchecksum: 1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert server.requests[0].body == b"{}"


@pytest.mark.parametrize(
    "head",
    [
        b"content-length: -5",
        b"content-length: ten",
        b"content-length: 99999999999",
        b"transfer-encoding: chunked",
    ],
)
def test_a_body_that_cannot_be_read(server: SimulatorServer, head: bytes) -> None:
    answer = raw(server, b"POST / HTTP/1.1\r\nhost: x\r\n" + head + b"\r\n\r\nnonsense\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert server.requests == []


def test_an_old_client_gets_its_stream_without_chunks(server: SimulatorServer) -> None:
    request = (
        f"POST {PATH} HTTP/1.0\r\nauthorization: Bearer k\r\ncontent-length: {len(STREAM)}\r\n\r\n"
    )
    head, _, body = raw(server, request.encode() + STREAM).partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head
    assert body == b"".join(Simulator().respond("POST", PATH, KEY, STREAM).chunks)


@pytest.mark.parametrize("body", [BODY, STREAM])
@pytest.mark.parametrize("fault", ["cut", "cut:after_chunks=0", "refuse"])
def test_broken_connections(server: SimulatorServer, body: bytes, fault: str) -> None:
    with httpx.Client() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            client.post(server.url + PATH, content=body, headers=KEY | {"x-sim-fault": fault})
        assert client.post(server.url + PATH, content=body, headers=KEY).status_code == 200


def test_an_empty_body_and_a_missing_path(server: SimulatorServer) -> None:
    empty = httpx.post(server.url + PATH, content=BODY, headers=KEY | {"x-sim-fault": "empty"})
    assert (empty.status_code, empty.content) == (200, b"")
    assert httpx.get(f"{server.url}/nowhere").status_code == 404
    assert httpx.put(server.url + PATH, headers=KEY).status_code == 405


def test_many_at_once(server: SimulatorServer) -> None:
    answers: list[bytes] = []

    def ask() -> None:
        with httpx.Client(headers=KEY) as client:
            answers.extend(client.post(server.url + PATH, content=STREAM).content for _ in range(3))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [answers[0]] * 24
    assert len(server.requests) == 24


def test_closing_breaks_what_is_under_way() -> None:
    server = serve(Simulator(chunk_delay=30))
    with httpx.Client(headers=KEY) as client:
        with client.stream("POST", server.url + PATH, content=STREAM) as response:
            chunks = response.iter_raw()
            next(chunks)
            server.close()
            with pytest.raises(httpx.RemoteProtocolError):
                list(chunks)
        with pytest.raises(httpx.ConnectError):
            client.get(server.url)


def test_closing_twice_and_with_connections_kept_open() -> None:
    server = serve()
    with httpx.Client() as client:
        client.get(server.url)
        server.close()
        server.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("simulator")]


def test_waiting_lasts_until_it_is_closed() -> None:
    server = serve()
    waiting = threading.Thread(target=server.wait)
    waiting.start()
    assert waiting.is_alive()
    server.close()
    waiting.join(10)
    assert not waiting.is_alive()


def test_a_port_that_is_taken(server: SimulatorServer) -> None:
    with pytest.raises(OSError, match="Address already in use"):
        serve(port=urlsplit(server.url).port or 0)
