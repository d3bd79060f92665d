"""A tree that is looked at in shares, by one process or several, shows what one look at all of it shows."""

from __future__ import annotations

import gc
import json
import os
import shutil
import sys
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from trees import contents, plant

from sophia_cli.migrate import modules, shares
from sophia_cli.migrate.change import Choice
from sophia_cli.migrate.discover import discover
from sophia_cli.migrate.index import Index
from sophia_cli.migrate.inventory import Inventory, Options, take_inventory
from sophia_cli.migrate.live import with_live
from sophia_cli.migrate.modules import Modules
from sophia_cli.migrate.pipeline import migrate
from sophia_cli.migrate.plan import scan_share, settle_live
from sophia_cli.migrate.prefilter import WORDS
from sophia_cli.migrate.shares import plan_in_shares
from sophia_cli.migrate.site import Category
from sophia_cli.migrate.stand_ins import StandIns

CLIENTS = "from openai import OpenAI\n\nshared = OpenAI()\n"
SHARED = "from app.clients import shared\n\nx = shared.chat.completions.create(model='m')\n"
BASE = """import openai


class Assistant:
    def __init__(self):
        self.client = openai.AsyncOpenAI(http_client=None, base_url="https://openrouter.ai/api")

    async def ask(self, words):
        return await self.client.chat.completions.create(model="m", messages=words)
"""
HEIR = """from app.base import Assistant


class Analyst(Assistant):
    async def look(self, rows):
        found = await self.client.chat.completions.create(model="m", messages=rows)
        return found.choices
"""
GIVEN = "def run(client):\n    return client.responses.create(model='m', input='x')\n"
CALLER = "from app.given import run\nfrom openai import OpenAI\n\nrun(OpenAI())\n"
TYPED = "from openai import OpenAI\n\n\ndef f(client: OpenAI):\n    client.embeddings.create()\n"
CLAUDE = "import anthropic\n\n\ndef f(c: anthropic.Anthropic):\n    c.messages.create()\n"
TEST = "from unittest.mock import patch\n\npatch('app.clients.OpenAI', lambda: None)\n"
OWN = "class OpenAI:\n    '''Not that of openai.'''\n\n\nclient = OpenAI()\nclient.chat.completions.create()\n"
CHAIN = "from langchain_openai import ChatOpenAI\n\nllm = ChatOpenAI(model='m')\n"
LINK = "from app.chain import llm\n\nllm.invoke('x')  # langchain\n"
CELLS = [
    {"cell_type": "code", "source": "from app.clients import shared\nshared.responses.create()"}
]
SEEN = {
    ("app/a_heir.py", "carried"),
    ("app/a_shared.py", "carried"),
    ("app/a_typed.py", "passed-in"),
    ("app/claude.py", "client-elsewhere"),
    ("app/clients.py", "stand-in"),
    ("app/given.py", "carried"),
    ("app/link.py", "other-sdk"),
    ("notes.ipynb", "carried"),
}
TREE = {
    "app/__init__.py": "",
    "app/a_heir.py": HEIR,
    "app/a_shared.py": SHARED,
    "app/a_typed.py": TYPED,
    "app/base.py": BASE,
    "app/broken.py": "import openai\ndef (\n",
    "app/caller.py": CALLER,
    "app/chain.py": CHAIN,
    "app/claude.py": CLAUDE,
    "app/clients.py": CLIENTS,
    "app/given.py": GIVEN,
    "app/link.py": LINK,
    "app/own.py": OWN,
    "app/plain.py": "x = 1\n",
    "README.md": f"# Use\n\n```python\n{CLIENTS}\n```\n\n```python\n{TYPED}\n```\n",
    "notes.ipynb": json.dumps({"cells": CELLS, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}),
    "tests/test_clients.py": TEST + "# openai\n",
}


def look(root: Path) -> Inventory:
    """Every site, without what only an edit needs."""
    found = take_inventory(Options(root, cache=False))
    return replace(found, sites=tuple(replace(site, needs=()) for site in found.sites))


@pytest.fixture
def whole(tmp_path: Path) -> Inventory:
    """What one look at all of the tree shows."""
    found = look(plant(tmp_path, TREE))
    assert {(site.path, site.reason.code) for site in found.sites} >= SEEN
    return found


def plan(root: Path) -> tuple[dict[str, object], bytes, dict[str, bytes]]:
    """What a dry run says, but for how long it took, its patch, and the files after it is applied."""
    choice = Choice(review=True)
    report = migrate(Options(root, False, choice, cache=False))
    data = {key: value for key, value in report.data().items() if key != "seconds"}
    copy = root.parent / f"{root.name}-{len(list(root.parent.iterdir()))}"
    shutil.copytree(root, copy)
    migrate(Options(copy, True, choice))
    return data, report.patch, contents(copy)


def let_each_file_be_a_share(monkeypatch: pytest.MonkeyPatch, worth: int) -> None:
    monkeypatch.setattr(shares, "_SIZE", 1)
    monkeypatch.setattr(shares, "_WORTH", worth)


def test_one_share_after_the_other(
    tmp_path: Path, whole: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_each_file_be_a_share(monkeypatch, worth=10**9)
    assert look(tmp_path) == whole


@pytest.mark.parametrize("forks", [True, False])
@pytest.mark.parametrize("processes", [2, 3])
def test_some_by_other_processes(
    tmp_path: Path, whole: Inventory, monkeypatch: pytest.MonkeyPatch, processes: int, forks: bool
) -> None:
    let_each_file_be_a_share(monkeypatch, worth=0)
    monkeypatch.setattr(shares, "can_fork", lambda: forks)
    monkeypatch.setattr(shares, "_processes", lambda: processes)
    told: list[int] = []
    found = take_inventory(Options(tmp_path, cache=False), told.append)
    assert replace(found, sites=whole.sites) == whole
    assert look(tmp_path) == whole
    assert sum(told) == len(TREE) + len(TREE) - 2  # each file is read; two hold no word


def test_what_a_later_share_imports_is_parsed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path, {"a.py": CLIENTS, "b.py": SHARED.replace("app.clients", "a"), "c.py": TYPED})
    parsed: list[str] = []
    load = modules.load
    monkeypatch.setattr(modules, "load", lambda path, data: parsed.append(path) or load(path, data))
    let_each_file_be_a_share(monkeypatch, worth=10**9)
    assert len(look(tmp_path).sites) == 3
    assert parsed == ["a.py", "b.py", "c.py"]


LIVE = {
    "app/archive/ask.py": "from .gpt import client\n",
    "app/archive/gpt.py": "import openai\n\nclient = openai.OpenAI()\n",
    "app/archive/odd.py": CLIENTS,
    "app/broken.py": "from app.archive import odd\ndef (\n",
    "app/by_name.py": "from app.door import gpt\n\nasked = getattr(gpt.openai, input())\n",
    "app/door.py": "from app.archive import ask, gpt\n",
    "app/old/left.py": CLIENTS,
    "app/test_made.py": CLIENTS + "# unittest.mock.patch('app.door.gpt.openai.OpenAI')\n",
    "app/main.py": "import app.test_made\n",
    "tests/test_left.py": f"from app.old import left\n{TEST}{CLIENTS}",
}


@pytest.mark.parametrize("worth", [0, 10**9])
def test_what_is_live_goes_by_all_of_the_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worth: int
) -> None:
    """Files without a word decide it, in no share: they are read, and names are followed into them."""
    root = plant(tmp_path / "tree", LIVE)
    found, done = look(root), plan(root)
    assert {site.path: str(site.category) for site in found.sites} == {
        "app/archive/gpt.py": "source",
        "app/archive/odd.py": "archived",
        "app/by_name.py": "source",
        "app/old/left.py": "archived",
        "app/test_made.py": "source",
        "tests/test_left.py": "test",
    }
    assert [unseen.path for unseen in found.unseen] == ["app/broken.py"]
    let_each_file_be_a_share(monkeypatch, worth)
    monkeypatch.setattr(shares, "_processes", lambda: 2)
    assert (look(root), plan(root)) == (found, done)


def test_nothing_that_tells_what_is_live_stays_in_memory(tmp_path: Path) -> None:
    tree = discover(plant(tmp_path, LIVE), lambda: WORDS)
    modules = Modules(frozenset(tree.python), tree.read)
    found = with_live(modules, tree.categories, keep=False)
    assert (found, modules.parsed) == (settle_live(tree)[0].categories, {})
    assert found["app/archive/gpt.py"] is Category.SOURCE


@pytest.mark.parametrize("worth", [0, 10**9])
def test_what_is_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worth: int) -> None:
    root = plant(tmp_path / "tree", TREE)
    whole = plan(root)
    assert whole[1].count(b"openai_http_client()") == 3
    let_each_file_be_a_share(monkeypatch, worth)
    monkeypatch.setattr(shares, "_processes", lambda: 2)
    assert plan(root) == whole


@pytest.mark.parametrize(
    "code", ["raise SystemExit(1)", "print('no pickle')", "import os; os.kill(os.getpid(), 9)", ""]
)
def test_what_another_process_does_not_do_is_done_here(
    tmp_path: Path, whole: Inventory, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    let_each_file_be_a_share(monkeypatch, worth=0)
    monkeypatch.setattr(shares, "_processes", lambda: 2)
    monkeypatch.setattr(shares, "can_fork", lambda: False)
    monkeypatch.setattr(shares, "_COMMAND", (sys.executable, "-c", code))
    assert look(tmp_path) == whole


def test_what_a_copy_does_not_do_is_done_here(
    tmp_path: Path, whole: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = os.getpid()

    def fails(task: shares.Task, advance: Callable[[int], None] = lambda steps: None) -> Any:
        assert os.getpid() == here
        return look_at(task, advance)

    let_each_file_be_a_share(monkeypatch, worth=0)
    monkeypatch.setattr(shares, "_processes", lambda: 2)
    monkeypatch.setattr(shares, "can_fork", lambda: True)
    look_at = shares.look
    monkeypatch.setattr(shares, "look", fails)
    assert look(tmp_path) == whole


def test_a_program_that_is_not_there_is_not_missed(
    tmp_path: Path, whole: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_each_file_be_a_share(monkeypatch, worth=0)
    monkeypatch.setattr(shares, "_processes", lambda: 2)
    monkeypatch.setattr(shares, "can_fork", lambda: False)
    monkeypatch.setattr(shares, "_COMMAND", (str(tmp_path / "none"),))
    assert look(tmp_path) == whole


@pytest.mark.parametrize(("lines", "begun"), [(2, False), (30_000, True)])
def test_another_process_begins_where_there_is_much_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: int, begun: bool
) -> None:
    mark = tmp_path / "begun"
    code = f"open({str(mark)!r}, 'w').close(); raise SystemExit(1)"
    monkeypatch.setattr(shares, "_processes", lambda: 2)
    monkeypatch.setattr(shares, "can_fork", lambda: False)
    monkeypatch.setattr(shares, "_COMMAND", (sys.executable, "-c", code))
    text = CLIENTS + "x = 1  # and on\n" * lines
    assert len(look(plant(tmp_path / "tree", {"a.py": text, "b.py": text})).sites) == 2
    assert mark.exists() is begun


@pytest.mark.parametrize(("links", "steps"), [(0, [1] * 3 + [3]), (2, [3, 3])])
def test_files_that_lean_on_each_other_stay_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: int, steps: list[int]
) -> None:
    """Small shares would parse the same files again and again: then each process has one."""
    let_each_file_be_a_share(monkeypatch, worth=0)
    monkeypatch.setattr(shares, "_processes", lambda: 2)
    lines = {
        n: [f"from part_{(n + k) % 6} import x\n" for k in range(1, links + 1)] for n in range(6)
    }
    plant(tmp_path, {f"part_{n}.py": "".join(lines[n]) + CLIENTS for n in range(6)})
    told: list[int] = []
    assert len(take_inventory(Options(tmp_path, cache=False), told.append).sites) == 6
    assert told[6:] == steps


def test_a_file_that_changed_meanwhile_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not steady must not be kept for the next run."""
    plant(tmp_path, TREE)
    let_each_file_be_a_share(monkeypatch, worth=0)
    monkeypatch.setattr(shares, "_processes", lambda: 2)
    known = discover(tmp_path, lambda: WORDS).known
    tree = discover(tmp_path, lambda: WORDS, index=Index(known))  # without their bytes
    for path in TREE:
        (tmp_path / path).write_text("x = 1\n")
    plan_in_shares(tree, None, lambda steps: None)
    assert not tree.hits.steady


def test_nothing_of_a_share_stays_in_memory(tmp_path: Path) -> None:
    plant(tmp_path, TREE)
    gc.disable()
    try:
        tree = discover(tmp_path, lambda: WORDS)
        scan = scan_share(tree, tuple(tree.hits), StandIns())
        trees = [weakref.ref(file.source.tree) for file in scan.modules.parsed.values()]
        scan.release()
        del scan
        assert trees
        assert [tree() for tree in trees] == [None] * len(trees)
    finally:
        gc.enable()
