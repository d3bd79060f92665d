"""Tables keep to 80 columns; results go to stdout, everything else to stderr."""

from __future__ import annotations

import json
import logging

import pytest

from sophia_cli.output import (
    ENVELOPE_VERSION,
    Notes,
    Output,
    format_places,
    format_table,
    show_error,
)


def test_numbers_stand_to_the_right_and_words_to_the_left() -> None:
    rows = [("safe", 1234, "$0.10"), ("review", 5, "unpriced")]
    assert format_table(("", "sites", "cost"), rows) == [
        "          sites      cost",
        "  safe    1,234     $0.10",
        "  review      5  unpriced",
    ]


def test_no_line_is_longer_than_80_columns() -> None:
    lines = format_table(("", "", ""), [("a" * 30, "b" * 30, "c" * 60)])
    assert [len(line) for line in lines] == [80]
    assert lines[0].endswith("...")


def test_a_path_is_never_cut() -> None:
    rows = [("a.py:1", "b" * 90, "calls"), ("c" * 90, "create", "calls"), ("d.py:22", "", "")]
    assert format_places(rows) == [
        f"  a.py:1   {'b' * 66}...",
        f"  {'c' * 90}",
        "      create  calls",
        "  d.py:22",
    ]
    whole = format_places([("e" * 90, "f" * 90), ("g", "h")], width=None)
    assert whole == [f"  {'e' * 90}  {'f' * 90}", f"  {'g'.ljust(90)}  h"]
    assert format_places([]) == []


def test_no_rows_no_lines() -> None:
    assert format_table(("", ""), []) == []
    assert format_table(("a", "b"), []) == ["  a  b"]


def test_with_json_only_the_envelope_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=True)
    output.line("words")
    output.table(("a",), [(1,)])
    output.envelope("command", {"a": 1})
    assert json.loads(capsys.readouterr().out) == {
        "version": ENVELOPE_VERSION,
        "command": "command",
        "ok": True,
        "data": {"a": 1},
        "error": None,
    }


def test_without_json_no_envelope_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output()
    output.envelope("command", {"a": 1})
    output.line("words")
    output.note("a note")
    output.note("")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("words\n", "a note\n")


def test_an_error_is_one_line_and_its_mend_below(capsys: pytest.CaptureFixture[str]) -> None:
    show_error(["migrate"], "it is wrong", "do this\nor that", as_json=False)
    assert capsys.readouterr().err == ("sophia: it is wrong\n        do this\n        or that\n")


def test_no_bar_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Output().progress("Working", total=3) as advance:
        advance(3)
    assert capsys.readouterr() == ("", "")


def test_what_parts_log_is_a_note_once(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("sophia_cli.part")
    Notes.hear(Output())
    for _ in range(2):
        log.warning("the ledger %s is full", "a")
    log.warning("the ledger b is full")
    log.info("nobody asked")
    Notes.hear(Output(quiet=True))
    log.warning("the ledger c is full")
    Output().note("one that was not told")
    Notes.hear(Output(quiet=False))
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "the ledger a is full\nthe ledger b is full\n")
