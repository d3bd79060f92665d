"""Calls of the past under other rules and prices: figures that can be worked out by hand, and what stays unknown."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from seeding import CHAT, CONFIG, NOW, SQL, Seeded

from sophia_cli.commands.usage.replay import _show
from sophia_cli.errors import SophiaError
from sophia_cli.llm.config import Config, load_config
from sophia_cli.llm.ledger import Ledger
from sophia_cli.output import Output
from sophia_cli.usage.scenario import Scenario, rules_of, scenario
from sophia_cli.usage.span import read_span

LLAMA = ["openrouter", "meta-llama/llama-4-scout"]


class Project:
    """A folder with a configuration, a ledger to fill, and other rules to try."""

    def __init__(self, folder: Path, text: str = CONFIG) -> None:
        self.folder = folder
        (folder / "sophia.toml").write_text(text)
        self.environ = {"SOPHIA_LEDGER": str(folder / "ledger.sqlite3")}
        self.config: Config = load_config(self.environ, folder)
        self.seeded = Seeded(Ledger(folder / "ledger.sqlite3"))

    def replay(self, rules: str = "", prices: str = "") -> Scenario:
        paths = [self._file(name, text) for name, text in (("r.toml", rules), ("p.toml", prices))]
        span = read_span("30d", NOW)
        return scenario(self.seeded.ledger, span, rules_of(self.config, *paths, self.environ))

    def _file(self, name: str, text: str) -> Path | None:
        path = self.folder / name
        path.write_text(text)
        return path if text else None


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def rules(sql: str = "", default: str = "", more: str = "") -> str:
    """The seeded configuration with other chains."""
    text = CONFIG
    if sql:
        text = text.replace('["cortex/claude-4-sonnet", "portkey/gpt-5"]', sql)
    if default:
        text = text.replace('["portkey/gpt-5", "openrouter/meta-llama/llama-4-scout"]', default)
    return text + more


@pytest.mark.parametrize("random_seed", range(4))
def test_the_same_rules_give_what_was_recorded(tmp_path: Path, random_seed: int) -> None:
    project = Project(tmp_path)
    random = Random(random_seed)  # nosec B311: a test's choice of calls
    for _ in range(150):
        chain, task = random.choice([(SQL, "sql_generation"), (CHAT, ""), (CHAT, "bulk")])
        outcome = random.choice(["ok", "ok", "ok", "error", "cancelled", "cached"])
        short = random.random() < 0.2  # of money, or of patience
        why = random.choice(
            ["budget all: $1 left of $2", "rests for 9 s after 5 failures in a row"]
        )
        project.seeded.call(
            f"2026-11-{random.randint(1, 27):02}",
            task,
            chain[:1] if short else chain,
            place=random.choice(chain),
            outcome=outcome,
            tokens=random.choice([(random.randrange(90_000), random.randrange(9_000)), None]),
            nano=random.choice([random.randrange(10**10), None]),
            took=random.random() * 50,
            failed=random.choice([(), [(*chain[0], "server", 500)]]),
            out=[[*chain[1], why]] if short else [],
        )
    found = project.replay(CONFIG)
    total = found.replay.total
    sums = project.seeded.ledger.read("SELECT SUM(calls), SUM(cost_nano) FROM totals")[0]
    assert sums == (total.calls, total.was_nano) == (150, total.then_nano)
    assert (total.moved, total.refused, total.unknown, total.leaves, total.stays) == (0,) * 5
    assert list(total.then_times.times) == list(total.was_times)
    assert found.unknown[-1] == "nothing: every call goes where it went"
    project.seeded.ledger.close()


def test_another_first_choice(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(30):
        project.seeded.call(
            "2026-11-20", "sql_generation", SQL, took=1 + number / 100, kept_local=4800,
            data_class="customer" if number < 10 else "",
            out=[["portkey", "gpt-5", "data class 'customer' may not go there"]],
        )  # fmt: skip
        project.seeded.call("2026-11-21", "", CHAT, took=2 + number / 100, nano=4_500_000)
    found = project.replay(rules(sql='["portkey/gpt-5", "cortex/claude-4-sonnet"]'))
    sums = found.replay.tasks["sql_generation"]
    # 20 calls may move, at 1,000 tokens in for $1.25/M and 200 out for $10/M.
    assert (sums.moved, sums.refused, sums.leaves) == (20, 0, 20 * 4800)
    assert sums.then_nano == 10 * 6_000_000 + 20 * (1_250_000 + 2_000_000)
    assert found.replay.moves == {(tuple(SQL[0]), tuple(SQL[1])): 20}
    _show(Output(), found)
    assert capsys.readouterr().out.replace(f"under\n  {project.folder}/", "under ") == """\
60 calls of 2026-10-29 to 2026-11-27 (UTC), under r.toml

  task            calls  moved  USD was  USD then
  sql_generation     30     20    $0.18     $0.12
    p50 1.1 s > 2.1 s   p95 1.3 s > 2.3 s   96.0 kB would leave the warehouse
  (none)             30      0    $0.14     $0.14
    p50 2.1 s   p95 2.3 s

  $0.32 as recorded, $0.26 then: $0.055 less, over the 60 calls that have a cost
    both ways
  96.0 kB would have left the warehouse
  20 calls from cortex/claude-4-sonnet to portkey/gpt-5

  not known
    quality: whether another model answers as well, no ledger can say
    tokens are counted as recorded; another model counts the same text
      differently
    a key is taken for granted for cortex, openrouter, portkey: none is set here
"""


def test_who_failed_then_is_passed_over_now(project: Project) -> None:
    failed = [("portkey", "gpt-5", "server", 500)]
    project.seeded.call("2026-11-20", "", CHAT, place=LLAMA, failed=failed, nano=250_000)
    chain = '["cortex/claude-4-sonnet", "portkey/gpt-5"]'
    assert project.replay(rules(default=chain)).replay.moves == {(tuple(LLAMA), tuple(SQL[0])): 1}
    chain = '["portkey/gpt-5", "openrouter/meta-llama/llama-4-scout", "cortex/claude-4-sonnet"]'
    total = project.replay(rules(default=chain)).replay.total
    assert (total.moved, total.then_nano) == (0, 250_000)


def test_what_is_not_known_is_counted_and_is_no_money(project: Project) -> None:
    seeded = project.seeded
    seeded.call("2026-11-20", "", CHAT)
    seeded.call("2026-11-20", "", CHAT, tokens=None, nano=None)
    seeded.call("2026-11-20", "", CHAT, tokens=(50, 5), nano=None)
    seeded.call("2026-11-20", "", CHAT, tokens_cached=600)
    seeded.ledger.read("UPDATE calls SET route = '[]' WHERE id = ?", (seeded.ids[0],))
    found = project.replay(rules(default='["cortex/claude-4-sonnet"]'))
    total = found.replay.total
    assert (total.unknown, total.moved, total.untold, total.untimed, total.both) == (1, 3, 1, 3, 1)
    assert (total.was_priced, total.then_priced) == (2, 2)
    assert total.then_nano == 150_000 + 75_000 + 6_000_000
    assert found.unknown[2:6] == (
        "1 call went by a decision that was not kept whole",
        "1 call would have moved, and nobody said their tokens: no money",
        "3 calls would have moved to a model with fewer than 20 answers: no time",
        "600 tokens came from a provider's cache: counted in full elsewhere",
    )
    found = project.replay(rules(default='["company/free"]'))
    assert (found.replay.total.unpriced, found.replay.total.then_nano) == (2, 0)


def test_a_data_class_that_nobody_else_may_see_is_refused(project: Project) -> None:
    project.seeded.call("2026-11-20", "", SQL[:1], data_class="customer")
    found = project.replay(rules(default='["portkey/gpt-5"]'))
    assert found.replay.total.refused == 1
    assert found.replay.refusals == {
        "no provider may take this call (portkey: data class 'customer' may not go there)": 1
    }
    without = rules().replace('[data_classes]\ncustomer = ["cortex"]\n', "")
    with pytest.raises(
        SophiaError, match="does not say who may see data class 'customer', which 1"
    ):
        project.replay(without)


def test_rules_see_what_the_call_asked_for(project: Project) -> None:
    """Capabilities, labels, prompt size and the provider that was named are those of the record."""
    more = """
[limits."company/poor"]
tools = false
[[rules]]
name = "team"
when = {team = "data"}
use = ["company/teams"]
[[rules]]
name = "long"
when = {prompt_over = 5000}
use = ["company/long"]
"""
    call = project.seeded.call
    call("2026-11-20", "", CHAT, estimate={"tools": True})
    call("2026-11-20", "", CHAT, team="data")
    call("2026-11-20", "", CHAT, estimate={"tokens_in": 6000})
    call("2026-11-20", "", CHAT[1:], asked="openrouter", why="asked for")
    chain = '["company/poor", "company/able"]'
    found = project.replay(rules(default=chain, more=more))
    assert {then for _, then in found.replay.moves} == {
        ("company", "able"), ("company", "teams"), ("company", "long"), ("openrouter", "openai/gpt-5.2"),
    }  # fmt: skip
    assert found.replay.moves[tuple(CHAT[0]), ("company", "able")] == 1


def test_other_prices_alone_move_nobody(project: Project) -> None:
    project.seeded.call("2026-11-20", "", CHAT, nano=4_500_000, tokens_cached=500)
    project.seeded.call("2026-11-20", "sql_generation", SQL)
    prices = '[prices."portkey/gpt-5"]\ninput = 2.0\ncached = 1.0\noutput = 20.0\n'
    total = project.replay(prices=prices).replay.total
    assert (total.moved, total.was_nano) == (0, 10_500_000)
    assert total.then_nano == 6_000_000 + (500 * 2 + 500 * 1 + 200 * 20) * 1000
    with pytest.raises(SophiaError, match="has no \\[prices\\]"):
        project.replay(prices="[llm]\n")


def test_budgets_say_when_they_would_have_been_passed(project: Project) -> None:
    for day in range(1, 11):
        project.seeded.call(f"2026-11-{day:02}", "", CHAT, team="web", nano=10**9)
    found = project.replay(rules(more='[budgets.web]\nlimit = 4\nteam = "web"\n'))
    assert [one.words for one in found.budgets] == [
        "budget web: $10 of $4 in 2026-11, passed on 2026-11-05: "
        "5 later calls would have been refused or gone elsewhere"
    ]
