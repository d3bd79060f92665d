"""The simulator behind a socket, on this machine only: for other processes and languages."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType
from typing import Any, BinaryIO, cast

from sophia_cli.llm.simulator.engine import Simulator
from sophia_cli.llm.simulator.reply import Reply

HOST = "127.0.0.1"
_REMEMBERED = 1000
_IDLE = 60.0  # seconds that an unused connection is kept
_LARGEST_BODY = 64 * 1024 * 1024
_PATIENCE = 5.0  # seconds that closing waits for answers under way


@dataclass(frozen=True)
class Recorded:
    """A request as it came in; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class SimulatorServer:
    """A server that runs until it is closed. `url` has no path and no slash at its end."""

    def __init__(self, simulator: Simulator, port: int = 0) -> None:
        self._server = _Server((HOST, port), simulator)
        self.url = f"http://{HOST}:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="simulator", daemon=True
        )
        self._thread.start()

    @property
    def requests(self) -> list[Recorded]:
        """The last 1,000 requests, oldest first."""
        return list(self._server.recorded)

    def wait(self) -> None:
        """Block until the server is closed."""
        self._thread.join()

    def close(self) -> None:
        """Stop, break what is under way and free the port. A second call does nothing."""
        self._server.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()

    def __enter__(self) -> SimulatorServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def serve(simulator: Simulator | None = None, port: int = 0) -> SimulatorServer:
    """Start a server on 127.0.0.1; port 0 takes a free one. Raises OSError when it is taken."""
    return SimulatorServer(simulator or Simulator(), port)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], simulator: Simulator) -> None:
        self.simulator = simulator
        self.recorded: deque[Recorded] = deque(maxlen=_REMEMBERED)
        self.closing = threading.Event()
        self._open: dict[threading.Thread, socket.socket] = {}
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without asking a name server what this machine is called, as the base class does."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.socket.getsockname()[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember a connection before its thread starts, so that closing finds it."""
        thread = threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name="simulator-connection",
            daemon=True,
        )
        self._open[thread] = request
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection to its end and forget it."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.pop(threading.current_thread(), None)

    def hang_up(self) -> None:
        """Break every open connection and wait for its thread to end."""
        for thread, connection in list(self._open.items()):
            with contextlib.suppress(OSError):  # the other side was faster
                connection.shutdown(socket.SHUT_RDWR)
            thread.join(_PATIENCE)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is a bug and is shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    timeout = _IDLE
    server: _Server

    def do_POST(self) -> None:
        """Answer from the simulator, whatever the method."""
        try:
            body = self._body()
        except ValueError as error:
            self.close_connection = True
            self.send_error(HTTPStatus.BAD_REQUEST, str(error))
            return
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            lower = name.lower()
            headers[lower] = f"{headers[lower]}, {value}" if lower in headers else value
        self.server.recorded.append(Recorded(self.command, self.path, headers, body))
        self._send(self.server.simulator.respond(self.command, self.path, headers, body))

    do_GET = do_PUT = do_DELETE = do_PATCH = do_POST

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what came in stands in `requests`."""

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return _dechunked(cast(BinaryIO, self.rfile))
        text = self.headers.get("content-length", "0")
        if not text.isdigit() or int(text) > _LARGEST_BODY:
            raise ValueError("the content-length is not one that can be read")
        return self.rfile.read(int(text))

    def _send(self, reply: Reply) -> None:
        if self._closed_in(reply.latency) or reply.refused:
            self.close_connection = True
            return
        self.send_response_only(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        chunked = reply.streamed and self.request_version != "HTTP/1.0"
        if chunked:
            self.send_header("transfer-encoding", "chunked")
        elif reply.streamed:
            self.close_connection = True
        self.end_headers()
        for delay, chunk in zip(reply.delays, reply.chunks, strict=True):
            if delay:
                self.wfile.flush()
            if self._closed_in(delay):
                return
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk) if chunked else chunk)
            self.wfile.flush()
        if reply.cut:
            self.close_connection = True
        elif chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _closed_in(self, seconds: float) -> bool:
        """Wait; True when the server was closed meanwhile."""
        closing = self.server.closing
        if closing.wait(seconds) if seconds else closing.is_set():
            self.close_connection = True
            return True
        return False


def _dechunked(stream: BinaryIO) -> bytes:
    """A body sent in chunks. Raises ValueError where it is not well formed or too large."""
    body = b""
    while size := int(stream.readline(32).split(b";")[0], 16):
        if size < 0 or len(body) + size > _LARGEST_BODY:
            raise ValueError("the chunks of the body are not ones that can be read")
        body += stream.read(size)
        stream.readline(4)
    while stream.readline(1024).strip():  # trailers
        continue
    return body
