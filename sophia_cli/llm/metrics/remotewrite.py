"""Prometheus' remote write, the sending half: protobuf and snappy as far as it needs them, and one POST.

Hand-made, so that an application needs no further library: the message has four types and six
fields, and snappy may hold its bytes as they are.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from sophia_cli import __version__
from sophia_cli.llm.metrics.families import HISTOGRAM
from sophia_cli.llm.metrics.reading import BOUNDS, Reading, Spread

PATH = "/api/v1/write"
# What a series ends with; any other sample after it lets it live again.
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
_HEADERS = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
    "User-Agent": f"sophia/{__version__}",
}
_PIECE = 65_536  # bytes of one literal of snappy
_LONG, _SHORT = 61 << 2, 60  # its tag with a length of two bytes; the longest length inside a tag
# How Prometheus, of any version, says that it has a newer sample of some series.
_NEWER = ("out of order", "duplicate sample", "out of bounds", "too old sample")

Series = tuple[tuple[tuple[str, str], ...], float]


class NotWritten(Exception):
    """The server did not take it; `newer` where it has a later sample already."""

    def __init__(self, words: str, *, newer: bool = False) -> None:
        super().__init__(words)
        self.newer = newer


def series(reading: Reading, fixed: Iterable[tuple[str, str]]) -> Iterator[Series]:
    """Every sample with its labels, those of a histogram one by one; all have the `fixed` labels too."""
    fixed = tuple(fixed)
    for family, found in reading.items():
        for values, figure in found.items():
            labels = (*fixed, *zip(family.labels, values, strict=True))
            if family.kind == HISTOGRAM:
                yield from _histogram(family.name, labels, figure)
            else:
                yield _named(family.name, labels), figure


def _histogram(name: str, labels: tuple[tuple[str, str], ...], spread: Spread) -> Iterator[Series]:
    for bound, count in zip(BOUNDS, spread.counts, strict=True):
        yield _named(f"{name}_bucket", (*labels, ("le", bound))), count
    yield _named(f"{name}_sum", labels), spread.total
    yield _named(f"{name}_count", labels), spread.counts[-1]


def _named(name: str, labels: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    # An empty label is none to Prometheus, which refuses it where it is written.
    return tuple(sorted((("__name__", name), *(label for label in labels if label[1]))))


def encode(found: Iterable[Series], moment_ms: int) -> bytes:
    """The body of a write request, all samples of one moment (milliseconds since 1970)."""
    moment = b"\x10" + _varint(moment_ms)
    message = bytearray()
    for labels, value in found:
        one = bytearray()
        for name, text in labels:
            one += _field(1, _field(1, name.encode()) + _field(2, _text(text)))
        one += _field(2, b"\x09" + struct.pack("<d", value) + moment)
        message += _field(1, bytes(one))
    return _snappy(bytes(message))


def _text(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _field(number: int, data: bytes) -> bytes:
    """A field of bytes, or of a message."""
    return bytes((number << 3 | 2,)) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _snappy(data: bytes) -> bytes:
    out = bytearray(_varint(len(data)))
    for start in range(0, len(data), _PIECE):
        piece = data[start : start + _PIECE]
        size = len(piece) - 1
        out += bytes((size << 2,)) if size < _SHORT else bytes((_LONG,)) + struct.pack("<H", size)
        out += piece
    return bytes(out)


def send(url: str, body: bytes, timeout: float) -> None:
    """Post it to the server at `url`, within about so many seconds. Raises NotWritten."""
    parts = urlsplit(url)
    connected = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    path = f"{parts.path.rstrip('/').removesuffix(PATH)}{PATH}"
    try:
        connection = connected(parts.hostname or "", parts.port, timeout=timeout)
        try:
            connection.request("POST", path, body, _HEADERS)
            answer = connection.getresponse()
            words = answer.read(2000).decode("utf-8", "replace").strip()
        finally:
            connection.close()
    except (OSError, HTTPException, ValueError) as error:
        raise NotWritten(str(error) or type(error).__name__) from error
    if answer.status >= 300:
        newer = answer.status == 400 and any(one in words for one in _NEWER)
        raise NotWritten(f"{answer.status} {words[:200]}".strip(), newer=newer)
