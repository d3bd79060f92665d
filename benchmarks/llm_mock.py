"""An OpenAI-shaped server that takes no time to think: what a client costs is all that is left.

Usage: python benchmarks/llm_mock.py CORE     Prints its port and serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys

TEXT = "All of this answer was known before it was asked for. " * 4
PIECES = [f"piece {number} " for number in range(20)]
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_STREAMED = re.compile(rb'"stream": ?true')
_USAGE = {"prompt_tokens": 12, "completion_tokens": 40, "total_tokens": 52}


def _answer() -> bytes:
    message = {"role": "assistant", "content": TEXT}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    body = json.dumps({**_about("chat.completion"), "choices": [choice], "usage": _USAGE}).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


def _events() -> list[bytes]:
    """21 events, each a chunk of its own, and the end of the stream; the last event says the tokens."""
    deltas = [({"role": "assistant", "content": piece}, None) for piece in PIECES] + [({}, "stop")]
    events = []
    for delta, reason in deltas:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        event = {**_about("chat.completion.chunk"), "choices": [choice]}
        events.append(_chunk({**event, "usage": _USAGE} if reason else event))
    head = (
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    return [head.encode() + events[0], *events[1:], b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"]


def _about(kind: str) -> dict[str, object]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1_750_000_000, "model": "gpt-4o-mini"}


def _chunk(event: dict[str, object]) -> bytes:
    data = b"data: " + json.dumps(event).encode() + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(data), data)


ANSWER, EVENTS = _answer(), _events()


class Mock(asyncio.Protocol):
    """One connection; requests follow one another on it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n") + 4) > 3:
            length = _LENGTH.search(self._buffer, 0, end)
            whole = end + (int(length[1]) if length else 0)
            if len(self._buffer) < whole:
                return
            body, self._buffer = self._buffer[end:whole], self._buffer[whole:]
            for part in EVENTS if _STREAMED.search(body) else (ANSWER,):
                self._transport.write(part)


async def main(core: int) -> None:
    os.sched_setaffinity(0, {core})
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Mock, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
