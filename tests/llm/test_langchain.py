"""langchain's chat model and embeddings over our transport: the same as without us, and measured."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from dropin_pairs import TLS, Failed, outcome, rows
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

from sophia_cli.llm import labels, langchain_openai_clients
from sophia_cli.llm.simulator import Fault, Simulator
from sophia_cli.llm.simulator.server import SimulatorServer, serve

NOBODY = "http://127.0.0.1:9"
# Drawn anew by langchain for every answer.
OWN_WORDS = ("id", "response_metadata")
Place = tuple[str, dict[str, Any]]  # address, HTTP clients


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int


@tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


def clients(through_us: bool) -> dict[str, Any]:
    if through_us:
        return langchain_openai_clients()
    return {
        "http_client": openai.DefaultHttpxClient(verify=TLS),
        "http_async_client": openai.DefaultAsyncHttpxClient(verify=TLS),
    }


def chat(place: Place, **options: Any) -> ChatOpenAI:
    given = {"model": "gpt-4o", "api_key": "vendor-key", "max_retries": 0, **options}
    return ChatOpenAI(base_url=f"{place[0]}/v1", **given, **place[1])


def embeddings(place: Place) -> OpenAIEmbeddings:
    # The check counts tokens with a table that is fetched from the network.
    return OpenAIEmbeddings(
        model="m",
        api_key="vendor-key",  # type: ignore[arg-type]
        base_url=f"{place[0]}/v1",
        check_embedding_ctx_length=False,
        **place[1],
    )


def said(message: Any) -> Any:
    """A message without what is drawn anew for each."""
    return {name: value for name, value in message.model_dump().items() if name not in OWN_WORDS}


async def closing(place: Place, action: Callable[[Place], Any]) -> Any:
    """What comes of an action; langchain leaves it to its caller to close the clients."""
    try:
        found = action(place)
        return await found if asyncio.iscoroutine(found) else found
    finally:
        place[1]["http_client"].close()
        await place[1]["http_async_client"].aclose()


def both(action: Callable[[Place], Any], *faults: str) -> Any:
    """Do it against a fresh simulator without and with us; gives back what came of it."""
    results = []
    for through_us in (False, True):
        simulator = Simulator(faults=[Fault.parse(fault) for fault in faults])
        with serve(simulator) as server:
            place = (server.url, clients(through_us))
            found = outcome(lambda at=place: asyncio.run(closing(at, action)))
            results.append((found, sorted(request.body for request in server.requests)))
    assert results[1] == results[0]
    return results[1][0]


CALLS: dict[str, Callable[[Place], Any]] = {
    "invoke": lambda at: said(chat(at).invoke("Say hello to Zoë")),
    "stream": lambda at: [said(chunk) for chunk in chat(at).stream("hello")],
    "stream with usage": lambda at: [
        said(chunk) for chunk in chat(at, stream_usage=True).stream("hello")
    ],
    "batch": lambda at: [said(found) for found in chat(at).batch(["a", "b", "c"])],
    "tools": lambda at: (
        chat(at)
        .bind_tools([get_weather], tool_choice="required")
        .invoke("Paris?")
        .tool_calls[0]["args"]
    ),
    "streamed tools": lambda at: [
        [part["args"] for part in chunk.tool_call_chunks]
        for chunk in chat(at).bind_tools([get_weather], tool_choice="any").stream("Paris?")
    ],
    "structured": lambda at: chat(at).with_structured_output(Person).invoke("Who?"),
    "structured by a tool": lambda at: (
        chat(at).with_structured_output(Person, method="function_calling").invoke("Who?")
    ),
    "responses": lambda at: said(chat(at, use_responses_api=True).invoke("hello"))[
        "usage_metadata"
    ],
    "streamed responses": lambda at: "".join(
        chunk.text for chunk in chat(at, use_responses_api=True).stream("hello")
    ),
    "embeddings": lambda at: embeddings(at).embed_documents(["a", "b"]),
    "one embedding": lambda at: embeddings(at).embed_query("a"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_it_is_the_same_with_us(call: Callable[[Place], Any]) -> None:
    found = both(call)
    assert found and not isinstance(found, Failed)
    assert {row[0] for row in rows("outcome")} == {"ok"}


async def astream(at: Place) -> Any:
    return [said(chunk) async for chunk in chat(at).astream("hello")]


async def many(at: Place) -> Any:
    return [said(found) for found in await chat(at).abatch(["a", "b", "c"])]


async def ainvoke(at: Place) -> Any:
    return said(await chat(at).ainvoke("hello"))


async def aparse(at: Place) -> Any:
    return await chat(at).with_structured_output(Person).ainvoke("Who?")


async def aembed(at: Place) -> Any:
    return await embeddings(at).aembed_documents(["a", "b"])


@pytest.mark.parametrize("call", [ainvoke, astream, many, aparse, aembed])
def test_it_is_the_same_with_us_on_a_loop(call: Callable[[Place], Any]) -> None:
    found = both(call)
    assert found and not isinstance(found, Failed)
    assert {row[0] for row in rows("outcome")} == {"ok"}


@pytest.mark.parametrize("fault", ["400", "401", "429", "503", "cut:after_chunks=2", "garbage"])
def test_errors_are_langchain_s_own(fault: str) -> None:
    found = both(lambda at: [said(c) for c in chat(at).stream("hello")], fault)
    assert isinstance(found, Failed)
    both(lambda at: said(chat(at).invoke("hello")), fault)


@pytest.fixture
def routed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatorServer]:
    """Every call goes to OpenRouter, which is played by a simulator."""
    with serve() as server:
        text = f'[providers.openrouter]\nbase_url = "{server.url}/api/v1"\n'
        (tmp_path / "sophia.toml").write_text(f'{text}[routes]\ndefault = ["openrouter/any"]\n')
        monkeypatch.setenv("SOPHIA_CONFIG", str(tmp_path / "sophia.toml"))
        monkeypatch.setenv("OPENROUTER_API_KEY", "key-0123456789")
        yield server


def test_a_route_is_followed_whoever_made_the_model(routed: SimulatorServer) -> None:
    place = (NOBODY, langchain_openai_clients())
    assert chat(place, model="claude-sonnet-4-5").invoke("hello").text.startswith("This is a sim")
    found = chat(place, use_responses_api=True).invoke("hello")
    assert found.usage_metadata is not None
    sent = [(request.path, json.loads(request.body)["model"]) for request in routed.requests]
    assert sent == [
        ("/api/v1/chat/completions", "anthropic/claude-sonnet-4.5"),
        ("/api/v1/responses", "openai/gpt-4o"),
    ]
    assert "vendor-key" not in str([dict(request.headers) for request in routed.requests])
    assert rows("provider", "outcome") == [("openrouter", "ok")] * 2


def test_labels_reach_the_threads_of_a_batch(routed: SimulatorServer) -> None:
    with labels(task_type="bulk", user="ann"):
        chat((NOBODY, langchain_openai_clients())).batch(["a", "b", "c"])
    assert rows("task", "user") == [("bulk", "ann")] * 3
