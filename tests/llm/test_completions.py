"""The functions that litellm's users know: what they send, what they give back, what they refuse."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from partners import completion as answer
from partners import piece, reply, stream

from sophia_cli.llm import (
    CallFailed,
    NotConfigured,
    acompletion,
    aembedding,
    completion,
    embedding,
    get_unified_llm_service,
)

HELLO = [{"role": "user", "content": "Hello"}]
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
Configure = Callable[..., None]


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Write a `sophia.toml` with these providers at these addresses."""

    def write(**urls: str) -> None:
        tables = [
            f'[providers.{name}]\nkind = "openai"\nbase_url = "{url}"\napi_key_env = "MY_KEY"\n'
            for name, url in urls.items()
        ]
        (tmp_path / "sophia.toml").write_text("[llm]\nattempts = 1\n" + "".join(tables))

    monkeypatch.setenv("MY_KEY", "key-0123456789")
    monkeypatch.setenv("SOPHIA_CONFIG", str(tmp_path / "sophia.toml"))
    return write


def sent(server: Any) -> Any:
    return json.loads(server.requests[-1].body)


def test_an_answer_by_attribute_and_by_item(simulated: Any, configure: Configure) -> None:
    server = simulated()
    configure(local=f"{server.url}/v1")
    r = completion("local/gpt-4o", HELLO)
    text = r.choices[0].message.content
    assert text.startswith("This is a simulated answer")
    assert r["choices"][0]["message"]["content"] == text
    assert r.choices[0].message.tool_calls is None
    assert r.choices[0]["finish_reason"] == r.choices[0].finish_reason == "stop"
    assert r.usage.total_tokens == r.usage.prompt_tokens + r["usage"]["completion_tokens"]
    assert r.get("nothing") is None and "choices" in r
    assert (r.measured.provider, r.measured.content, r.model) == ("local", text, "gpt-4o")
    dumped = r.model_dump()
    assert (type(dumped), type(dumped["choices"][0])) == (dict, dict)
    assert json.loads(r.model_dump_json()) == dumped == r
    with pytest.raises(AttributeError, match="the answer has no 'chioces'; it has: usage, id"):
        _ = r.chioces


def test_everything_that_can_be_said_is_sent(simulated: Any, configure: Configure) -> None:
    server = simulated()
    configure(local=f"{server.url}/v1")
    said: dict[str, Any] = {
        "temperature": 0.5,
        "top_p": 0.5,
        "max_tokens": 50,
        "stop": ["x"],
        "seed": 7,
        "tools": [TOOL],
        "tool_choice": "auto",
        "response_format": {"type": "json_object"},
        "n": 1,
        "presence_penalty": 0.1,
        "frequency_penalty": 0.1,
        "logit_bias": {"5": 1},
        "parallel_tool_calls": False,
        "reasoning_effort": "low",
    }
    labels = {"user": "ann", "metadata": {"run": 7}, "task_type": "bulk", "service": "shop"}
    completion(model="local/gpt-4o", messages=HELLO, timeout=5, **said, **labels)
    assert sent(server) == {"messages": HELLO, "model": "gpt-4o", **said}
    rows = get_unified_llm_service().engine.ledger.read(
        "SELECT door, user, task, service, metadata, outcome FROM calls"
    )
    assert rows == [("native", "ann", "bulk", "shop", '{"run": 7}', "ok")]


def test_none_says_nothing(simulated: Any, configure: Configure) -> None:
    server = simulated()
    configure(local=f"{server.url}/v1")
    completion("local/gpt-4o", HELLO, stream=None, temperature=None, api_key=None, tools=None)
    assert sent(server) == {"messages": HELLO, "model": "gpt-4o"}


def test_a_tool_call(simulated: Any, configure: Configure) -> None:
    configure(local=f"{simulated().url}/v1")
    r = completion("local/gpt-4o", HELLO, tools=[TOOL], tool_choice="required")
    call = r.choices[0].message.tool_calls[0]
    assert (call.function.name, json.loads(call["function"]["arguments"])) == ("f", {})
    assert r.choices[0].message.content is None


def test_a_form(simulated: Any, configure: Configure) -> None:
    configure(local=f"{simulated().url}/v1")
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    r = completion("local/gpt-4o", HELLO, response_format=schema)
    assert r.measured.parsed == json.loads(r.choices[0].message.content)


def test_chunks(simulated: Any, configure: Configure) -> None:
    configure(local=f"{simulated().url}/v1")
    whole = completion("local/gpt-4o", HELLO).choices[0].message.content
    chunks = list(completion("local/gpt-4o", HELLO, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert all(chunk.choices[0].delta.tool_calls is None for chunk in chunks)
    options = {"include_usage": True}
    last = list(completion("local/gpt-4o", HELLO, stream=True, stream_options=options))[-1]
    assert last.usage.completion_tokens > 0 and last.choices == []
    rows = get_unified_llm_service().engine.ledger.read("SELECT outcome, tokens_out > 0 FROM calls")
    assert rows == [("ok", 1)] * 3


def test_chunks_that_are_left(simulated: Any, configure: Configure) -> None:
    configure(local=f"{simulated().url}/v1")
    chunks = completion("local/gpt-4o", HELLO, stream=True)
    next(chunks)
    chunks.close()
    assert list(chunks) == []
    rows = get_unified_llm_service().engine.ledger.read("SELECT outcome, error_kind FROM calls")
    assert rows == [("cancelled", "stopped")]


def test_an_answer_that_came_whole_is_one_chunk(scripted: Any, configure: Configure) -> None:
    configure(local=scripted(reply(answer("yes"))).url)
    (chunk,) = completion("local/m", HELLO, stream=True)
    assert chunk.object == "chat.completion.chunk"
    assert chunk.choices[0].delta.content == "yes"
    assert "message" not in chunk.choices[0]


async def test_on_a_loop(simulated: Any, configure: Configure) -> None:
    configure(local=f"{simulated().url}/v1")
    whole = (await acompletion("local/gpt-4o", HELLO)).choices[0].message.content
    chunks = await acompletion("local/gpt-4o", HELLO, stream=True)
    assert "".join([chunk.choices[0].delta.content or "" async for chunk in chunks]) == whole
    left = await acompletion("local/gpt-4o", HELLO, stream=True)
    await anext(left)
    await left.aclose()
    vectors = (await aembedding("local/m", ["a", "b"])).data
    assert [type(row["embedding"][0]) for row in vectors] == [float, float]
    service = get_unified_llm_service()
    assert service.engine.ledger.read("SELECT outcome FROM calls ORDER BY rowid") == [
        ("ok",),
        ("ok",),
        ("cancelled",),
        ("ok",),
    ]
    await service.aclose()


def test_vectors(simulated: Any, configure: Configure) -> None:
    server = simulated()
    configure(local=f"{server.url}/v1")
    r = embedding("local/m", ["a", "b"], dimensions=8, user="ann")
    assert [len(row.embedding) for row in r.data] == [8, 8]
    assert r.usage.prompt_tokens > 0 and r.data[1]["index"] == 1
    assert sent(server) == {"input": ["a", "b"], "dimensions": 8, "model": "m"}
    assert len(embedding(model="local/m", input="a").data) == 1


def test_errors_are_ours(scripted: Any, configure: Configure) -> None:
    configure(
        local=scripted(reply({"error": {"message": "no"}}, 401)).url,
        cut=scripted(stream(piece("a"), done=False)).url,
    )
    with pytest.raises(CallFailed) as failed:
        completion("local/m", HELLO, stream=True).__next__()
    assert (failed.value.kind, failed.value.status) == ("auth", 401)
    with pytest.raises(CallFailed) as failed:
        embedding("local/m", "a")
    assert failed.value.kind == "auth"
    with pytest.raises(CallFailed) as failed:
        list(completion("cut/m", HELLO, stream=True))
    assert failed.value.kind == "stream_broken"
    with pytest.raises(NotConfigured, match="OPENROUTER_API_KEY is not set"):
        completion("openrouter/openai/gpt-5.2", HELLO)
    with pytest.raises(NotConfigured, match="cortex is not configured"):
        completion("snowflake/mistral-large2", HELLO)


async def test_errors_are_ours_on_a_loop(scripted: Any, configure: Configure) -> None:
    configure(
        local=scripted(reply(status=401)).url, cut=scripted(stream(piece("a"), done=False)).url
    )
    with pytest.raises(CallFailed, match="401"):
        await acompletion("local/m", HELLO)
    with pytest.raises(CallFailed, match="401"):
        await anext(await acompletion("local/m", HELLO, stream=True))
    with pytest.raises(CallFailed, match="ended before"):
        _ = [chunk async for chunk in await acompletion("cut/m", HELLO, stream=True)]
    await get_unified_llm_service().aclose()


REFUSED = {
    "api_key": "export the provider's key",
    "api_base": "configure [providers.NAME]",
    "base_url": "configure [providers.NAME]",
    "num_retries": "set llm.attempts",
    "fallbacks": "write it into [routes] or [models] of sophia.toml",
    "mock_response": "name the model simulator/small",
    "extra_headers": "labels are arguments",
    "functions": "say tools and tool_choice",
    "custom_llm_provider": "name the model provider/model",
    "caching": "see [cache] in sophia.toml",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_honoured_is_never_ignored(simulated: Any, name: str) -> None:
    for function in (completion, embedding):
        with pytest.raises(TypeError) as refused:
            function("local/m", HELLO, **{name: "x"})  # type: ignore[operator]
        assert str(refused.value).startswith(f"{function.__name__}() cannot honour '{name}'; ")
        assert REFUSED[name] in str(refused.value)


async def test_what_nobody_knows_is_said_with_what_is_allowed() -> None:
    words = "completion() knows no argument 'temprature'; allowed: temperature, top_p, "
    with pytest.raises(TypeError) as refused:
        completion("m", HELLO, temprature=1)
    assert str(refused.value).startswith(words)
    with pytest.raises(TypeError) as refused:
        await acompletion("m", HELLO, temprature=1)
    assert str(refused.value).startswith(f"a{words}")
    with pytest.raises(TypeError, match=r"embedding\(\): encoding_format can only be 'float'"):
        embedding("m", "a", encoding_format="base64")
    with pytest.raises(TypeError, match="required positional argument: 'messages'"):
        completion("m")  # type: ignore[call-overload]


def test_the_functions_stay_functions_whatever_was_imported_first() -> None:
    code = (
        "import sophia_cli.llm.completions; from sophia_cli.llm import acompletion, completion;"
        "import inspect; print(inspect.isfunction(completion))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
    assert inspect.iscoroutinefunction(acompletion)
