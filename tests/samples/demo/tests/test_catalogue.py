"""What the catalogue gets: texts, tags, prices. Tags also with a client that is no client."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

from openai import OpenAI

from shop.copywriting import VOICE, describe, preview
from shop.pricing import propose
from shop.tagging import tag, tag_all


class FakeClient:
    """Answers `content` to everything and keeps what it was asked."""

    def __init__(self, content: str | None) -> None:
        self.content = content
        self.asked: list[dict] = []
        self.chat = SimpleNamespace(completions=self)

    def create(self, **arguments: object) -> SimpleNamespace:
        self.asked.append(arguments)
        message = SimpleNamespace(content=self.content)
        return SimpleNamespace(choices=[SimpleNamespace(message=message)])


def test_tags_are_sorted():
    client = FakeClient('{"tags": ["small", "bright"]}')
    assert tag(client, "a lamp") == ["bright", "small"]
    assert client.asked[0]["messages"][0]["content"] == "Tag this product: a lamp"


def test_no_answer_means_no_tags():
    assert tag(FakeClient(None), "a lamp") == []


def test_tag_with_a_client_of_the_caller():
    with OpenAI(max_retries=0) as client:
        assert tag(client, "a lamp") == ["desk", "lamp"]


def test_a_batch_shares_one_client():
    assert tag_all(["a lamp", "a coat"]) == {"a lamp": ["desk", "lamp"], "a coat": ["desk", "lamp"]}


def test_description_keeps_the_voice():
    assert describe("a lamp") == f"[{VOICE}] Describe a lamp."


def test_preview_is_the_description_in_pieces():
    pieces = list(preview("a lamp"))
    assert len(pieces) > 5
    assert "".join(pieces).strip() == f"[{VOICE}] Describe a lamp."


def test_price_comes_through_the_tool():
    assert asyncio.run(propose("A lamp", 14.5)) == {
        "price": 29.0,
        "reason": "A lamp costs us 14.50 euros.",
    }
