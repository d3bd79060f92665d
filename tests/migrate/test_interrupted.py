"""Ctrl-C and kill -9 as files are written: what is said, what is left, and the way on."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from trees import apply, contents, plant

from sophia_cli.migrate import journal
from sophia_cli.migrate.write import resume, rollback

CALL = "from openai import OpenAI\n\nclient = OpenAI()\n"
FILES = {"a.py": CALL, "b/c.py": CALL, "d.py": CALL, "requirements.txt": "openai\n"}

# As typed, but a signal comes at the n-th rename of the process.
CODE = """
import os, signal, sys
left = int(sys.argv[1])
sys.dont_write_bytecode = True  # each file of it would be a rename too
def hook(event, arguments):
    global left
    if event == "os.rename":
        left -= 1
        if left == 0:
            signal.raise_signal(signal.{name})
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.addaudithook(hook)
from sophia_cli.__main__ import run
sys.exit(run(sys.argv[2:]))
"""


def signalled(root: Path, name: str, rename: int, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", CODE.format(name=name), str(rename), *words]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def staged(root: Path) -> list[str]:
    return [path.name for path in root.rglob(".*.sophia-*")]


def test_ctrl_c_anywhere_in_apply_says_how_far_it_got_and_leaves_nothing_staged(
    tmp_path: Path,
) -> None:
    before = contents(plant(tmp_path / "model", FILES))
    apply(tmp_path / "model")
    after = contents(tmp_path / "model")
    seen = set()
    for rename in range(1, 100):
        root = plant(tmp_path / f"stopped{rename}", FILES)
        said = signalled(root, "SIGINT", rename, "migrate", "--apply")
        if said.returncode == 0:
            break
        assert (said.returncode, said.stdout) == (130, "")
        assert staged(root) == []
        now = contents(root)
        written = sum(now[name] == after[name] for name in FILES)
        run = journal.unfinished(root)
        if run is not None:
            assert said.stderr == (
                f"sophia: interrupted: run {run.name} was cut short,"
                f" {written} of 4 files written\n"
                f"        sophia migrate resume      or      sophia migrate rollback {run.name}\n"
            )
            rollback(root) if rename % 2 else resume(root)
            assert contents(root) == (before if rename % 2 else after)
        elif written:
            assert said.stderr.startswith("sophia: interrupted: no run is half done\n")
        else:
            assert "interrupted" in said.stderr and journal.runs(root) == []
        seen.add(written)
    assert seen == set(range(5))


def test_ctrl_c_in_rollback(tmp_path: Path) -> None:
    before = contents(plant(tmp_path, FILES))
    run = apply(tmp_path).run
    said = signalled(tmp_path, "SIGINT", 4, "migrate", "rollback")
    assert said.stderr == (
        f"sophia: interrupted: run {run} was cut short, 2 of 4 files put back\n"
        f"        sophia migrate resume      or      sophia migrate rollback {run}\n"
    )
    assert (said.returncode, staged(tmp_path)) == (130, [])
    resume(tmp_path)
    assert contents(tmp_path) == before


def test_ctrl_c_before_rollback_put_anything_back_leaves_the_run_as_it_was(tmp_path: Path) -> None:
    plant(tmp_path, FILES)
    apply(tmp_path)
    said = signalled(tmp_path, "SIGINT", 2, "migrate", "rollback")
    assert said.stderr == (
        "sophia: interrupted: nothing was changed\n        sophia migrate\n"
    )  # fmt: skip
    assert [run.state for run in journal.runs(tmp_path)] == [journal.State.DONE]


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    root = plant(tmp_path, FILES)
    said = signalled(root, "SIGKILL", 9, "migrate", "--apply")
    assert said.returncode == -9
    assert journal.unfinished(root) is not None
    return root


def sophia(root: Path, *words: str) -> str:
    command = [sys.executable, "-m", "sophia_cli", *words]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout


def test_after_a_kill_a_dry_run_and_the_front_door_say_so(killed: Path) -> None:
    run = journal.unfinished(killed)
    assert run is not None
    count = journal.cut_short(killed)
    assert count is not None and count.moved == 2
    words = f"run {run.name} was cut short, {count.moved} of 4 files written"
    ways = f"sophia migrate resume      or      sophia migrate rollback {run.name}\n"
    dry = sophia(killed, "migrate")
    assert dry.endswith(f"\nR{words[1:]}.\nNext:  {ways}")
    assert "--apply\n" not in dry.partition("on --apply")[2]
    front = sophia(killed)
    assert front.endswith(f"\nA migration is half done: {words}.\nStart with:  {ways}")
    assert re.search(r'"moved": 2,\s+"files": 4', sophia(killed, "--json"))
    assert re.search(r'"moved": 2,\s+"files": 4', sophia(killed, "migrate", "--json"))
    resume(killed)
    assert "cut short" not in sophia(killed) + sophia(killed, "migrate")
