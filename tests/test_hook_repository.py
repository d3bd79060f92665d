"""The project as a repository of hooks: what pre-commit makes of `.pre-commit-hooks.yaml`, at a real commit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NEEDED = ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml", "sophia_cli")
BUILD = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
OLD = "from openai import OpenAI\n\nclient = OpenAI()\n"
NEW = "import openai\n\nopenai.ChatCompletion.create()\n"


def run(*command: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "SOPHIA_"))} | environ
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


def git(root: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    who = ("-c", "user.name=T", "-c", "user.email=t@example.invalid")
    return run("git", *who, *words, cwd=root, **environ)


def commit(root: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    git(root, "add", "-A")
    return git(root, "commit", "-q", "-m", "x", **environ)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """The project as somebody else's configuration names it: a repository with a commit."""
    root = tmp_path / "published"
    root.mkdir()
    for name in (*NEEDED, *BUILD["targets"]["wheel"]["force-include"]):
        leave = shutil.ignore_patterns("__pycache__")
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, root / name, ignore=leave)
        else:
            shutil.copy(ROOT / name, root / name)
    git(root, "init", "-q")
    assert commit(root).returncode == 0
    return root


def test_a_commit_passes_and_one_with_a_new_call_does_not(published: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    git(project, "init", "-q")
    revision = git(published, "rev-parse", "HEAD").stdout.strip()
    (project / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {published}\n    rev: {revision}\n    hooks:\n      - id: sophia-migrate-check\n"
    )
    (project / "old.py").write_text(OLD)
    (project / "llm-baseline.json").write_text(
        '{"version": 1, "written_by": "0", "counts": {"old.py": {"openai_client": 1}}}\n'
    )
    home = {"PRE_COMMIT_HOME": str(tmp_path / "cache"), "PRE_COMMIT_COLOR": "never"}
    made = run(
        sys.executable, "-m", "pre_commit", "install", "--install-hooks", cwd=project, **home
    )
    if made.returncode and "No matching distribution" in made.stdout + made.stderr:
        pytest.skip("the dependencies cannot be had: no package registry answers")
    assert made.returncode == 0, made.stdout + made.stderr
    passed = commit(project, **home)
    assert (passed.returncode, "Passed" in passed.stderr) == (0, True), passed.stderr
    (project / "new.py").write_text(NEW)
    failed = commit(project, **home)
    assert failed.returncode == 1
    assert "  new.py:3  ChatCompletion.create  calls\n" in failed.stderr
    (project / "new.py").unlink()
    (project / "ask.sql").write_text("SELECT AI_COMPLETE('m', x);\n")
    failed = commit(project, **home)
    assert (failed.returncode, "  ask.sql:1  AI_COMPLETE" in failed.stderr) == (1, True)
    assert git(project, "rev-list", "--count", "HEAD").stdout == "1\n"
