"""Which calls are cached, and when two of them are the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sophia_cli.llm import ConfigError, load_config
from sophia_cli.llm.cache.key import key_of
from sophia_cli.llm.cache.policy import SHARED_BY, CachePolicy, seconds_of
from sophia_cli.llm.call import CHAT, EMBEDDINGS, MESSAGES, OTHER, Call, Labels, Origin
from sophia_cli.llm.config import Config

POLICY = CachePolicy({"document_summary": 60.0, "embeddings": 60.0}, pure_tools=("lookup",))
SUMMARY = Labels(task="document_summary")
BODY: dict[str, Any] = {"messages": [{"role": "user", "content": "hi"}], "temperature": 0}
CALL = Call(CHAT, BODY, SUMMARY)


def tool(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name}}


NEVER: list[dict[str, Any]] = [
    {"labels": Labels()},
    {"labels": Labels(task="bulk")},
    {"operation": OTHER},
    {"model": "openai/gpt-5:online"},
    {"temperature": 0.31},
    {"temperature": None},
    {"temperature": "0"},
    {"temperature": True},
    {"temperature": float("nan")},
    {"n": 2},
    {"tools": [tool("lookup"), tool("send_mail")]},
    {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
    {"tools": [{"type": "web_search"}]},
    {"tools": ["lookup?"]},
    {"tools": {"name": "send_mail"}},
    {"functions": [{"name": "send_mail"}]},
    {"store": True},
    {"plugins": [{"id": "web"}]},
    {"web_search_options": {"search_context_size": "low"}},
    {"mcp_servers": [{"url": "https://mcp.example"}]},
]
MAY: list[dict[str, Any]] = [
    {},
    {"operation": MESSAGES},
    {"operation": EMBEDDINGS, "labels": Labels(task="bulk"), "temperature": None},
    {"stream": True},
    {"temperature": 0.3},
    {"n": 1},
    {"tools": []},
    {"tools": None},
    {"tools": [tool("lookup")]},
    {"tools": [{"name": "lookup", "input_schema": {}}]},
    {"functions": [{"name": "lookup"}]},
    {"store": False},
]


def changed(changes: dict[str, Any]) -> Call:
    """The call with other fields, or with other words in its body."""
    fields = {name: value for name, value in changes.items() if hasattr(CALL, name)}
    return replace(CALL, **fields, body=BODY | {n: changes[n] for n in changes.keys() - fields})


@pytest.mark.parametrize("changes", NEVER, ids=str)
def test_never_cached(changes: dict[str, Any]) -> None:
    assert POLICY.lifetime(changed(changes)) == 0.0


@pytest.mark.parametrize("changes", MAY, ids=str)
def test_cached(changes: dict[str, Any]) -> None:
    assert POLICY.lifetime(changed(changes)) == 60.0


def test_a_temperature_that_is_not_said_is_a_choice() -> None:
    call = replace(CALL, body={"messages": BODY["messages"]})
    assert POLICY.lifetime(call) == 0.0
    assert replace(POLICY, unset_temperature=True).lifetime(call) == 60.0


def key(call: Call, shared_by: str = "service", config: Config | None = None) -> str:
    return key_of(call, config or Config(), replace(POLICY, shared_by=shared_by))


SAME: list[dict[str, Any]] = [
    {},
    {"door": "dropin"},
    {"id": "another"},
    {"attempts": 9, "timeout": 1.0},
    {"labels": replace(SUMMARY, user="u", session="s", metadata={"a": 1})},
    {"raw": b"{ }"},
]
DIFFERENT: list[dict[str, Any]] = [
    {"operation": MESSAGES},
    {"model": "m"},
    {"provider": "p"},
    {"stream": True},
    {"labels": Labels(task="bulk")},
    {"labels": replace(SUMMARY, data_class="customer")},
    {"labels": replace(SUMMARY, service="billing")},
    {"labels": replace(SUMMARY, team="data")},
    {"temperature": 0.1},
    {"temperature": 0.0},
    {"max_tokens": 5},
    {"messages": [{"role": "system", "content": "be brief"}, *BODY["messages"]]},
    {"messages": [{"role": "user", "content": "hi "}]},
    {"tools": [tool("lookup")]},
    {"response_format": {"type": "json_object"}},
    {"seed": 1},
    {"anything_new": 1},
]


@pytest.mark.parametrize("changes", SAME, ids=str)
def test_the_same_request(changes: dict[str, Any]) -> None:
    assert key(changed(changes)) == key(CALL)


@pytest.mark.parametrize("changes", DIFFERENT, ids=str)
def test_another_request(changes: dict[str, Any]) -> None:
    assert key(changed(changes)) != key(CALL)


def test_the_order_of_fields_says_nothing_and_that_of_messages_does() -> None:
    backwards = {name: BODY[name] for name in reversed(BODY)}
    assert key(replace(CALL, body=backwards)) == key(CALL)
    two = [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]
    assert key(changed({"messages": two})) != key(changed({"messages": two[::-1]}))


WHO = {
    "all": {},
    "team": {"team": "t"},
    "service": {"service": "s"},
    "user": {"user": "u"},
}


@pytest.mark.parametrize("shared_by", SHARED_BY)
def test_answers_are_shared_within_a_tenant_only(shared_by: str) -> None:
    """Who shares by service shares with no other service and no other team, but with any user."""
    inside = {"user": (), "service": ("user",), "team": ("user", "service")}
    same = {
        name
        for name, label in WHO.items()
        if key(replace(CALL, labels=replace(SUMMARY, **label)), shared_by) == key(CALL, shared_by)
    }
    assert same == {"all", *inside.get(shared_by, WHO)}


def test_a_vendors_own_endpoint_is_told_apart_by_address_and_account() -> None:
    def at(url: str, **headers: str) -> str:
        origin = Origin("openai", "POST", url, {"authorization": "Bearer a", **headers})
        return key(replace(CALL, origin=origin, door="dropin"))

    here = at("https://a.example/v1")
    assert at("https://a.example/v1", **{"user-agent": "x"}) == here
    others = [
        at("https://b.example/v1"),
        at("https://a.example/v1", authorization="Bearer b"),
        at("https://a.example/v1", **{"anthropic-version": "2"}),
        key(CALL),
    ]
    assert here not in others and len(set(others)) == 4


TIMES = [("90s", 90), ("30m", 1800), ("12h", 43_200), ("7d", 604_800), (" 1d ", 86_400)]


@pytest.mark.parametrize(("text", "seconds"), TIMES)
def test_times(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "1", "d", "1w", "1.5h", "-1d", "1d 2h", "1D", "１d"])
def test_no_times(text: str) -> None:
    with pytest.raises(ValueError, match="is no time such as"):
        seconds_of(text)


def test_the_table_is_read(tmp_path: Path) -> None:
    (tmp_path / "sophia.toml").write_text(
        '[cache]\nmax_temperature = 1\npure_tools = ["lookup"]\nshared_by = "team"\npath = "c.db"\n'
        'unset_temperature = true\nmax_bytes = 100_000\n[cache.tasks]\nbulk = "1d"\nembeddings = "7d"\n'
    )
    assert load_config({}, tmp_path).cache == CachePolicy(
        {"bulk": 86_400.0, "embeddings": 604_800.0},
        1.0,
        True,
        ("lookup",),
        "team",
        100_000,
        tmp_path / "c.db",
    )
    assert not load_config({}, tmp_path.parent).cache.tasks


WRONG = {
    '[cache]\nshared_by = "world"': "[cache] shared_by 'world' is not known",
    "[cache]\nmax_bytes = 5": "[cache] max_bytes must be a whole number of at least 100000",
    "[cache]\nmax_temperature = -1": "[cache] max_temperature must be a number of at least 0",
    "[cache]\nmagic = 1": "[cache] has no key 'magic'",
    "[cache]\ntasks = 5": "[cache.tasks] must be a table",
    '[cache.tasks]\nmagic = "1d"': "[cache.tasks] has no key 'magic'",
    '[cache.tasks]\nbulk = "soon"': "[cache.tasks] bulk: 'soon' is no time",
    "[cache.tasks]\nbulk = 5": "[cache.tasks] bulk: '5' is no time",
    "[privacy]\nredact = ['names']": "[privacy] redact names 'names', which is not known",
    "[privacy]\nnever_store = ['x']": "[privacy] never_store names 'x', which is not known",
    "[privacy]\nstore_prompts = 'yes'": "[privacy] store_prompts must be true or false",
    "[privacy]\nkeep_days = 0": "[privacy] keep_days must be a whole number of at least 1",
    "[privacy.patterns]\nx = '('": "[privacy.patterns] x is no regular expression",
    "[privacy.patterns]\nx = 'a*'": "[privacy.patterns] x matches nothing at all",
    "[privacy]\npatterns = 1": "[privacy.patterns] must be a table",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_cannot_be_used_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "sophia.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config({}, tmp_path)
    assert WRONG[text] in caught.value.message
