"""Calls of the past: read in order and in pages, found by their ids, their failures counted."""

from __future__ import annotations

import time
from pathlib import Path

from sophia_cli.llm.call import new_call_id
from sophia_cli.llm.ledger import Attempt, Final, Ledger, Opening, history

PLACE = ("portkey", "gpt-5")


def put(ledger: Ledger, name: str, moment: int, final: Final | None) -> None:
    ledger.begin(Opening(name, moment, "native", "chat"))
    if final is not None:
        ledger.finish(final)


def test_calls_come_in_order_whatever_the_pages(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.sqlite3", "batch")
    count = 50
    for number in range(count):
        put(ledger, f"c{number}", 10 + number // 2, Final(f"c{number}", "ok", latency_us=number))
    put(ledger, "open", 5, None)
    for page in (1, 7, 25, 49, 50, 51):
        pages = list(history.pages_between(ledger, 10, 10 + count, ("latency_us",), page=page))
        rows = [row for rows in pages for row in rows]
        assert [took for _, took in rows] == list(range(count))
        assert len({moment for moment, _ in rows}) == count
        assert max(map(len, pages)) == min(page, count)
    assert list(history.pages_between(ledger, 0, 10, ("id",))) == []
    assert history.count_between(ledger, "1970-01-01", "1970-01-01") == count
    assert history.count_between(ledger, "1970-01-02", "2026-01-01") == 0
    ledger.close()


def test_a_call_is_found_by_its_id_and_by_its_beginning(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.sqlite3")
    name = new_call_id()
    put(ledger, name, time.time_ns(), Final(name, "ok", "", "", 200, *PLACE))
    put(ledger, "strange", 7, Final("strange", "ok"))
    for asked in (name, name[:9]):
        found = history.calls_named(ledger, asked)
        assert [(row["id"], row["provider"]) for row in found] == [(name, "portkey")]
    assert [row["started_ns"] for row in history.calls_named(ledger, "strange")] == [7]
    assert history.calls_named(ledger, "%") == []
    assert history.call_at(ledger, 7) == history.calls_named(ledger, "strange")[0]
    assert history.call_at(ledger, 8) is None
    ledger.close()


def test_failures_are_counted_with_what_became_of_them(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.sqlite3")
    limit = [Attempt(n, *PLACE, "error", "rate_limit", 429, 5) for n in (1, 2)]
    good = Attempt(3, "openrouter", "x", "ok", "", 200, 5)
    answered = Final("a", "ok", "", "", 200, "openrouter", "x", (*limit, good))
    put(ledger, "a", 1, answered)
    put(ledger, "b", 2, Final("b", "error", "rate_limit", "no", 429, *PLACE, tuple(limit)))
    put(ledger, "c", 3, Final("c", "error", "no_route", "nobody"))
    put(
        ledger,
        "d",
        4,
        Final("d", "ok", "", "", 200, *PLACE, (Attempt(1, *PLACE, "ok", "", 200, 5),)),
    )
    put(ledger, "e", 99, Final("e", "error", "no_route", "nobody"))
    found = sorted(history.failures_between(ledger, 0, 99), key=lambda one: one.last_ns)
    assert found == [
        history.Failures("portkey", "rate_limit", "ok", "openrouter", 2, 1, 1),
        history.Failures("portkey", "rate_limit", "error", "", 2, 1, 2),
        history.Failures("", "no_route", "error", "", 0, 1, 3),
    ]
    assert history.attempts_of(ledger, "a") == [*limit, good]
    assert history.attempts_of(ledger, "d") == []
    ledger.close()
