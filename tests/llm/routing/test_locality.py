"""A data class is a hard constraint: whatever fails, whoever is asked for, no request leaves it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai import OpenAI, OpenAIError

from sophia_cli.llm import (
    LLMError,
    UnifiedLLMService,
    labels,
    load_config,
    openai_http_client,
    reset_unified_llm_service,
)
from sophia_cli.llm.engine import Engine, shared_engine
from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.rules.rule import SORTS, WEIGHT
from sophia_cli.llm.simulator import Fault, Simulator
from sophia_cli.llm.simulator.server import SimulatorServer, serve
from sophia_cli.llm.tasks import TaskType

NAMES = ("one", "two", "three")
CLASS = "secret"
LINKS = st.lists(
    st.builds("{}/{}".format, st.sampled_from(NAMES), st.sampled_from(["m", "x/y"])),
    min_size=1,
    max_size=4,
)
FAULT = st.sampled_from(
    ["429:times=1", "500:ratio=0.5", "503", "html", "error_first", "garbage", "401", "refuse", "cut"]
)  # fmt: skip
TASKS = st.sampled_from(["", *(task.value for task in TaskType)])
TEXTS = st.sampled_from(["hi", "Write a SQL query that counts users", "Summarise this contract"])
MODELS = st.sampled_from(["", "m", "alias", "two/x", "one/m", "gpt-5", "nobody/x"])


@st.composite
def chains(draw: Any, name: str) -> dict[str, Any]:
    """Candidates under a name of the file, and what puts them in order."""
    links = draw(LINKS)
    table = {name: links, "sort": draw(st.sampled_from(SORTS))}
    if table["sort"] == WEIGHT:
        table["weights"] = draw(
            st.lists(st.integers(1, 5), min_size=len(links), max_size=len(links))
        )
    return table


@st.composite
def rules(draw: Any) -> dict[str, Any]:
    """Any rule; one that contradicts itself is refused with the whole file, and nothing is sent."""
    avoid = {"avoid": [draw(st.sampled_from(NAMES))]}
    table: dict[str, Any] = draw(chains("use")) if draw(st.booleans()) else avoid
    conditions = {
        "data_class": st.just(CLASS),
        "team": st.just("data"),
        "task": st.sampled_from(["bulk", "sql_generation"]),
        "model": st.sampled_from(["*", "two/*"]),
        "prompt_over": st.just(5),
    }
    table["when"] = draw(st.fixed_dictionaries({}, optional=conditions))
    return table


@dataclass(frozen=True)
class World:
    """Everything that a call can meet."""

    faults: dict[str, list[str]]
    allowed: list[str]
    routes: dict[str, dict[str, Any]]
    models: dict[str, list[str]]
    rules: list[dict[str, Any]]
    resting: list[tuple[str, str]]

    def text(self, servers: dict[str, SimulatorServer]) -> str:
        """The `sophia.toml` of this world."""
        lines = ["[llm]", "attempts = 2", "longest_wait = 0.0", "breaker_failures = 1"]
        for name, server in servers.items():
            lines += [f"[providers.{name}]", 'kind = "openai"', f'base_url = "{server.url}/v1"']
            lines += ['model = "own"', 'embedding_model = "vectors"']
        lines += [f"[data_classes]\n{CLASS} = {json.dumps(self.allowed)}"]
        lines += ["[models]", *(f"{name} = {json.dumps(to)}" for name, to in self.models.items())]
        for name, table in self.routes.items():
            lines += [f"[routes.{name}]", *_keys(table)]
        for table in self.rules:
            lines += ["[[rules]]", *_keys(table)]
        return "\n".join(lines)


def _keys(table: dict[str, Any]) -> Iterator[str]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield f"{name} = {{{', '.join(_keys(value))}}}"
        else:
            yield f"{name} = {json.dumps(value)}"


ROUTES = st.fixed_dictionaries(
    {},
    optional={name: chains("chain") for name in ("default", "bulk", "sql_generation")},
)
WORLDS = st.builds(
    World,
    faults=st.fixed_dictionaries({name: st.lists(FAULT, max_size=2) for name in NAMES}),
    allowed=st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True),
    routes=ROUTES,
    models=st.fixed_dictionaries({}, optional={"alias": LINKS}),
    rules=st.lists(rules(), max_size=2),
    resting=st.lists(
        st.tuples(st.sampled_from(NAMES), st.sampled_from(["m", "x/y", "own"])), max_size=2
    ),
)
PROPERTY = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@contextmanager
def opened(world: World, folder: Path) -> Iterator[dict[str, SimulatorServer]]:
    """The servers of a world, and its file; at the end no request may have gone astray."""
    servers = {
        name: serve(Simulator(faults=[Fault.parse(text) for text in world.faults[name]]))
        for name in NAMES
    }
    try:
        (folder / "sophia.toml").write_text(world.text(servers))
        yield servers
        reached = {name for name, server in servers.items() if server.requests}
        assert reached <= set(world.allowed)
    finally:
        for server in servers.values():
            server.close()


def let_rest(engine: Engine, world: World) -> None:
    for place in world.resting:
        engine.desk.breakers.failed(place, "503", time.monotonic(), 60.0)


@PROPERTY
@given(
    world=WORLDS,
    task=TASKS,
    text=TEXTS,
    model=MODELS,
    provider=st.sampled_from(["", *NAMES]),
    team=st.sampled_from(["", "data"]),
    way=st.sampled_from(["text", "stream", "embed"]),
)
def test_no_native_call_leaves_its_class(
    tmp_path: Path, world: World, task: str, text: str, model: str, provider: str, team: str,
    way: str,
) -> None:  # fmt: skip
    options: Any = {"data_class": CLASS, "task_type": task, "model": model, "team": team}
    with opened(world, tmp_path):
        try:
            asked = UnifiedLLMService(load_config({}, tmp_path))
        except ConfigError:
            return
        let_rest(asked.engine, world)
        try:
            if way == "embed":
                asked.embed_sync(text, provider=provider, **options)
            elif way == "stream":
                list(asked.complete_sync(text, provider=provider, **options))
            else:
                asked.complete_text_sync(text, provider=provider, **options)
        except LLMError:
            pass
        finally:
            asked.close()


@PROPERTY
@given(world=WORLDS, task=TASKS, text=TEXTS, model=MODELS, stream=st.booleans())
def test_no_vendor_s_client_leaves_its_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World, task: str, text: str,
    model: str, stream: bool,
) -> None:  # fmt: skip
    messages: Any = [{"role": "user", "content": text}]
    monkeypatch.setenv("SOPHIA_CONFIG", str(tmp_path / "sophia.toml"))
    with opened(world, tmp_path), serve(Simulator()) as own:
        reset_unified_llm_service()
        http = openai_http_client()
        client = OpenAI(api_key="sk", base_url=f"{own.url}/v1", http_client=http, max_retries=1)
        try:
            let_rest(shared_engine(), world)
            with labels(data_class=CLASS, task_type=task):
                answer: Any = client.chat.completions.create(
                    model=model or "m", messages=messages, stream=stream
                )
                if stream:
                    list(answer)
        except (LLMError, OpenAIError, ValueError):
            pass
        finally:
            client.close()
            reset_unified_llm_service()
        assert own.requests == []  # the endpoint of its constructor is in no class
