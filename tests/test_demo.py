"""The demo as a newcomer runs it, and the sample application on its own."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from sophia_cli.process import Result, run

SAMPLES = Path(__file__).resolve().parent / "samples"


def start(command: list[str], cwd: Path, tmp: Path, **environ: str) -> Result:
    """Run a program that may write to `tmp` only."""
    clean = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp),
        "TMPDIR": str(tmp),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    return run(command, cwd=cwd, env=clean | environ, timeout=300)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def tour(folder: Path) -> Result:
    return start([sys.executable, str(SAMPLES / "tour.py")], folder, folder)


@pytest.fixture
def project(tour: Result, folder: Path) -> Path:
    assert (tour.code, tour.stderr) == (0, "")
    (stage,) = folder.iterdir()
    return stage / "shop"


def test_the_sample_passes_its_own_tests_before_anything_is_migrated(tmp_path: Path) -> None:
    copy = tmp_path / "shop"
    shutil.copytree(SAMPLES / "demo", copy, ignore=shutil.ignore_patterns("__pycache__"))
    done = start([sys.executable, "-m", "pytest", "-W", "error"], copy, tmp_path)
    assert (done.code, done.stdout.splitlines()[-1][:9]) == (0, "22 passed")


def test_tour_says_each_step_and_its_result(project: Path, tour: Result, folder: Path) -> None:
    steps = re.findall(r"^(\d)  (.*)$", tour.stdout, re.MULTILINE)
    assert steps == [
        ("1", f"A copy of the sample application: {project}"),
        ("2", "Its own tests, before"),
        ("3", "Which calls are there, and what would change"),
        ("4", "The safe ones are written"),
        ("5", "The same tests, after"),
        ("6", "What a person has to read first, then written too; the tests once more"),
        ("7", "The application runs; sophia.toml now names the simulator"),
        ("8", "What the ledger says: 13 calls, 13 of them answered"),
    ]
    assert re.findall(r"^   (\d+ passed)", tour.stdout, re.MULTILINE) == ["22 passed"] * 3


def test_tour_writes_what_was_read_by_a_person(project: Path, folder: Path) -> None:
    written = run(["git", "diff", "HEAD~3", "HEAD~1"], cwd=project).stdout
    assert written == (SAMPLES / "demo.diff").read_text(encoding="utf-8")


def test_tour_leaves_nothing_outside_its_folder(project: Path, folder: Path) -> None:
    names = sorted(path.name for path in project.parent.iterdir())
    assert names == ["home", "shop", "state", "tmp"]
    assert list(folder.iterdir()) == [project.parent]


def test_tour_stops_with_a_clear_line_when_a_program_is_missing(tmp_path: Path) -> None:
    tour = [sys.executable, str(SAMPLES / "tour.py")]
    done = start(tour, tmp_path, tmp_path, PATH=str(tmp_path))
    (stage,) = tmp_path.iterdir()
    assert (done.code, done.stderr) == (
        1,
        "sophia: the demo stopped: git is not installed\n"
        "        install git and put it on PATH\n"
        f"        the folder is kept: {stage}\n",
    )
