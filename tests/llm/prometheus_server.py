"""A stand-in for the receiving end of Prometheus' remote write: decodes, keeps, and refuses what comes late."""

from __future__ import annotations

import json
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Key = tuple[tuple[str, str], ...]
LATE = b"out of order sample\n"


def unpacked(data: bytes) -> bytes:
    """Snappy's block format, as far as it holds literals."""
    size, place = varint(data, 0)
    out = bytearray()
    while place < len(data):
        tag = data[place]
        assert tag & 3 == 0, "a literal"
        length, more = tag >> 2, 0
        if length >= 60:
            more = length - 59
            length = int.from_bytes(data[place + 1 : place + 1 + more], "little")
        start = place + 1 + more
        out += data[start : start + length + 1]
        place = start + length + 1
    assert len(out) == size
    return bytes(out)


def varint(data: bytes, place: int) -> tuple[int, int]:
    number, shift = 0, 0
    while True:
        byte = data[place]
        number |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return number, place


def fields(data: bytes) -> list[tuple[int, object]]:
    """The fields of a protobuf message: bytes, doubles and whole numbers."""
    found: list[tuple[int, object]] = []
    place = 0
    while place < len(data):
        key, place = varint(data, place)
        if key & 7 == 2:
            size, place = varint(data, place)
            found.append((key >> 3, data[place : place + size]))
            place += size
        elif key & 7 == 1:
            found.append((key >> 3, struct.unpack("<d", data[place : place + 8])[0]))
            place += 8
        else:
            number, place = varint(data, place)
            found.append((key >> 3, number))
    return found


def decoded(body: bytes) -> list[tuple[Key, float, int]]:
    """Labels, value and moment of every sample of a write request."""
    samples = []
    for number, series in fields(unpacked(body)):
        assert number == 1 and isinstance(series, bytes)
        labels, figures = [], []
        for kind, one in fields(series):
            assert isinstance(one, bytes)
            parts = dict(fields(one))
            if kind == 1:
                labels.append((parts[1].decode(), parts[2].decode()))  # type: ignore[attr-defined]
            else:
                figures.append((parts[1], parts[2]))
        assert labels == sorted(labels) and all(value for _, value in labels)
        samples += [(tuple(labels), value, moment) for value, moment in figures]
    return samples  # type: ignore[return-value]


class PrometheusServer(ThreadingHTTPServer):
    """Keeps the samples of every series in their order.

    `late` writes are refused as one is that came late; with `status` all are; `hang` is how many
    seconds an answer takes. Whether it `receives` writes is what it says of itself.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Write)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.series: dict[Key, list[tuple[int, float]]] = {}
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.late = 0
        self.status = 0
        self.hang = 0.0
        self.receives = True
        self.lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def last(self, name: str, **labels: str) -> float | None:
        """The sum of the last values of all series of that name with those labels; None for none."""
        wanted = {"__name__": name, **labels}.items()
        with self.lock:
            found = [
                kept[-1][1] for key, kept in self.series.items() if wanted <= dict(key).items()
            ]
        return sum(found) if found else None

    def take(self, body: bytes) -> tuple[int, bytes]:
        """Keep a whole request or nothing of it, as Prometheus does."""
        with self.lock:
            if self.status:
                return self.status, b"no\n"
            samples = decoded(body)
            if self.late > 0 or any(
                self.series.get(key, [(0, 0.0)])[-1][0] >= moment for key, _, moment in samples
            ):
                self.late -= 1
                return 400, LATE
            for key, value, moment in samples:
                self.series.setdefault(key, []).append((moment, value))
        return 204, b""


class _Write(BaseHTTPRequestHandler):
    server: PrometheusServer

    def do_GET(self) -> None:
        flags = {"web.enable-remote-write-receiver": str(self.server.receives).lower()}
        known = {
            "/-/ready": b"ready\n",
            "/api/v1/status/flags": json.dumps({"data": flags}).encode(),
        }
        self._answer(200 if self.path in known else 404, known.get(self.path, b"{}"))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.requests.append((self.path, dict(self.headers), body))
        if self.server.hang:
            time.sleep(self.server.hang)
        self._answer(*self.server.take(body))

    def _answer(self, status: int, words: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(words)))
        self.end_headers()
        self.wfile.write(words)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
