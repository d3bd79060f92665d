"""Files that belong together are written together or not at all, and the report says why."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from trees import contents, plant

from sophia_cli.errors import SophiaError
from sophia_cli.migrate import journal
from sophia_cli.migrate.change import Change
from sophia_cli.migrate.inventory import Options
from sophia_cli.migrate.packfile import load_pack
from sophia_cli.migrate.pipeline import migrate
from sophia_cli.migrate.report import Report
from sophia_cli.migrate.write import resume, rollback, write

PACK = """
[[service]]
module = "old.assistant"
class = "SmartAssistant"

[[service.method]]
name = "answer_now"
async = false
to = "complete_text"
positional = ["text"]
arguments = { text = "prompt" }
"""
CALL = "from openai import OpenAI\n\nclient = OpenAI()\n"
BASE = "from old.assistant import SmartAssistant\n\nsvc = SmartAssistant()\n"
USE = "from app.base import svc\n\nsvc.answer_now('hi')\n"
FILES = {
    "app/__init__.py": "",
    "app/base.py": BASE,
    "app/use.py": USE,
    "app/other.py": CALL,
    "requirements.txt": "openai\n",
}


def run(root: Path) -> Report:
    (root / ".sophia").mkdir(exist_ok=True)
    (root / ".sophia/pack.toml").write_text(PACK)
    return migrate(Options(root, True, packs=(load_pack(root / ".sophia/pack.toml"),)))


def changed(root: Path) -> set[str]:
    now = contents(root)
    return {name for name, text in FILES.items() if now.get(name) != text.encode()}


def test_all_of_them_when_all_can_be(tmp_path: Path) -> None:
    assert run(plant(tmp_path, FILES)).skipped == {}
    assert changed(tmp_path) == {"app/base.py", "app/use.py", "app/other.py", "requirements.txt"}


@pytest.mark.parametrize(
    ("kept", "other"), [("app/use.py", "app/base.py"), ("app/base.py", "app/use.py")]
)
def test_one_that_is_read_only_keeps_the_others(tmp_path: Path, kept: str, other: str) -> None:
    plant(tmp_path, FILES)
    (tmp_path / kept).chmod(0o444)
    report = run(tmp_path)
    assert report.skipped == {kept: "read-only", other: f"it moves only together with {kept}"}
    assert report.changed == ("app/other.py", "requirements.txt")
    assert changed(tmp_path) == {"app/other.py", "requirements.txt"}
    rollback(tmp_path)
    assert changed(tmp_path) == set()


def test_a_manifest_is_not_written_for_nothing(tmp_path: Path) -> None:
    plant(tmp_path, {**FILES, "app/other.py": ""})
    (tmp_path / "app/use.py").chmod(0o444)
    report = run(tmp_path)
    assert (report.changed, report.run, report.advice) == ((), "", "")
    assert report.skipped == {
        "app/base.py": "it moves only together with app/use.py",
        "app/use.py": "read-only",
        "requirements.txt": "what needs it is left alone",
    }
    assert journal.runs(tmp_path) == []
    assert contents(tmp_path)["requirements.txt"] == b"openai\n"


def test_a_manifest_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    plant(tmp_path, FILES)
    (tmp_path / "requirements.txt").chmod(0o444)
    report = run(tmp_path)
    assert report.skipped == {"requirements.txt": "read-only"}
    assert report.advice == "add sophia-cli>=0.1,<0.2 to the dependencies in requirements.txt"


CHANGES = [
    Change("a.py", b"old\n", b"new\n", ("x",)),
    Change("b.py", b"old\n", b"new\n", ("x", "y")),
    Change("c.py", b"old\n", b"new\n", ("y",)),
    Change("d.py", b"old\n", b"new\n", ("z",)),
    Change("e.py", b"old\n", b"new\n"),
]


def test_groups_that_share_a_file_are_one(tmp_path: Path) -> None:
    plant(tmp_path, {change.path: change.before for change in CHANGES})
    (tmp_path / "c.py").unlink()
    written = write(tmp_path, CHANGES, [], dry_run=False)
    assert written.files == ("d.py", "e.py")
    assert written.skipped == {
        "a.py": "it moves only together with c.py",
        "b.py": "it moves only together with c.py",
        "c.py": "deleted meanwhile",
    }
    assert contents(tmp_path) == {
        "a.py": b"old\n", "b.py": b"old\n", "d.py": b"new\n", "e.py": b"new\n"
    }  # fmt: skip


# Something happens to the tree as `write` renames its n-th file over its target.
MEANWHILE = """
import os, sys
root, at = sys.argv[1], int(sys.argv[2])
count = 0
def hook(event, arguments):
    global count
    if event == "os.rename" and ".sophia-" in str(arguments[0]):
        count += 1
        if count == at:
            {action}
sys.addaudithook(hook)
sys.path.insert(0, os.path.dirname(sys.argv[3]))
from pathlib import Path
from sophia_cli.migrate.write import write
from test_groups import CHANGES
written = write(Path(root), CHANGES, [], dry_run=False)
print(written.files, sorted(written.skipped.items()))
"""


def meanwhile(root: Path, at: int, action: str) -> str:
    code = MEANWHILE.format(action=action)
    done = subprocess.run(
        [sys.executable, "-c", code, str(root), str(at), __file__],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("at", [1, 2])
def test_a_file_that_changes_as_its_group_is_renamed_brings_the_others_back(
    tmp_path: Path, at: int
) -> None:
    plant(tmp_path, {change.path: change.before for change in CHANGES})
    said = meanwhile(tmp_path, at, "open(os.path.join(root, 'c.py'), 'w').write('mine')")
    assert said.startswith("('d.py', 'e.py') ")
    assert "('c.py', 'changed while the run was writing')" in said
    assert contents(tmp_path) == {
        "a.py": b"old\n", "b.py": b"old\n", "c.py": b"mine",
        "d.py": b"new\n", "e.py": b"new\n",
    }  # fmt: skip
    rollback(tmp_path)
    assert (tmp_path / "d.py").read_bytes() == b"old\n"


def test_a_file_that_becomes_a_link_as_its_group_is_renamed(tmp_path: Path) -> None:
    tree = plant(tmp_path / "tree", {change.path: change.before for change in CHANGES})
    plant(tmp_path, {"far.py": "old\n"})
    said = meanwhile(tree, 1, "os.unlink(f'{root}/b.py'); os.symlink('../far.py', f'{root}/b.py')")
    assert "('b.py', 'changed while the run was writing')" in said
    assert (tree / "b.py").is_symlink()
    assert (tmp_path / "far.py").read_text() == "old\n"
    assert (tree / "a.py").read_text() == "old\n"


def test_a_rename_that_fails_brings_the_others_back(tmp_path: Path) -> None:
    plant(tmp_path, {change.path: change.before for change in CHANGES})
    action = "if 'b.py' in str(arguments[1]): raise PermissionError(1, 'Operation not permitted')"
    said = meanwhile(tmp_path, 2, action)
    assert "('b.py', 'cannot be written: Operation not permitted')" in said
    assert contents(tmp_path)["a.py"] == b"old\n"
    assert list(tmp_path.glob(".*.sophia-*")) == []


def test_what_a_killed_run_wrote_of_a_group_goes_back_when_the_rest_cannot_follow(
    tmp_path: Path,
) -> None:
    plant(tmp_path, {change.path: change.before for change in CHANGES})
    with pytest.raises(subprocess.CalledProcessError):
        meanwhile(tmp_path, 2, "os.kill(os.getpid(), 9)")
    assert (tmp_path / "a.py").read_bytes() == b"new\n"
    (tmp_path / "c.py").write_text("mine")
    written = resume(tmp_path)
    assert written.files == ("d.py", "e.py")
    assert written.skipped["c.py"] == "changed meanwhile"
    assert contents(tmp_path) == {
        "a.py": b"old\n", "b.py": b"old\n", "c.py": b"mine",
        "d.py": b"new\n", "e.py": b"new\n",
    }  # fmt: skip


def test_a_name_that_is_too_long_to_stage_is_left_and_said(tmp_path: Path) -> None:
    name = "n" * 248 + ".py"
    plant(tmp_path, {name: "old\n", "a.py": "old\n"})
    changes = [Change(path, b"old\n", b"new\n") for path in (name, "a.py")]
    written = write(tmp_path, changes, [], dry_run=False)
    assert written.skipped == {name: "cannot be written: File name too long"}
    assert written.files == ("a.py",)


def test_rollback_without_the_old_bytes_changes_nothing(tmp_path: Path) -> None:
    plant(tmp_path, {change.path: change.before for change in CHANGES})
    done = write(tmp_path, CHANGES, [], dry_run=False).run
    assert done is not None
    after = contents(tmp_path)
    (journal.home(tmp_path) / done.name / "blobs" / done.entries[0].before).unlink()
    with pytest.raises(SophiaError, match="cannot be read: No such file or directory"):
        rollback(tmp_path)
    assert contents(tmp_path) == after
    assert journal.unfinished(tmp_path) is None
    more = [Change("f.py", b"old\n", b"new\n")]
    plant(tmp_path, {"f.py": "old\n"})
    assert write(tmp_path, more, [], dry_run=False).files == ("f.py",)
