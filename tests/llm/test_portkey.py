"""Portkey's own client over our transport: the same as without us, and measured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dropin_pairs import HELLO, TLS, both, both_async, rows

from sophia_cli.llm import portkey_async_http_client, portkey_http_client
from sophia_cli.llm.simulator.server import SimulatorServer, serve

portkey_ai = pytest.importorskip("portkey_ai", reason="portkey-ai is not installed here")
exceptions = pytest.importorskip("portkey_ai.api_resources.exceptions")
NOBODY = "http://127.0.0.1:9"


def portkey(url: str, *, through_us: bool, **options: Any) -> Any:
    """Portkey's client, with or without our transport."""
    plain = portkey_ai.openai.DefaultHttpxClient
    client = portkey_http_client() if through_us else plain(verify=TLS)
    return portkey_ai.Portkey(api_key="pk", base_url=f"{url}/v1", http_client=client, **options)


def async_portkey(url: str, *, through_us: bool, **options: Any) -> Any:
    """The same for an event loop."""
    plain = portkey_ai.openai.DefaultAsyncHttpxClient
    client = portkey_async_http_client() if through_us else plain(verify=TLS)
    return portkey_ai.AsyncPortkey(
        api_key="pk", base_url=f"{url}/v1", http_client=client, **options
    )


def said(answer: Any) -> Any:
    """An answer without what Portkey's headers say of this one request."""
    return answer.model_dump(exclude={"_headers"})


def ask(client: Any, **options: Any) -> Any:
    return client.chat.completions.create(model="gpt-4o", messages=HELLO, **options)


ACTIONS = {
    "an answer": lambda client: said(ask(client)),
    "a stream": lambda client: [said(chunk) for chunk in ask(client, stream=True)],
    "embeddings": lambda client: said(client.embeddings.create(model="e", input="x")),
    "other options": lambda client: said(ask(client.with_options(trace_id="t", metadata={"_user": "ann"}))),
    "an invalid key": lambda client: said(ask(client.with_options(api_key="invalid"))),
}  # fmt: skip
OPTIONS: dict[str, dict[str, Any]] = {
    "a virtual key": {"virtual_key": "openai-prod"},
    "a config": {"config": {"retry": {"attempts": 1}}, "metadata": {"team": "search"}},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_all_is_as_without_us(action: Any, options: dict[str, Any]) -> None:
    both(portkey, action, **options)
    assert rows("door")[0] == ("dropin",)


async def _answer(client: Any) -> Any:
    return said(await ask(client))


async def _pieces(client: Any) -> Any:
    return [said(chunk) async for chunk in await ask(client, stream=True)]


@pytest.mark.parametrize("action", [_answer, _pieces])
def test_all_is_as_without_us_on_an_event_loop(action: Any) -> None:
    both_async(async_portkey, action, virtual_key="openai-prod")
    assert rows("door", "outcome") == [("dropin", "ok")]


def test_what_is_asked_of_portkey_itself_goes_to_its_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serve() as server:
        monkeypatch.setattr(portkey_ai, "base_url", f"{server.url}/v1")
        with (
            portkey_ai.Portkey(api_key="pk", http_client=portkey_http_client()) as client,
            pytest.raises(exceptions.NotFoundError),  # the simulator keeps no prompts
        ):
            client.prompts.completions.create(prompt_id="p-1", variables={"name": "Zoë"})
        (request,) = server.requests
    assert (request.path, request.headers["x-portkey-api-key"]) == (
        "/v1/prompts/p-1/completions",
        "pk",
    )


@pytest.fixture
def routed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SimulatorServer]:
    """Every call goes to OpenRouter, which is played by a simulator."""
    with serve() as server:
        text = f'[providers.openrouter]\nbase_url = "{server.url}/api/v1"\n'
        (tmp_path / "sophia.toml").write_text(f'{text}[routes]\ndefault = ["openrouter/any"]\n')
        monkeypatch.setenv("SOPHIA_CONFIG", str(tmp_path / "sophia.toml"))
        monkeypatch.setenv("OPENROUTER_API_KEY", "key-0123456789")
        yield server


def test_a_route_moves_its_calls_and_no_key_of_portkeys_goes_along(routed: SimulatorServer) -> None:
    with portkey(NOBODY, through_us=True, virtual_key="openai-prod") as client:
        assert ask(client).choices[0].message.content
    (request,) = routed.requests
    assert request.path == "/api/v1/chat/completions"
    assert not [name for name in request.headers if name.startswith("x-portkey")]
    assert rows("provider", "model", "outcome") == [("openrouter", "openai/gpt-4o", "ok")]
