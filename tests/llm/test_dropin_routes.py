"""Once routes are written a drop-in client follows them; its own key and account stay behind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from dropin_pairs import (
    Failed,
    async_chat,
    async_claude,
    async_gpt,
    async_message_stream,
    chat,
    chat_chunks,
    claude,
    gpt,
    message,
    message_stream,
    outcome,
    rows,
)

from sophia_cli.llm.simulator import Fault, Simulator
from sophia_cli.llm.simulator.server import Recorded, SimulatorServer, serve

NOBODY = "http://127.0.0.1:9"
SIMULATED = '[providers.simulator]\n[routes]\ndefault = ["simulator/small"]\n'
KEYS = {"PORTKEY_API_KEY": "portkey-0123456789", "OPENROUTER_API_KEY": "openrouter-0123456789"}
Write = Callable[[str], None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write the `sophia.toml` that the test's service reads; the keys of two providers are set."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SOPHIA_CONFIG", str(tmp_path / "sophia.toml"))
    return lambda text: (tmp_path / "sophia.toml").write_text(text) and None


def provider(name: str, server: SimulatorServer) -> str:
    base = "/api/v1" if name == "openrouter" else "/v1"
    return f'[providers.{name}]\nbase_url = "{server.url}{base}"\n'


def only(request: Recorded) -> tuple[str, str]:
    return request.path, json.loads(request.body)["model"]


def leaks(request: Recorded) -> list[str]:
    """What the vendor was to know and nobody else."""
    told = f"{request.path} {dict(request.headers)} {request.body!r}".lower()
    return [
        word
        for word in ("vendor-key", "our-organization", "our-project", "x-sophia", "stainless")
        if word in told
    ]


def test_the_simulator_answers_in_both_formats(write: Write) -> None:
    write(SIMULATED)
    with gpt(NOBODY, through_us=True) as first, claude(NOBODY, through_us=True) as second:
        texts = [
            chat(first)["choices"][0]["message"]["content"],
            "".join(
                chunk["choices"][0]["delta"].get("content") or "" for chunk in chat_chunks(first)
            ),
            message(second)["content"][0]["text"],
            "".join(message_stream(second)[0]),
        ]
        assert len(first.embeddings.create(model="m", input=["a", "b"]).data) == 2
    assert all(text.startswith("This is a simulated answer") for text in texts)
    assert texts[0] == texts[1] and texts[2] == texts[3]
    found = rows("operation", "provider", "model", "simulated", "outcome")
    assert found == [
        ("chat", "simulator", "gpt-4o", 1, "ok"),
        ("chat", "simulator", "gpt-4o", 1, "ok"),
        ("messages", "simulator", "claude-test-1", 1, "ok"),
        ("messages", "simulator", "claude-test-1", 1, "ok"),
        ("embeddings", "simulator", "m", 1, "ok"),
    ]


def test_the_simulator_answers_on_a_loop(write: Write) -> None:
    write(SIMULATED)

    async def run() -> None:
        async with (
            async_gpt(NOBODY, through_us=True) as first,
            async_claude(NOBODY, through_us=True) as second,
        ):
            assert "simulated" in json.dumps(await async_chat(first))
            assert "simulated" in json.dumps(await async_message_stream(second))

    asyncio.run(run())
    assert rows("provider", "outcome") == [("simulator", "ok")] * 2


CALLS = [
    ("portkey", gpt, chat, "/v1/chat/completions", "@openai/gpt-4o"),
    ("portkey", gpt, chat_chunks, "/v1/chat/completions", "@openai/gpt-4o"),
    ("openrouter", gpt, chat, "/api/v1/chat/completions", "openai/gpt-4o"),
    ("openrouter", gpt, chat_chunks, "/api/v1/chat/completions", "openai/gpt-4o"),
    ("openrouter", claude, message, "/api/v1/messages", "anthropic/claude-test-1"),
    ("portkey", claude, message_stream, "/v1/messages", "@anthropic/claude-test-1"),
]


@pytest.mark.parametrize(("name", "make", "action", "path", "model"), CALLS)
def test_the_vendors_key_stays_behind(
    write: Write,
    name: str,
    make: Callable[..., Any],
    action: Callable[[Any], Any],
    path: str,
    model: str,
) -> None:
    account = {"organization": "our-organization", "project": "our-project"} if make is gpt else {}
    with serve() as server:
        write(provider(name, server) + f'[routes]\ndefault = ["{name}/any"]\n')
        with make(NOBODY, through_us=True, **account) as client:
            labels = {"x-sophia-task": "bulk", "x-sophia-user": "u1"}
            action(client.with_options(default_headers=labels))
        (request,) = server.requests
    assert only(request) == (path, model)
    assert leaks(request) == []
    assert KEYS[f"{name.upper()}_API_KEY"] in str(dict(request.headers))
    assert rows("provider", "model", "requested_model", "task", "user", "outcome") == [
        (name, model, action_model(action), "bulk", "u1", "ok")
    ]


def action_model(action: Callable[[Any], Any]) -> str:
    return "gpt-4o" if action in (chat, chat_chunks) else "claude-test-1"


def test_a_model_is_mapped_by_its_name(write: Write) -> None:
    with serve() as server:
        write(provider("openrouter", server) + '[models]\n"gpt-4o" = ["openrouter/qwen/qwen3"]\n')
        with gpt(NOBODY, through_us=True) as client:
            assert chat(client)["model"] == "qwen/qwen3"
        assert [only(request)[1] for request in server.requests] == ["qwen/qwen3"]


def test_the_next_candidate_answers_and_the_vendor_sees_one_answer(write: Write) -> None:
    broken = Simulator(faults=[Fault.parse("503")])
    with serve(broken) as first, serve() as second:
        write(
            provider("portkey", first)
            + provider("openrouter", second)
            + '[routes]\ndefault = ["portkey/a", "openrouter/b"]\n'
        )
        with gpt(NOBODY, through_us=True, max_retries=2) as client:
            assert chat(client)["object"] == "chat.completion"
            assert len(chat_chunks(client)) > 2
        assert (len(first.requests), len(second.requests)) == (2, 2)
    assert rows("provider", "outcome", "attempts") == [("openrouter", "ok", 2)] * 2


def test_when_no_candidate_answers_the_vendor_sees_the_last_one(write: Write) -> None:
    with serve(Simulator(faults=[Fault.parse("429:retry_after=10ms")])) as server:
        write(provider("openrouter", server) + '[routes]\ndefault = ["openrouter/b"]\n')
        with (
            gpt(NOBODY, through_us=True, max_retries=1) as client,
            pytest.raises(openai.RateLimitError),
        ):
            chat(client)
        assert len(server.requests) == 2
    assert rows("outcome", "error_kind", "status") == [("error", "rate_limit", 429)] * 2


def test_what_no_route_is_about_goes_to_the_vendor(write: Write) -> None:
    write(SIMULATED)
    with serve() as server, gpt(server.url, through_us=True) as client:
        assert [model.id for model in client.models.list()]
        assert [request.path for request in server.requests] == ["/v1/models"]
    assert rows("operation", "provider") == [("other", "origin")]


FORBIDDEN = '[providers.simulator]\n[data_classes]\ncustomer = ["cortex"]\n'
LABEL = {"x-sophia-data-class": "customer"}


@pytest.mark.parametrize("routes", ["", '[routes]\ndefault = ["simulator/small"]\n'])
@pytest.mark.parametrize("stream", [False, True])
def test_a_data_class_that_may_not_go_there_is_refused_once(
    write: Write, routes: str, stream: bool
) -> None:
    write(routes + FORBIDDEN)
    with serve() as server:
        options = {"through_us": True, "max_retries": 2, "default_headers": LABEL}
        refused = pytest.raises(openai.PermissionDeniedError, match="may not go there")
        with gpt(server.url, **options) as client, refused as error:
            chat(client, stream=stream)
        refused = pytest.raises(anthropic.PermissionDeniedError, match="may not go there")
        with claude(server.url, **options) as client, refused:
            message(client, stream=stream)
        assert server.requests == []
    assert error.value.code == "no_route"
    assert (
        rows("outcome", "error_kind", "data_class", "attempts")
        == [("error", "no_route", "customer", 0)] * 2
    )


def test_a_data_class_is_refused_on_a_loop_too(write: Write) -> None:
    write(FORBIDDEN)

    async def run(url: str) -> Any:
        async with async_gpt(url, through_us=True, default_headers=LABEL) as client:
            return await async_chat(client)

    with serve() as server:
        found = outcome(lambda: asyncio.run(run(server.url)))
        assert server.requests == []
    assert isinstance(found, Failed) and found.status == 403


REFUSED = {
    '[routes]\ndefault = ["cortex/claude-4-sonnet"]\n': "SNOWFLAKE_ACCOUNT is not set",
    "[routs]\n": "the file has no key 'routs'",
    '[routes]\ndefault = ["nowhere/x"]\n': "names the provider 'nowhere', which is not known",
    '[routes]\ndefault = ["openrouter/x"]\n[providers.openrouter]\nkind = "magic"\n': "'magic'",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_configuration_that_cannot_be_used_is_said_and_nothing_is_sent(
    write: Write, text: str
) -> None:
    write(text)
    with serve() as server, gpt(server.url, through_us=True, max_retries=2) as client:
        with pytest.raises(openai.PermissionDeniedError) as refused:
            chat(client)
        assert server.requests == []
    assert REFUSED[text] in str(refused.value)
