"""A call through admission: budgets hold, breakers rest, limits and deadlines are kept, and all of it is written down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from partners import attempts, calls, completion, piece, provider, reply, stream

from sophia_cli.llm import BudgetExceeded, CallFailed, NoRoute, UnifiedLLMService, load_config
from sophia_cli.llm.budgets.budget import Budget
from sophia_cli.llm.call import RESPONSES, Call, Labels
from sophia_cli.llm.prices import Price

DEAR = Price(input=1_000_000.0, output=1_000_000.0)  # one USD a token
USD = 10**9


def priced(*names: str) -> dict[str, Any]:
    return {"prices": {f"{name}/m": DEAR for name in names}}


def accounts(asked: UnifiedLLMService) -> list[tuple[Any, ...]]:
    return asked.engine.ledger.read("SELECT name, spent, held, unknown, calls FROM accounts")


def test_a_budget_holds_what_a_call_may_cost_and_books_what_it_did(
    scripted: Any, service: Any
) -> None:
    budget = Budget("all", 1_000 * USD)
    asked = service(
        provider("p", scripted(reply(completion())).url), budgets=(budget,), **priced("p")
    )
    assert asked.complete_text_sync("hi", max_tokens=100) == "yes"
    assert accounts(asked) == [("all", 5 * USD, 0, 0, 1)]


def test_a_budget_that_has_too_little_refuses_before_anything_is_sent(
    scripted: Any, service: Any
) -> None:
    server = scripted(reply(completion()))
    budget = Budget("all", 50 * USD)
    asked = service(provider("p", server.url), budgets=(budget,), **priced("p"))
    with pytest.raises(BudgetExceeded) as caught:
        asked.complete_text_sync("hi", max_tokens=100)
    assert "budget all: $50 left of $50" in caught.value.message
    assert server.requests == []
    assert calls(asked) == [("error", "budget_exceeded", 0, "", 0)]


def test_a_cheaper_candidate_takes_what_a_dear_one_may_not(scripted: Any, service: Any) -> None:
    dear, cheap = scripted(reply(completion("dear"))), scripted(reply(completion("cheap")))
    prices = {"p/m": DEAR, "q/m": Price(input=0.0, output=0.0)}
    asked = service(
        provider("p", dear.url),
        provider("q", cheap.url),
        budgets=(Budget("all", USD),),
        prices=prices,
    )
    assert asked.complete_text_sync("hi", max_tokens=100) == "cheap"
    assert dear.requests == []


@pytest.mark.parametrize(
    ("answer", "booked"),
    [
        (reply(b"no", status=503), [("all", 0, 0, 0, 0)]),
        (reply(completion(usage=None)), None),
    ],
    ids=["an attempt without an answer", "an answer of unknown cost"],
)
def test_what_is_booked_for(scripted: Any, service: Any, answer: bytes, booked: Any) -> None:
    asked = service(
        provider("p", scripted(answer).url), budgets=(Budget("all", 1_000 * USD),), **priced("p")
    )
    asked.complete_response_sync("hi", max_tokens=100, on_error="return")
    (account,) = accounts(asked)
    if booked:
        assert [account] == booked
    else:
        assert account[1:3] == (0, 0) and account[3] >= 100 * USD


@pytest.fixture
def edited(scripted: Any, closing: Any, tmp_path: Path) -> Callable[[str], UnifiedLLMService]:
    """Write the file with these budgets; the service that is opened with the first keeps running."""
    path, opened = tmp_path / "sophia.toml", []
    text = f"""
[llm]
ledger = "l.sqlite3"
[providers.p]
kind = "openai"
base_url = "{scripted(reply(completion())).url}"
model = "m"
[routes]
default = ["p/m"]
[prices."p/m"]
input = 1000000
output = 1000000
"""

    def edit(budgets: str) -> UnifiedLLMService:
        path.write_text(text + budgets)
        if not opened:
            config = load_config({"SOPHIA_CONFIG": str(path), "HOME": str(tmp_path)})
            opened.append(UnifiedLLMService(config))
            closing.callback(opened[0].close)
        return opened[0]

    return edit


LITTLE = "[budgets.all]\nlimit = 50\n"


def test_a_file_that_is_edited_gives_its_new_limit(edited: Any) -> None:
    asked = edited(LITTLE)
    with pytest.raises(BudgetExceeded):
        asked.complete_text_sync("hi", max_tokens=100)
    edited(LITTLE.replace("50", "5000"))
    time.sleep(0.3)  # a refusal is remembered for a quarter of a second
    assert asked.complete_text_sync("hi", max_tokens=100) == "yes"


@pytest.mark.parametrize("before", ["", "[budgets.other]\nlimit = 0\nteam = 'other'\n"])
def test_a_budget_that_is_added_holds_within_seconds(edited: Any, before: str) -> None:
    asked = edited(before)
    assert asked.complete_text_sync("hi", max_tokens=100) == "yes"
    edited(before + LITTLE)
    asked.engine.desk.books._look_at = 0.0  # the seconds are over
    with pytest.raises(BudgetExceeded):
        asked.complete_text_sync("hi", max_tokens=100)
    edited(before)
    asked.engine.desk.books._look_at = 0.0
    with pytest.raises(BudgetExceeded):  # half of a file that is being written looks the same
        asked.complete_text_sync("hi", max_tokens=100)
    asked.engine.desk.books._look_at = 0.0
    assert asked.complete_text_sync("hi", max_tokens=100) == "yes"


def test_a_candidate_that_fails_time_after_time_is_left_alone(scripted: Any, service: Any) -> None:
    bad, good = scripted(reply(b"no", status=503)), scripted(reply(completion()))
    asked = service(
        provider("p", bad.url), provider("q", good.url), breaker_failures=3, breaker_rest=60.0
    )
    for _ in range(6):
        assert asked.complete_text_sync("hi") == "yes"
    assert len(bad.requests) == 3 and len(good.requests) == 6
    reasons = [verdict.reason for verdict in asked.decide("hi").verdicts]
    assert reasons[0].endswith("after 3 failures in a row (503)")


def test_when_all_rest_a_call_fails_at_once_with_the_reason(scripted: Any, service: Any) -> None:
    asked = service(
        provider("p", scripted(reply(b"no", status=503)).url),
        breaker_failures=1,
        breaker_rest=60.0,
    )
    with pytest.raises(CallFailed):
        asked.complete_text_sync("hi")
    with pytest.raises(NoRoute) as caught:
        asked.complete_text_sync("hi")
    assert "p: rests for 60 s after 1 failures in a row (503)" in caught.value.message


def test_after_its_rest_a_candidate_is_asked_again(scripted: Any, service: Any) -> None:
    server = scripted(reply(b"no", status=503), reply(completion()))
    asked = service(provider("p", server.url), breaker_failures=1, breaker_rest=0.1)
    with pytest.raises(CallFailed):
        asked.complete_text_sync("hi")
    time.sleep(0.15)
    assert asked.complete_text_sync("hi") == "yes"


def test_a_limit_in_this_process_waits_or_goes_elsewhere(scripted: Any, service: Any) -> None:
    first, second = scripted(reply(completion("p"))), scripted(reply(completion("q")))
    asked = service(
        provider("p", first.url, requests_per_minute=2), provider("q", second.url), longest_wait=0.5
    )
    assert [asked.complete_text_sync("hi") for _ in range(4)] == ["p", "p", "q", "q"]
    alone = service(provider("p", first.url, requests_per_minute=1), longest_wait=0.5)
    alone.complete_text_sync("hi")
    with pytest.raises(CallFailed) as caught:
        alone.complete_text_sync("hi")
    assert caught.value.kind == "limit"


def test_calls_at_once_wait_for_a_place(simulated: Any, service: Any) -> None:
    server = simulated(faults=("slow:seconds=0.2",))
    asked = service(
        provider("p", f"{server.url}/v1", max_concurrency=2), longest_wait=10.0, timeout=10.0
    )

    async def together() -> float:
        began = time.perf_counter()
        await asyncio.gather(*[asked.complete_text("hi") for _ in range(6)])
        await asked.aclose()
        return time.perf_counter() - began

    assert asyncio.run(together()) >= 0.6


def slow_stream() -> bytes:
    return stream(*[piece("a")] * 5, done=False, length=10_000)


@pytest.mark.parametrize("when", ["before the head", "in the middle"])
def test_a_deadline_ends_a_wait_under_way(simulated: Any, service: Any, when: str) -> None:
    fault = "slow:seconds=30" if when == "before the head" else "slow:seconds=30,after_chunks=2"
    asked = service(provider("p", f"{simulated(faults=(fault,)).url}/v1"), timeout=60.0)
    began = time.perf_counter()
    with pytest.raises(CallFailed) as caught:
        list(asked.complete_sync("Tell me a long story", deadline=0.4))
    assert time.perf_counter() - began < 5
    assert caught.value.kind == "deadline"
    ((outcome, kind, *_),) = calls(asked)
    assert (outcome, kind) == ("error", "deadline")
    (latency,) = asked.engine.ledger.read("SELECT latency_us FROM calls")[0]
    assert latency >= 390_000


@pytest.mark.parametrize("when", ["before the head", "in the middle"])
async def test_a_deadline_on_an_event_loop(simulated: Any, service: Any, when: str) -> None:
    fault = "slow:seconds=30" if when == "before the head" else "slow:seconds=30,after_chunks=2"
    asked = service(provider("p", f"{simulated(faults=(fault,)).url}/v1"), timeout=60.0)
    began = time.perf_counter()
    with pytest.raises(CallFailed) as caught:
        async for _ in asked.complete("Tell me a long story", deadline=0.4):
            pass
    assert time.perf_counter() - began < 5
    assert caught.value.kind == "deadline"
    await asked.aclose()


def test_no_retry_and_no_fallback_begins_after_the_deadline(scripted: Any, service: Any) -> None:
    first = scripted(reply(b"no", status=503, retry_after="1"))
    second = scripted(reply(completion()))
    asked = service(
        provider("p", first.url), provider("q", second.url), attempts=5, longest_wait=20.0
    )
    assert (
        asked.complete_text_sync("hi", deadline=0.5) == "yes"
    )  # no wait is longer than what is left
    assert [one[1] for one in attempts(asked)] == ["p", "q"]


def test_a_close_may_wait_for_calls_under_way(simulated: Any, service: Any) -> None:
    import threading

    asked = service(provider("p", f"{simulated(faults=('slow:seconds=0.4',)).url}/v1"), timeout=5.0)
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(asked.complete_text_sync("hi")))
    thread.start()
    while not asked.engine.ledger.under_way:
        time.sleep(0.01)
    asked.close(wait=5.0)
    assert calls(asked)[0][0] == "ok"
    thread.join()
    assert len(answers) == 1


def test_a_label_that_no_text_holds_leaves_its_place_to_the_next(
    scripted: Any, service: Any
) -> None:
    asked = service(
        provider("p", scripted(reply(completion())).url, max_concurrency=1),
        budgets=(Budget("all", 1_000 * USD, each="user"),),
        **priced("p"),
    )
    for _ in range(3):
        assert asked.complete_text_sync("hi", user="half \ud83d", max_tokens=10) == "yes"
    assert accounts(asked) == [("all/half \\ud83d", 15 * USD, 0, 0, 3)]


def test_a_refusal_says_what_of_the_worst_case_cannot_be_seen(scripted: Any, service: Any) -> None:
    known = provider("p", scripted(reply(completion())).url)
    budgets = (Budget("all", 5_000 * USD),)
    asked = service(known, **priced("p"), budgets=budgets, limits={"p/m": {"context": 6_000}})
    body = {"input": "hi", "max_output_tokens": 10, "previous_response_id": "resp_1"}
    with pytest.raises(BudgetExceeded) as caught:
        asked.engine.run(Call(RESPONSES, body, Labels()))
    assert "this may cost $6,010 (what it goes on from counts as" in caught.value.message
    asked.engine.run(Call(RESPONSES, {**body, "previous_response_id": None}, Labels()))
