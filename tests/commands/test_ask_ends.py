"""How `sophia llm ask` ends where more happened than one answer: fallbacks, Ctrl-C, a full disk."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from answering import KEY, faulty, keyed, masked, rows
from shell import COMMAND, interruptible, sophia, surroundings

from sophia_cli.llm.simulator import Simulator
from sophia_cli.llm.simulator.server import SimulatorServer, serve


@pytest.fixture
def good() -> Iterator[SimulatorServer]:
    with serve(Simulator(flavour="local")) as started:
        yield started


def routed(folder: Path, first: str, second: str, more: str = "") -> None:
    (folder / "sophia.toml").write_text(
        f'[providers.first]\nkind = "openai"\nbase_url = "{first}/v1"\n'
        f'[providers.second]\nkind = "openai"\nbase_url = "{second}/v1"\n'
        f'[routes]\ndefault = ["first/m1", "second/m2"]\n{more}'
    )


def test_without_a_fallback_nothing_is_said_of_one(tmp_path: Path) -> None:
    said = sophia("llm", "ask", "hello", "--json", cwd=tmp_path)
    (only,) = said.json["data"]["attempts"]
    assert (only["provider"], only["outcome"], only["error_kind"]) == ("simulator", "ok", "")


@pytest.mark.parametrize("option", [[], ["--no-stream"]])
def test_a_fallback_is_said_with_its_reason(
    tmp_path: Path, good: SimulatorServer, option: list[str]
) -> None:
    with faulty("503") as bad:
        routed(tmp_path, bad.url, good.url)
        said = sophia("llm", "ask", "hi", *option, cwd=tmp_path, SOPHIA_LLM_ATTEMPTS="2")
    lines = masked(said.err).splitlines()
    assert said.code == 0 and lines[-2].startswith("─ second · ")
    assert lines[-1] == "  instead of first · m1: 503 overloaded"
    assert all(len(line) <= 80 for line in said.err.splitlines())


def test_the_data_says_who_answered(tmp_path: Path, good: SimulatorServer) -> None:
    with faulty("429") as bad:
        routed(tmp_path, bad.url, good.url)
        said = sophia("llm", "ask", "hi", "--json", cwd=tmp_path, SOPHIA_LLM_ATTEMPTS="1")
    tries = said.json["data"]["attempts"]
    assert [(one["provider"], one["outcome"], one["status"]) for one in tries] == [
        ("first", "error", 429),
        ("second", "ok", 200),
    ]


PRICED = """
[prices."first/m1"]
input = 1000.0
output = 1000.0
[prices."second/m2"]
input = 0.001
output = 0.001
[budgets.all]
limit = 0.01
"""


def test_one_that_a_budget_kept_out_is_said_too(tmp_path: Path, good: SimulatorServer) -> None:
    routed(tmp_path, good.url, good.url, PRICED)
    said = sophia("llm", "ask", "hi", cwd=tmp_path)
    assert (said.code, len(good.requests)) == (0, 1)
    assert "\n  instead of first · m1: budget all: $0.01 left of $0.01" in said.err
    assert all(len(line) <= 80 for line in said.err.splitlines())


def test_where_a_budget_kept_the_other_out_nobody_is_told_to_add_another(tmp_path: Path) -> None:
    with faulty("503") as bad:
        routed(tmp_path, bad.url, bad.url, PRICED)
        said = sophia("llm", "ask", "hi", cwd=tmp_path, SOPHIA_LLM_ATTEMPTS="1")
    assert said.code == 1
    assert "failed · ─ second · m2 · " in said.err and "instead of" not in said.err
    assert "\n  nor first · m1: budget all: $0.01 left of $0.01" in said.err
    assert said.err.splitlines()[-1].startswith(
        "        raise the limit that kept first out, in [budgets]: budget all: $0.01 left"
    )


def test_a_missing_key_is_set_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "sophia.toml").write_text('[routes]\ndefault = ["portkey/@openai/gpt-5"]\n')
    said = sophia("llm", "ask", "hi", cwd=tmp_path, OPENROUTER_API_KEY=KEY)
    assert said.err == (
        "sophia: no provider may take this call (portkey: PORTKEY_API_KEY is not set)\n"
        "        sophia llm keys set portkey\n"
        "        or see [routes] and [models] in sophia.toml\n"
    )


def test_who_asks_and_how_much_may_come(
    tmp_path: Path, good: SimulatorServer, own_home: Path
) -> None:
    routed(tmp_path, good.url, good.url)
    words = ["--team", "data", "--service", "shop", "--max-tokens", "7"]
    assert sophia("llm", "ask", "hi", *words, cwd=tmp_path).code == 0
    assert json.loads(good.requests[-1].body)["max_tokens"] == 7
    assert ledger(own_home, "SELECT team, service FROM calls") == [("data", "shop")]


def test_a_warning_of_what_has_no_price_comes_once(tmp_path: Path, good: SimulatorServer) -> None:
    routed(
        tmp_path,
        good.url,
        good.url,
        "[budgets.all]\nlimit = 1\n[budgets.each]\nlimit = 1\neach = 'service'\n",
    )
    said = sophia("llm", "ask", "hi", cwd=tmp_path)
    warnings = [line for line in said.err.splitlines() if "price is not known" in line]
    assert len(warnings) == 1


def ledger(home: Path, query: str) -> list[Any]:
    connection = sqlite3.connect(home / "state" / "sophia" / "ledger.sqlite3")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_ctrl_c_with_json_is_an_envelope_with_the_calls_id(tmp_path: Path, own_home: Path) -> None:
    with serve(Simulator(latency=30)) as server:
        process = subprocess.Popen(
            [*COMMAND, "llm", "ask", "hello", "--json"],
            cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=surroundings(**keyed(server.url)), preexec_fn=interruptible,
        )  # fmt: skip
        deadline = time.monotonic() + 30
        while not server.requests and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    said = json.loads(out)
    ((call,),) = ledger(own_home, "SELECT id FROM calls WHERE outcome = 'cancelled'")
    assert (process.returncode, said["ok"], said["error"]["call_id"]) == (130, False, call)


def test_a_full_disk_does_not_hide_what_the_answer_cost(
    tmp_path: Path, own_home: Path, good: SimulatorServer
) -> None:
    routed(tmp_path, good.url, good.url, PRICED.replace("1000.0", "1.0").replace("0.01", "5"))
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "llm", "ask", "hello"],
            cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, text=True,
            env=surroundings(), check=False,
        )  # fmt: skip
    assert done.returncode == 1 and "not shown · ─ first · m1 · " in done.stderr
    assert [row[0] for row in rows(own_home)] == ["ok"]
    ((spent, held, unknown),) = ledger(own_home, "SELECT spent, held, unknown FROM accounts")
    assert spent > 0 and (held, unknown) == (0, 0)
