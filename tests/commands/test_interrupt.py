"""Ctrl-C, from the first moment on: one line and 130, never a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from shell import interruptible, sophia, surroundings

# Sends the signal as the N-th module is imported: every moment of start-up without a clock.
CODE = """
import os, signal, sys
from sophia_cli.__main__ import main

left = int(sys.argv.pop(1))

def count(event, arguments):
    global left
    if event == "import":
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGINT)

sys.addaudithook(count)
main()
"""


def interrupted_at(moment: int, cwd: Path, *words: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(moment), *words],
        cwd=cwd, env=surroundings(), capture_output=True, text=True, stdin=subprocess.DEVNULL,
        preexec_fn=interruptible, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("moment", [1, 2, 5, *range(20, 200, 20)])
def test_start_up(tmp_path: Path, moment: int) -> None:
    code, out, err = interrupted_at(moment, tmp_path, "migrate", "status")
    assert (code, out, err) == (130, "", "sophia: interrupted\n")


def test_without_an_interruption_it_runs(tmp_path: Path) -> None:
    code, out, _ = interrupted_at(1_000_000, tmp_path, "migrate", "status")
    assert (code, out) == (0, "No run is kept here.\nNext:  sophia migrate\n")


def test_while_an_error_is_being_reported(tmp_path: Path) -> None:
    """The last modules are imported for the error itself."""
    for moment in range(40, 1000, 40):
        code, _, err = interrupted_at(moment, tmp_path, "migrate", "--root", "nowhere")
        assert "Traceback" not in err
        if code == 2:
            break
        assert (code, err) == (130, "sophia: interrupted\n")
    else:
        pytest.fail("the command never came to its end")


# Sends it once a page of calls is read.
READING = """
import os, signal, sys
from sophia_cli.__main__ import main

def called(frame, event, argument):
    if event == "call" and frame.f_code.co_name == "alike":
        sys.setprofile(None)
        os.kill(os.getpid(), signal.SIGINT)

sys.setprofile(called)
main()
"""


@pytest.mark.parametrize(
    "words", [["--csv", "table.csv"], ["replay", "--rules", "sophia.toml"], ["advise"]]
)
def test_while_a_ledger_is_read(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "sophia.toml").write_text(
        "[routes]\ndefault = ['simulator/small']\n[providers.simulator]\n"
    )
    environ = {"SOPHIA_LEDGER": str(tmp_path / "ledger.sqlite3")}
    assert sophia("llm", "ask", "hello", cwd=tmp_path, **environ).code == 0
    done = subprocess.run(
        [sys.executable, "-c", READING, "usage", *words],
        cwd=tmp_path, env=surroundings(**environ), capture_output=True, text=True,
        stdin=subprocess.DEVNULL, preexec_fn=interruptible, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "sophia: interrupted\n")
    assert {one.name for one in tmp_path.iterdir()} == {"sophia.toml", "ledger.sqlite3"}
    assert sophia("usage", "--json", cwd=tmp_path, **environ).json["data"]["total"]["calls"] == 1
