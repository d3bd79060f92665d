"""The ledger beside usage exports: each format by its header, differences to the cent, bad files by their line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from seeding import CONFIG, Seeded

from sophia_cli.commands.usage.reconcile import _show
from sophia_cli.errors import SophiaError
from sophia_cli.llm.config import load_config
from sophia_cli.llm.ledger import Ledger
from sophia_cli.output import Output
from sophia_cli.usage.bills import Bill, read_bill
from sophia_cli.usage.reconcile import Entry, Reconciled, reconcile

LLAMA = ["openrouter", "meta-llama/llama-4-scout"]
QWEN = ["openrouter", "qwen/qwen3-coder"]
CORTEX = ["cortex", "claude-4-sonnet"]
GENERATIONS = (
    "generation_id,created_at,cost_total,cost_web_search,byok_usage_inference,tokens_prompt,"
    "tokens_completion,tokens_reasoning,model_permaslug,provider_name,variant\n"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "sophia.toml").write_text(CONFIG)
    return tmp_path


def bill_of(folder: Path, text: str) -> Bill:
    path = folder / "bill.csv"
    path.write_text(text)
    return read_bill(path)


def compared(folder: Path, text: str, rate: float | None = None) -> Reconciled:
    environ = {"SOPHIA_LEDGER": str(folder / "ledger.sqlite3")}
    ledger = Ledger(folder / "ledger.sqlite3")
    try:
        return reconcile(ledger, load_config(environ, folder), bill_of(folder, text), rate)
    finally:
        ledger.close()


def seeded(folder: Path) -> Seeded:
    return Seeded(Ledger(folder / "ledger.sqlite3"))


def test_openrouters_generations(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ours = seeded(project)
    ours.call("2026-11-20", "", [LLAMA], nano=250_000_000)
    ours.call("2026-11-20", "", [LLAMA], nano=250_000_000)
    ours.call("2026-11-21", "", [LLAMA], nano=1_000_000_000)
    ours.call("2026-11-21", "", [QWEN], nano=40_000_000)
    ours.call("2026-11-21", "", [LLAMA], outcome="cached", nano=0, saved_nano=10**9)
    ours.call("2026-11-22", "", [LLAMA], nano=None)
    ours.call("2026-11-22", "", [CORTEX], nano=10**9)
    ours.ledger.close()
    found = compared(
        project,
        GENERATIONS
        + "gen-1,2026-11-20 10:00:00.1,0.2501,0,,1000,200,0,meta-llama/llama-4-scout,Groq,standard\n"
        "gen-2,2026-11-20 23:59:59.9,0.25,0,0,1000,200,0,meta-llama/llama-4-scout-20250405,Groq,\n"
        "gen-3,2026-11-21 10:00:00,0.9,0,0.05,1000,200,0,meta-llama/llama-4-scout,Groq,\n"
        "gen-4,2026-11-22T00:30:00+00:00,0.01,0,0,10,20,0,z-ai/glm-5,Z,free\n"
        "gen-5,2026-11-22 10:00:00,0.07,0,0,10,20,0,meta-llama/llama-4-scout,Groq,\n",
    )
    _show(Output(), found)
    assert not found.agrees
    assert capsys.readouterr().out == """\
OpenRouter's activity export, 5 lines, 2026-11-20 to 2026-11-22 (UTC)
  1 of the ledger's calls are unpriced: in its requests, not in its money

  model                     ledger   bill  difference    calls  requests
  meta-llama/llama-4-scout   $1.50  $1.52      -$0.02        4         4
  qwen/qwen3-coder           $0.04      -       $0.04        1         -
  z-ai/glm-5:free                -  $0.01      -$0.01        0         1
  together                   $1.54  $1.53       $0.01        5         5

  1 day of a model matched to the cent:
    2026-11-21 meta-llama/llama-4-scout: ledger $1.00, bill $0.95, $0.05
    2026-11-21 qwen/qwen3-coder: only in the ledger, $0.04, 1 call
    2026-11-22 meta-llama/llama-4-scout: ledger $0.00, bill $0.07, -$0.07 (the
      export may not hold all of this day)
    2026-11-22 z-ai/glm-5:free: only in the bill, $0.01, 1 request (the export
      may not hold all of this day)
"""


def test_openrouters_activity(project: Path) -> None:
    ours = seeded(project)
    ours.call("2026-11-20", "", [["openrouter", "openai/gpt-4.1"]], nano=15_000_000)
    ours.ledger.close()
    rows = [
        {
            "date": "2026-11-20 00:00:00", "model": "openai/gpt-4.1",
            "model_permaslug": "openai/gpt-4.1-2025-04-14", "endpoint_id": "x",
            "provider_name": "OpenAI", "usage": 0.015, "byok_usage_inference": 0.0,
            "requests": 1, "prompt_tokens": 1000, "completion_tokens": 200, "reasoning_tokens": 0,
        }
    ]  # fmt: skip
    found = compared(project, json.dumps({"data": rows}))
    assert found.agrees
    assert found.entries == (
        Entry(
            "2026-11-20", "openai/gpt-4.1", 15_000_000, 15_000_000, 1, 0, 1, 1200, 1200, True, True
        ),
    )


AISQL = "USAGE_TIME,MODEL_NAME,FUNCTION_NAME,TOKEN_CREDITS,TOKENS,QUERY_ID\n"


def test_snowflakes_credits_need_a_rate(project: Path) -> None:
    ours = seeded(project)
    ours.call("2026-11-20", "", [CORTEX], nano=6_000_000)
    ours.ledger.close()
    text = AISQL + "2026-11-19 17:00:00.000 -0800,claude-4-sonnet,COMPLETE,0.002,1200,q\n"
    assert compared(project, text, 3.0).entries == (
        Entry(
            "2026-11-20",
            "claude-4-sonnet",
            6_000_000,
            6_000_000,
            1,
            0,
            None,
            1200,
            1200,
            True,
            True,
        ),
    )
    without = compared(project, text)
    assert (without.entries[0].bill_nano, without.entries[0].difference) == (None, None)
    assert without.agrees  # to the token
    assert not compared(project, text.replace("1200", "1300")).agrees


@pytest.mark.parametrize(
    ("text", "name", "line"),
    [
        (
            "START_TIME,END_TIME,REQUEST_ID,MODEL_NAME,TOKENS,TOKENS_GRANULAR,USER_ID\n"
            '2026-11-20 10:00:00 Z,x,r,Claude-4-Sonnet,1200,"{""input"": 1000}",7\n',
            "Snowflake's CORTEX_REST_API_USAGE_HISTORY",
            ("2026-11-20", None, 1, 1200),
        ),
        (AISQL + "2026-11-20T10:00:00Z,claude-4-sonnet,C,1.5,9,q\n",
         "Snowflake's CORTEX_AISQL_USAGE_HISTORY", ("2026-11-20", "1.5", None, 9)),
        (
            "START_TIME,END_TIME,FUNCTION_NAME,MODEL_NAME,QUERY_ID,CREDITS,METRICS\n"
            "2026-11-20 10:00:00,x,AI_COMPLETE,claude-4-sonnet,q,0.25,[]\n",
            "Snowflake's CORTEX_AI_FUNCTIONS_USAGE_HISTORY",
            ("2026-11-20", "0.25", None, None),
        ),
        (
            "START_TIME,END_TIME,FUNCTION_NAME,MODEL_NAME,WAREHOUSE_ID,TOKEN_CREDITS,TOKENS\n"
            "2026-11-20 10:00:00,x,COMPLETE,claude-4-sonnet,1,0.25,3\n",
            "Snowflake's CORTEX_FUNCTIONS_USAGE_HISTORY",
            ("2026-11-20", "0.25", None, 3),
        ),
    ],
)  # fmt: skip
def test_a_form_is_told_by_its_header(
    project: Path, text: str, name: str, line: tuple[object, ...]
) -> None:
    bill = bill_of(project, f"\ufeff{text}\n")
    assert (bill.kind, bill.name, len(bill.lines)) == ("cortex", name, 1)
    (one,) = bill.lines
    credits = None if one.credits is None else str(one.credits)
    assert (one.day, credits, one.requests, one.tokens) == line
    assert one.models == ("claude-4-sonnet",)


ROW = "gen-1,2026-11-20 10:00:00,{},0,,1000,200,0,m/x,Groq,\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1 is the header of no usage export that is known"),
        ("a,b\n1,2\n", "line 1 is the header of no usage export that is known"),
        ("%PDF-1.4\n", "line 1 is the header of no usage export that is known"),
        (GENERATIONS + ROW.format(1) + "gen-2,short\n", "line 3 has 2 columns, the header 11"),
        (GENERATIONS + ROW.format("much"), "line 2: cost_total is no amount: 'much'"),
        (GENERATIONS + ROW.format("NaN"), "line 2: cost_total is no amount: 'NaN'"),
        (GENERATIONS + ROW.format("1e99"), "line 2: cost_total is no amount: '1e99'"),
        (
            GENERATIONS + ROW.format(1).replace("2026-11-20", "soon"),
            "line 2: no date: 'soon 10:00:00'",
        ),
        (
            GENERATIONS + ROW.format(1).replace("200", "1.5"),
            "line 2: tokens_completion is no number",
        ),
        (GENERATIONS + 'gen-1,"2026\n', "line 2: unexpected end of data"),
        ('{"data": [\n{"a": }]}', "line 2 is not JSON"),
        ('{"data": [{"a": 1}]}', "item 1 has no date, model, requests, usage"),
        ('{"error": 1}', "line 1 begins no usage export that is known"),
        ("QUERY_ID,MODEL_NAME,FUNCTION_NAME,TOKENS,TOKEN_CREDITS\n", "which has no time"),
    ],
)
def test_a_bad_file_says_its_line(project: Path, text: str, words: str) -> None:
    with pytest.raises(SophiaError) as caught:
        bill_of(project, text)
    assert words in caught.value.message
    assert "\n" not in caught.value.message and caught.value.mend


def test_files_that_are_none(project: Path) -> None:
    (project / "bill").write_bytes(b"a\nb\n\xff\xfe")
    with pytest.raises(SophiaError, match="line 3 is not UTF-8"):
        read_bill(project / "bill")
    with pytest.raises(SophiaError, match="cannot be read"):
        read_bill(project / "none")
    with pytest.raises(SophiaError, match="cannot be read"):
        read_bill(project)
    with pytest.raises(SophiaError, match="the export has no lines"):
        compared(project, GENERATIONS)


def test_a_ledger_that_is_not_there_has_nothing(project: Path) -> None:
    environ = {"SOPHIA_LEDGER": str(project / "none.sqlite3")}
    bill = bill_of(project, GENERATIONS + ROW.format("0.5"))
    found = reconcile(None, load_config(environ, project), bill, None)
    assert [entry.state for entry in found.entries] == ["only in the bill"]
