"""Whoever owns the hooks already: husky and lefthook run pre-commit too, by a file of the project's."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hooked import MARKER, Tree, tree

from sophia_cli.errors import SophiaError
from sophia_cli.hooks.way import has_line, with_line, without_ours

NAME = ".pre-commit-config.yaml"
# What husky 9 puts into `.husky/_`, as far as it matters: it runs the file of the same name above.
RUNNER = """\
#!/usr/bin/env sh
n=$(basename "$0")
s=$(dirname "$(dirname "$0")")/$n
[ ! -f "$s" ] && exit 0
sh -e "$s" "$@"
"""


def husky(made: Tree, script: str | None, *, there: bool = True) -> None:
    """A project that uses husky; not `there` before its first `npm install`."""
    made.put(NAME, MARKER)
    made.put("package.json", json.dumps({"scripts": {"prepare": "husky"}}))
    made.put(".husky/.gitkeep", "")
    if script is not None:
        made.put(".husky/pre-commit", script)
    if there:
        made.put(".husky/_/pre-commit", RUNNER, 0o755)
        made.git("config", "core.hooksPath", ".husky/_")


@pytest.fixture
def project(tmp_path: Path) -> Tree:
    made = tree(tmp_path / "project")
    found = shutil.which("pre-commit")
    if found is None:  # the tests' own environment need not be on PATH
        import sys

        made.env["PATH"] = f"{Path(sys.executable).parent}:{made.env['PATH']}"
    return made


@pytest.mark.parametrize("script", ["echo mine >> .git/mine\n", "echo mine >> .git/mine", None])
def test_husky_runs_pre_commit_too(project: Tree, script: str | None) -> None:
    husky(project, script)
    before = project.everything()
    made = project.install()
    assert (made.way.owner, made.missing) == ("husky", ())
    assert (project.root / ".husky/_/pre-commit").read_text() == RUNNER
    assert project.plan().is_done
    project.commit()
    assert project.ran == 1
    assert (project.root / ".git/mine").exists() == (script is not None)
    project.uninstall()
    assert project.everything() == before


def test_husky_before_its_installation(project: Tree) -> None:
    husky(project, None, there=False)
    assert project.install().way.owner == "husky"
    assert not (project.root / ".git/hooks/pre-commit").exists()


def test_a_folder_of_that_name_alone_is_not_husky(project: Tree) -> None:
    project.put(".husky/pre-commit", "echo\n")
    assert project.plan().way.owner == "git"


def test_who_finds_no_pre_commit_is_told(project: Tree, tmp_path: Path) -> None:
    husky(project, None)
    project.env["PATH"] = "/nowhere"
    assert "husky finds no pre-commit on PATH:  pipx install pre-commit" in project.plan().notes


def test_lines_edited_since_stay(project: Tree) -> None:
    husky(project, "npm test\n")
    project.install()
    project.put(".husky/pre-commit", "npm test\npre-commit run\nnpm run more\n")
    project.uninstall()
    assert (project.root / ".husky/pre-commit").read_text() == "npm test\nnpm run more\n"


@pytest.mark.parametrize(
    "script",
    ["pre-commit run\n", "exec pre-commit run --hook-stage pre-commit\r\n", "a; pre-commit run"],
)
def test_a_script_that_runs_it_is_left_alone(script: str) -> None:
    assert has_line(script.encode())
    assert with_line(script.encode()) == script.encode()


@pytest.mark.parametrize(
    "script", ["", "npm test\n", "npm test", "a\r\nb\r\n", "# pre-commit run\n"]
)
def test_a_script_gains_one_line(script: str) -> None:
    after = with_line(script.encode())
    assert after.startswith(script.encode()) and has_line(after)
    end = "\r\n" if "\r" in script else "\n"
    whole = script if script.endswith("\n") or not script else script + end
    assert after.decode() == whole + "pre-commit run" + end
    assert without_ours("husky", after).decode() == whole


LEFTHOOK = "# ours\ncommit-msg:\n  commands:\n    lint:\n      run: echo\n"


def test_lefthook_gains_a_command(project: Tree) -> None:
    project.put(NAME, MARKER)
    file = project.put("lefthook.yml", LEFTHOOK)
    before = project.everything()
    made = project.install()
    assert made.way.owner == "lefthook"
    assert made.notes == ("lefthook has no hook for commits in git yet:  lefthook install",)
    assert file.read_text() == LEFTHOOK + (
        "pre-commit:\n  commands:\n    sophia:\n      run: pre-commit run\n"
    )
    assert project.plan().is_done
    project.uninstall()
    assert project.everything() == before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("lefthook.yml", "pre-commit:\n  jobs:\n    - run: npm test\n"),
        (".lefthook.yaml", "{commit-msg: {}}\n"),
        ("lefthook.toml", "[commit-msg]\n"),
        ("lefthook.json", "{}\n"),
    ],
)
def test_lefthook_with_commands_of_its_own(project: Tree, name: str, text: str) -> None:
    project.put(name, text)
    with pytest.raises(SophiaError, match="lefthook owns the hooks here") as caught:
        project.plan()
    assert caught.value.mend == f"add one that runs `pre-commit run` to `pre-commit` in {name}"


def test_lefthook_that_runs_it_already(project: Tree) -> None:
    project.put("lefthook.yml", "pre-commit:\n  jobs:\n    - run: pre-commit run\n")
    made = project.plan()
    assert [one.path for one in made.files] == [NAME, "ruff.toml"]


def test_a_lefthook_file_that_does_not_parse(project: Tree) -> None:
    project.put("lefthook.yml", "a: [\n")
    with pytest.raises(SophiaError, match="lefthook.yml cannot be read"):
        project.plan()
