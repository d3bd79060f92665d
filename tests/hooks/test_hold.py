"""Hold the line, with real git and the real tools: what is old blocks nobody, what is new is stopped."""

from __future__ import annotations

from pathlib import Path

import pytest
from gated import Repository

# A finding of each tool in it: F401 and E401 of Ruff, Black, B602 of Bandit.
OLD = '''"""Old."""
import os, sys
import subprocess

def run( command ):
    # runs it
    return subprocess.call(command, shell=True)


def main():
    """Nothing."""
    return run("ls")
'''
CONFIG = '[tool.ruff.lint]\nselect = ["E", "F", "I", "W"]\n'


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """One with an old file, and a way to judge."""
    made = Repository.at(tmp_path / "work")
    made.commit({"pyproject.toml": CONFIG, "old.py": OLD})
    return made


# What a commit may do to an old file without anybody being stopped.
LEFT_ALONE = {
    "a comment": ("# runs it", "# runs it, and waits"),
    "a line above": ("import subprocess\n", "import subprocess\n\nNAME = 1\n"),
    "a line below": ('return run("ls")\n', 'return run("ls")\n\n\nNAME = "x"\n'),
    "one fixed": ("import os, sys\n", ""),
    "all fixed": (OLD, '"""New."""\n'),
}


@pytest.mark.parametrize("case", LEFT_ALONE)
def test_what_is_old_blocks_nobody(repository: Repository, case: str) -> None:
    before, after = LEFT_ALONE[case]
    assert before in OLD
    repository.stage({"old.py": OLD.replace(before, after)})
    done = repository.gate()
    assert (done.code, done.out, done.err) == (0, "", "")


CAUGHT = {
    "a rule of its own": ('return run("ls")', 'return run(f"ls")', ["old.py:12 ruff F541"]),
    "the same kind in the same file": (
        '    return run("ls")\n',
        '    return run("ls")\n\n\ndef again(command):\n    return subprocess.call(command, shell=True)\n',
        ["old.py:16 bandit B602"],
    ),
    "the very same line again": (
        '    return run("ls")\n',
        '    command = "ls"\n    return subprocess.call(command, shell=True)\n',
        ["old.py:13 bandit B602"],
    ),
    "a line that Black would write otherwise": (
        '    return run("ls")\n',
        '    return run( "ls" )\n',
        ["old.py:12 black"],
    ),
    "an empty line at the end": ('return run("ls")\n', 'return run("ls")\n\n', ["old.py:13 black"]),
    "a use that is gone": (
        "subprocess.call(command, shell=True)",
        "command",
        ["old.py:3 ruff F401"],
    ),
    "a file that nobody can parse any more": (
        '    return run("ls")\n',
        '    return run("ls"\n',
        ["old.py:13 ruff syntax"],
    ),
}


@pytest.mark.parametrize("case", CAUGHT)
def test_what_is_new_is_stopped(repository: Repository, case: str) -> None:
    before, after, places = CAUGHT[case]
    repository.stage({"old.py": OLD.replace(before, after)})
    done = repository.gate()
    assert (done.code, done.places) == (1, places), done.out
