"""An exporter: a ledger's running totals behind a socket, for a Prometheus that scrapes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from sophia_cli.errors import SophiaError
from sophia_cli.llm.config import Config
from sophia_cli.llm.errors import LLMError
from sophia_cli.llm.ledger.store import Ledger
from sophia_cli.llm.metrics import ways
from sophia_cli.llm.metrics.current import Current
from sophia_cli.llm.metrics.exposition import answer
from sophia_cli.llm.metrics.place import place_of
from sophia_cli.llm.metrics.reading import Reading, read, unreadable
from sophia_cli.llm.metrics.remotewrite import NotWritten
from sophia_cli.llm.metrics.writer import end_series

if TYPE_CHECKING:
    import sqlite3

PATH = "/metrics"
_RENEW = 20.0  # seconds; a third of the time that a claim lasts
_SLOW = 10.0  # seconds for which a client may say nothing
_FRONT = b"sophia: metrics of the ledger are at /metrics\n"
_PLAIN = "text/plain; charset=utf-8"


@contextmanager
def serve(config: Config, host: str, port: int) -> Iterator[str]:
    """Answer scrapes while the block runs; gives the URL. The ledger is this exporter's until it ends.

    Raises SophiaError where the totals go out by another way, or the port is taken; LLMError.
    """
    ledger = Ledger(config.ledger)
    refuse_while_written(config, ledger)
    try:
        server = _Server((host, port), ledger, config)
    except OSError as error:
        ledger.close()
        words = f"{host}:{port} cannot be opened: {error.strerror or error}"
        raise SophiaError(words, "sophia metrics serve --port 0") from error
    try:
        url = f"http://{host}:{server.server_address[1]}{PATH}"
        claim(ledger, config, url)
        keeper = threading.Thread(target=_keep, args=(ledger, url, server.ends), daemon=True)
        answering = threading.Thread(target=server.serve_forever, daemon=True)
        for thread in (keeper, answering):
            thread.start()
        try:
            yield url
        finally:
            server.ends.set()
            server.shutdown()  # scrapes that have begun are answered
            keeper.join(timeout=_SLOW)
            with suppress(LLMError):
                ledger.patiently(lambda opened: ways.give_back(opened, ways.SCRAPE))
    finally:
        server.server_close()
        ledger.close()


def reading_of(ledger: Ledger, config: Config) -> Reading:
    """The metrics now; that the ledger cannot be read, where another process keeps it to itself."""
    try:
        return read(ledger.read, config, time.time())
    except LLMError:
        return unreadable()


def refuse_while_written(config: Config, ledger: Ledger) -> None:
    """Raise SophiaError where processes write this ledger's totals: they would be counted twice."""
    if url := place_of(config.write, ledger.path):
        raise SophiaError(
            f"the totals of {ledger.path} are written to {url} by the processes themselves:"
            " scraped too, they would be counted twice",
            'leave it so, or in sophia.toml:  [metrics]  write = "off"',
        )


def claim(ledger: Ledger, config: Config, url: str) -> None:
    """Take the ledger for an exporter. Raises SophiaError where another one has it, LLMError."""

    def take(opened: sqlite3.Connection) -> tuple[ways.Way | None, ways.Way | None]:
        now_ns = time.time_ns()
        other = ways.exporter(opened, now_ns, ledger.source)
        if other is None:
            until = now_ns + ways.LEASE_NS
            ways.note(opened, ways.SCRAPE, url, ledger.source, now_ns, until)
        return other, ways.find(opened, ways.WRITE)

    other, written = ledger.patiently(take)
    if other is not None:
        raise SophiaError(
            f"process {other.pid} on {other.host} exports {ledger.path} already, at {other.place}",
            f"use that, or stop it:  kill {other.pid}",
        )
    if written is not None:  # what was written there would stand beside what is scraped
        with suppress(NotWritten):
            end_series(ledger, config, written.place)
        ledger.patiently(lambda opened: ways.give_back(opened, ways.WRITE))


def _keep(ledger: Ledger, url: str, ends: threading.Event) -> None:
    while not ends.wait(_RENEW):
        now_ns = time.time_ns()
        with suppress(LLMError):  # the claim outlasts a ledger that is busy for a while
            ledger.patiently(
                lambda opened, now_ns=now_ns: ways.note(  # type: ignore[misc]
                    opened, ways.SCRAPE, url, ledger.source, now_ns, now_ns + ways.LEASE_NS
                )
            )


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def __init__(self, address: tuple[str, int], ledger: Ledger, config: Config) -> None:
        self.ledger = ledger
        self.current = Current(config)
        self.ends = threading.Event()
        super().__init__(address, _Scrape)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is nothing to tell."""


class _Scrape(BaseHTTPRequestHandler):
    server: _Server
    timeout = _SLOW
    protocol_version = "HTTP/1.0"  # one answer for each connection: none is open when it ends
    server_version = "sophia"
    sys_version = ""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == PATH:
            reading = reading_of(self.server.ledger, self.server.current())
            self._answer(200, *answer(reading, self.headers.get("accept", "")))
        elif path == "/":
            self._answer(200, _PLAIN, _FRONT)
        else:
            self._answer(404, _PLAIN, b"not found\n")

    do_HEAD = do_GET

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing for each scrape."""
