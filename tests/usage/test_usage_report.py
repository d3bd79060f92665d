"""The report of a seeded month: shown whole, and equal to the ledger to the nano-USD."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from random import Random

import pytest
from seeding import CHAT, CONFIG, NOW, SQL, Seeded, seed

from sophia_cli.commands.usage.screens import show_report
from sophia_cli.llm.config import Config, load_config
from sophia_cli.llm.ledger import Charge, Ledger
from sophia_cli.output import Output
from sophia_cli.usage.groups import By
from sophia_cli.usage.page import make_html
from sophia_cli.usage.report import Report, report
from sophia_cli.usage.span import read_span
from sophia_cli.usage.table import make_csv

BUDGETS = """
[budgets.all]
limit = 1
[budgets.team]
limit = 0.5
each = "team"
[budgets.today]
limit = 1
per = "day"
"""
SHOWN = """\
$0.92 in 144 calls (1 call simulated), 99.3 % answered; 2026-10-29 to 2026-11-27
  (UTC)
2026-11: $0.92 so far, forecast $1.06 of $1 at the pace of the last 6 days
  ($0.042 a day)
  budget all        ██████████████████░░  $0.92 of $1, runs out on Nov 29
  budget team/data  ████████████████████  $0.50 of $0.50, used up
  budget today      ░░░░░░░░░░░░░░░░░░░░  $0 of $1, untouched

  model                       calls     ok        in/out       USD  $/1k ok
  gpt-5 (portkey)                70   100 %   236k/20.7k     $0.50    $7.28
    ·▂▇▃▇▃▇▃▇▃▇▃█▃▇  p50 2.0 s  p95 2.3 s  n 69, too few for p99
  claude-4-sonnet (cortex)       69   100 %  69.0k/13.8k     $0.41       $6
    ·▃█▄█▄█▄█▄█▄█▄█  p50 1.1 s  p95 1.3 s  n 69, too few for p99
  meta-llama/llama-4-scou...      2  50.0 %     1.0k/200  $0.00025    $0.25
    ···········█···  p50 1.0 s  p95 1.0 s  n 1, too few for p99
  (none)                          1       -          0/0        $0        -
    ·············█·  no answer was timed
  own (company)                   1   100 %     1.0k/200  unpriced        -
    ············█··  p50 200 ms  p95 200 ms  n 1, too few for p99
  small (simulator)               1   100 %     1.0k/200  unpriced        -
    ·············█·  p50 10 ms  p95 10 ms  n 1, too few for p99  simulated

  kept in the warehouse 331 kB   cache saved $0.007 (by 1 hit)
  unpriced 1 call of company/own, add [prices."company/own"] to sophia.toml
  unpriced 1 call of simulator/small, simulated

  task            first choice, the next      USD     p50     p95        n
  (none)          portkey/gpt-5             $0.50   2.0 s   2.3 s       69
                  openrouter/meta-llama...  $0.03       -       -        1
  sql_generation  cortex/claude-4-sonnet    $0.41   1.1 s   1.3 s       69
                  portkey/gpt-5             $0.22   2.0 s   2.3 s       69
  no speed: fewer than 20 answers to go by
  warehouse first: cost $0.19 against the next choice in 69 of 69 answers; 331
    kB of its answers stayed in the warehouse

  dearest
    call000000000138  $0.0089  -  4.7k/300  portkey/gpt-5
    call000000000136  $0.0089  -  4.7k/300  portkey/gpt-5
    call000000000134  $0.0089  -  4.7k/300  portkey/gpt-5
    call000000000132  $0.0089  -  4.7k/300  portkey/gpt-5
    call000000000130  $0.0088  -  4.6k/300  portkey/gpt-5

  failures
    rate limit at portkey, 2 calls (2 requests): 1 answered by openrouter, 1
      without an answer; last call000000000140 2026-11-21 12:02: "HTTP 429"
    server at openrouter, 1 call (1 request): 1 without an answer; last
      call000000000140 2026-11-21 12:02: "upstream said no"

  why routed there
    [routes] default         73  portkey/gpt-5           1 moved on
    [routes] sql_generation  69  cortex/claude-4-sonnet
    [routes] bulk             1  company/own
    [routes] default          1  simulator/small

One call:  sophia usage show ID      As a page:  sophia usage --html usage.html
What to change:  sophia usage advise
What if:  sophia usage replay --rules new.toml
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "sophia.toml").write_text(CONFIG + BUDGETS)
    return load_config({"SOPHIA_LEDGER": str(tmp_path / "ledger.sqlite3")}, tmp_path)


@pytest.fixture
def ledger(config: Config) -> Ledger:
    assert config.ledger is not None
    seed(config.ledger)
    return Ledger(config.ledger)


def made(ledger: Ledger, config: Config, since: str = "30d", by: By = By.MODEL) -> Report:
    return report(ledger, config, read_span(since, NOW), by)


def test_all_of_it_is_shown(
    ledger: Ledger, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    nano = 920_000_000
    ledger.charge(
        [
            Charge("all", "2026-11", spent=nano),
            Charge("all", "2026-10", spent=nano),
            Charge("team/data", "2026-11", spent=499_000_000, unknown=1_000_000),
        ]
    )
    show_report(Output(), made(ledger, config))
    shown = capsys.readouterr().out
    assert shown == SHOWN
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(
    ("by", "names"),
    [
        (By.TASK, ["(none)", "sql_generation", "bulk"]),
        (By.SERVICE, ["site", "reports", "(none)"]),
        (By.TEAM, ["web", "data", "(none)"]),
        (By.PROVIDER, ["portkey", "cortex", "openrouter", "(none)", "company", "simulator"]),
        (By.ROUTE, ["[routes] default", "[routes] sql_generation", "[routes] bulk"]),
    ],
)
def test_rows_are_what_is_asked_for(
    ledger: Ledger, config: Config, by: By, names: list[str]
) -> None:
    found = made(ledger, config, by=by)
    assert [line.name for line in found.lines] == names
    for figure in ("calls", "ok", "failed", "cached", "tokens_in", "tokens_out", "cost_nano"):
        rows = sum(getattr(line.figures, figure) for line in found.lines)
        assert rows == getattr(found.total, figure), figure
    assert sum(sum(line.trend) for line in found.lines) == found.total.calls
    assert sum(line.speed.n for line in found.lines) == found.total.ok


def test_only_the_days_of_the_span_count(ledger: Ledger, config: Config) -> None:
    assert made(ledger, config, "2026-11-27").total.calls == 8
    assert made(ledger, config, "1d").total.calls == 8
    assert made(ledger, config, "2026-11-24").failures == ()


@pytest.mark.parametrize("random_seed", range(5))
def test_the_report_is_the_ledger_to_the_nano(config: Config, random_seed: int) -> None:
    """Whatever calls there were, every grouping comes to what the ledger's own totals say."""
    random = Random(random_seed)  # nosec B311: a test's choice of calls
    assert config.ledger is not None
    seeded = Seeded(Ledger(config.ledger))
    for _ in range(200):
        outcome = random.choice(["ok", "ok", "ok", "error", "cancelled", "cached"])
        seeded.call(
            f"2026-11-{random.randint(1, 27):02}",
            random.choice(["", "bulk", "sql_generation"]),
            random.choice([SQL, CHAT]),
            outcome=outcome,
            tokens=random.choice([(random.randrange(10**6), random.randrange(10**5)), None]),
            nano=random.choice([random.randrange(10**10), None]),
            took=random.random() * 100,
            service=random.choice(["", "a", "b"]),
            saved_nano=random.choice([None, random.randrange(10**9)]),
        )
    query = "SELECT SUM(calls), SUM(cost_nano), SUM(saved_nano), SUM(unpriced) FROM totals"
    sums = seeded.ledger.read(query)[0]
    for by in By:
        found = made(seeded.ledger, config, by=by)
        rows = [line.figures for line in found.lines]
        total = found.total
        saved = total.saved_nano + total.routed_nano
        assert sums == (total.calls, total.cost_nano, saved, total.unpriced)
        names = ("calls", "cost_nano", "saved_nano", "routed_nano", "unpriced")
        for name in names:
            assert getattr(total, name) == sum(getattr(row, name) for row in rows), name
    seeded.ledger.close()


def test_the_table_is_exact_as_csv(ledger: Ledger, config: Config) -> None:
    rows = list(csv.DictReader(io.StringIO(make_csv(made(ledger, config)))))
    assert rows[0]["model"] == "gpt-5 (portkey)"
    assert rows[0]["cost_usd"] == "0.502000000"
    assert (rows[0]["n"], rows[0]["p50_seconds"], rows[0]["p99_seconds"]) == ("69", "2.05", "")
    assert rows[3]["usd_per_1k_ok"] == ""


def test_a_name_is_no_formula(config: Config) -> None:
    assert config.ledger is not None
    seeded = Seeded(Ledger(config.ledger))
    seeded.call("2026-11-27", "", CHAT, service="=1+1")
    text = make_csv(made(seeded.ledger, config, by=By.SERVICE))
    assert text.splitlines()[1].startswith("2026-10-29,2026-11-27,'=1+1,1,1,")
    seeded.ledger.close()


def test_p99_needs_a_hundred_answers(config: Config) -> None:
    assert config.ledger is not None
    seeded = Seeded(Ledger(config.ledger))
    for number in range(1, 101):
        seeded.call("2026-11-27", "", CHAT, took=number / 10)
        if number == 99:
            assert made(seeded.ledger, config).lines[0].speed.p99 is None
    speed = made(seeded.ledger, config).lines[0].speed
    assert (speed.n, speed.p50, speed.p95, speed.p99) == (100, 5.0, 9.5, 9.9)
    seeded.ledger.close()


def test_prices_by_size_count_long_prompts_by_themselves(tmp_path: Path) -> None:
    """What the next would have taken is what each call would have, whatever sizes they have."""
    (tmp_path / "sophia.toml").write_text(
        '[routes]\ndefault = ["cortex/claude-4-sonnet", "anthropic/claude-sonnet-4-5"]\n'
    )
    config = load_config({"SOPHIA_LEDGER": str(tmp_path / "ledger.sqlite3")}, tmp_path)
    assert config.ledger is not None
    seeded = Seeded(Ledger(config.ledger))
    chain = [["cortex", "claude-4-sonnet"], ["anthropic", "claude-sonnet-4-5"]]
    for tokens in (1000, 190_000, 250_000):
        seeded.call("2026-11-27", "", chain, tokens=(tokens, 100), nano=10**9)
    first = made(seeded.ledger, config).firsts[0]
    # USD/M: 3 and 15, above 200,000 tokens 6 and 22.5.
    expected = (191_000 * 3 + 200 * 15 + 250_000 * 6 + 100 * 22.5) * 1000
    assert first.then_nano == round(expected)
    seeded.ledger.close()


def test_what_has_no_price_is_not_called_free(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    assert config.ledger is not None
    seeded = Seeded(Ledger(config.ledger))
    seeded.call("2026-11-27", "", CHAT, nano=None)
    found = made(seeded.ledger, config)
    show_report(Output(), found)
    head = capsys.readouterr().out.splitlines()[:2]
    assert head == [
        "Unknown cost in 1 call, 100 % answered; 2026-10-29 to 2026-11-27 (UTC)",
        "2026-11: no forecast, for no call has a price",
    ]
    assert '<li><b>unknown</b><span class="soft">spent</span></li>' in make_html(found)
    seeded.ledger.close()


def test_nothing_in_the_span(
    ledger: Ledger, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    later = NOW + 90 * 86_400
    show_report(Output(), report(ledger, config, read_span("7d", later), By.MODEL))
    shown = capsys.readouterr().out
    assert shown.startswith("No call in 2027-02-19 to 2027-02-25 (UTC).\n2027-02: $0 so far")
    assert shown.endswith('Next:  sophia usage --since 90d, or  sophia llm ask "hello"\n')
