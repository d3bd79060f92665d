"""The clients that are compared: each asks the same question, whole and streamed.

Usage: python benchmarks/llm_clients.py CLIENT URL CORE
Each line of its standard input is one turn, "PART COUNT" with the part alone, together or streams; for each it
prints one line of JSON, what a call cost, and at the end of its input its versions and memory. Runs in the
environment of the client it measures.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module, metadata
from typing import Any, NamedTuple

from llm_mock import PIECES, TEXT

MODEL = "gpt-4o-mini"
MESSAGES = [{"role": "user", "content": "What does a call cost?"}]
BODY = {"model": MODEL, "messages": MESSAGES}
KEY = {"authorization": "Bearer key-0123456789abcdef"}
CONCURRENCY = 32
# Seconds in which a client ends what it put off, as our ledger does within 50 ms: it belongs to the calls before.
AFTER = 0.15


class Client(NamedTuple):
    """One way to ask: for the whole text, or for its pieces as they come."""

    ask: Callable[[], Awaitable[str]]
    stream: Callable[[], AsyncIterator[str]]


Opened = AbstractAsyncContextManager[Client]


def _piece(line: str) -> str:
    return json.loads(line[6:])["choices"][0]["delta"].get("content", "")


def raw(library: str) -> Callable[[str], Opened]:
    """httpx or httpx2 without anything around it."""

    @asynccontextmanager
    async def opened(url: str) -> AsyncIterator[Client]:
        async with import_module(library).AsyncClient(headers=KEY) as http:

            async def ask() -> str:
                reply = await http.post(f"{url}/chat/completions", json=BODY)
                return reply.json()["choices"][0]["message"]["content"]

            async def stream() -> AsyncIterator[str]:
                body = {**BODY, "stream": True}
                async with http.stream("POST", f"{url}/chat/completions", json=body) as reply:
                    async for line in reply.aiter_lines():
                        if line.startswith("data: {"):
                            yield _piece(line)

            yield Client(ask, stream)

    return opened


@asynccontextmanager
async def raw_aiohttp(url: str) -> AsyncIterator[Client]:
    import aiohttp

    async with aiohttp.ClientSession(headers=KEY) as http:

        async def ask() -> str:
            async with http.post(f"{url}/chat/completions", json=BODY) as reply:
                return (await reply.json())["choices"][0]["message"]["content"]

        async def stream() -> AsyncIterator[str]:
            async with http.post(f"{url}/chat/completions", json={**BODY, "stream": True}) as reply:
                async for line in reply.content:
                    if line.startswith(b"data: {"):
                        yield _piece(line.decode())

        yield Client(ask, stream)


def _openai_shaped(client: Any) -> Client:
    create = client.chat.completions.create

    async def ask() -> str:
        reply = await create(model=MODEL, messages=MESSAGES)
        return reply.choices[0].message.content

    async def stream() -> AsyncIterator[str]:
        async for event in await create(model=MODEL, messages=MESSAGES, stream=True):
            yield event.choices[0].delta.content or ""

    return Client(ask, stream)


@asynccontextmanager
async def plain_openai(url: str) -> AsyncIterator[Client]:
    from openai import AsyncOpenAI

    async with AsyncOpenAI(base_url=url, api_key="key") as client:
        yield _openai_shaped(client)


@asynccontextmanager
async def portkey(url: str) -> AsyncIterator[Client]:
    from portkey_ai import AsyncPortkey

    yield _openai_shaped(AsyncPortkey(base_url=url, api_key="key", provider="openai"))


@asynccontextmanager
async def litellm_router(url: str) -> AsyncIterator[Client]:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # otherwise its import asks the network
    from litellm import Router

    where = {"model": f"openai/{MODEL}", "api_base": url, "api_key": "key"}
    router = Router(model_list=[{"model_name": MODEL, "litellm_params": where}] * 2)

    async def ask() -> str:
        reply = await router.acompletion(model=MODEL, messages=MESSAGES)
        return reply.choices[0].message.content

    async def stream() -> AsyncIterator[str]:
        async for event in await router.acompletion(model=MODEL, messages=MESSAGES, stream=True):
            yield event.choices[0].delta.content or ""

    yield Client(ask, stream)


def _measured() -> None:
    from prometheus_client import CollectorRegistry

    from sophia_cli.llm import register_metrics

    register_metrics(CollectorRegistry())


@asynccontextmanager
async def native(url: str) -> AsyncIterator[Client]:
    """Ours; where it goes stands in the sophia.toml that SOPHIA_CONFIG names."""
    from sophia_cli.llm import get_unified_llm_service

    _measured()
    service = get_unified_llm_service()
    yield Client(
        lambda: service.complete_text(messages=MESSAGES),
        lambda: service.complete(messages=MESSAGES),
    )
    await service.aclose()


@asynccontextmanager
async def native_fast(url: str) -> AsyncIterator[Client]:
    """Ours with aiohttp underneath. Raises RuntimeError where httpx was used all the same."""
    async with native(url) as client:
        yield client
    if "aiohttp" not in sys.modules:
        raise RuntimeError("aiohttp is installed but was not used")


@asynccontextmanager
async def dropin(url: str) -> AsyncIterator[Client]:
    """OpenAI's own client through ours."""
    from openai import AsyncOpenAI

    from sophia_cli.llm import get_unified_llm_service, openai_async_http_client

    _measured()
    http = openai_async_http_client()
    async with AsyncOpenAI(base_url=url, api_key="key", http_client=http) as client:
        yield _openai_shaped(client)
    await get_unified_llm_service().aclose()


# Client -> how it is opened, and the packages whose versions belong to its figures.
CLIENTS: dict[str, tuple[Callable[[str], Opened], tuple[str, ...]]] = {
    "raw httpx": (raw("httpx"), ("httpx",)),
    "raw httpx2": (raw("httpx2"), ("httpx2",)),
    "raw aiohttp": (raw_aiohttp, ("aiohttp",)),
    "ours native": (native, ("httpx",)),
    "ours native httpx2": (native, ("httpx2",)),
    "ours native fast": (native_fast, ("aiohttp",)),
    "ours drop-in": (dropin, ("openai",)),
    "openai": (plain_openai, ("openai",)),
    "litellm Router": (litellm_router, ("litellm",)),
    "portkey_ai": (portkey, ("portkey-ai",)),
}


async def take(client: Client, count: int, workers: int) -> dict[str, float]:
    """Ask so often with so many workers: CPU of this process, with what it does about the calls afterwards, and
    what each call took, in milliseconds."""
    took: list[float] = []
    numbers = iter(range(count))

    async def work() -> None:
        for _ in numbers:
            began = time.perf_counter()
            text = await client.ask()
            took.append(time.perf_counter() - began)
            assert text == TEXT, text

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(workers)))
    wall = time.perf_counter() - began
    await asyncio.sleep(AFTER)
    cpu = time.process_time() - cpu
    took.sort()
    return {
        "cpu": cpu / count * 1000,
        "p50": statistics.median(took) * 1000,
        "p99": took[int(count * 0.99)] * 1000,
        "rate": count / wall,
    }


async def take_streams(client: Client, count: int) -> dict[str, float]:
    """Read so many streams to their ends: time to the first piece and to the last, in milliseconds."""
    first, whole = [], []
    for _ in range(count):
        began, pieces = time.perf_counter(), []
        stream = client.stream()
        async for piece in stream:
            if not pieces:
                first.append(time.perf_counter() - began)
            pieces += [piece] if piece else []
        whole.append(time.perf_counter() - began)
        assert pieces == PIECES, pieces
    return {"first": statistics.median(first) * 1000, "whole": statistics.median(whole) * 1000}


async def serve(name: str, url: str) -> None:
    """Take the turns that standard input names, then say what else belongs to this client's figures."""
    opened, packages = CLIENTS[name]
    async with opened(url) as client:
        parts = {
            "alone": lambda count: take(client, count, 1),
            "together": lambda count: take(client, count, CONCURRENCY),
            "streams": lambda count: take_streams(client, count),
        }
        while line := await asyncio.to_thread(sys.stdin.readline):
            part, count = line.split()
            print(json.dumps(await parts[part](int(count))), flush=True)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    versions = {package: metadata.version(package) for package in packages}
    print(json.dumps({"memory": memory, "versions": versions}), flush=True)


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[3])})
    asyncio.run(serve(*sys.argv[1:3]))
