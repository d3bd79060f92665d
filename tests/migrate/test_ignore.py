""".gitignore without git: what git itself says of the same files."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trees import git, look, plant

from sophia_cli.migrate.discover import discover

PATHS = [
    "a.py", "b.py", "build.py", "a/a.py", "a/b.py", "a/b/a.py", "a/b/c/a.py", "b/a/x.py", "c/a1.py",
    "c/a2.py", "c/[x].py", "c/#x.py", "c/!x.py", "c/a b.py", "c/x .py", "abc/x.py", "doc/frotz/x.py",
    "a/doc/frotz/x.py", "out/x.py", "out/keep/x.py", "c/*.py", "c/x\\.py", "ä/ö.py", "c/-.py",
]  # fmt: skip
FILES = [
    {"": "a.py\n"},
    {"": "/a.py\n"},
    {"": "a/\n"},
    {"": "a/*\n!a/b\n"},
    {"": "a/**\n"},
    {"": "**/a\n"},
    {"": "a/**/a.py\n"},
    {"": "**/b/*.py\n"},
    {"": "*.py\n!a.py\n"},
    {"": "doc/frotz\n"},
    {"": "frotz/\n"},
    {"": "/a/*\n!/a/a.py\n"},
    {"": "out/*\n!out/keep\n"},
    {"": "out/\n!out/keep/x.py\n"},
    {"": "\\#x.py\n\\!x.py\n"},
    {"": "# a comment\n\n!\n/\n"},
    {"": "c/a[1-9].py\n"},
    {"": "c/a[!1].py\n"},
    {"": "c/a[^1].py\n"},
    {"": "c/[[]x].py\nc/[-].py\n"},
    {"": "c/a[[:digit:]].py\n"},
    {"": "c/[\n"},
    {"": "c/\\*.py\n"},
    {"": "c/a?.py\r\nb.py\r\n"},
    {"": "a.py   \nb.py\\ \n"},
    {"": "\ufeffa.py\n"},
    {"": "ä/\n"},
    {"": "a*c\nab**\n"},
    {"": "*.py\n", "a": "!*.py\n", "a/b": "a.py\n"},
    {"a": "/a.py\n", "c": "*\n!a2.py\n"},
    {"": "a\n", "a": "!a.py\n"},
    {"": "**\n!/b.py\n"},
    {"": "a/b/c/\n"},
    {"": "[a/]**\n"},
    {"": "c[/]a1.py\n"},
    {"": "[!/]/a.py\n"},
    {"": "a\\/b\n"},
    {"": "a\\/\n"},
]  # fmt: skip


def seen_by_git(root: Path) -> set[str]:
    git(root, "init", "-q")
    listed = git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return {name for name in listed.decode().split("\0") if name.endswith(".py")}


def seen_by_us(root: Path) -> set[str]:
    return set(discover(root, tuple).python)


def both(root: Path, files: dict[str, str]) -> tuple[set[str], set[str]]:
    plant(root, dict.fromkeys(PATHS, "x = 1\n"))
    plant(root, {f"{folder}/.gitignore".lstrip("/"): text for folder, text in files.items()})
    (root / "build.py").rename(root / "plain.py")
    ours = seen_by_us(root)
    return ours, seen_by_git(root)


@pytest.mark.parametrize("number", range(len(FILES)), ids=lambda n: repr(FILES[n]))
def test_what_git_would_leave_out(tmp_path: Path, number: int) -> None:
    ours, theirs = both(tmp_path, FILES[number])
    assert ours == theirs


LINES = st.lists(
    st.text(st.sampled_from("abc*?/!#[]-\\ .1py"), min_size=1, max_size=8), min_size=1, max_size=3
)


@settings(max_examples=60, deadline=None)
@given(lines=LINES)
def test_any_lines(lines: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = both(Path(folder), {"": "\n".join(lines) + "\n"})
    assert ours == theirs


def test_sites_in_ignored_files_are_not_told(tmp_path: Path) -> None:
    call = "from openai import OpenAI\nOpenAI()\n"
    plant(tmp_path, {".gitignore": "skipped/\n", "skipped/a.py": call, "b.py": call})
    assert {site.path for site in look(tmp_path).sites} == {"b.py"}
