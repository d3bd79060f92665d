"""A stand-in's HTTP server: on a free port of loopback, in a thread of its own."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@contextmanager
def serving(
    handler: type[BaseHTTPRequestHandler],
    known: dict[str, object] | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[int]:
    """Serve until the block ends; the port. What is `known` the handlers find as attributes of their server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    for name, value in (known or {}).items():
        setattr(server, name, value)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
