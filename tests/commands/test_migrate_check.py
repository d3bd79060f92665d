"""`sophia migrate check` as CI and a hook run it: every screen whole, every exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from shell import COMMAND, sophia, surroundings

from sophia_cli import __version__

CALL = "client.chat.completions.create(model='m', messages=[])\n"
OLD = "from openai import OpenAI\n\nclient = OpenAI()\n" + CALL
FILES = {
    "app/old.py": OLD,
    "app/plain.py": "x = 1\n",
    "tests/test_old.py": OLD,
    "docs/use.md": "```python\nclient = OpenAI()\n```\n",
}
ALLOWED = {"app/old.py": {"calls": 1, "openai_client": 1}}
NEW = "import openai\n\nopenai.ChatCompletion.create()\n"
ON_SERVICE = OLD.replace("OpenAI()", "OpenAI(http_client=openai_http_client())").replace(
    "\n\n", "\nfrom sophia_cli.llm import openai_http_client\n\n"
)
ACCEPT = (
    "Next:  sophia migrate      or, to allow them:\n"
    "       sophia migrate check --update --accept-new\n"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name, text in FILES.items():
        put(root, name, text)
    return root


@pytest.fixture
def held(project: Path) -> Path:
    """The project with a baseline, committed."""
    assert sophia("migrate", "check", "--update", cwd=project).code == 0
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "x")
    return project


def put(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def git(root: Path, *words: str) -> None:
    who = ["-c", "user.name=T", "-c", "user.email=t@example.invalid"]
    subprocess.run(["git", *who, *words], cwd=root, check=True)


def baseline(root: Path) -> object:
    return json.loads((root / "llm-baseline.json").read_text())["counts"]


def test_without_a_baseline_every_direct_call_counts(project: Path) -> None:
    said = sophia("migrate", "check", cwd=project)
    assert (said.code, said.err) == (1, "")
    assert said.out == (
        "2 direct calls, and no baseline: none is allowed.\n\n"
        "  app/old.py:3  OpenAI                   openai_client\n"
        "  app/old.py:4  chat.completions.create  calls\n\n"
        "Next:  sophia migrate      or, to allow those there are and no more:\n"
        "       sophia migrate check --update\n"
    )
    assert sorted(path.name for path in project.iterdir()) == ["app", "docs", "tests"]


def test_a_first_update_allows_what_is_there(project: Path) -> None:
    said = sophia("migrate", "check", "--update", cwd=project)
    assert (said.code, said.out) == (
        0,
        "2 direct calls, and no baseline.\nllm-baseline.json now allows 2 direct calls.\n",
    )
    assert baseline(project) == ALLOWED
    before = (project / "llm-baseline.json").stat().st_mtime_ns
    for words in ((), ("--update",)):
        said = sophia("migrate", "check", *words, cwd=project)
        assert (said.code, said.out) == (0, "2 direct calls, the baseline allows 2.\n")
    assert (project / "llm-baseline.json").stat().st_mtime_ns == before


def test_a_new_call_fails_and_is_named_and_update_does_not_allow_it(held: Path) -> None:
    put(held, "app/new.py", NEW)
    put(held, "app/old.py", OLD.replace(CALL, CALL + "\n" + CALL))
    said = sophia("migrate", "check", cwd=held)
    assert (said.code, said.err) == (1, "")
    assert said.out == (
        "4 direct calls, the baseline allows 2: 2 new in 2 files.\n\n"
        "  app/new.py:3  ChatCompletion.create    calls\n"
        "  app/old.py:6  chat.completions.create  calls\n\n" + ACCEPT
    )
    assert all(len(line) <= 80 for line in said.out.splitlines())
    again = sophia("migrate", "check", "--update", cwd=held)
    assert (again.code, again.out, baseline(held)) == (1, said.out, ALLOWED)
    accepted = sophia("migrate", "check", "--update", "--accept-new", cwd=held)
    assert (accepted.code, accepted.out) == (
        0,
        "4 direct calls, the baseline allows 2.\nllm-baseline.json now allows 4 direct calls.\n",
    )
    assert sophia("migrate", "check", cwd=held).code == 0


def test_the_ways_on_look_at_what_was_looked_at(project: Path) -> None:
    words = ("--include", "tests/*", "--baseline", "all.json")
    said = sophia("migrate", "check", *words, cwd=project)
    assert said.out.endswith(
        "Next:  sophia migrate --include 'tests/*'"
        "      or, to allow those there are and no more:\n"
        "       sophia migrate check --update --baseline all.json --include 'tests/*'\n"
    )


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_a_failed_check_fails_though_nobody_reads_it(project: Path, words: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [*COMMAND, "migrate", "check", *words]
    done = subprocess.run(
        command, cwd=project, stdout=write, stderr=subprocess.PIPE, env=surroundings(), check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_path_is_whole_however_long_it_is(project: Path) -> None:
    path = f"app/{'deep/' * 20}new.py"
    put(project, path, NEW)
    said = sophia("migrate", "check", cwd=project)
    assert f"  {path}:3  ChatCompletion.create    calls\n" in said.out
    put(project, path, NEW + "x = (\n")
    assert f"    {path}  line 4: '(' was never closed\n" in sophia("migrate", cwd=project).out


def test_which_is_new_is_not_guessed_without_git(project: Path) -> None:
    sophia("migrate", "check", "--update", cwd=project)
    put(project, "app/old.py", OLD + CALL)
    assert sophia("migrate", "check", cwd=project).out == (
        "3 direct calls, the baseline allows 2: 1 new in 1 file.\n\n"
        "  app/old.py: 2 of calls, 1 allowed; lines 4, 5\n\n" + ACCEPT
    )


def test_which_is_new_is_known_after_a_commit_too(held: Path) -> None:
    put(held, "app/old.py", OLD.replace(CALL, "pass\n" + CALL + CALL))
    git(held, "commit", "-q", "-a", "-m", "y")
    assert "  app/old.py:5  " in sophia("migrate", "check", cwd=held).out


def test_what_went_down_stays_down(held: Path) -> None:
    put(held, "app/old.py", ON_SERVICE)
    said = sophia("migrate", "check", cwd=held)
    assert (said.code, said.out) == (
        0,
        "0 direct calls, the baseline allows 2.\n"
        "Next:  sophia migrate check --update, so that they stay gone\n",
    )
    assert sophia("migrate", "check", "--update", cwd=held).code == 0
    assert baseline(held) == {}
    put(held, "app/old.py", OLD)
    assert sophia("migrate", "check", cwd=held).code == 1


def test_a_file_that_moved_passes(held: Path) -> None:
    git(held, "mv", "app/old.py", "app/older.py")
    said = sophia("migrate", "check", "app/older.py", cwd=held)
    assert (said.code, said.out) == (
        0,
        "2 direct calls, the baseline allows 2.\n  moved  app/old.py is now app/older.py\n",
    )
    assert sophia("migrate", "check", "--update", cwd=held).code == 0
    assert baseline(held) == {"app/older.py": ALLOWED["app/old.py"]}


def test_only_the_files_that_are_named_are_held(held: Path) -> None:
    put(held, "app/new.py", NEW)
    put(held.parent, "elsewhere.py", NEW)
    for words in (("app/old.py",), ("app/plain.py",), ("../elsewhere.py",), ("tests",)):
        assert sophia("migrate", "check", *words, cwd=held).code == 0
    for words in (("app/old.py", "app/new.py"), ("app",), (".",), ("./app/",)):
        assert sophia("migrate", "check", *words, cwd=held).code == 1
    inside = sophia("migrate", "check", "--root", "..", "new.py", cwd=held / "app")
    assert (inside.code, "app/new.py:3" in inside.out) == (1, True)


def test_a_file_that_is_named_and_not_looked_at_is_said(held: Path) -> None:
    put(held, ".gitignore", "made/\n")
    put(held, "made/new.py", NEW)
    put(held, "bin/ask", f"#!/usr/bin/env perl\n{NEW}")
    said = sophia("migrate", "check", "app", "made/new.py", "bin/ask", cwd=held)
    words = "it is ignored, excluded, or of a kind that is not looked at"
    assert (said.code, said.out) == (
        0,
        "2 direct calls, the baseline allows 2.\n"
        f"  not looked at  made/new.py: {words}\n"
        f"  not looked at  bin/ask: {words}\n",
    )


def test_a_program_is_looked_at_by_its_first_line_where_it_is_named(held: Path) -> None:
    put(held, "bin/ask", f"#!/usr/bin/env python3\n{NEW}")
    put(held, "bin/window.pyw", NEW)
    said = sophia("migrate", "check", "bin/ask", "bin/window.pyw", cwd=held)
    assert (said.code, "  bin/ask:4  " in said.out, "  bin/window.pyw:3  " in said.out) == (
        1,
        True,
        True,
    )
    said = sophia("migrate", "check", cwd=held)
    assert (said.code, "bin/ask" in said.out, "bin/window.pyw:3" in said.out) == (1, False, True)


def test_a_client_in_another_file_counts_though_only_its_caller_is_named(held: Path) -> None:
    put(held, "app/far.py", "from app.old import client\n\n" + CALL)
    assert "  app/far.py:3  " in sophia("migrate", "check", "app/far.py", cwd=held).out


def test_a_folder_below_sophia_toml_has_the_same_baseline(held: Path) -> None:
    put(held, "sophia.toml", "")
    said = sophia("migrate", "check", cwd=held / "app")
    assert (said.code, said.out) == (0, "2 direct calls, the baseline allows 2.\n")
    put(held, "app/new.py", NEW)
    assert sophia("migrate", "check", cwd=held / "app").code == 1
    assert sophia("migrate", "check", "../app/old.py", cwd=held / "app").code == 0


def test_a_file_that_does_not_parse_fails_and_keeps_its_counts(held: Path) -> None:
    put(held, "app/old.py", OLD + "x = (\n")
    said = sophia("migrate", "check", "--update", cwd=held)
    assert (said.code, said.out, baseline(held)) == (
        1,
        "0 direct calls, the baseline allows 2: 1 file not looked at.\n\n"
        "  app/old.py  line 5: '(' was never closed  unread\n\n" + ACCEPT,
        ALLOWED,
    )
    said = sophia("migrate", "check", "--update", "--accept-new", cwd=held)
    assert (said.code, said.out, baseline(held)) == (
        0,
        "0 direct calls, the baseline allows 2.\n"
        "  not looked at  app/old.py: line 5: '(' was never closed\n"
        "llm-baseline.json now allows 2 direct calls.\n",
        {"app/old.py": {**ALLOWED["app/old.py"], "unread": 1}},
    )
    assert sophia("migrate", "check", cwd=held).code == 0


def test_a_repository_inside_has_a_check_of_its_own(held: Path) -> None:
    put(held, "lib/own.py", NEW)
    git(held / "lib", "init", "-q")
    git(held / "lib", "add", "-A")
    git(held / "lib", "commit", "-q", "-m", "x")
    git(held, "worktree", "add", "-q", "tree")
    for added in ([], ["lib"]):  # not known to git yet, then as a submodule is
        git(held, "-c", "advice.addEmbeddedRepo=false", "add", *added)
        for words in ((), ("lib/own.py", "tree")):
            said = sophia("migrate", "check", *words, cwd=held)
            assert (said.code, said.out.splitlines()[1:]) == (
                0,
                [
                    "  not looked at  lib: a repository of its own",
                    "  not looked at  tree: a repository of its own",
                ],
            )


def test_tests_count_when_they_are_named(held: Path) -> None:
    said = sophia("migrate", "check", "--include", "tests/*", cwd=held)
    assert (said.code, "  tests/test_old.py:3  " in said.out) == (1, True)


def test_a_baseline_of_another_version_says_so(held: Path) -> None:
    file = held / "llm-baseline.json"
    file.write_text(file.read_text().replace(__version__, "0.0.9"))
    put(held, "app/new.py", NEW)
    assert f"The baseline is of sophia 0.0.9, this is {__version__}: it may know more.\n" in (
        sophia("migrate", "check", cwd=held).out
    )


def test_as_data(held: Path) -> None:
    put(held, "app/new.py", NEW)
    said = sophia("migrate", "check", "--json", cwd=held)
    assert (said.code, said.json["command"], said.json["ok"]) == (1, "migrate check", True)
    data = said.json["data"]
    (increase,) = data.pop("increases")
    assert data == {
        "passed": False,
        "baseline": "llm-baseline.json",
        "exists": True,
        "found": 3,
        "allowed": 2,
        "new": 1,
        "moved": [],
        "not_looked_at": [],
        "written": None,
    }
    assert (increase["path"], increase["rule"], increase["allowed"]) == ("app/new.py", "calls", 0)
    assert [site["line"] for site in increase["new"]] == [3]


MISTAKES = [
    (("--accept-new",), 2, "--accept-new needs --update\n"),
    (("app/plain.py", "app/gone.py"), 2, "app/gone.py does not exist\n"),
    (("--baseline", "app"), 1, "cannot be read: Is a directory\n        free or unlock it\n"),
    (("--root", "nowhere"), 2, "nowhere is not a folder\n"),
    (("--baseline", "bad.json"), 1, "bad.json cannot be read: line 1: Expecting value\n"),
]


@pytest.mark.parametrize(("words", "code", "error"), MISTAKES)
def test_a_mistake_is_a_line_and_its_mend(
    held: Path, words: tuple[str, ...], code: int, error: str
) -> None:
    put(held, "bad.json", "counts:\n")
    said = sophia("migrate", "check", *words, cwd=held)
    assert (said.code, said.out) == (code, "")
    assert said.err.startswith("sophia: ") and error in said.err
    assert baseline(held) == ALLOWED


HOOK = """\
repos:
  - repo: local
    hooks:
      - id: sophia-migrate-check
        name: no new direct LLM call
        language: system
        entry: sophia migrate check
        types_or: [python, jupyter, sql]
        require_serial: true
"""


def test_as_a_hook_before_a_commit(held: Path, tmp_path: Path) -> None:
    """The README's own hook, in the real pre-commit."""
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    assert HOOK in readme
    put(held, ".pre-commit-config.yaml", HOOK)
    git(held, "add", "-A")
    git(held, "commit", "-q", "-m", "hooks")
    programs = tmp_path / "programs"
    put(programs, "sophia", f'#!/bin/sh\nexec "{sys.executable}" -m sophia_cli "$@"\n')
    (programs / "sophia").chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path, "PRE_COMMIT_HOME": str(tmp_path / "cache")}

    def commit_hooks() -> tuple[int, str]:
        words = [sys.executable, "-m", "pre_commit", "run", "--color", "never"]
        done = subprocess.run(
            words, cwd=held, env=environ, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout

    put(held, "app/plain.py", "x = 2\n")
    git(held, "add", "-A")
    assert commit_hooks()[0] == 0
    put(held, "app/plain.py", NEW)
    git(held, "add", "-A")
    put(held, "app/old.py", OLD + CALL)  # not staged: pre-commit puts it aside
    code, out = commit_hooks()
    assert (code, "  app/plain.py:3  ChatCompletion.create  calls\n" in out) == (1, True), out
    assert "app/old.py" not in out
