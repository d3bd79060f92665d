"""Links: nothing is read as a part of the tree, and nothing is written, behind one that leads out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from trees import apply, commit, contents, look, plant

from sophia_cli.errors import SophiaError
from sophia_cli.migrate import journal
from sophia_cli.migrate.change import Change
from sophia_cli.migrate.inventory import Options
from sophia_cli.migrate.pipeline import migrate
from sophia_cli.migrate.write import rollback, write

CALL = "from openai import OpenAI\n\nclient = OpenAI()\n"
LINE = "sophia-cli>=0.1,<0.2"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    return plant(tmp_path / "outside", {"far.py": CALL, "req.txt": "openai\n"})


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return plant(tmp_path / "tree", {"near.py": CALL})


def test_a_manifest_that_is_a_link_is_left_and_its_line_is_told(outside: Path, tree: Path) -> None:
    (tree / "requirements.txt").symlink_to("../outside/req.txt")
    report = apply(tree)
    assert (report.changed, report.advice) == (
        ("near.py",),
        f"add {LINE} to the dependencies in requirements.txt",
    )
    rollback(tree)
    assert (tree / "requirements.txt").readlink() == Path("../outside/req.txt")
    assert (outside / "req.txt").read_text() == "openai\n"


def test_a_manifest_that_is_a_link_and_has_the_line(outside: Path, tree: Path) -> None:
    (outside / "req.txt").write_text(f"openai\n{LINE}\n")
    (tree / "requirements.txt").symlink_to("../outside/req.txt")
    assert apply(tree).advice == ""


def test_a_tracked_folder_that_became_a_link(outside: Path, tree: Path) -> None:
    plant(tree, {"lib/far.py": CALL})
    commit(tree)
    shutil.rmtree(tree / "lib")
    (tree / "lib").symlink_to(outside)
    report = migrate(Options(tree, True, allow_dirty=True))
    assert report.changed == ("near.py",)
    assert [(item.path, item.reason) for item in report.unseen] == [
        ("lib/far.py", "a link that leads out of the tree")
    ]
    assert contents(outside) == {"far.py": CALL.encode(), "req.txt": b"openai\n"}


def test_a_folder_that_is_a_link_inside_is_looked_at_once(tree: Path) -> None:
    plant(tree, {"lib/x.py": CALL, "real/x.py": CALL})
    commit(tree)
    shutil.rmtree(tree / "lib")
    (tree / "lib").symlink_to("real")
    report = look(tree)
    assert (report.changed, report.unseen) == (("near.py", "real/x.py"), ())


def test_a_folder_that_becomes_a_link_before_it_is_written(outside: Path, tree: Path) -> None:
    plant(tree, {"lib/far.py": CALL})
    changes = [Change(path, CALL.encode(), b"new\n") for path in ("lib/far.py", "near.py")]
    shutil.rmtree(tree / "lib")
    (tree / "lib").symlink_to(outside)
    written = write(tree, changes, [], dry_run=False)
    assert written.files == ("near.py",)
    assert written.skipped == {"lib/far.py": "a link that leads out of the tree"}
    assert contents(outside)["far.py"] == CALL.encode()


def test_a_folder_that_becomes_a_link_before_it_is_put_back(outside: Path, tree: Path) -> None:
    plant(tree, {"lib/far.py": CALL})
    apply(tree)
    (outside / "far.py").write_bytes((tree / "lib/far.py").read_bytes())
    kept = contents(outside)
    shutil.rmtree(tree / "lib")
    (tree / "lib").symlink_to(outside)
    with pytest.raises(SophiaError) as caught:
        rollback(tree)
    assert "lib/far.py: a link that leads out of the tree" in caught.value.mend
    assert contents(outside) == kept


PATHS = ["../evil.py", "/evil.py", "a/../../evil.py", "", ".", "./near.py", "a//b.py",
         ".git/hooks/post-commit", ".sophia/x.py", "near.py\0"]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_a_manifest_that_names_no_file_of_the_tree_is_refused(tree: Path, path: str) -> None:
    run = apply(tree).run
    manifest = journal.home(tree) / run / "manifest.json"
    data = json.loads(manifest.read_text())
    data["entries"][0]["path"] = path
    manifest.write_text(json.dumps(data))
    kept = contents(tree.parent)
    with pytest.raises(SophiaError) as caught:
        rollback(tree)
    words = f"it names {path!r}, which is no file of this tree"
    assert caught.value.message == f"{manifest} cannot be read: {words}"
    assert contents(tree.parent) == kept


def test_a_manifest_whose_digests_are_none_is_refused(tree: Path) -> None:
    run = apply(tree).run
    manifest = journal.home(tree) / run / "manifest.json"
    data = json.loads(manifest.read_text())
    data["entries"][0]["before"] = "../../../near.py"
    manifest.write_text(json.dumps(data))
    with pytest.raises(SophiaError, match="'../../../near.py' is no digest"):
        rollback(tree)
