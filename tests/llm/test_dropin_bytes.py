"""Headers and bodies of every kind pass through the drop-in door as they are."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

from dropin_pairs import (
    HELLO,
    both,
    chat,
    chat_chunks,
    claude,
    gpt,
    message,
    rows,
)
from dropin_server import JSON, SSE, Script

REPLY = json.dumps(
    {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": "Zoë"},
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    },
    ensure_ascii=False,
).encode()
CHUNK = (
    'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":'
    '[{"index":0,"delta":{"content":"Zoë 🌍"},"finish_reason":null}]}\n\n'
).encode()
LAST = CHUNK.replace(b"null}", b'"stop"}')


def test_headers_come_through() -> None:
    headers = (
        JSON,
        ("x-request-id", "req_7"),
        ("x-ratelimit-remaining-tokens", "12"),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
    )

    def ask(client: Any) -> Any:
        raw = client.chat.completions.with_raw_response.create(model="m", messages=HELLO)
        found = [p for p in raw.headers.multi_items() if not p[0].startswith("x-sophia")]
        parsed = raw.parse()
        return sorted(found), parsed.to_dict(), parsed._request_id

    found = both(gpt, ask, Script(body=REPLY, headers=headers))
    assert found[2] == "req_7"


def test_an_error_keeps_its_request_id() -> None:
    body = b'{"error":{"message":"no","type":"t","param":null,"code":"c"}}'
    found = both(gpt, chat, Script(400, body, headers=(JSON, ("x-request-id", "req_8"))))
    assert found.request_id == "req_8"


def test_packed_answers_arrive_unpacked() -> None:
    packed = Script(body=gzip.compress(REPLY), headers=(JSON, ("content-encoding", "gzip")))
    found = both(gpt, chat, packed)
    assert found["choices"][0]["message"]["content"] == "Zoë"
    whole = gzip.compress(CHUNK + LAST + b"data: [DONE]\n\n")
    pieces = tuple(whole[at : at + 9] for at in range(0, len(whole), 9))
    stream = Script(body=pieces, headers=(SSE, ("content-encoding", "gzip")))
    assert len(both(gpt, chat_chunks, stream)) == 2


def test_a_packed_answer_that_cannot_be_unpacked() -> None:
    broken = Script(body=b"this is not gzip", headers=(JSON, ("content-encoding", "gzip")))
    assert both(gpt, chat, broken).name.endswith("APIConnectionError")
    stream = Script(body=(b"not gzip", b"either"), headers=(SSE, ("content-encoding", "gzip")))
    both(gpt, chat_chunks, stream)


def test_letters_split_between_chunks() -> None:
    whole = CHUNK + LAST + b"data: [DONE]\n\n"
    pieces = tuple(whole[at : at + 1] for at in range(len(whole)))
    assert both(gpt, chat_chunks, Script(body=pieces, headers=(SSE,)))


def test_a_large_answer() -> None:
    body = REPLY.replace("Zoë".encode(), ("Zoë 🌍" * 300_000).encode())
    found = both(gpt, chat, Script(body=body))
    assert len(found["choices"][0]["message"]["content"]) == 1_500_000


def test_a_broken_connection_in_a_whole_answer() -> None:
    assert both(gpt, chat, Script(body=REPLY, cut=True)).name.endswith("APIConnectionError")
    assert both(claude, message, Script(body=REPLY, cut=True)).name.endswith("APIConnectionError")
    error = Script(429, b'{"error":{"message":"no"}}', cut=True)
    both(gpt, chat, error)


def test_the_vendor_retries_a_broken_connection() -> None:
    found = both(gpt, chat, Script(body=REPLY, cut=True), Script(body=REPLY), max_retries=1)
    assert found["id"] == "1"


def test_a_file_goes_up_as_it_is() -> None:
    body = b'{"id":"file-1","object":"file","bytes":3,"created_at":1,"filename":"a.jsonl","purpose":"batch"}'

    def upload(client: Any) -> Any:
        file = ("a.jsonl", io.BytesIO(b"\x00\xff{}" * 100_000))
        sent = client.files.create(
            file=file,
            purpose="batch",
            extra_headers={"Content-Type": "multipart/form-data; boundary=x"},
        )
        return sent.to_dict()

    found = both(gpt, upload, Script(body=body))
    assert found["id"] == "file-1"
    assert rows("operation", "outcome", "requested_model") == [("other", "ok", "")]


def test_bytes_come_down_as_they_are() -> None:
    sound = bytes(range(256)) * 4000
    script = Script(body=sound, headers=(("content-type", "audio/mpeg"),))

    def speak(client: Any) -> bytes:
        return client.audio.speech.create(model="tts-1", voice="alloy", input="Hi").content

    assert both(gpt, speak, script) == sound

    def download(client: Any) -> Any:
        with client.files.with_streaming_response.content("file-1") as response:
            length = response.headers.get("content-length")
            return length, b"".join(response.iter_bytes())

    assert both(gpt, download, script) == (str(len(sound)), sound)


def test_an_answer_without_a_body() -> None:
    both(gpt, lambda c: c.delete("/things/1", cast_to=object), Script(204, b"", ()))


def test_a_redirect_is_followed() -> None:
    moved = Script(307, b"", (("location", "/v1/elsewhere"),))
    assert both(gpt, chat, moved, Script(body=REPLY))["id"] == "1"


def test_a_body_that_is_not_an_object() -> None:
    both(gpt, lambda c: c.post("/chat/completions", body=[1], cast_to=object), Script())


def test_threads_and_messages_of_an_assistant_are_no_chat() -> None:
    body = b'{"id":"m","object":"thread.message"}'

    def add(client: Any) -> Any:
        return client.post(
            "/threads/t/messages", body={"role": "user", "content": "x"}, cast_to=object
        )

    both(gpt, add, Script(body=body))
    assert rows("operation", "outcome") == [("other", "ok")]
