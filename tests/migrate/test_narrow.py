"""A run that keeps to some rules, files, commits or parts: what it leaves, and objects it would halve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from trees import commit, contents, git, plant

from sophia_cli.errors import SophiaError, UsageError
from sophia_cli.migrate.batches import list_batches, read_batch
from sophia_cli.migrate.change import Choice
from sophia_cli.migrate.inventory import Options
from sophia_cli.migrate.packfile import load_pack
from sophia_cli.migrate.pipeline import migrate
from sophia_cli.migrate.report import Report

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
OPENAI = "from openai import OpenAI\n\nclient = OpenAI()\n"
CLAUDE = "from anthropic import Anthropic\n\nclient = Anthropic()\n"
BASE = "from old.assistant import SmartAssistant\n\nsvc = SmartAssistant()\n"
USE = "from app.agents.base import svc\n\nsvc.answer_now('hi')\n"
FILES = {
    "CODEOWNERS": "app/agents/ @brains\napp/flows/ @brains @ops\n",
    "app/__init__.py": "",
    "app/agents/__init__.py": "",
    "app/agents/base.py": BASE,
    "app/agents/near.py": USE,
    "app/agents/own.py": OPENAI + "\n\ndef f():\n    from old.assistant import SmartAssistant\n\n"
    "    return SmartAssistant().answer_now('hi')\n",
    "app/flows/nightly.py": CLAUDE,
    "app/main.py": OPENAI,
}
ACROSS = {"app/flows/far.py": USE}


def run(root: Path, *, apply: bool = True, since: str = "", **choice: Any) -> Report:
    pack = root.parent / "pack.toml"
    pack.write_text(PACK)
    choices = Choice(**choice)
    return migrate(Options(root, apply, choices, (load_pack(pack),), changed_since=since))


def moved(root: Path, files: dict[str, str]) -> set[str]:
    now = contents(root)
    return {name for name, text in files.items() if now[name] != text.encode()}


# What is asked for -> the files that change. The object of base.py is used in near.py and, in ACROSS,
# in another part: then whatever leaves one of its files out leaves it whole.
CHOICES: list[tuple[dict[str, Any], set[str], set[str]]] = [
    ({}, {"base", "near", "own", "nightly", "main"}, {"far"}),
    ({"only": ("app/main.py",)}, {"main"}, set()),
    ({"only": ("main.py", "app/flows")}, {"main", "nightly"}, set()),
    ({"only": ("app/agents/*.py",)}, {"base", "near", "own"}, {"-base", "-near"}),
    ({"only": ("app/agents/near.py",)}, set(), set()),
    ({"only": ("app/agents/near.py", "app/agents/base.py")}, {"base", "near"}, {"-base", "-near"}),
    ({"only": ("anthropic_client",)}, {"nightly"}, set()),
    ({"changed": frozenset({"app/main.py", "app/agents/base.py"})}, {"main"}, set()),
    ({"changed": frozenset()}, set(), set()),
    ({"batch": "agent"}, {"base", "near", "own"}, {"-base", "-near"}),
    ({"batch": "workflow"}, {"nightly"}, set()),
    ({"batch": "other"}, {"main"}, set()),
    ({"batch": "shared"}, set(), {"base", "near", "far"}),
    ({"batch": "@brains"}, {"base", "near", "own", "nightly"}, {"far"}),
    ({"batch": "@ops"}, {"nightly"}, set()),
    ({"batch": "@nobody"}, set(), set()),
    ({"batch": "agent", "only": ("own.py",)}, {"own"}, set()),
]


@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize(("choice", "names", "more"), CHOICES)
def test_only_what_is_named_is_written_and_objects_stay_whole(
    tmp_path: Path, choice: dict[str, Any], names: set[str], more: set[str], across: bool
) -> None:
    files = {**FILES, **ACROSS} if across else FILES
    root = plant(tmp_path / "tree", files)
    report = run(root, **choice)
    if across:
        names = (names | {n for n in more if n[0] != "-"}) - {n[1:] for n in more if n[0] == "-"}
    assert {Path(name).stem for name in moved(root, files)} == names
    assert report.skipped == {}


def test_what_is_left_and_why_is_said(tmp_path: Path) -> None:
    root = plant(tmp_path / "tree", FILES)
    report = run(root, apply=False, only=("app/agents/near.py",))
    assert [(site.place, site.reason.words) for site in report.held_back] == [
        (
            "app/agents/near.py:3",
            "it moves only together with app/agents/base.py:3, which this run leaves out",
        )
    ]
    assert {site.path for site in report.left_out} == {
        "app/agents/base.py",
        "app/agents/own.py",
        "app/flows/nightly.py",
        "app/main.py",
    }
    counted = {c["class"]: c["sites"] for c in report.classes()}
    assert (counted["safe"], counted["left-out"], counted["held-back"]) == (0, 5, 1)


def test_batches_in_the_order_in_which_to_roll_them_out(tmp_path: Path) -> None:
    report = run(plant(tmp_path / "tree", {**FILES, **ACROSS}), apply=False)
    batches = list_batches(site for site in report.sites if report.choice.takes(site))
    assert [(batch.name, batch.sites, batch.files) for batch in batches] == [
        ("agent", 2, 1),
        ("workflow", 1, 1),
        ("other", 1, 1),
        ("shared", 3, 3),
    ]


def test_the_batches_one_after_the_other_are_the_whole(tmp_path: Path) -> None:
    files = {**FILES, **ACROSS, "requirements.txt": "openai\n"}
    whole, parts = plant(tmp_path / "whole", files), commit(plant(tmp_path / "parts", files))
    run(whole)
    for batch in ("shared", "other", "workflow", "agent"):
        assert run(parts, batch=batch).run  # what the run before wrote is ours, not dirty
    assert contents(parts) == contents(whole)


def test_ones_own_changes_beside_those_of_a_run_are_refused(tmp_path: Path) -> None:
    root = commit(plant(tmp_path / "tree", {**FILES, **ACROSS}))
    assert run(root, batch="shared").run
    with (root / "app/agents/own.py").open("a") as file:
        file.write("# mine\n")
    with pytest.raises(SophiaError, match="changes in 1 file that the plan touches"):
        run(root, batch="agent")


@pytest.mark.parametrize("word", ["agent", "agents", "Agents", "shared", "all", "@team"])
def test_the_words_for_a_batch(word: str) -> None:
    assert read_batch(word) == {"agents": "agent", "Agents": "agent"}.get(word, word)


@pytest.mark.parametrize("word", ["", "agentz", "@", "app/agents"])
def test_a_batch_that_is_none_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match="there is no batch"):
        read_batch(word)


def test_a_rule_or_file_that_is_none_is_refused(tmp_path: Path) -> None:
    root = plant(tmp_path / "tree", FILES)
    with pytest.raises(UsageError) as caught:
        run(root, only=("main.py", "app/mian.py"))
    assert (
        caught.value.message
        == "--only app/mian.py is no rule that found anything, and fits no file"
    )
    assert contents(root) == {name: text.encode() for name, text in FILES.items()}


def since(root: Path, ref: str = "main") -> set[str]:
    return {Path(path).stem for path in run(root, since=ref).changed}


def branched(tmp_path: Path) -> Path:
    root = commit(plant(tmp_path / "tree", FILES))
    git(root, "switch", "-q", "-c", "work")
    return root


def test_changed_since_where_nothing_is(tmp_path: Path) -> None:
    root = branched(tmp_path)
    assert since(root) == set()
    git(root, "switch", "-q", "main")
    plant(root, {"app/main.py": OPENAI + "# main went on\n"})
    git(root, "commit", "-q", "-am", "x")
    git(root, "switch", "-q", "work")
    assert since(root) == set()  # what main did since the branch left it is not the branch's


def test_changed_since_sees_commits_index_tree_new_files_and_renames(tmp_path: Path) -> None:
    root = branched(tmp_path)
    plant(root, {"app/main.py": OPENAI + "# committed\n"})
    git(root, "commit", "-q", "-am", "x")
    git(root, "mv", "app/flows/nightly.py", "app/flows/daily brief.py")
    git(root, "commit", "-q", "-m", "x")
    plant(root, {"new/ünï.py": OPENAI, "new/staged.py": OPENAI})
    git(root, "add", "new/staged.py")
    report = migrate(Options(root, True, allow_dirty=True, changed_since="main"))
    assert report.changed == (
        "app/flows/daily brief.py",
        "app/main.py",
        "new/staged.py",
        "new/ünï.py",
    )


def test_changed_since_in_a_folder_of_the_repository(tmp_path: Path) -> None:
    root = branched(tmp_path)
    plant(root, {"app/flows/nightly.py": CLAUDE + "#\n", "app/main.py": OPENAI + "#\n"})
    git(root, "commit", "-q", "-am", "x")
    assert migrate(Options(root / "app/flows", True, changed_since="main")).changed == (
        "nightly.py",
    )


@pytest.mark.parametrize("ref", ["nowhere", "--all", "HEAD~40", "main:app/main.py"])
def test_changed_since_what_is_no_commit(tmp_path: Path, ref: str) -> None:
    root = branched(tmp_path)
    with pytest.raises(SophiaError, match=f"git knows no commit {ref}"):
        run(root, since=ref)


def test_changed_since_without_git(tmp_path: Path) -> None:
    with pytest.raises(SophiaError, match="this is no repository"):
        run(plant(tmp_path / "tree", FILES), since="main")
