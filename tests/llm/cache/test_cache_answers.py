"""An answer that is given again: what the caller sees, what the ledger says, what is never kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dropin_pairs import (
    async_chat,
    async_chunks,
    async_claude,
    async_gpt,
    async_message_stream,
    chat,
    chat_chunks,
    claude,
    gpt,
    message,
    message_stream,
    rows,
)
from partners import ScriptedServer, completion, piece, provider, reply, stream

from sophia_cli.llm import CallFailed, NoRoute, UnifiedLLMService
from sophia_cli.llm.cache.policy import CachePolicy
from sophia_cli.llm.prices import Price
from sophia_cli.llm.privacy import Privacy
from sophia_cli.llm.simulator.server import SimulatorServer

TASKS = {"document_summary": 3600.0, "embeddings": 3600.0}
USAGE = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}
ASK: Any = {"task_type": "document_summary", "temperature": 0}


@pytest.fixture
def cached(service: Any) -> Callable[..., UnifiedLLMService]:
    """Open a service that keeps summaries and embeddings for an hour."""

    def start(*providers: Any, **settings: Any) -> UnifiedLLMService:
        settings = {"cache": CachePolicy(TASKS), "prices": {"p/m": Price(1.0, 2.0)}} | settings
        opened: UnifiedLLMService = service(*providers, **settings)
        return opened

    return start


def ledger(service: UnifiedLLMService, *columns: str) -> list[tuple[Any, ...]]:
    return service.engine.ledger.read(f"SELECT {', '.join(columns)} FROM calls ORDER BY rowid")


def test_the_second_answer_costs_nothing(scripted: Any, cached: Any) -> None:
    server = scripted(reply(completion("first")), reply(completion("second")))
    asked = cached(provider("p", server.url))
    first = asked.complete_response_sync("hi", **ASK)
    again = asked.complete_response_sync("hi", **ASK)
    assert len(server.requests) == 1
    assert (first.cached, again.cached) == (False, True)
    assert (first.cost_usd, again.cost_usd) == (7e-6, 0.0)
    assert (len(first.attempts), again.attempts) == (1, ())
    assert replace(again, cached=False, cost_usd=7e-6, call_id="", latency_ms=0) == replace(
        first, call_id="", latency_ms=0, attempts=()
    )
    assert ledger(
        asked, "outcome", "provider", "model", "attempts", "tokens_in", "tokens_out", "cost_nano",
        "saved_nano", "cost_source", "bytes_received", "finish_reason", "latency_us > 0",
    ) == [
        ("ok", "p", "m", 1, 3, 2, 7000, None, "sophia.toml", len(json.dumps(completion("first"))), "stop", 1),
        ("cached", "p", "m", 0, 3, 2, 0, 7000, "cache", 0, "stop", 1),
    ]  # fmt: skip
    totals = "SELECT outcome, calls, unpriced, cost_nano, saved_nano FROM totals ORDER BY outcome"
    assert asked.engine.ledger.read(totals) == [("cached", 1, 0, 0, 7000), ("ok", 1, 0, 7000, 0)]
    assert asked.engine.ledger.read("SELECT SUM(attempts) FROM attempt_totals") == [(1,)]
    (status,) = asked.engine.archive.answers.status()
    assert (status.task, status.answers, status.hits, status.saved_nano, status.unpriced) == (
        "document_summary", 1, 1, 7000, 0,
    )  # fmt: skip


def test_nothing_is_cached_unless_its_task_is_named(
    scripted: Any, service: Any, tmp_path: Path
) -> None:
    server = scripted(reply(completion()))
    asked = service(provider("p", server.url))
    assert asked.engine.archive is None
    for _ in range(2):
        assert not asked.complete_response_sync("hi", **ASK).cached
    assert len(server.requests) == 2
    assert [path.name for path in tmp_path.iterdir() if "ledger" not in path.name] == []


def test_a_stream_is_given_again_as_a_stream(scripted: Any, cached: Any) -> None:
    server = scripted(stream(piece("o"), piece("ne"), piece("", "stop"), USAGE))
    asked = cached(provider("p", server.url))
    assert [list(asked.complete_sync("hi", **ASK)) for _ in range(2)] == [["o", "ne"]] * 2
    again = asked.stream_sync("hi", **ASK)
    assert (next(iter(again)), again.response.content) == ("o", "o")
    list(again)
    assert (again.response.cached, again.response.tokens_in) == (True, 3)
    assert len(server.requests) == 1
    assert ledger(asked, "outcome", "saved_nano", "first_us > 0") == [
        ("ok", None, 1),
        ("cached", 7000, 1),
        ("cached", 7000, 1),
    ]
    assert not asked.complete_response_sync("hi", on_error="return", **ASK).cached


def test_a_replay_that_is_given_up_is_cancelled(scripted: Any, cached: Any) -> None:
    asked = cached(provider("p", scripted(stream(piece("o"), piece("", "stop"))).url))
    list(asked.complete_sync("hi", **ASK))
    given_up = asked.stream_sync("hi", **ASK)
    next(iter(given_up))
    given_up.close()
    assert ledger(asked, "outcome", "cost_nano", "saved_nano")[1] == ("cancelled", 0, None)


def test_on_an_event_loop_too(scripted: Any, cached: Any) -> None:
    server = scripted(
        reply(completion("whole")), stream(piece("o"), piece("ne"), piece("", "stop"))
    )
    asked = cached(provider("p", server.url))

    async def run() -> list[Any]:
        whole = [(await asked.complete_response("hi", **ASK)).cached for _ in range(2)]
        streams = [[text async for text in asked.complete("hi", **ASK)] for _ in range(2)]
        await asked.aclose()
        return [whole, streams]

    assert asyncio.run(run()) == [[False, True], [["o", "ne"]] * 2]
    assert len(server.requests) == 2


def test_vectors(scripted: Any, cached: Any) -> None:
    vectors = {"data": [{"index": 0, "embedding": [0.1, 0.2]}], "usage": {"prompt_tokens": 3}}
    server = scripted(reply(vectors))
    asked = cached(provider("p", server.url))
    assert [asked.embed_sync("hi") for _ in range(2)] == [[[0.1, 0.2]]] * 2
    assert len(server.requests) == 1 and ledger(asked, "outcome") == [("ok",), ("cached",)]


def test_what_an_unpriced_answer_saved_is_not_known(scripted: Any, cached: Any) -> None:
    asked = cached(provider("p", scripted(reply(completion())).url), prices={})
    for _ in range(2):
        asked.complete_text_sync("hi", **ASK)
    assert ledger(asked, "outcome", "cost_nano", "saved_nano") == [
        ("ok", None, None),
        ("cached", 0, None),
    ]
    (status,) = asked.engine.archive.answers.status()
    assert (status.hits, status.saved_nano, status.unpriced) == (1, 0, 1)


def finished(reason: str | None) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": reason}
    return reply(completion(choices=[choice]))


NOT_KEPT = {
    "cut by its length": finished("length"),
    "filtered": finished("content_filter"),
    "ended by an error": finished("error"),
    "no reason given": finished(None),
    "served with a warning": reply(completion(), 246),
    "a stream cut by its length": stream(piece("x"), piece("", "length")),
    "a stream without its end": stream(piece("x"), piece("", "stop"), done=False),
}


@pytest.mark.parametrize("name", NOT_KEPT)
def test_only_a_complete_good_answer_is_kept(scripted: Any, cached: Any, name: str) -> None:
    server = scripted(NOT_KEPT[name])
    asked = cached(provider("p", server.url))
    for _ in range(2):
        if "stream" in name:
            assert list(asked.complete_sync("hi", **ASK)) == ["x"]
        else:
            assert not asked.complete_response_sync("hi", **ASK).cached
    assert len(server.requests) == 2
    assert ledger(asked, "outcome") == [("ok",)] * 2


BAD = {
    "refused": reply({"error": {"message": "no"}}, 400),
    "an error in 200": reply({"error": {"message": "no"}}),
    "cut": reply(completion(), length=10_000),
}


@pytest.mark.parametrize("name", BAD)
def test_a_failure_is_not_kept(scripted: Any, cached: Any, name: str) -> None:
    server = scripted(BAD[name], reply(completion("good")))
    asked = cached(provider("p", server.url))
    with pytest.raises(CallFailed):
        asked.complete_text_sync("hi", **ASK)
    assert asked.complete_text_sync("hi", **ASK) == "good"
    assert asked.complete_text_sync("hi", **ASK) == "good"
    assert len(server.requests) == 2


def test_a_stream_that_is_given_up_or_breaks_is_not_kept(scripted: Any, cached: Any) -> None:
    broken = stream(piece("x"), done=False, length=10_000)
    server = scripted(broken, broken, stream(piece("x"), piece("y"), piece("", "stop")))
    asked = cached(provider("p", server.url))
    with pytest.raises(CallFailed):
        list(asked.complete_sync("hi", **ASK))
    early = asked.stream_sync("hi", **ASK)
    next(iter(early))
    early.close()
    assert list(asked.complete_sync("hi", **ASK)) == ["x", "y"]
    assert len(server.requests) == 3


def test_a_data_class_never_gets_what_its_providers_may_not_see(scripted: Any, cached: Any) -> None:
    """The class is taken from a provider after it had answered: the answer is not used any more."""
    first, second = scripted(reply(completion("a"))), scripted(reply(completion("b")))
    classed: Any = {**ASK, "data_class": "customer"}

    def open_with(*names: str) -> UnifiedLLMService:
        chain = (provider("a", first.url), provider("b", second.url))
        opened: UnifiedLLMService = cached(*chain, data_classes={"customer": names})
        return opened

    both = open_with("a", "b")
    assert both.complete_text_sync("hi", **classed) == "a"
    assert both.complete_response_sync("hi", **classed).cached
    assert not both.complete_response_sync("hi", **ASK).cached  # another class of data
    narrow = open_with("b")
    assert narrow.complete_text_sync("hi", **classed) == "b"
    assert narrow.complete_response_sync("hi", **classed).content == "b"
    with pytest.raises(NoRoute):
        open_with().complete_text_sync("hi", **classed)


def test_a_class_that_is_never_stored_is_never_cached(scripted: Any, cached: Any) -> None:
    server = scripted(reply(completion()))
    privacy = Privacy(never_store=("customer",))
    asked = cached(provider("p", server.url), data_classes={"customer": ("p",)}, privacy=privacy)
    for _ in range(2):
        assert not asked.complete_response_sync("hi", data_class="customer", **ASK).cached
    assert len(server.requests) == 2


def test_an_answer_of_whoever_is_not_asked_any_more_is_not_used(scripted: Any, cached: Any) -> None:
    first, second = scripted(reply(completion("a"))), scripted(reply(completion("b")))
    chain = (provider("a", first.url), provider("b", second.url))
    assert cached(*chain).complete_text_sync("hi", **ASK) == "a"
    moved = cached(*chain, routes={"default": (("b", "m"),)})
    assert moved.complete_text_sync("hi", **ASK) == "b"


def test_a_provider_that_is_not_ready_still_has_its_answers(scripted: Any, cached: Any) -> None:
    server = scripted(reply(completion("a")))
    known = provider("a", server.url)
    other = provider("b", scripted(reply(completion("b"))).url)
    assert cached(known, other).complete_text_sync("hi", **ASK) == "a"
    waiting = cached(replace(known, problem="its key is gone"), other)
    assert waiting.complete_response_sync("hi", **ASK).content == "a"


# The drop-in door.


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOPHIA_CONFIG", str(tmp_path / "sophia.toml"))
    (tmp_path / "sophia.toml").write_text(
        '[cache]\nunset_temperature = true\n[cache.tasks]\nchat_conversation = "1d"\nembeddings = "1d"\n'
    )


DOORS: dict[str, tuple[Any, Any]] = {
    "chat": (gpt, chat),
    "chat stream": (gpt, chat_chunks),
    "chat stream with usage": (
        gpt,
        lambda client: chat_chunks(client, stream_options={"include_usage": True}),
    ),
    "message": (claude, message),
    "message stream": (claude, message_stream),
    "embeddings": (
        gpt,
        lambda client: client.embeddings.create(model="small", input=["a", "b"]).to_dict(),
    ),
}


@pytest.mark.parametrize("name", DOORS)
def test_a_vendors_client_gets_the_very_same_again(
    simulated: Callable[..., SimulatorServer], write: None, name: str
) -> None:
    make, action = DOORS[name]
    server = simulated()
    with make(server.url, through_us=True) as client:
        assert action(client) == action(client)
    assert len(server.requests) == 1
    first, again = rows("outcome", "tokens_in", "tokens_out", "attempts", "door")
    assert again == ("cached", *first[1:3], 0, "dropin") and first[0] == "ok"


ASYNC_DOORS: dict[str, tuple[Any, Any]] = {
    "chat": (async_gpt, async_chat),
    "chat stream": (async_gpt, async_chunks),
    "message stream": (async_claude, async_message_stream),
}


@pytest.mark.parametrize("name", ASYNC_DOORS)
def test_a_vendors_client_on_an_event_loop(
    simulated: Callable[..., SimulatorServer], write: None, name: str
) -> None:
    make, action = ASYNC_DOORS[name]
    server = simulated()

    async def run() -> list[Any]:
        async with make(server.url, through_us=True) as client:
            return [await action(client), await action(client)]

    first, again = asyncio.run(run())
    assert first == again and len(server.requests) == 1
    assert rows("outcome") == [("ok",), ("cached",)]


def test_a_header_says_so(simulated: Callable[..., SimulatorServer], write: None) -> None:
    server = simulated()
    with gpt(server.url, through_us=True) as client:
        heads = [
            client.chat.completions.with_raw_response.create(
                model="m", messages=[{"role": "user", "content": "hi"}]
            ).headers
            for _ in range(2)
        ]
    assert [head.get("x-sophia-cache") for head in heads] == [None, "hit"]
    assert heads[1]["content-type"] == "application/json"


def test_two_accounts_of_one_vendor_share_nothing(
    simulated: Callable[..., SimulatorServer], write: None
) -> None:
    server = simulated()
    for account in ("one-account", "another-account"):
        with gpt(server.url, through_us=True, api_key=account) as client:
            chat(client)
    assert len(server.requests) == 2


def test_the_doors_share_whole_answers(
    scripted: Callable[..., ScriptedServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sophia_cli.llm import get_unified_llm_service

    server = scripted(reply(completion("shared", id="1", object="chat.completion", created=1)))
    monkeypatch.setenv("SOPHIA_CONFIG", str(tmp_path / "sophia.toml"))
    (tmp_path / "sophia.toml").write_text(
        f'[providers.gate]\nkind = "openai"\nbase_url = "{server.url}/v1"\nmodel = "m"\n'
        '[routes]\ndefault = ["gate/m"]\n[models]\ngpt-4o = ["gate/m"]\n'
        '[cache]\nunset_temperature = true\n[cache.tasks]\nchat_conversation = "1d"\n'
    )
    with gpt("http://127.0.0.1:9", through_us=True) as client:
        told = chat(client, messages=[{"role": "user", "content": "hi"}])
    native = get_unified_llm_service().complete_response_sync("hi", model="gpt-4o")
    assert told["choices"][0]["message"]["content"] == native.content == "shared"
    assert native.cached and len(server.requests) == 1


def test_tokens_of_a_hit_are_not_counted_as_a_providers(scripted: Any, cached: Any) -> None:
    from prometheus_client import CollectorRegistry, generate_latest

    from sophia_cli.llm.metrics.collector import LedgerCollector

    asked = cached(provider("p", scripted(reply(completion())).url))
    for _ in range(3):
        asked.complete_text_sync("hi", **ASK)
    registry = CollectorRegistry()
    registry.register(LedgerCollector(asked.engine.ledger, asked.engine.config))
    shown = generate_latest(registry).decode()
    assert 'sophia_llm_tokens_total{model="m",provider="p",type="input"} 3.0' in shown
    assert (
        'sophia_llm_requests_total{error_type="",model="m",outcome="cached",provider="p",'
        'route="routes.default",task="document_summary"} 2.0' in shown
    )
    assert 'sophia_llm_cache_lookups_total{provider="p",result="hit"} 2.0' in shown
    assert 'sophia_llm_cache_lookups_total{provider="p",result="miss"} 1.0' in shown
