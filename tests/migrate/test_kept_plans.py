"""A run that finds its plan in the cache says what one without it says, whatever happened in between."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trees import apply, contents, plant

from sophia_cli.migrate.cache import Cache, cache_of, key_of
from sophia_cli.migrate.change import Choice
from sophia_cli.migrate.codec import decode, encode
from sophia_cli.migrate.discover import Tree, discover
from sophia_cli.migrate.index import Index
from sophia_cli.migrate.inventory import Inventory, Options, take_inventory
from sophia_cli.migrate.packfile import load_packs
from sophia_cli.migrate.pipeline import migrate
from sophia_cli.migrate.report import Report
from sophia_cli.migrate.site import Edit, Site

CLIENT = "from openai import OpenAI\n\nclient = OpenAI()\n"
USER = "from lib import client\n\nx = client.chat.completions.create(model='m', messages=[])\n"
TREE = {"lib.py": CLIENT, "app/use.py": USER, "plain.py": "x = 1\n", "README.md": "# Words\n"}
PACK = """
[pack]
name = "own"

[[service]]
module = "brain"
class = "Brain"

[[service.method]]
name = "think"
to = "complete_text"
positional = ["prompt"]
"""


def seen(report: Report) -> dict[str, Any]:
    """All that a run says, but for how long it took, and all that is known of each site."""
    data = {key: value for key, value in report.data().items() if key != "seconds"}
    sites = [encode(replace(site, needs=())) for site in report.sites]
    return {**data, "patch": report.patch, "all": sites}


def look(root: Path, *, cache: bool = True, packs: tuple[Any, ...] = (), **choice: Any) -> Any:
    return seen(migrate(Options(root, False, Choice(**choice), packs, cache=cache)))


def kept(root: Path) -> dict[str, int]:
    """What is in the cache of a tree, each with its inode: a file that is written anew has another."""
    folder = cache_of(root).folder
    assert folder is not None
    return {path.name: path.stat().st_ino for path in folder.iterdir()} if folder.exists() else {}


def plans(root: Path) -> set[str]:
    return {name for name in kept(root) if name.startswith("plan-")}


EDITS = {
    "lib.py": (CLIENT, "client = object()\n", CLIENT + "client = None\n", "import openai\nx = (\n", None),
    "app/use.py": (USER, USER.replace("lib", "plain"), "# openai\n", None),
    "plain.py": ("x = 1\n", "from lib import client\n", "client = lambda: 1\n", None),
    "app/__init__.py": ("from lib import *\n", "", None),
    "tests/test_use.py": ("from unittest.mock import patch\npatch('lib.OpenAI', lambda: 1)\n", None),
    "requirements.txt": ("openai\n", "openai\nsophia-cli>=0.1,<0.2\n", None),
    "CODEOWNERS": ("* @all\n", "*.py @python\n", None),
    "README.md": ("```python\nOpenAI()\n```\n", "# Words\n", None),
}  # fmt: skip
STEPS = st.lists(
    st.sampled_from([(path, text) for path, texts in EDITS.items() for text in texts]), max_size=8
)


@settings(max_examples=25, deadline=None)
@given(steps=STEPS, review=st.booleans())
def test_edits_of_any_kind_are_seen(steps: list[tuple[str, str | None]], review: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = plant(Path(folder), TREE)
        for path, text in [("lib.py", CLIENT), *steps]:
            if text is None:
                (root / path).unlink(missing_ok=True)
            else:
                plant(root, {path: text})
            fresh = look(root, cache=False, review=review)
            assert look(root, review=review) == fresh
            assert look(root, review=review) == fresh  # now certainly from the cache


def test_the_second_run_finds_what_the_first_one_kept(tmp_path: Path) -> None:
    root = plant(tmp_path, TREE)
    fresh = look(root)
    before = kept(root)
    assert plans(root) and look(root) == fresh
    assert kept(root) == before


def test_a_plan_that_is_found_is_not_made_again(tmp_path: Path) -> None:
    look(plant(tmp_path, TREE))
    code = (
        "import sys; from pathlib import Path; from sophia_cli.migrate.pipeline import *;"
        "print(len(migrate(Options(Path(sys.argv[1]))).sites), 'sophia_cli.migrate.plan' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True
    )
    assert done.stdout == "2 False\n"


def test_without_the_cache_nothing_is_kept_and_nothing_found(tmp_path: Path) -> None:
    root = plant(tmp_path, TREE)
    look(root, cache=False)
    assert kept(root) == {}


def test_writing_goes_by_the_files_alone(tmp_path: Path) -> None:
    root = plant(tmp_path, TREE)
    look(root)
    before = kept(root)
    assert apply(root).changed == ("lib.py",)
    assert kept(root) == before
    assert look(root) == look(root, cache=False)


def test_each_way_to_look_has_a_plan_of_its_own(tmp_path: Path) -> None:
    root = plant(tmp_path / "tree", {**TREE, "tests/t.py": CLIENT})
    packs = load_packs((plant(tmp_path, {"own.toml": PACK}) / "own.toml",))
    ways: list[dict[str, Any]] = [
        {}, {"review": True}, {"include": ("tests/*",)}, {"exclude": ("app",)}, {"packs": packs}
    ]  # fmt: skip
    for way in ways:
        assert look(root, **way) == look(root, cache=False, **way)
    assert len(plans(root)) == len(ways)
    for way in ways:
        assert look(root, **way) == look(root, cache=False, **way)


@pytest.mark.parametrize(
    ("module", "count"), [("sophia_cli.llm", 1), ("own.llm", 1), ("sophia_cli.llm.config", 0)]
)
def test_a_target_in_another_package_may_change_unseen(
    tmp_path: Path, module: str, count: int
) -> None:
    text = f'{PACK}\n[target]\nmodule = "{module}"\n'
    packs = load_packs((plant(tmp_path, {"own.toml": text}) / "own.toml",))
    root = plant(tmp_path / "tree", TREE)
    look(root, packs=packs)
    assert len(plans(root)) == count


def test_the_cache_of_a_tree_stays_small(tmp_path: Path) -> None:
    root = plant(tmp_path, TREE)
    for number in range(12):
        look(root, exclude=(f"{number}.py",))
    assert len(kept(root)) <= 8


def test_what_is_kept_is_for_its_owner_alone(tmp_path: Path) -> None:
    root = plant(tmp_path, TREE)
    look(root)
    folder = cache_of(root).folder
    assert folder is not None and folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


DAMAGE = {
    "empty": b"",
    "cut": None,
    "other bytes": b"\0" * 100,
    "not json": b"{",
    "no digest": b"[[], [], []]",
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_cache_is_as_good_as_none(tmp_path: Path, name: str) -> None:
    root = plant(tmp_path, TREE)
    fresh = look(root)
    folder = cache_of(root).folder
    assert folder is not None
    for path in folder.iterdir():
        damage = DAMAGE[name]
        path.write_bytes(path.read_bytes()[:-1] if damage is None else damage)
    assert look(root) == fresh and look(root) == fresh


@pytest.mark.parametrize("data", [None, [], 7, {"a": 1}, [[], []], [[[1]], [], []], [[], [["x"]], []],
                                  [[], [["lib.py", 7, [], False]], []],
                                  [[], [["gone.py", "", [], False]], []]])  # fmt: skip
def test_a_plan_of_another_shape_is_as_good_as_none(tmp_path: Path, data: Any) -> None:
    root = plant(tmp_path, TREE)
    fresh = look(root)
    cache = cache_of(root)
    for name in kept(root):
        cache.put(name, data)
    assert look(root) == fresh


def test_what_others_may_write_is_not_read(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    cache.put("a", [1])
    cache.put("b", [2])
    (tmp_path / "cache" / "a").chmod(0o666)
    (tmp_path / "cache" / "c").symlink_to(tmp_path / "cache" / "b")
    assert [cache.get(name) for name in ("a", "b", "c", "d")] == [None, [2], None, None]


def test_a_cache_that_cannot_be_written_is_not_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(plant(tmp_path, {"file": ""}) / "file"))
    root = plant(tmp_path / "tree", TREE)
    assert look(root) == look(root, cache=False)


def test_two_runs_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    texts = ["a" * 300_000, "b" * 300_000]
    found = []

    def write(text: str) -> None:
        for _ in range(20):
            cache.put("x", text)
            found.append(cache.get("x"))

    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 40 and set(found) <= set(texts)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["x"]


def tree_of(root: Path, index: Index) -> Tree:
    return discover(root, lambda: (b"openai",), index=index)


def later(tree: Tree) -> Index:
    """The index that a run has which comes long after everything was read."""
    return Index(tree.known, time.time_ns() + 10**13)


def test_what_has_not_changed_is_not_read_again(tmp_path: Path) -> None:
    root = plant(tmp_path, TREE)
    first = tree_of(root, Index())
    asked = []
    second = discover(root, lambda: asked.append(1) or (), index=later(first))  # type: ignore[func-returns-value]
    assert asked == []
    assert second.known == first.known and second.categories == first.categories
    assert dict(second.hits) == dict(first.hits) and second.hits.steady


def rewritten(path: Path) -> None:
    """Other bytes, as many as before, and the time of the last change put back."""
    before = path.stat()
    path.write_bytes(path.read_bytes().lower().replace(b"openai", b"closed"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced(path: Path) -> None:
    """Another file with the same size and times."""
    before, other = path.stat(), path.with_name("other")
    other.write_bytes(path.read_bytes().lower().replace(b"openai", b"closed"))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize("change", [rewritten, replaced])
def test_a_change_that_hides_is_seen(tmp_path: Path, change: Any) -> None:
    root = plant(tmp_path, TREE)
    first = tree_of(root, Index())
    while time.time_ns() // 10**8 == first.known["lib.py"].stamp[2] // 10**8:
        pass  # the clock of the file system moves on
    change(root / "lib.py")
    second = tree_of(root, later(first))
    assert list(first.hits) == ["lib.py"] and list(second.hits) == []


def test_what_was_written_just_now_is_read_once_more(tmp_path: Path) -> None:
    root = plant(tmp_path, TREE)
    index = Index()
    known = tree_of(root, index).known["lib.py"]
    assert not index.settled(known) and later(tree_of(root, index)).settled(known)


def test_a_file_that_changes_while_a_plan_is_made_leaves_none(tmp_path: Path) -> None:
    root = plant(tmp_path, TREE)
    tree = tree_of(root, later(tree_of(root, Index())))
    plant(root, {"lib.py": "# gone\n"})
    assert tree.hits["lib.py"] == b"# gone\n"
    assert not tree.hits.steady


def test_values_come_back_as_they_were() -> None:
    edits = (Edit(0, 3, b"\x00\xff\n"), Edit(4, 4, b"x", (1, 2)))
    assert decode(tuple[Edit, ...], encode(edits)) == edits
    for kind, data in [
        (Edit, [1]),
        (Edit, ["a", 1, "b", None]),
        (Site, 7),
        (tuple[str, ...], "ab"),
    ]:
        with pytest.raises((ValueError, TypeError)):
            decode(kind, data)
    assert key_of([1, "a"]) != key_of([1], "a")


def test_an_inventory_is_kept_beside_the_plan(tmp_path: Path) -> None:
    root = plant(tmp_path, TREE)
    look(root)
    options = Options(root)
    fresh = take_inventory(replace(options, cache=False))
    assert [stripped(take_inventory(options)) for _ in range(2)] == [stripped(fresh)] * 2
    assert len(plans(root)) == 2


def stripped(inventory: Inventory) -> Any:
    return [replace(site, needs=()) for site in inventory.sites], inventory.unseen


def test_nothing_of_the_tree_is_touched(tmp_path: Path) -> None:
    root = plant(tmp_path, TREE)
    look(root)
    assert contents(root) == {path: text.encode() for path, text in TREE.items()}


def test_a_plan_goes_by_the_versions_that_are_required(tmp_path: Path) -> None:
    text = "from portkey_ai import Portkey\n\nc = Portkey()\n"
    root = plant(tmp_path, {"app.py": text, "requirements.txt": "portkey-ai==1.7.0\n"})
    options = Options(root, packs=load_packs([Path("portkey")]))
    before = take_inventory(options)
    (root / "requirements.txt").write_text("portkey-ai==1.5.1\n", encoding="utf-8")
    after = take_inventory(options)
    codes = [[site.reason.code for site in found.sites] for found in (before, after)]
    assert codes == [["gains-client"], ["older-version"]]
