"""`sophia llm budgets`, as it is typed: every figure of an account, and what stands where there is none."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from shell import Said, sophia

from sophia_cli.llm.ledger import Charge, Ledger
from sophia_cli.llm.ledger.accounts import Demand
from sophia_cli.llm.ledger.treasury import Treasury

NANO = 10**9
BUDGETS = """
[budgets.all]
limit = 400

[budgets.each-team]
limit = 75
per = "day"
each = "team"
stop = false

[budgets.untouched]
limit = 1234.5
each = "service"
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """The ledger of the project, with this test as a process that has called."""
    (tmp_path / "sophia.toml").write_text(BUDGETS)
    opened = Ledger(tmp_path / "ledger.sqlite3")
    yield opened
    opened.close()


def budgets(folder: Path, *words: str) -> Said:
    return sophia(
        "llm", "budgets", *words, cwd=folder, SOPHIA_LEDGER=str(folder / "ledger.sqlite3")
    )


def steady(text: str) -> str:
    return re.sub(r"\d{4}-\d\d(-\d\d)?", lambda found: "DAY" if found[1] else "MONTH", text)


def windows() -> tuple[str, str]:
    today = time.strftime("%Y-%m-%d", time.gmtime())
    return today, today[:7]


def test_no_budget_says_how_to_write_one(tmp_path: Path) -> None:
    said = budgets(tmp_path)
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        "No budget is set. Write one into sophia.toml:\n\n"
        '  [budgets.all]\n  limit = 50.0      # USD\n  per = "month"\n'
    )
    (tmp_path / "sophia.toml").write_text(said.out.partition("\n\n")[2])
    assert budgets(tmp_path).out.startswith("1 budget; ")
    assert not (tmp_path / "sophia.toml").read_text().startswith("No budget")


def test_budgets_that_nobody_touched_are_whole(tmp_path: Path, ledger: Ledger) -> None:
    said = budgets(tmp_path)
    assert (said.code, said.err) == (0, "")
    assert steady(said.out) == (
        "3 budgets; days and months are of UTC\n"
        "\n"
        "  budget       spent   held  unknown     left    limit\n"
        "  all          $0.00  $0.00    $0.00  $400.00  $400.00\n"
        "    MONTH     ░░░░░░░░░░░░░░░░░░░░  0 % used\n"
        "  each-team/*  $0.00  $0.00    $0.00   $75.00   $75.00\n"
        "    DAY  ░░░░░░░░░░░░░░░░░░░░  0 % used, only warns\n"
        "  untouched/*  $0.00  $0.00    $0.00   $1,234   $1,234\n"
        "    MONTH     ░░░░░░░░░░░░░░░░░░░░  0 % used\n"
    )


def spend(ledger: Ledger) -> None:
    day, month = windows()
    ledger.charge(
        [
            Charge("all", month, "", spent=312 * NANO),
            Charge("all", month, "", unpriced=1),
            Charge("each-team/data", day, "", spent=58 * NANO),
            Charge("each-team/web", day, "", spent=90 * NANO + NANO // 2),
            Charge("each-team/", day, "", spent=120_000),
            Charge("all", "2020-01", "", spent=5 * NANO),
            Charge("gone", month, "", spent=5 * NANO),
        ]
    )


def test_what_is_spent_held_unknown_and_left(tmp_path: Path, ledger: Ledger) -> None:
    spend(ledger)
    month = windows()[1]
    Treasury(ledger).lease(Demand("all", month, 400 * NANO, "lease", NANO // 10, NANO // 10))
    ledger.charge([Charge("all", month, "", unknown=2 * NANO)])
    said = budgets(tmp_path)
    assert (said.code, said.err) == (0, "")
    assert steady(said.out) == (
        "3 budgets; days and months are of UTC\n"
        "\n"
        "  budget                spent   held  unknown     left    limit\n"
        "  all                 $312.00  $0.10    $2.00   $85.90  $400.00\n"
        "    MONTH     ███████████████░░░░░  79 % used, 1 of 3 calls unpriced\n"
        "  each-team/(none)  $0.000120  $0.00    $0.00   $75.00   $75.00\n"
        "    DAY  ░░░░░░░░░░░░░░░░░░░░  0 % used, only warns\n"
        "  each-team/data       $58.00  $0.00    $0.00   $17.00   $75.00\n"
        "    DAY  ███████████████░░░░░  77 % used, only warns\n"
        "  each-team/web        $90.50  $0.00    $0.00  -$15.50   $75.00\n"
        "    DAY  ████████████████████  121 % used, only warns\n"
        "  untouched/*           $0.00  $0.00    $0.00   $1,234   $1,234\n"
        "    MONTH     ░░░░░░░░░░░░░░░░░░░░  0 % used\n"
        "\n"
        "held: put aside for calls under way, settled when they end.\n"
        "unknown: held for calls whose cost nobody can say any more; counted as spent.\n"
    )


def test_as_data(tmp_path: Path, ledger: Ledger) -> None:
    spend(ledger)
    envelope = budgets(tmp_path, "--json").json
    assert (envelope["command"], envelope["ok"]) == ("llm budgets", True)
    day, _ = windows()
    assert [one["account"] for one in envelope["data"]] == [
        "all", "each-team/", "each-team/data", "each-team/web", "untouched/*",
    ]  # fmt: skip
    assert envelope["data"][2] == {
        "budget": "each-team",
        "account": "each-team/data",
        "per": "day",
        "window": day,
        "limit_usd": 75.0,
        "spent_usd": 58.0,
        "held_usd": 0.0,
        "unknown_usd": 0.0,
        "left_usd": 17.0,
        "calls": 1,
        "unpriced": 0,
        "stop": False,
    }


def test_the_figures_stay_whole_beside_a_long_or_an_odd_name(
    tmp_path: Path, ledger: Ledger
) -> None:
    day, _ = windows()
    ledger.charge([Charge(f"each-team/{'x' * 200}", day, "", spent=74 * NANO + NANO // 2)])
    ledger.charge([Charge("each-team/a\x1b[2J\nb", day, "", spent=NANO)])
    said = budgets(tmp_path)
    assert "\x1b" not in said.out
    assert re.search(r"(?m)^  each-team/a\?\[2J\?b +\$1\.00 ", said.out)
    assert re.search(r"(?m)^  each-team/x{16}\.\.\. +\$74\.50 ", said.out)
    assert all(len(line) <= 80 for line in said.out.splitlines())
    assert "███████████████████░  99 % used" in said.out, "full is only what is used up"


def test_a_wrong_budget_is_said_with_its_key(tmp_path: Path) -> None:
    (tmp_path / "sophia.toml").write_text("[budgets.all]\nlimit = -1\n")
    said = budgets(tmp_path)
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        f"sophia: {tmp_path}/sophia.toml:2: [budgets.all] limit must be USD, not -1\n"
        "        such as limit = 75.0\n"
    )


def test_a_ledger_that_cannot_be_had_is_said(tmp_path: Path) -> None:
    (tmp_path / "sophia.toml").write_text(BUDGETS)
    (tmp_path / "ledger.sqlite3").mkdir()
    said = budgets(tmp_path)
    assert (said.code, said.out) == (1, "")
    problem = "the ledger cannot be read, so nobody knows what is spent"
    assert said.err.endswith(
        f"sophia: {problem}\n        export SOPHIA_LEDGER=...   (now {tmp_path}/ledger.sqlite3)\n"
    )
    envelope = budgets(tmp_path, "--json", "--quiet").json
    assert (envelope["ok"], envelope["error"]["message"]) == (False, problem)
