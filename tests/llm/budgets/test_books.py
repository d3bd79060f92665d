"""Money is put aside before a call and settled after it: nothing is lost, made up or spent twice."""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sophia_cli.llm.budgets.books import Books
from sophia_cli.llm.budgets.budget import Budget
from sophia_cli.llm.budgets.purse import Purse, Refusal
from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.ledger import Charge, Final, Ledger, Opening

FACTS = {
    "team": "data", "service": "shop", "task": "bulk", "data_class": "", "user": "",
    "key": "P_KEY", "provider": "p", "model": "m",
}  # fmt: skip
ALL = Budget("all", limit_nano=1_000, per="month")
DURABILITIES = pytest.mark.parametrize("durability", ["call", "batch"])


def open_books(folder: Path, *budgets: Budget, durability: str = "call") -> tuple[Books, Ledger]:
    ledger = Ledger(folder / "ledger.sqlite3", durability)
    return Books(ledger, lambda: budgets or (ALL,)), ledger


def spend(books: Books, ledger: Ledger, worst: int, spent: int | None, **facts: str) -> bool:
    """One call of that cost; False when a budget refuses it."""
    holds = books.reserve({**FACTS, **facts}, worst)
    if isinstance(holds, Refusal):
        return False
    book(ledger, books.settle(holds, spent, answered=True))
    return True


def book(ledger: Ledger, charges: Sequence[Charge]) -> None:
    name = os.urandom(8).hex()
    ledger.begin(Opening(name, time.time_ns(), "native", "chat"))
    ledger.finish(Final(name, "ok", provider="p", model="m", charges=tuple(charges)))


def accounts(ledger: Ledger) -> list[tuple[object, ...]]:
    """Name, spent, held, unknown, calls, unpriced of every account."""
    return ledger.read(
        "SELECT name, spent, held, unknown, calls, unpriced FROM accounts ORDER BY name"
    )


@DURABILITIES
def test_what_is_spent_is_booked_and_the_rest_goes_back(tmp_path: Path, durability: str) -> None:
    books, ledger = open_books(tmp_path, durability=durability)
    assert all(spend(books, ledger, 100, 40) for _ in range(5))
    ledger.close()
    assert accounts(ledger) == [("all", 200, 0, 0, 5, 0)]
    assert ledger.read("SELECT * FROM leases") == []
    ledger.close()


@DURABILITIES
def test_the_worst_case_must_be_there(tmp_path: Path, durability: str) -> None:
    books, ledger = open_books(tmp_path, durability=durability)
    done = 0
    while spend(books, ledger, 100, 100):
        done += 1
    assert done == 10
    refusal = books.reserve(FACTS, 100)
    month = time.strftime("%Y-%m", time.gmtime())
    assert isinstance(refusal, Refusal)
    assert refusal.reason == f"$0 left of $0.000001 for {month}, this may cost $0.0000001"
    assert (refusal.account, refusal.left) == ("all", 0)
    ledger.close()
    assert accounts(ledger) == [("all", 1_000, 0, 0, 10, 0)]
    ledger.close()


@DURABILITIES
def test_an_attempt_without_an_answer_costs_nothing(tmp_path: Path, durability: str) -> None:
    books, ledger = open_books(tmp_path, durability=durability)
    for _ in range(30):
        holds = books.reserve(FACTS, 100)
        assert not isinstance(holds, Refusal)
        book(ledger, books.settle(holds, None, answered=False))
    ledger.close()
    assert sum(sum(map(int, row[1:])) for row in accounts(ledger)) == 0  # type: ignore[call-overload]
    ledger.close()


@DURABILITIES
def test_an_answer_of_unknown_cost_is_booked_as_unknown_in_full(
    tmp_path: Path, durability: str
) -> None:
    books, ledger = open_books(tmp_path, durability=durability)
    assert spend(books, ledger, 300, None)
    ledger.close()
    assert accounts(ledger) == [("all", 0, 0, 300, 1, 0)]
    assert not spend(books, ledger, 701, 1) and spend(books, ledger, 700, 700)
    ledger.close()


@DURABILITIES
def test_an_answer_that_cost_more_than_its_worst_case_is_booked_in_full(
    tmp_path: Path, durability: str
) -> None:
    books, ledger = open_books(tmp_path, durability=durability)
    assert spend(books, ledger, 100, 990)
    if durability == "call":  # a lease that was fetched ahead is good whatever is booked after it
        assert not spend(books, ledger, 100, 1)
    ledger.close()
    assert accounts(ledger) == [("all", 990, 0, 0, 1, 0)]
    ledger.close()


def test_a_call_is_in_every_budget_that_is_about_it_or_in_none(tmp_path: Path) -> None:
    team = Budget("team", 500, match={"team": "data"})
    user = Budget("user", 200, each="user")
    other = Budget("other", 0, match={"service": "another"})
    books, ledger = open_books(tmp_path, ALL, team, user, other)
    assert spend(books, ledger, 150, 150, user="ann")
    assert not spend(books, ledger, 150, 150, user="ann")
    assert spend(books, ledger, 150, 150, user="bob")
    assert spend(books, ledger, 150, 150, team="web", user="cid")
    assert accounts(ledger) == [
        ("all", 450, 0, 0, 3, 0),
        ("team", 300, 0, 0, 2, 0),
        ("user/ann", 150, 0, 0, 1, 0),
        ("user/bob", 150, 0, 0, 1, 0),
        ("user/cid", 150, 0, 0, 1, 0),
    ]
    ledger.close()


def test_a_budget_that_only_warns_refuses_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    books, ledger = open_books(tmp_path, replace(ALL, stop=False))
    with caplog.at_level(logging.WARNING):
        assert all(spend(books, ledger, 100, 100) for _ in range(12))
    assert accounts(ledger) == [("all", 1_200, 0, 0, 12, 0)]
    assert [record.message.partition(" for ")[0] for record in caplog.records] == [
        "budget all: 50 % of $0.000001",
        "budget all: 80 % of $0.000001",
        "budget all: 100 % of $0.000001",
    ]
    ledger.close()


def test_a_share_is_warned_about_by_one_process_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        books, ledger = open_books(tmp_path)
        with caplog.at_level(logging.WARNING):
            spend(books, ledger, 200, 200)
            spend(books, ledger, 1, 1)
        ledger.close()
    assert len(caplog.records) == 1


UNPRICED = {
    "allow": (True, 0),
    "warn": (True, 1),
    "refuse": (False, 0),
}


@pytest.mark.parametrize("policy", UNPRICED)
def test_calls_without_a_price(
    tmp_path: Path, policy: str, caplog: pytest.LogCaptureFixture
) -> None:
    allowed, warnings = UNPRICED[policy]
    books, ledger = open_books(tmp_path, replace(ALL, unpriced=policy))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            holds = books.reserve(FACTS, None)
            if isinstance(holds, Refusal):
                assert holds.reason == "the price of p/m is not known"
            else:
                book(ledger, books.settle(holds, None, answered=True))
            assert isinstance(holds, Refusal) != allowed
    assert len(caplog.records) == warnings
    assert accounts(ledger) == ([("all", 0, 0, 0, 3, 3)] if allowed else [])
    ledger.close()


def test_the_providers_own_figure_counts_where_no_price_was_known(tmp_path: Path) -> None:
    books, ledger = open_books(tmp_path)
    holds = books.reserve(FACTS, None)
    assert not isinstance(holds, Refusal)
    book(ledger, books.settle(holds, 70, answered=True))
    assert accounts(ledger) == [("all", 70, 0, 0, 1, 0)]
    ledger.close()


def test_a_limit_that_is_edited_holds_from_the_next_call_on(tmp_path: Path) -> None:
    now = [ALL]
    ledger = Ledger(tmp_path / "ledger.sqlite3")
    books = Books(ledger, lambda: tuple(now))
    assert spend(books, ledger, 900, 900) and not spend(books, ledger, 900, 900)
    now[0] = replace(ALL, limit_nano=2_000)
    time.sleep(0.3)  # a refusal is remembered for a quarter of a second
    assert spend(books, ledger, 900, 900)
    now[0] = replace(ALL, limit_nano=10)
    assert not spend(books, ledger, 1, 1)
    ledger.close()


def test_an_edit_that_cannot_be_used_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    answers: list[Budget | ConfigError] = [ALL]

    def reload() -> tuple[Budget, ...]:
        if isinstance(answers[0], ConfigError):
            raise answers[0]
        return (answers[0],)

    ledger = Ledger(tmp_path / "ledger.sqlite3")
    books = Books(ledger, reload)
    answers[0] = ConfigError("sophia.toml: [budgets.all] limit must be USD")
    assert spend(books, ledger, 900, 900) and not spend(books, ledger, 900, 900)
    assert "the budgets stay as they were: sophia.toml: [budgets.all]" in caplog.text
    ledger.close()


def test_a_locked_ledger_refuses_rather_than_lets_spend(tmp_path: Path) -> None:
    books, ledger = open_books(tmp_path)
    assert spend(books, ledger, 1, 1)
    other = sqlite3.connect(ledger.path or "", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    refusal = books.reserve(FACTS, 100)
    other.execute("ROLLBACK")
    other.close()
    assert isinstance(refusal, Refusal)
    assert refusal.reason == f"the ledger {ledger.path} is in use by another process"
    ledger.close()


def test_a_ledger_that_is_opened_in_a_crowd_waits_for_its_turn(tmp_path: Path) -> None:
    first, first_ledger = open_books(tmp_path)
    assert spend(first, first_ledger, 1, 1)
    first_ledger.close()
    books, ledger = open_books(tmp_path)
    other = sqlite3.connect(ledger.path or "", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    ledger.begin(
        Opening("a", time.time_ns(), "native", "chat")
    )  # waits, to be written with the next
    done = threading.Timer(0.5, lambda: other.execute("ROLLBACK"))
    done.start()
    holds = books.reserve(FACTS, 100)
    done.join()
    other.close()
    assert not isinstance(holds, Refusal)
    book(ledger, books.settle(holds, 60, answered=True))
    assert accounts(ledger) == [("all", 61, 0, 0, 2, 0)]
    ledger.close()


@DURABILITIES
def test_what_one_process_holds_is_not_held_against_it(tmp_path: Path, durability: str) -> None:
    books, ledger = open_books(tmp_path, Budget("all", 1_000), durability=durability)
    while spend(books, ledger, 10, 10):
        left = books.left(time.monotonic())
        assert left.get("all", 10) >= 0
    ledger.close()
    assert accounts(ledger) == [("all", 1_000, 0, 0, 100, 0)]
    ledger.close()


@DURABILITIES
def test_overspending_is_booked_once(tmp_path: Path, durability: str) -> None:
    books, ledger = open_books(tmp_path, Budget("all", 100_000), durability=durability)
    for _ in range(5):
        assert spend(books, ledger, 10, 1_000)
    ledger.close()
    assert accounts(ledger) == [("all", 5_000, 0, 0, 5, 0)]
    assert ledger.read("SELECT * FROM leases") == []
    ledger.close()


def test_a_ledger_that_cannot_be_written_lets_nobody_spend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file, not a folder")
    ledger = Ledger(tmp_path / "file" / "ledger.sqlite3")
    books = Books(ledger, lambda: (ALL,))
    refusal = books.reserve(FACTS, 1)
    assert isinstance(refusal, Refusal) and "cannot be written" in refusal.reason
    ledger.close()


def test_a_ledger_that_can_be_written_again_lets_spend_again(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file, not a folder")
    ledger = Ledger(tmp_path / "folder" / "ledger.sqlite3", again=0.0)
    books = Books(ledger, lambda: (ALL,))
    assert not spend(books, ledger, 100, 40)
    (tmp_path / "folder").unlink()
    assert spend(books, ledger, 100, 40)
    assert accounts(ledger) == [("all", 40, 0, 0, 1, 0)]
    ledger.close()


def test_leases_grow_where_they_do_not_last(tmp_path: Path) -> None:
    purse = Purse(ALL, "all", "2026-11")
    purse.ran_out()  # the first one is nobody's fault
    asked = [purse.ahead(1, 10.0)]
    for now in (11.0, 12.0, 13.0):  # however slow it goes: a caller had to wait
        purse.ran_out()
        asked.append(purse.ahead(1, now))
    asked += [purse.ahead(1, now) for now in (13.1, 13.2, 13.3)]
    purse.ran_out()
    asked += [purse.ahead(1, now) for now in (14.0, 20.0, 30.0)]
    assert asked == [20, 80, 320, 320, 640, 1280, 1280, 1280, 640, 320]


def test_days_that_are_over_are_forgotten(tmp_path: Path) -> None:
    books, ledger = open_books(tmp_path, Budget("user", 1_000, per="day", each="user"))
    for number in range(50):
        assert spend(books, ledger, 10, 10, user=str(number))
    tomorrow = time.time() + 86_400
    books._begin(int(tomorrow // 86_400), tomorrow)
    assert len(books._purses) == 0
    ledger.close()


@DURABILITIES
def test_threads_never_pass_the_limit(tmp_path: Path, durability: str) -> None:
    budget = Budget("all", 50_000)
    books, ledger = open_books(tmp_path, budget, durability=durability)

    def work() -> None:
        for _ in range(40):
            spend(books, ledger, 100, 97)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger.close()
    ((_, spent, held, unknown, calls, _),) = accounts(ledger)
    assert (held, unknown) == (0, 0)
    assert spent == 97 * int(str(calls)) <= 50_000
    assert int(str(spent)) > 49_000
    ledger.close()


KILLED = """
import sys, time
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from test_books import *
books, ledger = open_books(Path(sys.argv[1]), durability=sys.argv[3])
assert spend(books, ledger, 100, 50)
holds = books.reserve(FACTS, 100)
ledger.read("SELECT 1")
print("ready", flush=True)
time.sleep(60)
"""


@DURABILITIES
def test_what_a_killed_process_held_is_booked_as_unknown(tmp_path: Path, durability: str) -> None:
    arguments = [
        sys.executable,
        "-c",
        KILLED,
        str(tmp_path),
        str(Path(__file__).parent),
        durability,
    ]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    ledger = Ledger(tmp_path / "ledger.sqlite3")
    held = ledger.read("SELECT held FROM accounts")[0][0]
    ledger.close()
    process.kill()
    process.wait()
    process.stdout.close()
    ledger = Ledger(tmp_path / "ledger.sqlite3")
    assert held >= 100
    assert accounts(ledger) == [("all", 50, 0, held, 1, 0)]
    assert ledger.read("SELECT state FROM leases") == [("unknown",)]
    ledger.close()


@DURABILITIES
def test_a_lease_that_was_taken_for_lost_is_settled_after_all(
    tmp_path: Path, durability: str
) -> None:
    books, ledger = open_books(tmp_path, durability=durability)
    holds = books.reserve(FACTS, 100)
    assert not isinstance(holds, Refusal)
    until = time.monotonic() + 30
    while holds[0].purse.fetching and time.monotonic() < until:  # the next lease, which prolongs it
        time.sleep(0.001)
    ledger.read("SELECT 1")
    ledger._open().execute("UPDATE leases SET expires_ns = ?", (time.time_ns() - 1,))
    other = Ledger(tmp_path / "ledger.sqlite3")
    held, unknown = accounts(other)[0][2:4]
    other.close()
    assert (held, unknown) == (0, holds_of(ledger))
    book(ledger, books.settle(holds, 60, answered=True))
    ledger.close()
    assert accounts(ledger) == [("all", 60, 0, 0, 1, 0)]
    ledger.close()


def holds_of(ledger: Ledger) -> int:
    return int(ledger.read("SELECT SUM(held) FROM leases")[0][0])


FORKED = """
import os, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from test_books import *
books, ledger = open_books(Path(sys.argv[1]), durability="batch")
assert spend(books, ledger, 10, 7)
child = os.fork()
for _ in range(20):
    assert spend(books, ledger, 10, 7)
ledger.close()
if child == 0:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""


def test_the_child_of_a_fork_spends_money_of_its_own(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", FORKED, str(tmp_path), str(Path(__file__).parent)]
    subprocess.run(arguments, check=True)
    ledger = Ledger(tmp_path / "ledger.sqlite3")
    assert accounts(ledger) == [("all", 7 * 41, 0, 0, 41, 0)]
    ledger.close()
