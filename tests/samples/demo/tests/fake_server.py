"""A server on the loopback that answers like the model providers.

It repeats the instructions and the question, so that a test can see what arrived:
`[instructions] question`. A question with "server is down" in it is answered with a 500.
"""

from __future__ import annotations

import base64
import json
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DOWN = "server is down"
USAGE = {"prompt_tokens": 12, "completion_tokens": 8, "total_tokens": 20}


@contextmanager
def running() -> Iterator[str]:
    """Serve until the block ends; yields the base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Handler(BaseHTTPRequestHandler):
    """Chat completions, embeddings and messages; plain or as a stream."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/embeddings"):
            return self.reply(embeddings(body))
        if DOWN in json.dumps(body):
            return self.reply({"error": {"type": "server_error", "message": DOWN}}, status=500)
        if self.path.endswith("/chat/completions"):
            return self.stream(chat_events(body)) if body.get("stream") else self.reply(chat(body))
        if self.path.endswith("/messages"):
            events = message_events(body)
            return self.stream(events) if body.get("stream") else self.reply(message(body))
        return self.reply({"error": {"message": f"no such path: {self.path}"}}, status=404)

    def reply(self, body: dict, status: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("retry-after-ms", "1")  # a test need not wait long for a retry
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def stream(self, events: Iterator[bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for event in events:
            self.wfile.write(event)
            self.wfile.flush()

    def log_message(self, *args: object) -> None:
        """The test's output is long enough."""


def answer_to(body: dict) -> str:
    messages = body["messages"]
    system = [m["content"] for m in messages if m["role"] == "system"]
    instructions = text_of(body.get("system") or "".join(text_of(part) for part in system))
    return f"[{instructions}] {text_of(messages[-1]['content'])}"


def text_of(content: str | list[dict]) -> str:
    if isinstance(content, str):
        return content
    return "".join(block.get("text", "") for block in content)


def chat(body: dict) -> dict:
    wants_json = body.get("response_format", {}).get("type") == "json_schema"
    text = json.dumps({"tags": ["lamp", "desk"]}) if wants_json else answer_to(body)
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
    }
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": body["model"],
        "choices": [choice],
        "usage": USAGE,
    }


def chat_events(body: dict) -> Iterator[bytes]:
    whole = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": body["model"],
    }
    for word in answer_to(body).split(" "):
        yield data(whole | {"choices": [{"index": 0, "delta": {"content": f"{word} "}}]})
    yield data(whole | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    if body.get("stream_options", {}).get("include_usage"):
        yield data(whole | {"choices": [], "usage": USAGE})
    yield b"data: [DONE]\n\n"


def embeddings(body: dict) -> dict:
    """A vector counts vowels, so that equal texts are nearest to each other."""
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    vectors = [[text.count(vowel) / max(len(text), 1) for vowel in "aeiou"] for text in texts]
    if body.get("encoding_format") == "base64":
        packed = [struct.pack("<5f", *vector) for vector in vectors]
        vectors = [base64.b64encode(item).decode() for item in packed]
    found = [
        {"object": "embedding", "index": index, "embedding": vector}
        for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": 9, "total_tokens": 9}
    return {"object": "list", "model": body["model"], "data": found, "usage": usage}


def message(body: dict) -> dict:
    content: list[dict] = [{"type": "text", "text": answer_to(body)}]
    if body.get("tools"):
        proposal = {"price": 29.0, "reason": text_of(body["messages"][-1]["content"])}
        name = body["tools"][0]["name"]
        content = [{"type": "tool_use", "id": "toolu_1", "name": name, "input": proposal}]
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": content,
        "stop_reason": "tool_use" if body.get("tools") else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 12, "output_tokens": 8},
    }


def message_events(body: dict) -> Iterator[bytes]:
    whole = message(body)
    start = whole | {"content": [], "stop_reason": None}
    yield event("message_start", message=start)
    yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    for word in answer_to(body).split(" "):
        delta = {"type": "text_delta", "text": f"{word} "}
        yield event("content_block_delta", index=0, delta=delta)
    yield event("content_block_stop", index=0)
    end = {"stop_reason": "end_turn", "stop_sequence": None}
    yield event("message_delta", delta=end, usage={"output_tokens": 8})
    yield event("message_stop")


def event(name: str, **fields: object) -> bytes:
    return f"event: {name}\n".encode() + data({"type": name} | fields)


def data(body: dict) -> bytes:
    return f"data: {json.dumps(body)}\n\n".encode()
