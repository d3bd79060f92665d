"""The file of the ratchet: what it says is believed only where it is plainly meant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sophia_cli import __version__
from sophia_cli.errors import SophiaError
from sophia_cli.migrate.baseline import Baseline, read_baseline, write_baseline

GOOD = {"version": 1, "written_by": "0.1.0", "counts": {"a.py": {"calls": 2}}}

BAD: list[tuple[str | bytes, str]] = [
    ("", "line 1: Expecting value"),
    ("{", "line 1: Expecting property name enclosed in double quotes"),
    ("<<<<<<< ours\n{}\n=======\n{}\n>>>>>>> theirs\n", "it holds the marks of a merge"),
    (b"\xff\xfe", "it is no text"),
    ("[" * 200_000, "it is nested too deeply"),
    ("[]", "it is no baseline"),
    ("{}", "it is no baseline"),
    (json.dumps({**GOOD, "version": "1"}), "its version is '1'"),
    (json.dumps({**GOOD, "version": True}), "its version is True"),
    (json.dumps({**GOOD, "version": 0}), "its version is 0"),
    (json.dumps({**GOOD, "allow": 1}), "it has a key 'allow' that nobody knows"),
    (json.dumps({"version": 1, "counts": {}}), "it has no written_by"),
    (json.dumps({**GOOD, "written_by": 1}), "its written_by is no string"),
    (json.dumps({**GOOD, "counts": []}), "its counts are no object"),
    (json.dumps({**GOOD, "counts": {"a.py": 2}}), "the counts of a.py are no object"),
    (
        json.dumps({**GOOD, "counts": {"a.py": {"calls": -1}}}),
        "a.py has -1 of calls, which is no count",
    ),
    (
        json.dumps({**GOOD, "counts": {"a.py": {"calls": 1.5}}}),
        "a.py has 1.5 of calls, which is no count",
    ),
    (
        '{"version": 1, "written_by": "0", "counts": {"a.py": {"x": 1}, "a.py": {"x": 9}}}',
        "a.py stands in it twice",
    ),
]


@pytest.mark.parametrize(("content", "words"), BAD, ids=[words for _, words in BAD])
def test_a_damaged_baseline_is_an_error(tmp_path: Path, content: str | bytes, words: str) -> None:
    file = tmp_path / "llm-baseline.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SophiaError) as error:
        read_baseline(file)
    assert error.value.message.startswith(f"{file} cannot be read: {words}")
    assert error.value.mend.endswith("sophia migrate check --update")


def test_a_newer_baseline_is_not_guessed_at(tmp_path: Path) -> None:
    file = tmp_path / "llm-baseline.json"
    file.write_text(json.dumps({"version": 2, "sites": []}))
    with pytest.raises(SophiaError) as error:
        read_baseline(file)
    assert error.value.message == f"{file} is of version 2, this sophia reads 1"
    assert error.value.mend == "install the sophia that wrote it, or a newer one"


def test_no_baseline_is_an_empty_one_and_a_folder_is_none(tmp_path: Path) -> None:
    assert read_baseline(tmp_path / "none.json") == Baseline()
    with pytest.raises(SophiaError, match="cannot be read: Is a directory"):
        read_baseline(tmp_path)
    with pytest.raises(SophiaError, match="cannot be written"):
        write_baseline(tmp_path / "none" / "b.json", {})


def test_what_is_written_is_read_and_merges_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "b.json"
    write_baseline(file, {"b.py": {"y": 1, "x": 2}, "a.py": {"x": 1}, "none.py": {}})
    assert read_baseline(file) == Baseline(
        file, {"a.py": {"x": 1}, "b.py": {"x": 2, "y": 1}}, __version__
    )
    assert file.read_text() == (
        '{\n "version": 1,\n "written_by": "' + __version__ + '",\n "counts": {\n'
        '  "a.py": {\n   "x": 1\n  },\n  "b.py": {\n   "x": 2,\n   "y": 1\n  }\n }\n}\n'
    )
