"""The built wheel in an empty environment: what users get, away from the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command: str | Path, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "SOPHIA_"))} | environ
    return subprocess.run(
        list(map(str, command)), cwd=cwd, env=env, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    done = run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        out,
        ROOT,
        cwd=out,
    )
    if done.returncode and "No matching distribution found for hatchling" in done.stderr:
        pytest.skip("the build backend cannot be had: no package registry answers")
    assert done.returncode == 0, done.stderr
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds the wheel with its `cli` extra and nothing else."""
    venv = tmp_path_factory.mktemp("installed")
    assert run(sys.executable, "-m", "venv", venv, cwd=venv).returncode == 0
    done = run(venv / "bin/python", "-m", "pip", "install", "--quiet", f"{wheel}[cli]", cwd=venv)
    if done.returncode and "No matching distribution" in done.stderr:
        pytest.skip("the dependencies cannot be had: no package registry answers")
    assert done.returncode == 0, done.stderr
    return venv / "bin"


def test_holds_the_assets_and_the_type_marker(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "sophia_cli/py.typed" in names
    assert "sophia_cli/llm/catalogue/models.json" in names
    assert "sophia_cli/_assets/templates/pre-commit-config.yaml" in names
    assert "sophia_cli/_assets/dashboards/overview.json" in names
    assert not [name for name in names if name.startswith(("tests", "benchmarks"))]


def test_answers_from_another_folder(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "sophia", "llm", "ask", "hello", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("This is a simulated answer")
    assert "(simulated: no provider is configured)" in done.stderr


def test_reads_its_boards_without_what_makes_them(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "sophia", "dashboards", "lint", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "5 boards: nothing found.\n"), done.stderr


def test_migrates_from_another_folder(installed: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "app.py").write_text("from openai import OpenAI\n\nclient = OpenAI()\n")
    done = run(installed / "sophia", "migrate", "--root", project, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1  rewritten" in done.stdout
    assert (project / "app.py").read_text() == "from openai import OpenAI\n\nclient = OpenAI()\n"


def test_finds_its_assets(installed: Path, tmp_path: Path) -> None:
    code = "from sophia_cli.assets import asset; print(asset('templates/sophia.toml').is_file())"
    assert run(installed / "python", "-c", code, cwd=tmp_path).stdout.strip() == "True"


def test_without_the_extra_one_line_says_what_to_install(wheel: Path, tmp_path: Path) -> None:
    venv = tmp_path / "bare"
    assert run(sys.executable, "-m", "venv", venv, cwd=tmp_path).returncode == 0
    assert (
        run(venv / "bin/python", "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path).returncode
        == 0
    )
    done = run(venv / "bin/sophia", "migrate", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "sophia: the command line is not installed\n" '        pip install "sophia-cli[cli]"\n'
    )
