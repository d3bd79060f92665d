"""OpenAI's Responses API through the drop-in door: the same as without us, routed, and written down."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest
from dropin_pairs import Failed, async_gpt, both, both_async, gpt, outcome, rows
from dropin_server import SSE, Script, ScriptedServer
from pydantic import BaseModel

from sophia_cli.llm.simulator import Fault, Simulator
from sophia_cli.llm.simulator.server import SimulatorServer, serve

NOBODY = "http://127.0.0.1:9"
ASKED: dict[str, Any] = {"model": "gpt-4o", "input": "Say hello to Zoë 🌍"}
TOOL: Any = {
    "type": "function",
    "name": "get_weather",
    "strict": False,
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


class Person(BaseModel):
    name: str
    age: int


def create(client: Any, **options: Any) -> Any:
    return client.responses.create(**{**ASKED, **options}).to_dict()


def events(client: Any, **options: Any) -> Any:
    with client.responses.create(**{**ASKED, **options}, stream=True) as stream:
        return [event.to_dict() for event in stream]


def helper(client: Any, **options: Any) -> Any:
    with client.responses.stream(**{**ASKED, **options}) as stream:
        kinds = [event.type for event in stream]
        # Pydantic warns of openai 2's own types when they hold a value of the caller's type.
        return kinds, stream.get_final_response().to_dict(warnings=False)


def parse(client: Any) -> Any:
    found = client.responses.parse(**ASKED, text_format=Person)
    return found.output_parsed, found.to_dict(warnings=False)


def raw(client: Any) -> Any:
    found = client.responses.with_raw_response.create(**ASKED)
    return found.status_code, found.parse().to_dict()


def lines(client: Any) -> Any:
    with client.responses.with_streaming_response.create(**ASKED, stream=True) as response:
        return list(response.iter_lines())


CALLS: dict[str, Callable[[Any], Any]] = {
    "create": create,
    "messages": lambda c: create(c, input=[{"role": "user", "content": "hello"}]),
    "a tool": lambda c: create(c, tools=[TOOL], tool_choice="required"),
    "cut short": lambda c: create(c, max_output_tokens=16),
    "stream": events,
    "stream of a tool": lambda c: events(c, tools=[TOOL], tool_choice="required"),
    "stream cut short": lambda c: events(c, max_output_tokens=16),
    "helper": helper,
    "helper with a type": lambda c: helper(c, text_format=Person),
    "parse": parse,
    "raw response": raw,
    "streaming response": lines,
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_it_is_the_same_with_us(call: Callable[[Any], Any]) -> None:
    assert not isinstance(both(gpt, call), Failed)
    assert rows("operation", "outcome", "tokens_in > 0", "tokens_out > 0") == [
        ("responses", "ok", 1, 1)
    ]


async def async_create(client: Any) -> Any:
    return (await client.responses.create(**ASKED)).to_dict()


async def async_events(client: Any) -> Any:
    stream = await client.responses.create(**ASKED, stream=True)
    return [event.to_dict() async for event in stream]


async def async_helper(client: Any) -> Any:
    async with client.responses.stream(**ASKED, text_format=Person) as stream:
        kinds = [event.type async for event in stream]
        return kinds, (await stream.get_final_response()).output_parsed


async def async_parse(client: Any) -> Any:
    return (await client.responses.parse(**ASKED, text_format=Person)).output_parsed


@pytest.mark.parametrize("call", [async_create, async_events, async_helper, async_parse])
def test_it_is_the_same_with_us_on_a_loop(call: Callable[[Any], Any]) -> None:
    assert not isinstance(both_async(async_gpt, call), Failed)
    assert rows("operation", "outcome") == [("responses", "ok")]


@pytest.mark.parametrize("status", ["400", "401", "403", "404", "409", "422", "429", "500", "503"])
def test_a_status_is_the_vendors_own_exception(status: str) -> None:
    for call in (create, events):
        found = both(gpt, call, faults=[status])
        assert (found.name[:7], found.status) == ("openai.", int(status))


FAULTS = ("cut", "eof", "html", "empty", "garbage", "error_first", "error_event", "no_usage")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_seen_as_without_us(fault: str) -> None:
    both(gpt, create, faults=[fault])
    both(gpt, events, faults=[fault])
    both(gpt, helper, faults=[f"{fault}:after_chunks=0"])
    both_async(async_gpt, async_events, faults=[fault])


def sent(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


BEGUN = {"id": "resp_1", "object": "response", "status": "in_progress", "error": None}
USAGE = {"input_tokens": 7, "output_tokens": 5, "total_tokens": 12}
CREATED = sent("response.created", response={**BEGUN, "usage": None}, sequence_number=0)
DELTA = sent(
    "response.output_text.delta",
    item_id="m",
    output_index=0,
    content_index=0,
    delta='"type": "response.failed"',
    logprobs=[],
    sequence_number=1,
)


def last(kind: str, **fields: Any) -> bytes:
    response = {**BEGUN, "status": kind, "usage": USAGE, **fields}
    return sent(f"response.{kind}", response=response, sequence_number=2)


ERROR = {"code": "rate_limit_exceeded", "message": "slow down"}
ENDS = {
    "completed": (last("completed"), ("ok", "", "completed", 5)),
    "incomplete": (
        last("incomplete", incomplete_details={"reason": "max_output_tokens"}),
        ("ok", "", "max_output_tokens", 5),
    ),
    "failed": (last("failed", error=ERROR), ("error", "rate_limit", "", 5)),
    "failed without a word": (last("failed", error=None), ("error", "stream_error", "", 5)),
    "completed, tokens unsaid": (last("completed", usage=None), ("ok", "", "completed", None)),
    "failed, tokens unsaid": (
        last("failed", error=None, usage=None),
        ("error", "stream_error", "", None),
    ),
    "error": (
        sent("error", code="server_error", message="broke", param=None, sequence_number=2),
        ("error", "stream_error", "", None),
    ),
    "nothing": (b"", ("error", "stream_broken", "", None)),
}


@pytest.mark.parametrize(("end", "row"), ENDS.values(), ids=ENDS)
def test_the_last_event_says_how_a_stream_ended(end: bytes, row: tuple[Any, ...]) -> None:
    script = Script(body=(CREATED, DELTA, end) if end else (CREATED, DELTA), headers=(SSE,))
    both(gpt, events, script)
    assert rows("outcome", "error_kind", "finish_reason", "tokens_out") == [row]


def test_a_response_that_failed_is_an_error_with_a_good_status() -> None:
    body = json.dumps({**BEGUN, "status": "failed", "error": ERROR, "output": []}).encode()
    both(gpt, create, Script(body=body))
    assert rows("operation", "outcome", "error_kind") == [("responses", "error", "rate_limit")]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Write the `sophia.toml` that the test's service reads."""
    for name in ("OPENAI_API_KEY", "PORTKEY_API_KEY", "OPENROUTER_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, "key-0123456789")
    monkeypatch.setenv("SOPHIA_CONFIG", str(tmp_path / "sophia.toml"))
    return lambda text: (tmp_path / "sophia.toml").write_text(text) and None


def toml(server: SimulatorServer, *names: str) -> str:
    """These providers at a simulator, asked in this order."""
    chain = ", ".join(f'"{name}/any"' for name in names)
    tables = [f'[providers.{name}]\nbase_url = "{server.url}/v1"\n' for name in names]
    return "".join(tables) + f"[routes]\ndefault = [{chain}]\n"


MODELS = {"openai": "gpt-4o", "portkey": "@openai/gpt-4o", "openrouter": "openai/gpt-4o"}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("call", [create, events])
def test_a_route_is_followed_and_the_model_renamed(
    write: Callable[[str], None], name: str, call: Callable[[Any], Any]
) -> None:
    with serve() as server:
        write(toml(server, name))
        with gpt(NOBODY, through_us=True) as client:
            call(client)
        (request,) = server.requests
    assert (request.path, json.loads(request.body)["model"]) == ("/v1/responses", MODELS[name])
    assert "vendor-key" not in str(dict(request.headers))
    assert rows("provider", "model", "outcome") == [(name, MODELS[name], "ok")]


def test_the_simulator_speaks_it_in_process(write: Callable[[str], None]) -> None:
    write('[providers.simulator]\n[routes]\ndefault = ["simulator/small"]\n')
    with gpt(NOBODY, through_us=True) as client:
        assert client.responses.create(**ASKED).output_text.startswith("This is a simulated")
        assert parse(client)[0] == Person(name="simulated name", age=parse(client)[0].age)
    assert set(rows("provider", "simulated", "outcome")) == {("simulator", 1, "ok")}


def test_who_does_not_speak_it_is_left_out(write: Callable[[str], None]) -> None:
    with serve() as server, gpt(NOBODY, through_us=True) as client:
        write(toml(server, "anthropic", "openrouter"))
        create(client, model="claude-test-1")
        assert [request.path for request in server.requests] == ["/v1/responses"]
    assert rows("provider", "attempts") == [("openrouter", 1)]
    assert "does not speak responses" in rows("route")[0][0]


def test_where_nobody_speaks_it_that_is_said(write: Callable[[str], None]) -> None:
    write('[providers.anthropic]\n[routes]\ndefault = ["anthropic/claude-test-1"]\n')
    with gpt(NOBODY, through_us=True) as client, pytest.raises(openai.PermissionDeniedError) as no:
        create(client)
    assert "anthropic: does not speak responses" in str(no.value)


def test_the_next_candidate_answers(write: Callable[[str], None]) -> None:
    with serve(Simulator(faults=[Fault.parse("503")])) as first, serve() as second:
        one, other = toml(first, "portkey"), toml(second, "openrouter")
        both_named = 'default = ["portkey/a", "openrouter/b"]\n'
        write(one.partition("[routes]")[0] + other.partition("default")[0] + both_named)
        with gpt(NOBODY, through_us=True, max_retries=0) as client:
            assert create(client)["status"] == "completed"
    assert rows("provider", "attempts", "outcome") == [("openrouter", 2, "ok")]


def test_what_goes_on_from_an_earlier_response_goes_where_it_is_kept(
    write: Callable[[str], None],
) -> None:
    with serve() as server, gpt(NOBODY, through_us=True) as client:
        write(toml(server, "openrouter", "openai"))
        first = create(client)
        create(client, previous_response_id=first["id"])
    assert rows("provider") == [("openrouter",), ("openai",)]
    assert "keeps no earlier response" in rows("route")[1][0]


STAYING: dict[str, Callable[[Any], Any]] = {
    "in the background": lambda c: create(c, background=True),
    "in a conversation": lambda c: create(c, conversation="conv_1"),
    "from a stored prompt": lambda c: create(c, prompt={"id": "pmpt_1"}),
    "fetched": lambda c: c.responses.retrieve("resp_1"),
    "deleted": lambda c: c.responses.delete("resp_1"),
    "cancelled": lambda c: c.responses.cancel("resp_1"),
    "counted": lambda c: c.responses.input_tokens.count(**ASKED),
}


@pytest.mark.parametrize("call", STAYING.values(), ids=STAYING)
def test_what_the_vendor_keeps_is_asked_of_the_vendor(
    write: Callable[[str], None], call: Callable[[Any], Any]
) -> None:
    write('[providers.simulator]\n[routes]\ndefault = ["simulator/small"]\n')
    answer = Script(body=json.dumps({**BEGUN, "output": []}).encode())
    with ScriptedServer(answer) as server, gpt(server.url, through_us=True) as client:
        outcome(lambda: call(client))
        assert len(server.requests) == 1
    assert rows("operation", "provider") == [("other", "origin")]
