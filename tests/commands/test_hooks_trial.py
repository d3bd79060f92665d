"""What a bump adds, said before it is written: both versions installed from an index on this machine and run."""

from __future__ import annotations

import subprocess
from pathlib import Path

from registries import Registries, Wheel, registries
from shell import COMMAND, Said, surroundings
from test_hooks_update import PYTHON, config, project

# A stand-in of Ruff: it finds what its version finds, in every file that it is given.
RUFF = """\
import json, sys
RULES = {rules}
def main():
    files = sys.argv[sys.argv.index("--") + 1:]
    at = {{"row": 1, "column": 1}}
    print(json.dumps([
        {{"code": rule, "filename": file, "location": at, "message": "told", "fix": None, "end_location": at}}
        for file in files for rule in RULES
    ]))
"""
OLD, NEW = (
    Wheel(version, program=RUFF.format(rules=rules))
    for version, rules in (("0.11.0", ["E501", "F401"]), ("0.17.6", ["F401", "UP045", "B903"]))
)


def update(folder: Path, known: Registries, *words: str) -> Said:
    """Environments are made here, which on a busy machine takes its time."""
    done = subprocess.run(
        [*COMMAND, "hooks", "update", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        env=surroundings(**known.environ),
        stdin=subprocess.DEVNULL,
        timeout=600,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def test_a_bump_that_adds_findings(tmp_path: Path) -> None:
    text = PYTHON.replace("  - repo", "  - repo", 1).replace("repos:", "exclude: ^old/\nrepos:")
    folder = project(
        tmp_path / "project", text, **{"a.py": "x = 1\n", "b.py": "y = 1\n", "c.txt": "\n"}
    )
    (folder / "old").mkdir()
    (folder / "old" / "d.py").write_text("z = 1\n")
    with registries(python={"ruff": [OLD, NEW], "bandit": [Wheel("1.7.1")]}) as known:
        said = update(folder, known, "--yes")
        again = update(folder, known, "--yes", "--json").json["data"]
    assert said.code == 0
    assert sorted(said.err.splitlines()) == [
        "installing ruff==0.11.0, once for these versions",
        "installing ruff==0.17.6, once for these versions",
    ]
    trial = said.out.partition("@@ -10 +10 @@\n")[2].partition("\n\n")[2]
    assert trial == """\
ruff 0.11.0 -> 0.17.6: this bump adds 4 findings and takes away 2, in 2 files
    UP045  +2
    B903   +2
    E501       -2

Written: .pre-commit-config.yaml. Next:  pre-commit run --all-files
"""
    assert config(folder) == text.replace('"ruff==0.11.0"', '"ruff==0.17.6"')
    assert (again["trials"], again["written"]) == ([], [])


def test_versions_that_cannot_be_installed_are_not_written(tmp_path: Path) -> None:
    folder = project(tmp_path / "project", PYTHON, **{"a.py": "x = 1\n"})
    with registries(python={"ruff": [OLD, NEW], "bandit": [Wheel("1.7.1")]}) as known:
        known.broken.add("ruff")
        said = update(folder, known, "ruff", "--yes")
    assert said.code == 1
    words, mend = said.err.splitlines()[-2:]
    assert words.startswith("sophia: ruff cannot be installed: ")
    assert mend.strip() == "sophia hooks update --no-trial   writes them all the same"
    assert config(folder) == PYTHON


def test_no_trial(tmp_path: Path) -> None:
    folder = project(tmp_path / "project", PYTHON, **{"a.py": "x = 1\n"})
    with registries(python={"ruff": [OLD, NEW]}) as known:
        update(folder, known, "ruff", "--yes", "--no-trial")
        assert known.asked == ["/simple/ruff/"]
    assert "ruff==0.17.6" in config(folder)
