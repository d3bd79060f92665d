"""A server on loopback that answers what it is told to."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from sophia_cli.llm.simulator.server import Recorded

JSON = ("content-type", "application/json")
SSE = ("content-type", "text/event-stream; charset=utf-8")


@dataclass(frozen=True)
class Script:
    """One answer, in pieces when it is streamed. `cut`: the connection drops before all of it came."""

    status: int = 200
    body: bytes | tuple[bytes, ...] = b"{}"
    headers: tuple[tuple[str, str], ...] = (JSON,)
    cut: bool = False


class ScriptedServer:
    """Answers the scripts in their order, the last one for ever."""

    def __init__(self, *scripts: Script) -> None:
        self.requests: list[Recorded] = []
        self._scripts = list(scripts)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def next(self, request: Recorded) -> Script:
        """Remember a request and say how it is answered."""
        self.requests.append(request)
        return self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> ScriptedServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                script = owner.next(Recorded(self.command, self.path, headers, body))
                with suppress(OSError):
                    self.answer(script)
                self.close_connection = script.cut

            do_GET = do_DELETE = do_POST

            def answer(self, script: Script) -> None:
                self.send_response_only(script.status)
                for name, value in script.headers:
                    self.send_header(name, value)
                if isinstance(script.body, bytes):
                    missing = 10 if script.cut else 0
                    self.send_header("content-length", str(len(script.body) + missing))
                    self.end_headers()
                    self.wfile.write(script.body)
                    return
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                for piece in script.body:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                if not script.cut:
                    self.wfile.write(b"0\r\n\r\n")

            def log_message(self, format: str, *args: object) -> None:
                """What came in stands in `requests`."""

        return Handler
