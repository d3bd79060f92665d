"""Proposals: what the ledger speaks for, with every trade; nothing where it does not; no data class given away."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from seeding import CHAT, CONFIG, NOW, SQL, Seeded

from sophia_cli.commands.usage.advise import _show
from sophia_cli.errors import SophiaError
from sophia_cli.llm.config import load_config
from sophia_cli.llm.ledger import Ledger
from sophia_cli.output import Output
from sophia_cli.usage.advice import Advised, advise
from sophia_cli.usage.scenario import rules_of, scenario
from sophia_cli.usage.span import read_span

SPAN = read_span("30d", NOW)


@pytest.fixture
def seeded(tmp_path: Path) -> Iterator[Seeded]:
    (tmp_path / "sophia.toml").write_text(CONFIG)
    found = Seeded(Ledger(tmp_path / "ledger.sqlite3"))
    yield found
    found.ledger.close()


def environ(folder: Path) -> dict[str, str]:
    return {"SOPHIA_LEDGER": str(folder / "ledger.sqlite3")}


def advised(folder: Path, seeded: Seeded) -> Advised:
    return advise(seeded.ledger, load_config(environ(folder), folder), SPAN)


def many(seeded: Seeded, *, gpt: float = 1.0, llama: float = 1.0, customers: int = 0) -> None:
    """60 calls of SQL at the warehouse, 60 of chat at Portkey, 30 in bulk at OpenRouter."""
    for number in range(60):
        seeded.call(
            "2026-11-20", "sql_generation", SQL, took=1 + number / 100, kept_local=4800,
            data_class="customer" if number < customers else "",
        )  # fmt: skip
        seeded.call("2026-11-20", "", CHAT, took=gpt + number / 100, nano=3_250_000)
        if number % 2:
            seeded.call("2026-11-20", "bulk", CHAT[1:], took=llama + number / 100, nano=160_000)


def test_a_cheaper_order_with_its_trade_and_patch(
    tmp_path: Path, seeded: Seeded, capsys: pytest.CaptureFixture[str]
) -> None:
    many(seeded, customers=10)
    _show(Output(), advised(tmp_path, seeded))
    assert capsys.readouterr().out == """\
Calls of 2026-10-29 to 2026-11-27 (UTC), replayed under the rules of now and of
  each proposal.

1. chat_conversation: ask openrouter/meta-llama/llama-4-scout first (cheaper)
   USD   $0.20 now, $0.0096 then: $0.19 less, 60 of 60 calls move
   time  p50 1.3 s > 1.3 s, p95 1.6 s > 1.6 s (n 60)
   bytes none leave
   --- a/sophia.toml
   +++ b/sophia.toml
   @@ -5,6 +5,7 @@
    [routes]
    sql_generation = ["cortex/claude-4-sonnet", "portkey/gpt-5"]
    default = ["portkey/gpt-5", "openrouter/meta-llama/llama-4-scout"]
   +chat_conversation = ["openrouter/meta-llama/llama-4-scout", "portkey/gpt-5"]
    [data_classes]
    customer = ["cortex"]
    [prices."cortex/claude-4-sonnet"]

2. sql_generation: ask openrouter/meta-llama/llama-4-scout first (cheaper)
   USD   $0.36 now, $0.068 then: $0.29 less, 50 of 60 calls move
   time  p50 1.3 s > 1.2 s, p95 1.6 s > 1.6 s (n 60)
   bytes 240 kB would leave the warehouse; 10 calls with a data class stay
         within it
   --- a/sophia.toml
   +++ b/sophia.toml
   @@ -3,7 +3,7 @@
    kind = "openai"
    base_url = "http://127.0.0.1:9/v1"
    [routes]
   -sql_generation = ["cortex/claude-4-sonnet", "portkey/gpt-5"]
   +sql_generation = ["openrouter/meta-llama/llama-4-scout", "cortex/claude-4-sonnet", "portkey/gpt-5"]
    default = ["portkey/gpt-5", "openrouter/meta-llama/llama-4-scout"]
    [data_classes]
    customer = ["cortex"]

  nothing for bulk: too few to go by (30 calls, 50 needed)

  Not known: whether another model answers as well. Try before you trust.
Apply one:  sophia usage advise --patch 1 | git apply
"""


def test_a_patched_file_replays_to_what_was_promised(tmp_path: Path, seeded: Seeded) -> None:
    many(seeded, customers=10)
    found = advised(tmp_path, seeded)
    config = load_config(environ(tmp_path), tmp_path)
    for one in found.advice:
        folder = tmp_path / one.task
        folder.mkdir()
        (folder / "sophia.toml").write_text(CONFIG)
        (folder / "p.diff").write_text(one.patch)
        subprocess.run(["git", "apply", "p.diff"], cwd=folder, check=True)
        again = scenario(
            seeded.ledger,
            SPAN,
            rules_of(config, folder / "sophia.toml", None, environ(tmp_path)),
        )
        task = "" if one.task == "chat_conversation" else one.task
        sums = again.replay.tasks[task]
        promised = (one.then.then_nano, one.then.leaves, one.then.moved)
        assert (sums.then_nano, sums.leaves, sums.moved) == promised


def test_a_faster_order(tmp_path: Path, seeded: Seeded) -> None:
    for number in range(60):
        seeded.call("2026-11-20", "sql_generation", SQL, took=3, nano=3_000_000)
        seeded.call("2026-11-20", "bulk", CHAT, took=1 + number / 100, nano=3_250_000)
    (one,) = advised(tmp_path, seeded).advice
    assert (one.kind, one.task, one.chain[0]) == ("faster", "sql_generation", tuple(SQL[1]))
    assert (one.saves, one.now_speed.p95, one.then_speed.p95) == (60 * -250_000, 3.0, 1.56)


def test_a_data_class_is_never_proposed_away(tmp_path: Path, seeded: Seeded) -> None:
    """All calls of the task are of customers: whatever would be saved elsewhere, nothing is proposed."""
    many(seeded, customers=60)
    assert [one.task for one in advised(tmp_path, seeded).advice] == ["chat_conversation"]
    text = CONFIG.replace('[data_classes]\ncustomer = ["cortex"]\n', "")
    (tmp_path / "sophia.toml").write_text(text)
    with pytest.raises(SophiaError, match="the data class 'customer', which sophia.toml does not"):
        advised(tmp_path, seeded)


@pytest.mark.parametrize(
    ("times", "why"),
    [
        ({"llama": 9.0}, "no other order would be clearly cheaper or faster"),
        ({"llama": 1.0, "gpt": 0.1}, "no other order would be clearly cheaper or faster"),
    ],
)
def test_what_is_slower_is_not_proposed_for_its_price(
    tmp_path: Path, seeded: Seeded, times: dict[str, float], why: str
) -> None:
    many(seeded, **times)
    found = advised(tmp_path, seeded)
    assert found.silent["chat_conversation"] == why


def test_nothing_is_said_without_evidence(
    tmp_path: Path, seeded: Seeded, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(60):
        seeded.call("2026-11-20", "bulk", [["company", "own"], CHAT[0]], nano=None)
        seeded.call("2026-11-20", "document_summary", CHAT[:1])
        seeded.call("2026-11-20", "not_a_task", CHAT)
    seeded.call("2026-11-20", "sql_generation", SQL)
    found = advised(tmp_path, seeded)
    assert (found.advice, dict(found.silent)) == (
        (),
        {
            "bulk": "what it costs now is not known",
            "document_summary": "no other order would be clearly cheaper or faster",
            "sql_generation": "too few to go by (1 call, 50 needed)",
        },
    )
    _show(Output(), found)
    assert "No change of a route is clearly worth it.\n" in capsys.readouterr().out
