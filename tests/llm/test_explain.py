"""Every failure in words: who answered what, and what mends it."""

from __future__ import annotations

import pytest

from sophia_cli.llm import Config
from sophia_cli.llm.explain import explain
from sophia_cli.llm.failure import KINDS, Failure
from sophia_cli.llm.providers import Provider
from sophia_cli.llm.secret import Secret

KEY = Secret("sk-0123456789abf3a1", "P_KEY")
PROVIDERS = {
    "p": Provider("p", "openai", "http://127.0.0.1:9/v1"),
    "q": Provider("q", "openai", "https://q.example/v1", KEY, key_env="P_KEY"),
    "openai": Provider("openai", "openai", "http://127.0.0.1:9/v1", key_env="OPENAI_API_KEY"),
    "simulator": Provider("simulator", "simulator", "http://simulator.invalid"),
    "cortex": Provider("cortex", "cortex", "https://o-a.example", None, {"private_key_path": "/k"}),
}
ANOTHER = "add another provider to the route, in [routes] of sophia.toml"

KEYS = [
    ("q", " (key ends in ..f3a1, from P_KEY)", "set another:  unset P_KEY; sophia llm keys set q"),
    ("p", "", "name the variable that holds its key:  api_key_env, in [providers.p]"),
    ("openai", "", "set one:  sophia llm keys set openai"),
    ("simulator", "", "name the variable that holds its key:  api_key_env, in [providers.simulator]"),
    ("cortex", "", "see whether the user has this key:  DESC USER shows its RSA_PUBLIC_KEY_FP"),
    ("origin", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("provider", "hint", "mend"), KEYS)
def test_a_key_that_is_refused(provider: str, hint: str, mend: str) -> None:
    said = explain(Failure("auth", "no", 401), provider, Config(providers=PROVIDERS))
    assert said == (f"{provider} answered 401: the API key is not valid: no{hint}", mend)


FAILURES = [
    (
        Failure("timeout", "HTTP 408", 408),
        "q answered 408: it took too long",
        f"ask for less, with max_tokens, or {ANOTHER}",
    ),
    (
        Failure("timeout", "no answer in time (ReadTimeout)"),
        "q cannot be reached: no answer in time (ReadTimeout)",
        "give it more time:  SOPHIA_LLM_TIMEOUT, or [llm] timeout in sophia.toml",
    ),
    (
        Failure("connection", "refused"),
        "q cannot be reached: refused",
        "check the network, a proxy, and base_url https://q.example/v1",
    ),
    (
        Failure("server", "oops", 500),
        "q answered 500: oops",
        f"try again in a moment, or {ANOTHER}",
    ),
    (
        Failure("bad_response", "answered text/html that is no JSON object", 200),
        "q answered 200: answered text/html that is no JSON object",
        "see whether base_url https://q.example/v1 is an API's, and what a proxy makes of it",
    ),
    (
        Failure("stream_broken", "the stream ended", 200),
        "q answered 200: the stream ended",
        "ask again: what has come is not the whole answer; a proxy may cut long ones",
    ),
    (
        Failure("rate_limit", "HTTP 429", 429, 7.2),
        "q answered 429: too many requests",
        "try again in 7 s, or add another provider to the route",
    ),
    (
        Failure("deadline", "the deadline of 2 s has passed"),
        "the deadline of 2 s has passed",
        "give it more time:  SOPHIA_LLM_DEADLINE, or [llm] deadline in sophia.toml",
    ),
    (
        Failure("resting", "q rests after 5 failures in a row (503)"),
        "q rests after 5 failures in a row (503)",
        f"try again in a moment, or {ANOTHER}",
    ),
    (
        Failure("limit", "q is at its limit in this process for another 2.0 s"),
        "q is at its limit in this process for another 2.0 s",
        f"raise its limit in [providers] of sophia.toml, or {ANOTHER}",
    ),
]


@pytest.mark.parametrize(("failure", "message", "mend"), FAILURES)
def test_what_happened_and_what_mends_it(failure: Failure, message: str, mend: str) -> None:
    assert explain(failure, "q", Config(providers=PROVIDERS)) == (message, mend)


# Ends that the caller chose, and those whose own words say all there is to do.
NEEDS_NO_MEND = {"cancelled", "stopped", "internal", "invalid_request", "budget_exceeded"}


@pytest.mark.parametrize("kind", sorted(KINDS - NEEDS_NO_MEND))
def test_every_kind_of_failure_has_a_mend(kind: str) -> None:
    assert explain(Failure(kind, "x", 500), "q", Config(providers=PROVIDERS))[1]
