"""A large tree of which nothing is known is read by two processes, and seen as one sees it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from trees import plant

from sophia_cli.migrate import ahead, discover
from sophia_cli.migrate.discover import Tree
from sophia_cli.migrate.index import Index, Known
from sophia_cli.migrate.modules import Modules
from sophia_cli.migrate.prefilter import WORDS
from sophia_cli.migrate.readers import importers

CALL = "from openai import OpenAI\n\nclient = OpenAI()\n"
FILES = {
    **{f"app/m{n}.py": CALL if n % 3 else "x = 1\n" for n in range(8)},
    "docs/guide.md": f"```python\n{CALL}```\n",
    "tests/test_m.py": CALL,
    "z.sql": "select ai_complete('m', 'x')",
    "z.py": "",
}


def see(root: Path, index: Index | None = None) -> tuple[object, ...]:
    tree: Tree = discover.discover(root, lambda: WORDS, index=index)
    lists = (tree.python, tree.pages, tree.queries, tree.unseen)
    return (
        *lists,
        list(tree.known.items()),
        dict(tree.hits),
        tree.categories,
        tree.hits.steady,
        tree.importing,
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """With links, which no other process follows."""
    plant(tmp_path, FILES)
    (tmp_path / "app" / "link.py").symlink_to(tmp_path / "z.py")
    (tmp_path / "y.py").symlink_to("/none/such.py")
    return tmp_path


def let_it_be_large(monkeypatch: pytest.MonkeyPatch, *, forks: bool = True) -> None:
    monkeypatch.setattr(ahead, "_WORTH", 2)
    monkeypatch.setattr(ahead, "_BUSY", 0)
    monkeypatch.setattr(ahead, "cores", lambda: 2)
    monkeypatch.setattr(ahead, "can_fork", lambda: forks)


@pytest.mark.parametrize("forks", [True, False])
def test_two_see_what_one_sees(root: Path, monkeypatch: pytest.MonkeyPatch, forks: bool) -> None:
    alone = see(root)
    let_it_be_large(monkeypatch, forks=forks)
    assert see(root) == alone


def test_half_is_read_by_the_other(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here: list[str] = []
    read = discover._read
    monkeypatch.setattr(discover, "_read", lambda path: here.append(path) or read(path))
    see(root)
    alone = len(here)
    let_it_be_large(monkeypatch)
    here.clear()
    discover.discover(root, lambda: WORDS)
    assert alone // 2 - 1 <= len(here) <= alone // 2 + 1


def test_the_other_reads_more_while_the_rules_are_imported(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_it_be_large(monkeypatch)
    alone, here = see(root), list[str]()
    monkeypatch.setattr(ahead, "_BUSY", 100)
    read = discover._read
    monkeypatch.setattr(discover, "_read", lambda path: here.append(path) or read(path))
    discover.discover(root, lambda: WORDS)
    assert here == []
    assert see(root) == alone


def test_what_is_done_meanwhile_is_done_only_beside_another_that_reads(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def look(index: Index | None = None) -> Tree:
        return discover.discover(
            root, lambda: WORDS, index=index, meanwhile=lambda: done.append("once")
        )

    known = look().known
    monkeypatch.setattr(ahead, "_BUSY", 100)
    monkeypatch.setattr(ahead, "cores", lambda: 2)
    monkeypatch.setattr(ahead, "_WORTH", 3)  # there are two links, of which nothing is ever known
    look(Index(known))
    assert done == []
    look()
    assert done == ["once"]


def test_the_words_of_imports_are_those_of_a_second_look(root: Path) -> None:
    (root / "book.ipynb").write_text(
        '{"cells": [{"source": ["import app\\n", "from z import *"]}], "nbformat": 4}'
    )
    tree = discover.discover(root, lambda: WORDS)
    modules = Modules(frozenset(tree.python), tree.read, notebooks=frozenset(tree.notebooks))
    importers(modules, "openai")
    assert tree.importing == modules.importing
    assert tree.importing[b"z"] == ["book.ipynb"]
    assert discover.discover(root, lambda: WORDS, index=Index(tree.known)).importing == {}


def test_what_the_other_does_not_do_is_done_here(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, process, read = see(root), os.getpid(), discover._read

    def only_here(path: str) -> bytes:
        assert os.getpid() == process
        return read(path)

    let_it_be_large(monkeypatch)
    monkeypatch.setattr(discover, "_read", only_here)
    assert see(root) == alone


def test_what_is_known_is_not_read_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[str, Known] = dict(discover.discover(root, lambda: WORDS).known)
    alone = see(root)
    let_it_be_large(monkeypatch)
    monkeypatch.setattr(ahead, "fork", None)  # nobody is asked
    assert (
        see(root, Index(known))[:-1] == alone[:-1]
    )  # the words of imports are read when asked for
