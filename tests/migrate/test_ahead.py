"""A large tree of which nothing is known is read by two processes, and seen as one sees it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from trees import plant

from sophia_cli.migrate import ahead, discover
from sophia_cli.migrate.discover import Tree
from sophia_cli.migrate.index import Index, Known
from sophia_cli.migrate.rules import WORDS

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
    return (*lists, list(tree.known.items()), dict(tree.hits), tree.categories, tree.hits.steady)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """With links, which no other process follows."""
    plant(tmp_path, FILES)
    (tmp_path / "app" / "link.py").symlink_to(tmp_path / "z.py")
    (tmp_path / "y.py").symlink_to("/none/such.py")
    return tmp_path


def let_it_be_large(monkeypatch: pytest.MonkeyPatch, *, forks: bool = True) -> None:
    monkeypatch.setattr(ahead, "_WORTH", 2)
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
    assert see(root, Index(known)) == alone
