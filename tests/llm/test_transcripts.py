"""Prompts and answers are kept by those only who asked for it, redacted, and never in the ledger."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from dropin_pairs import chat_chunks, claude, gpt, message, message_stream
from partners import KEY, completion, piece, provider, reply, stream

from sophia_cli.llm import CallFailed, Config, UnifiedLLMService, load_config
from sophia_cli.llm.cache.policy import CachePolicy
from sophia_cli.llm.call import Labels
from sophia_cli.llm.privacy import Privacy
from sophia_cli.llm.redaction import Redaction
from sophia_cli.llm.simulator.server import SimulatorServer

PROMPT = f"write to bob@example.com at 10.0.0.1 with {KEY}"
REDACTED = "write to [email] at [ip] with [api_key]"
FILE = "transcripts.sqlite3"


def transcripts(folder: Path) -> list[tuple[str, Any, str]]:
    """Call, request and answer of every transcript, oldest first."""
    with closing(sqlite3.connect(folder / FILE)) as connection:
        rows = connection.execute("SELECT call_id, request, answer FROM transcripts ORDER BY ts")
        return [(call, json.loads(request), answer) for call, request, answer in rows]


@pytest.fixture
def keeping(service: Any) -> Callable[..., UnifiedLLMService]:
    """Open a service that keeps prompts."""

    def start(*providers: Any, **settings: Any) -> UnifiedLLMService:
        opened: UnifiedLLMService = service(
            *providers, **{"privacy": Privacy(store_prompts=True)} | settings
        )
        return opened

    return start


def test_nothing_is_kept_unless_asked_for(scripted: Any, service: Any, tmp_path: Path) -> None:
    asked = service(provider("p", scripted(reply(completion("the answer"))).url))
    asked.complete_text_sync("the prompt")
    asked.close()
    assert {path.name for path in tmp_path.iterdir()} == {"ledger.sqlite3"}
    held = (tmp_path / "ledger.sqlite3").read_bytes()
    assert b"the prompt" not in held and b"the answer" not in held


def test_what_is_kept_is_redacted_and_not_in_the_ledger(
    scripted: Any, keeping: Any, tmp_path: Path
) -> None:
    server = scripted(reply(completion(f"ok, {PROMPT}")))
    asked = keeping(provider("p", server.url))
    answer = asked.complete_response_sync(PROMPT, system="be brief", temperature=0, model="m")
    assert answer.content == f"ok, {PROMPT}"
    assert PROMPT in server.requests[0].body.decode()
    messages = [{"role": "system", "content": "be brief"}, {"role": "user", "content": REDACTED}]
    assert transcripts(tmp_path) == [
        (
            answer.call_id,
            {"model": "m", "messages": messages, "temperature": 0},
            f"ok, {REDACTED}",
        )
    ]
    asked.close()
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    for path in tmp_path.iterdir():
        held = path.read_bytes()
        assert b"bob@example.com" not in held and KEY.encode() not in held
    assert b"be brief" not in (tmp_path / "ledger.sqlite3").read_bytes()


def test_streams_and_event_loops(scripted: Any, keeping: Any, tmp_path: Path) -> None:
    asked = keeping(provider("p", scripted(stream(piece("o"), piece("ne"), piece("", "stop"))).url))

    async def run() -> list[str]:
        texts = [text async for text in asked.complete("hi")]
        await asked.aclose()
        return texts

    assert list(asked.complete_sync("hi")) == asyncio.run(run()) == ["o", "ne"]
    assert [answer for _, _, answer in transcripts(tmp_path)] == ["one", "one"]


def test_a_failure_and_a_hit_are_kept_too(scripted: Any, keeping: Any, tmp_path: Path) -> None:
    server = scripted(reply({"error": {"message": "no"}}, 400), reply(completion("yes")))
    asked = keeping(provider("p", server.url), cache=CachePolicy({"bulk": 60.0}))
    options: Any = {"task_type": "bulk", "temperature": 0}
    with pytest.raises(CallFailed):
        asked.complete_text_sync("hi", **options)
    for _ in range(2):
        asked.complete_text_sync("hi", **options)
    assert [answer for _, _, answer in transcripts(tmp_path)] == ["", "yes", "yes"]
    assert len({call for call, _, _ in transcripts(tmp_path)}) == 3
    assert len(server.requests) == 2


def test_what_is_too_large_is_only_counted(scripted: Any, keeping: Any, tmp_path: Path) -> None:
    asked = keeping(provider("p", scripted(reply(completion("x" * 1_000_001))).url))
    asked.complete_text_sync("y" * 1_000_001)
    ((_, request, answer),) = transcripts(tmp_path)
    assert set(request) == {"left_out"}
    assert json.loads(answer) == {"left_out": "1000001 characters"}


STORED = [
    ("", (), (), True),
    ("customer", (), (), False),
    ("customer", ("customer",), (), True),
    ("customer", ("orders",), (), False),
    ("customer", ("customer",), ("customer",), False),
    ("", (), ("customer",), True),
]


@pytest.mark.parametrize(("data_class", "classes", "never", "expected"), STORED)
def test_a_data_class_is_kept_only_where_it_is_named(
    data_class: str, classes: Any, never: Any, expected: bool
) -> None:
    privacy = Privacy(store_prompts=True, store_classes=classes, never_store=never)
    assert privacy.stores(Labels(data_class=data_class)) is expected
    assert not Privacy(store_classes=classes).stores(Labels(data_class=data_class))


def test_a_classed_call_leaves_nothing(scripted: Any, keeping: Any, tmp_path: Path) -> None:
    server = scripted(reply(completion()))
    asked = keeping(provider("p", server.url), data_classes={"customer": ("p",)})
    asked.complete_text_sync("hi", data_class="customer")
    assert not (tmp_path / FILE).exists()


def test_old_ones_are_deleted_when_the_file_is_opened(
    scripted: Any, keeping: Any, tmp_path: Path
) -> None:
    server = scripted(reply(completion()))
    keeping(provider("p", server.url)).complete_text_sync("first")
    keeping(provider("p", server.url)).complete_text_sync("second")
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute(
            "UPDATE transcripts SET ts = ts - 31 * 86400 WHERE request LIKE '%first%'"
        )
    keeping(provider("p", server.url)).complete_text_sync("third")
    kept = [request["messages"][0]["content"] for _, request, _ in transcripts(tmp_path)]
    assert kept == ["second", "third"]


def test_a_file_that_cannot_be_written_stops_no_call(
    scripted: Any, keeping: Any, tmp_path: Path
) -> None:
    (tmp_path / FILE).mkdir()
    asked = keeping(provider("p", scripted(reply(completion())).url))
    assert [asked.complete_text_sync("hi") for _ in range(2)] == ["yes", "yes"]
    assert "cannot be used" in asked.engine.archive.transcripts.file.problem


def test_settings(tmp_path: Path) -> None:
    (tmp_path / "sophia.toml").write_text(
        '[privacy]\nredact = ["email"]\nkeep_days = 7\nnever_store = ["customer"]\n'
        '[privacy.patterns]\nticket = "ABC-[0-9]+"\n[data_classes]\ncustomer = []\n'
    )
    found = load_config({"SOPHIA_STORE_PROMPTS": "yes"}, tmp_path).privacy
    assert found.store_prompts and found.keep_days == 7 and found.never_store == ("customer",)
    assert found.redaction.text("ABC-1 a@b.io 10.0.0.1") == "[ticket] [email] 10.0.0.1"
    assert not load_config({"SOPHIA_STORE_PROMPTS": "false"}, tmp_path).privacy.store_prompts
    assert Config().privacy == Privacy(redaction=Redaction())


def test_the_drop_in_door(
    simulated: Callable[..., SimulatorServer], own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOPHIA_STORE_PROMPTS", "1")
    server = simulated()
    with gpt(server.url, through_us=True) as client:
        text = "".join(
            choice["delta"].get("content") or ""
            for chunk in chat_chunks(client)
            for choice in chunk["choices"]
        )
    with claude(server.url, through_us=True) as client:
        whole = message(client)["content"][0]["text"]
        streamed = "".join(message_stream(client)[0])
    kept = transcripts(own_home / "state" / "sophia")
    assert [answer for _, _, answer in kept] == [text, whole, streamed]
    assert [request["model"] for _, request, _ in kept] == ["gpt-4o", *["claude-test-1"] * 2]
