"""Images in a prompt: what is sent for each way to name one, and what is none."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from partners import provider

from sophia_cli.llm import LLMError
from sophia_cli.llm.images import part_of, with_images

PNG = b"\x89PNG\r\n\x1a\nrest"
KINDS = {
    "png": PNG,
    "jpeg": b"\xff\xd8\xff\xe0rest",
    "gif": b"GIF89arest",
    "webp": b"RIFF\x0a\x00\x00\x00WEBPrest",
}


def url(data: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def part(address: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": address}}


def test_a_url_is_sent_as_it_is() -> None:
    for address in (
        "https://example.com/a.tiff?b=1",
        url(PNG),
        url(PNG).upper().replace("DATA", "data"),
    ):
        assert part_of(address) == part(address)


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_and_files_say_by_themselves_what_they_are(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "wrong-suffix.txt"
    path.write_bytes(KINDS[kind])
    expected = part(url(KINDS[kind], kind))
    assert [part_of(KINDS[kind]), part_of(path), part_of(str(path))] == [expected] * 3
    assert part_of(bytearray(KINDS[kind])) == expected  # type: ignore[arg-type]


def test_a_file_in_the_home_folder(own_home: Path) -> None:
    (own_home / "a:b.png").write_bytes(PNG)
    assert part_of("~/a:b.png") == part(url(PNG))


def test_images_follow_the_last_words_of_the_user() -> None:
    says = {"role": "user", "content": "look"}
    text = {"type": "text", "text": "look"}
    image = part("https://a")
    after = [{"role": "assistant", "content": "yes"}]
    assert with_images([says, *after], ["https://a"]) == [
        {"role": "user", "content": [text, image]},
        *after,
    ]
    twice = [{"role": "user", "content": [text, image]}]
    assert with_images(twice, "https://a") == [{"role": "user", "content": [text, image, image]}]
    assert with_images(after, ["https://a"]) == [*after, {"role": "user", "content": [image]}]
    assert says == {"role": "user", "content": "look"}


def test_a_prompt_with_images_is_sent(simulated: Any, service: Any, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    server = simulated()
    opened = service(provider("p", f"{server.url}/v1"))
    opened.complete_text_sync("look", images=[tmp_path / "a.png"], system="be brief")
    opened.complete_text_sync(images=[PNG])
    list(opened.complete_sync("look", images=["https://a"]))
    image = part(url(PNG))
    sent = [json.loads(request.body)["messages"] for request in server.requests]
    assert sent == [
        [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": [{"type": "text", "text": "look"}, image]},
        ],
        [{"role": "user", "content": [image]}],
        [{"role": "user", "content": [{"type": "text", "text": "look"}, part("https://a")]}],
    ]


NONE: list[tuple[Any, str]] = [
    (b"", "0 bytes is no image"),
    (b"%PDF-1.7", "8 bytes is no image"),
    (b"RIFF\x0a\x00\x00\x00WAVE", "12 bytes is no image"),
    ("http://example.com/a.png", "an image cannot be at 'http://example.com/a.png'"),
    ("file:///etc/passwd", "an image cannot be at 'file:///etc/passwd'"),
    ("data:image/svg+xml;base64,AAAA", "is no image"),
    ("data:image/png,raw", "is no image"),
    ("data:text/plain;base64,AAAA", "is no image"),
    ("/nowhere/a.png", "the image /nowhere/a.png cannot be read: No such file or directory"),
    ("/", "the image / cannot be read: Is a directory"),
    ("a\0b", "cannot be read: "),
    ("", "the image . cannot be read"),
    (7, "an image cannot be int"),
    (None, "an image cannot be NoneType"),
]


@pytest.mark.parametrize(("image", "words"), NONE)
def test_what_is_no_image_is_said(image: Any, words: str, service: Any) -> None:
    opened = service(provider("p", "http://127.0.0.1:9"))
    with pytest.raises(LLMError) as error:
        opened.complete_text_sync("look", images=[image])
    assert words in error.value.message
    assert error.value.mend == (
        "allowed: png, jpeg, gif or webp as a path, bytes, an https: URL or a data: URL"
    )
    assert opened.engine.ledger.read("SELECT * FROM calls") == []
