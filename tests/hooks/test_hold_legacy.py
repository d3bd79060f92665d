"""Hold the line on a tree of 600 files that was never clean: nobody is blocked, nothing gets through."""

from __future__ import annotations

from collections import Counter

import legacy
import pytest
from gated import Repository
from packaged import node_words


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    made = Repository.at(tmp_path_factory.mktemp("legacy") / "work")
    made.commit(dict(legacy.files()))
    return made


@pytest.fixture
def tree(old: Repository) -> Repository:
    old.git("reset", "-q", "--hard")
    old.git("clean", "-qfd")
    return old


def content(tree: Repository, path: str) -> bytes:
    return (tree.root / path).read_bytes()


def paths(tree: Repository, folder: str, ending: str) -> list[str]:
    found = tree.git("ls-files", "-z", folder).split("\0")
    return [path for path in found if path.endswith(ending) and not path.startswith("broken")]


def test_a_harmless_edit_of_every_file_blocks_nobody(tree: Repository) -> None:
    edited = [path for path in paths(tree, ".", ".py") if "file_" in path]
    assert len(edited) == legacy.PYTHON
    words = node_words()
    scripts = paths(tree, "web", ".ts") if words else []
    for number, path in enumerate([*edited, *scripts]):
        before = content(tree, path)
        after = legacy.harmless(before, number) if path.endswith(".py") else before + b"// more\n"
        tree.write(path, after)
    tree.git("add", "--all")
    done = tree.gate(*words)
    assert (done.code, done.out, done.err) == (0, "", "")


def test_a_finding_of_each_tool_in_a_hundred_files_is_stopped(tree: Repository) -> None:
    """Among them files that are renamed, and files that have findings of the same kind."""
    expected: Counter[tuple[str, str]] = Counter()
    chosen = [path for path in paths(tree, ".", ".py") if "file_" in path][::6][:100]
    for number, path in enumerate(chosen):
        before = content(tree, path)
        end = "\r\n" if b"\r\n" in before else "\n"
        text = f"\n\n\n{legacy.PLANTED}".replace("\n", end)
        if number % 5 == 0 and len(before) > 400:  # git sees what a small one was only by chance
            new = path.replace("file_", "renamed_")
            tree.git("mv", path, new)
            path = new
        tree.write(path, before.rstrip(b"\r\n") + text.encode())
        expected.update((path, rule) for rule in ("ruff F401", "black", "bandit B307"))
    words = node_words()
    for path in paths(tree, "web", ".ts")[:10] if words else []:
        tree.write(path, content(tree, path) + legacy.PLANTED_SCRIPT.encode())
        expected[path, "eslint @typescript-eslint/no-explicit-any"] += 1
    tree.git("add", "--all")
    done = tree.gate(*words)
    lines = [
        line.split() for line in done.out.splitlines() if line[:2] == "  " and "(" not in line[:3]
    ]
    found = Counter(
        (line[0].rsplit(":", 2)[0], line[1] if line[1] == "black" else " ".join(line[1:3]))
        for line in lines
    )
    assert done.err == ""
    assert found - expected == Counter()
    assert expected - found == Counter()


def test_a_file_that_nobody_can_parse_is_stopped_when_it_is_touched(tree: Repository) -> None:
    for path in tree.git("ls-files", "broken").split():
        tree.write(path, content(tree, path) + b"# more\n")
    tree.git("add", "--all")
    done = tree.gate()
    assert done.code == 1
    expected = [f"broken/file_{number}.py:2 ruff syntax" for number in range(legacy.BROKEN)]
    assert sorted(done.places) == sorted([*expected, "broken/latin.py:1 ruff syntax"])


def test_most_of_it_would_have_been_blocked(tree: Repository) -> None:
    """Else all of this shows little."""
    done = tree.gate("--tool", "black", "--from-ref", _empty(tree), "--to-ref", "HEAD")
    rough = {place.rpartition(":")[0] for place in done.places if place.endswith(" black")}
    assert len(rough) > legacy.PYTHON * 0.8


def _empty(tree: Repository) -> str:
    """A commit without files, for a comparison with nothing."""
    return tree.git("commit-tree", "-m", "nothing", tree.git("mktree", "/dev/null").strip()).strip()
