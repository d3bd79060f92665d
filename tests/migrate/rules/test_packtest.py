"""`sophia migrate test`: fixtures of a pack, and what is said where one is not as expected."""

from __future__ import annotations

from pathlib import Path

import pytest
from brains import LIBRARY, NEW, PACK

from sophia_cli.errors import SophiaError
from sophia_cli.migrate.packtest import Outcome, run_fixtures

BEFORE = "from lib.brain import brain\n\nprint(brain.ask_now('hi'))\n"
AFTER = NEW + "\nprint(get_unified_llm_service().complete_text_sync('hi'))\n"


def fixtures(tmp_path: Path, **files: str) -> Path:
    (tmp_path / "brain.toml").write_text(PACK)
    for name, text in files.items():
        path = tmp_path / "brain" / name.replace("__", "/").replace("_py", ".py")
        path = path.with_name(path.name.replace("_txt", ".txt"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "brain.toml"


def test_a_case_as_expected(tmp_path: Path) -> None:
    pack = fixtures(
        tmp_path, one__before_py=BEFORE, one__after_py=AFTER, one__report_txt="3 safe declared\n"
    )
    assert run_fixtures(pack) == [Outcome("one")]


def test_a_case_in_which_nothing_changes(tmp_path: Path) -> None:
    pack = fixtures(tmp_path, quiet__before_py="brain = 1\n")
    assert run_fixtures(pack) == [Outcome("quiet")]


def test_files_around_a_case(tmp_path: Path) -> None:
    """The old code is read: it says how its arguments are called by place."""
    text = "from lib.brain import Kind, Request, brain\n\nbrain.think(Request([], Kind.MASS))\n"
    after = (
        "from sophia_cli.llm import TaskType, get_unified_llm_service\n\n"
        "get_unified_llm_service().complete_response("
        'messages=[], task_type=TaskType.BULK, on_error="return")\n'
    )
    pack = fixtures(
        tmp_path,
        one__before_py=text,
        one__after_py=after,
        tree__lib__brain_py=LIBRARY,
        tree__lib____init___py="",
    )
    (tmp_path / "brain/tree/lib/brain.py").write_text(LIBRARY)
    assert run_fixtures(pack) == [Outcome("one")]


def test_what_differs_is_shown(tmp_path: Path) -> None:
    pack = fixtures(tmp_path, one__before_py=BEFORE, one__after_py=BEFORE, one__report_txt="")
    (outcome,) = run_fixtures(pack)
    assert "".join(outcome.differences) == (
        "--- expected report.txt\n+++ found\n@@ -0,0 +1 @@\n+3 safe declared\n"
        "--- expected after.py\n+++ found\n@@ -1,3 +1,3 @@\n"
        "-from lib.brain import brain\n+" + NEW + " \n"
        "-print(brain.ask_now('hi'))\n"
        "+print(get_unified_llm_service().complete_text_sync('hi'))\n"
    )


def test_what_a_plain_run_writes(tmp_path: Path) -> None:
    pack = fixtures(tmp_path, one__before_py=BEFORE, one__after_py=AFTER, one__safe_py=AFTER)
    assert run_fixtures(pack) == [Outcome("one")]


def test_a_pack_without_fixtures(tmp_path: Path) -> None:
    pack = fixtures(tmp_path)
    with pytest.raises(SophiaError) as caught:
        run_fixtures(pack)
    assert caught.value.message == f"{pack} has no fixtures"
    assert caught.value.mend == f"make {tmp_path / 'brain/first/before.py'} and after.py beside it"
