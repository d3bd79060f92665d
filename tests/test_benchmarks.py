"""What measures us runs: each benchmark once, small, where figures mean nothing."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from sophia_cli.llm import Config, UnifiedLLMService
from sophia_cli.llm.providers import KINDS, Provider

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def run(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, BENCHMARKS / f"{name}.py", *words]
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)


def table(text: str, first: str) -> dict[str, list[str]]:
    """The rows of the Markdown table whose first heading is that, by their first cell."""
    lines = text[text.index(f"| {first} |") :].split("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: row[1:] for row in rows}


def test_calls_beside_other_clients() -> None:
    done = run("llm", "--quick")
    assert done.returncode == 0, done.stderr
    clients = {
        re.sub(r" \(.*", "", name): row for name, row in table(done.stdout, "client").items()
    }
    assert {"raw httpx", "raw httpx2", "openai", "ours native", "ours drop-in"} <= set(clients)
    assert all(float(cell) > 0 for row in clients.values() for cell in row)
    assert "rows in batches, a budget" in done.stdout
    bars = table(done.stdout, "bar")
    assert len(bars) == 10 and bars["native / raw httpx, CPU alone"][2] in ("yes", "**no**")


def test_the_ledger() -> None:
    done = run("ledger", "--quick")
    assert done.returncode == 0, done.stderr
    for part in ("cost", "shared", "rows", "kill"):
        assert f"### {part}\n\n" in done.stdout
    assert "**wrong**" not in done.stdout and "do not balance" not in done.stdout, done.stderr
    assert [row[2:5] for row in table(done.stdout.partition("kill")[2], "durability").values()][
        0
    ] == ["0", "0", "0: met"]


def test_reading_a_large_ledger() -> None:
    done = run("usage", "--quick")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("2,000 calls, ")
    rows = table(done.stdout, "command")
    assert len(rows) == 6 and "`sophia usage advise`" in rows


def test_looking_at_a_tree_beside_other_programs() -> None:
    done = run("migrate", "--quick")
    assert done.returncode == 0, done.stderr
    assert re.search(
        r"; 1\d,\d{3} lines in \d\d files, [1-9]\d* sites; median of 1 rounds", done.stdout
    )
    commands = table(done.stdout, "command")
    assert {"ruff check --select F", "ours, cold", "ours, warm"} <= set(commands)
    assert all(float(cell) > 0 for row in commands.values() for cell in row)
    bars = table(done.stdout, "bar")
    assert len(bars) == 3 and bars["warm / ruff F, wall"][2] in ("yes", "**no**")


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A ledger with a few calls in it."""
    simulator = Provider("simulator", "simulator", KINDS["simulator"].base_url)
    path = tmp_path / "ledger.sqlite3"
    config = Config(
        providers={"simulator": simulator},
        routes={"default": (("simulator", "small"),)},
        ledger=path,
    )
    service = UnifiedLLMService(config)
    service.complete_text_sync("hello")
    list(service.complete_sync("hello"))
    service.close()
    return path


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("SELECT 1", "the books balance"),
        ("UPDATE calls SET tokens_in = tokens_in + 1", "totals: the rows add up to"),
        ("UPDATE totals SET calls = calls + 1", "totals: the totals say"),
        ("UPDATE days SET calls = calls - 1", "days: the totals say"),
        (
            "INSERT INTO tries SELECT id, 2, provider, model, 'error', '', 500, 1 FROM calls",
            "attempts of a call: the rows add up to",
        ),
        ("UPDATE calls SET latency_us = latency_us + 1", "durations: the rows add up to"),
        ("UPDATE calls SET first_us = NULL", "first chunks: the totals say"),
        ("UPDATE calls SET outcome = 'open'", "2 calls are still open"),
        (
            "INSERT INTO leases VALUES('a', 'all', '2026-11', 'host', 1, 5, 0, 'held', '')",
            "held by leases: the rows add up to ('all', '2026-11', 5)",
        ),
    ],
)
def test_books_that_do_not_balance_are_found(ledger: Path, change: str, found: str) -> None:
    file = sqlite3.connect(ledger)
    file.execute(change)
    file.commit()
    file.close()
    done = run("books", str(ledger))
    assert found in done.stdout
    assert done.returncode == (change != "SELECT 1")
