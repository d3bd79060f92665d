"""Who is asked, in which order and why; what may not be asked is never asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from partners import KEY, open_service

from sophia_cli.llm import Config, ConfigError, LLMError, NoRoute, NotConfigured, load_config
from sophia_cli.llm.call import CHAT, EMBEDDINGS, Call, Labels
from sophia_cli.llm.providers import KINDS, Provider
from sophia_cli.llm.routing import decide
from sophia_cli.llm.secret import Secret
from sophia_cli.llm.simulator import Simulator
from sophia_cli.llm.simulator.server import serve
from sophia_cli.llm.tasks import TaskType

NAMES = ("cortex", "portkey", "openrouter")
SECRET = Secret(KEY, "TEST_KEY")


def known(*names: str) -> dict[str, Provider]:
    options: dict[str, Any] = {"cortex": {"account": "a"}}
    return {n: Provider(n, n, "http://127.0.0.1:9", SECRET, options.get(n, {})) for n in names}


def order(config: Config, operation: str = CHAT, **call: Any) -> list[tuple[str, str]]:
    labels = Labels(task=call.pop("task", ""), data_class=call.pop("data_class", ""))
    decision = decide(Call(operation, {}, labels, **call), config)
    return [(verdict.provider, verdict.model) for verdict in decision.candidates]


DATA = ["cortex", "portkey", "openrouter"]
PRIMARY = ["portkey", "openrouter", "cortex"]
CHEAP = ["openrouter", "portkey", "cortex"]
ORDERS = {
    "": PRIMARY,
    "data_analysis": DATA,
    "sql_generation": DATA,
    "embeddings": DATA,
    "code_generation": PRIMARY,
    "code_analysis": PRIMARY,
    "business_intelligence": PRIMARY,
    "document_summary": PRIMARY,
    "chat_conversation": PRIMARY,
    "experimental": CHEAP,
    "bulk": CHEAP,
}


def test_every_task_has_an_order() -> None:
    assert set(ORDERS) - {""} == {task.value for task in TaskType}


@pytest.mark.parametrize("task", ORDERS)
def test_the_task_decides_who_is_first(task: str) -> None:
    found = order(Config(providers=known(*NAMES)), task=task)
    assert [provider for provider, _ in found] == ORDERS[task]


def test_embeddings_are_a_data_operation() -> None:
    assert order(Config(providers=known(*NAMES)), EMBEDDINGS) == [
        ("cortex", "snowflake-arctic-embed-l-v2.0"),
        ("portkey", "@openai/text-embedding-3-small"),
        ("openrouter", "openai/text-embedding-3-small"),
    ]


MODELS = [
    # left as they are, first
    ("portkey", "@team/gpt-5", "@team/gpt-5"),
    ("openrouter", "deepseek/deepseek-v3.2", "deepseek/deepseek-v3.2"),
    ("cortex", "llama3.1-8b", "llama3.1-8b"),
    ("openai", "gpt-4o", "gpt-4o"),
    ("anthropic", "claude-sonnet-4-6", "claude-sonnet-4-6"),
    ("simulator", "anything at all", "anything at all"),
    # spelled as the provider does
    ("portkey", "gpt-5", "@openai/gpt-5"),
    ("portkey", "claude-sonnet-4-6", "@anthropic/claude-sonnet-4-6"),
    ("openrouter", "gpt-5", "openai/gpt-5"),
    ("openrouter", "o3-mini", "openai/o3-mini"),
    ("openrouter", "claude-sonnet-4-5-20250929", "anthropic/claude-sonnet-4.5"),
    ("openrouter", "claude-opus-4-6", "anthropic/claude-opus-4.6"),
    ("openrouter", "claude-haiku-5", "anthropic/claude-haiku-5"),
    ("openrouter", "gemini-3-pro", "google/gemini-3-pro"),
    ("cortex", "gpt-5", "openai-gpt-5"),
    ("cortex", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
    # not theirs
    ("portkey", "llama3.1-8b", None),
    ("openrouter", "llama3.1-8b", None),
    ("cortex", "gemini-3-pro", None),
    ("anthropic", "gpt-5", None),
]


@pytest.mark.parametrize(("kind", "model", "expected"), MODELS)
def test_a_model_is_named_as_its_provider_names_it(
    kind: str, model: str, expected: str | None
) -> None:
    provider = Provider(kind, kind, KINDS[kind].base_url, SECRET, {"account": "a"})
    assert KINDS[kind].model_name(provider, model) == expected


def test_openai_serves_no_claude_but_another_endpoint_may() -> None:
    own = Provider("openai", "openai", "https://api.openai.com/v1", SECRET, {})
    other = Provider("company", "openai", "https://llm.example/v1", SECRET, {})
    assert KINDS["openai"].model_name(own, "claude-sonnet-4-6") is None
    assert KINDS["openai"].model_name(other, "claude-sonnet-4-6") == "claude-sonnet-4-6"


def test_a_provider_that_is_asked_for_is_the_only_one() -> None:
    config = Config(providers=known(*NAMES))
    assert order(config, provider="openrouter", model="gpt-5") == [("openrouter", "openai/gpt-5")]
    assert order(config, model="cortex/llama3.1-8b") == [("cortex", "llama3.1-8b")]


def test_a_provider_that_is_asked_for_goes_before_every_other_word() -> None:
    config = Config(
        providers=known("openai", "openrouter"),
        routes={"default": (("openai", "gpt-5"),)},
        models={"gpt-4o": (("openai", "gpt-5"), ("openrouter", "x/y")), "own": (("openai", "z"),)},
    )
    asked = {"provider": "openrouter"}
    assert order(config, model="openai/gpt-5", **asked) == [("openrouter", "openai/gpt-5")]
    assert order(config, model="openrouter/a/b", **asked) == [("openrouter", "a/b")]
    assert order(config, model="gpt-4o", **asked) == [("openrouter", "x/y")]
    with pytest.raises(NoRoute):
        order(config, model="own", **asked)


def test_openrouter_s_own_names_are_known_where_only_it_is_configured() -> None:
    missing = Provider("openai", "openai", "http://x", None, {}, "OPENAI_API_KEY is not set")
    config = Config(providers={**known("openrouter"), "openai": missing})
    assert order(config, model="openai/gpt-5") == [("openrouter", "openai/gpt-5")]
    both = Config(providers=known("openrouter", "openai"))
    assert order(both, model="openai/gpt-5") == [("openai", "gpt-5")]
    cortex = Provider("cortex", "cortex", "http://x", None, {}, "SNOWFLAKE_PAT is not set")
    with pytest.raises(NotConfigured):  # what must stay in the warehouse is never meant otherwise
        order(Config(providers={**known("openrouter"), "cortex": cortex}), model="cortex/gpt-5")


def test_routes_and_models_are_chains() -> None:
    config = Config(
        providers=known(*NAMES),
        routes={"bulk": (("cortex", "small"),), "default": (("portkey", "@a/b"), ("cortex", "c"))},
        models={"gpt-4o": (("openrouter", "openai/gpt-5"), ("cortex", "openai-gpt-5"))},
    )
    assert order(config, task="bulk") == [("cortex", "small")]
    assert order(config, task="code_generation") == [("portkey", "@a/b"), ("cortex", "c")]
    assert order(config, model="gpt-4o", task="bulk") == [
        ("openrouter", "openai/gpt-5"),
        ("cortex", "openai-gpt-5"),
    ]


def test_every_verdict_has_its_reason() -> None:
    providers = known("cortex", "openrouter")
    providers["portkey"] = Provider(
        "portkey", "portkey", "http://x", None, {}, "PORTKEY_API_KEY is not set"
    )
    config = Config(providers=providers, data_classes={"customer": ("cortex",)})
    call = Call(CHAT, {}, Labels(data_class="customer"), model="gpt-5")
    aside = "data class 'customer' may not go there"
    assert [tuple(vars(v).values()) for v in decide(call, config).verdicts] == [
        ("cortex", "openai-gpt-5", True, "data operation", "built-in.data"),
        ("portkey", "@openai/gpt-5", False, aside, "built-in.data"),
        ("openrouter", "openai/gpt-5", False, aside, "built-in.data"),
    ]
    plain = decide(Call(CHAT, {}, Labels(), model="gpt-5"), config).verdicts
    assert [(v.provider, v.taken, v.reason) for v in plain] == [
        ("portkey", False, "PORTKEY_API_KEY is not set"),
        ("openrouter", True, "primary model"),
        ("cortex", True, "primary model"),
    ]


ERRORS: list[tuple[dict[str, str], dict[str, Any], type[LLMError], str, str]] = [
    (
        {},
        {},
        NotConfigured,
        "no LLM provider is configured",
        "export OPENROUTER_API_KEY=...",
    ),
    (
        {"SNOWFLAKE_ACCOUNT": "org-acc"},
        {},
        NotConfigured,
        "no LLM provider is configured (cortex: SNOWFLAKE_PAT is not set)",
        "export OPENROUTER_API_KEY=...",
    ),
    (
        {"SNOWFLAKE_PAT": KEY, "OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "localhost"},
        {},
        NotConfigured,
        "no LLM provider is configured (cortex: SNOWFLAKE_ACCOUNT is not set; "
        "openai: OPENAI_BASE_URL must start with http:// or https://)",
        "export OPENROUTER_API_KEY=...",
    ),
    (
        {"OPENROUTER_API_KEY": "sk-or-abc\ndef"},
        {},
        NotConfigured,
        "no LLM provider is configured (openrouter: OPENROUTER_API_KEY holds spaces, "
        "line breaks or letters that no key has)",
        "export OPENROUTER_API_KEY=...",
    ),
    (
        {"OPENROUTER_API_KEY": KEY},
        {"provider": "cortex"},
        NotConfigured,
        "cortex is not configured: SNOWFLAKE_ACCOUNT is not set",
        "export SNOWFLAKE_ACCOUNT=... SNOWFLAKE_PAT=...",
    ),
    (
        {"OPENROUTER_API_KEY": KEY},
        {"provider": "magic"},
        ConfigError,
        "unknown provider 'magic'",
        "known: cortex, portkey, openrouter, openai, anthropic",
    ),
    (
        {"OPENROUTER_API_KEY": KEY},
        {"labels": Labels(data_class="customer")},
        ConfigError,
        "the data class 'customer' is not configured",
        "add it to [data_classes] in sophia.toml (known: none yet)",
    ),
    (
        {"OPENROUTER_API_KEY": KEY},
        {"model": "llama3.1-8b"},
        NoRoute,
        "no provider may take this call (",
        "see [routes] and [models] in sophia.toml",
    ),
]


@pytest.mark.parametrize(("environ", "call", "kind", "words", "mend"), ERRORS)
def test_what_cannot_be_routed_says_what_mends_it(
    tmp_path: Path,
    environ: dict[str, str],
    call: dict[str, Any],
    kind: type[LLMError],
    words: str,
    mend: str,
) -> None:
    config = load_config(environ, tmp_path)
    with pytest.raises(kind) as caught:
        decide(Call(CHAT, {}, call.pop("labels", Labels()), **call), config)
    assert caught.value.message.startswith(words)
    assert caught.value.mend.startswith(mend)
    assert KEY not in str(caught.value) and "sk-or" not in str(caught.value)


FAULTS = st.lists(
    st.sampled_from(
        ["429:times=1", "500:ratio=0.5", "503", "html", "error_first", "garbage", "401", "refuse"]
    ),
    max_size=2,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    faults=st.tuples(FAULTS, FAULTS, FAULTS),
    allowed=st.sets(st.sampled_from(["one", "two", "three"]), min_size=1),
    task=st.sampled_from(["", *TaskType]),
    model=st.sampled_from(["", "m", "two/x"]),
    stream=st.booleans(),
)
def test_no_fault_makes_a_data_class_leave(
    tmp_path: Path, faults: Any, allowed: set[str], task: str, model: str, stream: bool
) -> None:
    from sophia_cli.llm.simulator import Fault

    servers = [serve(Simulator(faults=[Fault.parse(text) for text in each])) for each in faults]
    try:
        providers = [
            Provider(name, "openai", f"{server.url}/v1", SECRET, {})
            for name, server in zip(("one", "two", "three"), servers, strict=True)
        ]
        asked = open_service(
            tmp_path, *providers, attempts=2, data_classes={"secret": tuple(sorted(allowed))}
        )
        options: Any = {"data_class": "secret", "task_type": task, "model": model}
        try:
            if stream:
                list(asked.complete_sync("hi", **options))
            else:
                asked.complete_text_sync("hi", **options)
        except LLMError:
            pass
        finally:
            asked.close()
        reached = {
            name
            for name, server in zip(("one", "two", "three"), servers, strict=True)
            if server.requests
        }
        assert reached <= allowed
    finally:
        for server in servers:
            server.close()
