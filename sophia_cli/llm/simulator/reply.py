"""What the simulator answers: bytes, when they come, and how the connection ends."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

Headers = tuple[tuple[str, str], ...]
JSON_TYPE = "application/json"
SSE_TYPE = "text/event-stream; charset=utf-8"


@dataclass(frozen=True)
class Reply:
    """One HTTP answer.

    `latency` is how many seconds pass before the first byte, `delays` how many before each chunk.
    `cut` breaks the connection after the last chunk; `refused` means that there is none at all.
    A body that is not `streamed` is announced with its whole length, also when it is cut.
    """

    status: int
    headers: Headers
    chunks: tuple[bytes, ...]
    delays: tuple[float, ...] = ()
    latency: float = 0.0
    cut: bool = False
    refused: bool = False
    streamed: bool = False


@dataclass(frozen=True)
class Output:
    """An answer before faults and delays: a whole body, or the events of a stream.

    `opening` and `closing` are the events that start and properly end a stream.
    """

    status: int
    headers: Headers
    body: tuple[bytes, ...]
    opening: tuple[bytes, ...] = ()
    closing: tuple[bytes, ...] = ()
    streamed: bool = False


def encode(value: Any) -> bytes:
    """JSON as providers send it: compact, UTF-8."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "replace")


def data_event(value: Any) -> bytes:
    """One event of a stream without a name."""
    return b"data: " + encode(value) + b"\n\n"


def named_event(value: dict[str, Any]) -> bytes:
    """One event of a stream that is named by the value's own `type`."""
    return b"event: " + str(value["type"]).encode() + b"\n" + data_event(value)
