"""The simulator under the clients of httpx and httpx2, without a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import anthropic
import httpx
import httpx2
import openai
import pytest

from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.simulator import Simulator
from sophia_cli.llm.simulator.transport import AsyncSimulatedTransport, SimulatedTransport

URL = "http://simulator.invalid/v1/chat/completions"
KEY = {"Authorization": "Bearer k"}
CHAT: dict[str, Any] = {"model": "small", "messages": [{"role": "user", "content": "hello there"}]}
STREAM = CHAT | {"stream": True}


@pytest.fixture(params=[httpx, httpx2], ids=["httpx", "httpx2"])
def library(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def client(library: Any) -> Iterator[Any]:
    with library.Client(transport=SimulatedTransport(), headers=KEY) as client:
        yield client


@pytest.fixture
async def async_client(library: Any) -> AsyncIterator[Any]:
    async with library.AsyncClient(transport=AsyncSimulatedTransport(), headers=KEY) as client:
        yield client


def test_bytes_are_those_of_the_engine(client: Any) -> None:
    response = client.post(URL, json=CHAT)
    reply = Simulator().respond("POST", "/v1/chat/completions", KEY, response.request.content)
    assert (response.status_code, response.content) == (200, b"".join(reply.chunks))
    assert list(response.headers.multi_items()) == list(reply.headers)


def test_a_stream_comes_event_by_event(client: Any) -> None:
    with client.stream("POST", URL, json=STREAM) as response:
        chunks = list(response.iter_raw())
    reply = Simulator().respond("POST", "/v1/chat/completions", KEY, response.request.content)
    assert tuple(chunks) == reply.chunks


def test_a_stream_may_be_left(client: Any) -> None:
    with client.stream("POST", URL, json=STREAM) as response:
        assert b"chat.completion.chunk" in next(response.iter_raw())
    assert response.is_closed


@pytest.mark.parametrize("body", [CHAT, STREAM])
@pytest.mark.parametrize(
    ("fault", "error"),
    [("cut", "RemoteProtocolError"), ("refuse", "ConnectError"), ("slow:seconds=9", "ReadTimeout")],
)
def test_broken_connections_raise_the_librarys_own_errors(
    library: Any, client: Any, body: dict[str, Any], fault: str, error: str
) -> None:
    with pytest.raises(getattr(library, error)) as caught:
        client.post(URL, json=body, headers={"x-sim-fault": fault}, timeout=0.01)
    assert str(caught.value.request.url) == URL


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("cut:after_chunks=2", "RemoteProtocolError"),
        ("slow:seconds=9,after_chunks=2", "ReadTimeout"),
    ],
)
def test_what_came_before_the_break_arrives(
    library: Any, client: Any, fault: str, error: str
) -> None:
    headers = {"x-sim-fault": fault}
    with client.stream("POST", URL, json=STREAM, headers=headers, timeout=0.01) as response:
        chunks = response.iter_raw()
        received = (next(chunks), next(chunks))
        with pytest.raises(getattr(library, error)):
            next(chunks)
    good = Simulator().respond("POST", "/v1/chat/completions", KEY, response.request.content)
    assert received == good.chunks[:2]


async def test_bytes_are_the_same_for_asynchronous_clients(client: Any, async_client: Any) -> None:
    assert (await async_client.post(URL, json=CHAT)).content == client.post(URL, json=CHAT).content
    async with async_client.stream("POST", URL, json=STREAM) as response:
        chunks = [chunk async for chunk in response.aiter_raw()]
    assert b"".join(chunks) == client.post(URL, json=STREAM).content


@pytest.mark.parametrize("body", [CHAT, STREAM])
@pytest.mark.parametrize(
    ("fault", "error"),
    [("cut", "RemoteProtocolError"), ("refuse", "ConnectError"), ("slow:seconds=9", "ReadTimeout")],
)
async def test_broken_connections_of_asynchronous_clients(
    library: Any, async_client: Any, body: dict[str, Any], fault: str, error: str
) -> None:
    with pytest.raises(getattr(library, error)):
        await async_client.post(URL, json=body, headers={"x-sim-fault": fault}, timeout=0.01)


async def test_a_late_chunk_of_an_asynchronous_client(library: Any, async_client: Any) -> None:
    headers = {"x-sim-fault": "slow:seconds=9,after_chunks=2"}
    with pytest.raises(library.ReadTimeout):
        await async_client.post(URL, json=STREAM, headers=headers, timeout=0.01)


def test_seed_and_faults_may_be_given_to_the_transport(library: Any) -> None:
    with library.Client(transport=SimulatedTransport(seed=3, faults=["503:times=1"])) as client:
        assert client.post(URL, json=CHAT, headers=KEY).status_code == 503
        answer = client.post(URL, json=CHAT, headers=KEY).content
    with library.Client(transport=SimulatedTransport(Simulator(3)), headers=KEY) as client:
        assert client.post(URL, json=CHAT).content == answer


def test_a_fault_that_does_not_exist() -> None:
    with pytest.raises(ConfigError):
        AsyncSimulatedTransport(faults=["crash"])


async def test_the_vendors_own_asynchronous_clients() -> None:
    messages: list[Any] = CHAT["messages"]
    # The transport is made for both libraries, its type names only one of them.
    transport: Any = AsyncSimulatedTransport()
    http = httpx2.AsyncClient(transport=transport)
    async with openai.AsyncOpenAI(
        api_key="k", base_url="http://simulator.invalid/v1", http_client=http
    ) as gpt:
        answer = await gpt.chat.completions.create(model="small", messages=messages)
        stream = await gpt.chat.completions.create(model="small", messages=messages, stream=True)
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
    assert text == answer.choices[0].message.content
    http = httpx2.AsyncClient(transport=transport)
    async with (
        anthropic.AsyncAnthropic(
            api_key="k", base_url="http://simulator.invalid", http_client=http
        ) as claude,
        claude.messages.stream(model="small", max_tokens=9, messages=messages) as events,
    ):
        final = await events.get_final_message()
    assert final.stop_reason == "max_tokens"
