"""`sophia usage` as it is typed: calls of the simulator, their report, one of them, files."""

from __future__ import annotations

import json
import re
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from shell import Said, sophia

from sophia_cli.llm import Ledger, NoRoute, UnifiedLLMService, load_config
from sophia_cli.llm.ledger import Final, Opening

CONFIG = """
[routes]
default = ["simulator/small", "simulator/large"]
[providers.simulator]
[prices."simulator/small"]
input = 1.0
output = 3.0
"""


def usage(folder: Path, *words: str) -> Said:
    ledger = str(folder / "ledger.sqlite3")
    return sophia("usage", *words, cwd=folder, SOPHIA_LEDGER=ledger)


def ask(folder: Path, *words: str) -> Said:
    ledger = str(folder / "ledger.sqlite3")
    return sophia("llm", "ask", *words, cwd=folder, SOPHIA_LEDGER=ledger)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "sophia.toml").write_text(CONFIG)
    return tmp_path


def steady(text: str) -> str:
    """The text with its days, times and ids named."""
    text = re.sub(r"\d{4}-\d\d-\d\d", "DAY", text)
    text = re.sub(r"\d{4}-\d\d:", "MONTH:", text)
    text = re.sub(r"\b[0-9a-hjkmnp-tv-z]{16}\b", "ID", text)
    text = re.sub(r"\d\d:\d\d:\d\d", "CLOCK", text)
    text = re.sub(r"forecast \$\S+", "forecast $F", text)
    # Where that line ends depends on how long its amounts are.
    text = re.sub(r"last\s+day\s+\(\$\S+\s+a\s+day\)", "last day ($P a day)", text)
    return re.sub(r" *\d+(\.\d)? m?s\b", " TIME", text)


def test_a_project_that_never_called(project: Path) -> None:
    said = usage(project)
    place = project / "ledger.sqlite3"
    assert (said.code, said.err) == (0, "")
    assert " ".join(said.out.split()) == (
        f'No call was made yet: there is no ledger at {place}. Next: sophia llm ask "hello"'
    )
    assert usage(project, "--json").json["data"] is None
    assert not place.exists()


def test_two_calls(project: Path) -> None:
    ask(project, "hello")
    ask(project, "hello again", "--task", "bulk")
    said = usage(project, "--since", "7d")
    assert (said.code, said.err) == (0, "")
    assert steady(said.out) == """\
$0.00018 in 2 calls (2 calls simulated), 100 % answered; DAY to
  DAY (UTC)
MONTH: $0.00018 so far, forecast $F at the pace of the last day ($P a day)

  model              calls     ok        in/out       USD  $/1k ok
  small (simulator)      2   100 %         5/58  $0.00018    $0.09
    ······█  p50 TIME  p95 TIME  n 2, too few for p99  simulated

  kept in the warehouse 0 B   cache saved $0 (by 0 hits)

  task    first choice, the next        USD     p50     p95        n
  (none)  simulator/small         $0.000089 TIME TIME        1
          simulator/large          unpriced       -       -        0
  bulk    simulator/small          $0.00009 TIME TIME        1
          simulator/large          unpriced       -       -        0
  no speed: fewer than 20 answers to go by

  dearest
    ID   $0.00009  bulk  3/29  simulator/small simulated
    ID  $0.000089  -     2/29  simulator/small simulated

  why routed there
    [routes] default  2  simulator/small

One call:  sophia usage show ID      As a page:  sophia usage --html usage.html
What to change:  sophia usage advise
What if:  sophia usage replay --rules new.toml
"""


def test_one_call(project: Path) -> None:
    name = ask(project, "Write a SQL query for the sum of sales", "--json").json["data"]["call_id"]
    said = usage(project, "show", name)
    assert (said.code, said.err) == (0, "")
    assert steady(said.out) == """\
call ID  answered by simulator/small in TIME, simulated;
  DAY CLOCK UTC
  operation chat, door native, task sql_generation
  tokens: 10 in, 37 out
  cost: $0.00012 (sophia.toml)
  97 B sent, 579 B received

     attempt                          took
  1  simulator/small  ok    HTTP 200 TIME

  simulator  small  chosen: [routes] default
  simulator  large  then: [routes] default
  task sql_generation (inferred: asks for SQL)
  estimated before it was sent: about 17 tokens in, at most 46 in and 16,384 out
"""
    assert usage(project, "show", name[:12]).out == said.out
    data = usage(project, "show", name, "--json").json["data"]
    assert (data["id"], data["outcome"], data["cost_nano"]) == (name, "ok", 121_000)
    assert data["attempts"][0]["model"] == "small"
    assert data["route"]["candidates"][1] == ["simulator", "large", True, "[routes] default"]


def test_a_call_that_was_refused_tells_who_was_left_out(project: Path) -> None:
    (project / "sophia.toml").write_text(f'{CONFIG}\n[data_classes]\ncustomer = ["cortex"]\n')
    environ = {"SOPHIA_LEDGER": str(project / "ledger.sqlite3")}
    service = UnifiedLLMService(load_config(environ, project))
    with closing(service), pytest.raises(NoRoute):
        service.complete_text_sync("hello", data_class="customer")
    failures = usage(project, "--json").json["data"]["failures"]
    assert [(one["kind"], one["calls"], one["requests"]) for one in failures] == [
        ("no_route", 1, 0)
    ]
    said = usage(project, "show", failures[0]["example"])
    assert "  nothing was sent\n" in said.out
    assert "simulator  small  out: data class 'customer' may not go there\n" in said.out


def test_calls_that_are_not_there(project: Path) -> None:
    assert usage(project, "show", "abc").err.startswith("sophia: there is no ledger at ")
    ask(project, "hello")
    ask(project, "hello")
    said = usage(project, "show", "abc")
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        "sophia: no call 'abc' is in the ledger\n"
        "        sophia usage shows ids of its dearest calls\n"
    )
    first = usage(project, "--json").json["data"]["dearest"][0]["id"]
    assert "several calls begin with" in usage(project, "show", first[:3]).err


def test_files(project: Path) -> None:
    ask(project, "hello")
    said = usage(project, "--csv", "usage.csv", "--html", "usage.html")
    table, page = (project / f"usage.{end}" for end in ("csv", "html"))
    assert said.out == (
        f"usage.csv: the table, {table.stat().st_size:,} bytes.\n"
        f"usage.html: the report, {page.stat().st_size:,} bytes.\n"
    )
    assert table.read_text().splitlines()[0].startswith("since,until,model,calls,ok,")
    assert usage(project, "--csv", "usage.csv", "--html", "usage.html").code == 0
    files = usage(project, "--csv", "usage.csv", "--json").json["data"]["files"]
    assert files == [{"file": "usage.csv", "what": "the table", "bytes": table.stat().st_size}]


def test_two_reports_in_one_file(project: Path) -> None:
    ask(project, "hello")
    said = usage(project, "--csv", "out", "--html", "./out")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("sophia: --csv and --html both name out\n")
    assert not (project / "out").exists()


def test_a_ledger_without_a_call(project: Path) -> None:
    with closing(Ledger(project / "ledger.sqlite3")) as ledger:
        ledger.read("SELECT 1")
    first = [
        usage(project, *words).out.splitlines()[0].partition(" in ")[0]
        for words in ((), ("replay", "--rules", "sophia.toml"), ("advise",))
    ]
    assert first == ["No call"] * 3
    said = usage(project, "show", "abc")
    assert (said.code, said.out) == (1, "") and "no call 'abc' is in the ledger" in said.err


def test_a_stream_that_was_left_before_its_end(project: Path) -> None:
    ledger = Ledger(project / "ledger.sqlite3")
    ledger.begin(Opening("left", time.time_ns(), "native", "chat", stream=True))
    ledger.finish(Final("left", "cancelled", "stopped", tokens_in=12, billable=True))
    ledger.close()
    said = usage(project, "show", "left")
    assert "  tokens: 12 in, ? out\n  cost: unpriced\n" in said.out
    assert "\n  nothing was sent\n\n  why it went there was not recorded\n" in said.out


def test_a_file_that_is_no_report_stays(project: Path) -> None:
    ask(project, "hello")
    (project / "main.py").write_text("print()\n")
    for option in ("--csv", "--html"):
        said = usage(project, option, "main.py")
        assert (said.code, said.out) == (1, "")
        assert said.err == (
            "sophia: main.py is there, and no report of sophia's\n"
            "        name another, or remove it\n"
        )
    assert (project / "main.py").read_text() == "print()\n"
    assert "cannot be written" in usage(project, "--csv", "no/such/folder.csv").err


def test_words_that_do_not_fit(project: Path) -> None:
    said = usage(project, "--since", "soon")
    assert (said.code, said.out) == (2, "")
    assert "--since is a number of days or a date, not 'soon'" in said.err
    assert usage(project, "--by", "colour").code == 2


def test_a_ledger_that_cannot_be_read(project: Path) -> None:
    (project / "ledger.sqlite3").mkdir()
    said = usage(project)
    assert said.code == 1
    assert "cannot be read" in said.err


def test_the_report_imports_no_client(project: Path) -> None:
    """It reads a file: neither the HTTP library nor rich is needed."""
    code = (
        "import sys; from sophia_cli.__main__ import run; run(['usage']); "
        "print(json.dumps([m for m in ('httpx', 'rich', 'libcst') if m in sys.modules]))"
    )
    import subprocess

    ask(project, "hello")
    done = subprocess.run(
        [sys.executable, "-c", f"import json; {code}"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_a_replay(project: Path) -> None:
    said = usage(project, "replay", "--rules", "new.toml")  # wrong with or without a ledger
    assert (said.code, said.err.splitlines()[0]) == (1, "sophia: there is no file new.toml")
    said = usage(project, "replay", "--rules", "sophia.toml")
    assert (said.code, said.out.startswith("No call was made yet")) == (0, True)
    ask(project, "hello")
    said = usage(project, "replay")
    assert (said.code, said.err.splitlines()[0]) == (2, "sophia: there is nothing to replay under")
    said = usage(project, "replay", "--rules", "new.toml")
    assert (said.code, said.err.splitlines()[0]) == (1, "sophia: there is no file new.toml")
    (project / "new.toml").write_text(CONFIG)
    said = usage(project, "replay", "--rules", "new.toml")
    assert (said.code, said.err) == (0, "")
    assert "  not known\n    nothing: every call goes where it went\n" in said.out
    (project / "new.toml").write_text(CONFIG.replace('"simulator/small", ', ""))
    data = usage(project, "replay", "--rules", "new.toml", "--json").json["data"]
    assert data["moves"] == [{"from": "simulator/small", "to": "simulator/large", "calls": 1}]
    assert (data["total"]["unpriced"], data["total"]["then_nano"]) == (1, 0)
    said = usage(project, "replay", "--rules", "new.toml")
    assert re.search(r"\n  \(none\) +1 +1  \$0\.\d+ +-\n", said.out)  # what nobody knows is not 0
    assert "  of no call it is known what it cost and what it would have cost\n" in said.out


def test_a_bill(project: Path) -> None:
    header = "generation_id,created_at,cost_total,model_permaslug\n"
    (project / "bill.csv").write_text(f"{header}gen-1,2026-11-20 10:00:00,0.5,m/x\n")
    said = usage(project, "reconcile", "bill.csv")
    assert (said.code, said.err) == (1, "")
    assert said.out == """\
OpenRouter's activity export, 1 line, 2026-11-20 to 2026-11-20 (UTC)

  model     ledger   bill  difference    calls  requests
  m/x            -  $0.50      -$0.50        0         1
  together       -  $0.50      -$0.50        0         1

  0 days of a model matched to the cent:
    2026-11-20 m/x: only in the bill, $0.50, 1 request (the export may not hold
      all of this day)
"""
    data = usage(project, "reconcile", "bill.csv", "--json").json["data"]
    assert (data["agrees"], data["total"]["bill_nano"]) == (False, 500_000_000)
    (project / "bill.csv").write_text("a,b\n")
    said = usage(project, "reconcile", "bill.csv")
    assert (said.code, said.out) == (1, "")
    assert "line 1 is the header of no usage export that is known" in said.err
    assert max(map(len, said.err.splitlines())) <= 80


def test_advice(project: Path) -> None:
    assert usage(project, "advise").out.startswith("No call was made yet")
    ask(project, "hello")
    said = usage(project, "advise")
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith(
        "No change of a route is clearly worth it.\n"
        "1 simulated call of 1: nothing is known of a provider by these.\n"
    )
    assert usage(project, "advise", "--json").json["data"]["advice"] == []
    said = usage(project, "advise", "--patch", "1")
    assert (said.code, said.out) == (1, "")
    assert said.err == "sophia: there is no proposal 1: there are 0\n        sophia usage advise\n"
