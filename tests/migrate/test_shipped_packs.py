"""Rule packs that are shipped: their fixtures, and a whole tree that moves, runs, and goes back."""

from __future__ import annotations

import compileall
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from trees import contents

from sophia_cli.migrate.change import Choice
from sophia_cli.migrate.inventory import Options
from sophia_cli.migrate.packfile import load_packs
from sophia_cli.migrate.packtest import run_fixtures
from sophia_cli.migrate.pipeline import migrate
from sophia_cli.migrate.report import Report
from sophia_cli.migrate.shipped import shipped
from sophia_cli.migrate.write import rollback

PHASE3 = shipped()["sophia-phase3"].with_suffix("")
# Cases with whole modules that can run; the others fill in undefined names or do not import.
RUN = ["class_helpers", "gateway", "generate_response", "orchestrator", "success"]


@pytest.mark.parametrize("path", shipped().values(), ids=shipped())
def test_fixtures(path: Path) -> None:
    outcomes = run_fixtures(path)
    assert {o.case: "".join(o.differences) for o in outcomes if o.differences} == {}


def test_shipped_packs_do_not_disturb_each_other() -> None:
    assert len(load_packs(shipped().values())) == len(shipped())


def run(root: Path, review: bool = True) -> Report:
    packs = load_packs([Path("sophia-phase3")])
    return migrate(Options(root, True, Choice(review=review), packs))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    # An installer compiles what it finds, fixtures too.
    shutil.copytree(PHASE3 / "tree", root, ignore=shutil.ignore_patterns("__pycache__"))
    for case in RUN:
        shutil.copy(PHASE3 / case / "before.py", root / f"{case}.py")
    return root


def test_a_tree_moves_once_compiles_and_goes_back(tree: Path) -> None:
    before = contents(tree)
    first = run(tree)
    assert sorted(first.changed) == sorted(f"{case}.py" for case in RUN)
    assert contents(tree / "backend") == {
        name.removeprefix("backend/"): data
        for name, data in before.items()
        if name.startswith("backend/")
    }
    assert compileall.compile_dir(tree, quiet=2, force=True)
    for cache in tree.rglob("__pycache__"):
        shutil.rmtree(cache)
    assert run(tree).changed == ()
    rollback(tree, first.run)
    assert contents(tree) == before


TRY = """
import asyncio, json, sys
sys.path.insert(0, "project")
import class_helpers, gateway, generate_response, orchestrator, success

async def main():
    agent = generate_response.MarketAgent()
    await agent.start()
    return {
        "brief": await agent.brief("how is the market?", []),
        "small talk": await agent.small_talk("hello"),
        "gateway": await gateway.ask("hello"),
        "pieces": "".join([piece async for piece in gateway.pieces("hello")]) if PIECES else "",
        "success": await success.summarise("a text"),
        "worked": await success.worked("a text"),
        "plan": await orchestrator.plan([{"role": "user", "content": "plan"}], True),
        "planner": await orchestrator.Planner().plan([{"role": "user", "content": "plan"}]),
        "talk": await class_helpers.talk("hello"),
    }

print(json.dumps(asyncio.run(main())))
"""
SIMULATOR = '[providers.simulator]\nkind = "simulator"\n\n[routes]\ndefault = ["simulator/small"]\n'


def said(tree: Path, settings: str, pieces: bool) -> dict[str, object]:
    (tree.parent / "sophia.toml").write_text(settings)
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", f"PIECES = {pieces}\n{TRY}"],
        cwd=tree.parent,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_tree_that_moved_answers_from_the_simulator(tree: Path) -> None:
    run(tree)
    found = said(tree, SIMULATOR, pieces=True)
    worked = found.pop("worked")
    assert all(isinstance(text, str) and text for text in found.values())
    assert worked == {"ok": True, "text": worked["text"]} and worked["text"]  # type: ignore[index]


def test_a_tree_that_moved_never_raises_either(tree: Path) -> None:
    """Nobody answers, as before in this tree: the same fields say so."""
    before = said(tree, "", pieces=False)
    run(tree)
    after = said(tree, "", pieces=False)
    assert before["success"] == "failed (False): no gateway in this tree"
    assert str(after["success"]).startswith("failed (False): ")
    same = ("brief", "small talk", "gateway", "worked", "plan", "planner")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
