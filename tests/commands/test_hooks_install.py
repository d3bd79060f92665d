"""`sophia hooks install`, `uninstall` and `ci` as a person meets them: whole screens, and nobody to ask."""

from __future__ import annotations

import os
import pty
import resource
import subprocess
from pathlib import Path

import pytest
from shell import COMMAND, sophia, surroundings

CONFIG = ".pre-commit-config.yaml"
MINE = """\
repos:
  - repo: local
    hooks:
      - id: lint
        name: lint
        entry: ruff check
        language: system
        types: [python]
"""
SCREEN = """\
  found         Python (1 file), .pre-commit-config.yaml (1 hook)
  adds          black 26.10.1, bandit 1.9.4, sophia-large-files,
                sophia-private-key, sophia-yaml, sophia-toml
  left          ruff: your hook `lint` does it (--adopt takes it over)
  git           a hook pre-commit, which pre-commit installs
  old findings  stay, and block nobody; new ones are stopped. Count them:
                sophia hooks run --all

--- a/.pre-commit-config.yaml
+++ b/.pre-commit-config.yaml
@@ -6,3 +6,40 @@
         entry: ruff check
         language: system
         types: [python]
+  - repo: local
+    hooks:
+      - id: sophia-gate
+        name: "black, bandit"
+        language: python
+        additional_dependencies:
+          - sophia-cli==0.1.0
+          - black==26.10.1
+          - "bandit[toml]==1.9.4"
+        entry: sophia-gate
+        args: ["--tool=black", "--tool=bandit"]
+        types_or: [python, pyi]
+        require_serial: true
+      - id: sophia-large-files
+        name: no large file
+        language: python
+        additional_dependencies: [pre-commit-hooks==6.0.0]
+        entry: check-added-large-files
+      - id: sophia-private-key
+        name: no private key
+        language: python
+        additional_dependencies: [pre-commit-hooks==6.0.0]
+        entry: detect-private-key
+        types: [text]
+        exclude: (^|/)(tests?|testdata|fixtures|__fixtures__)/
+      - id: sophia-yaml
+        name: yaml parses
+        language: python
+        additional_dependencies: [pre-commit-hooks==6.0.0]
+        entry: check-yaml --unsafe
+        types: [yaml]
+      - id: sophia-toml
+        name: toml parses
+        language: python
+        additional_dependencies: [pre-commit-hooks==6.0.0]
+        entry: check-toml
+        types: [toml]

"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    (root / "app.py").write_text("X = 1\n")
    (root / CONFIG).write_text(MINE)
    return root


def test_the_plan(project: Path) -> None:
    said = sophia("hooks", "install", "--plan", cwd=project)
    assert (said.code, said.out, said.err) == (0, SCREEN, "")
    assert (project / CONFIG).read_text() == MINE


def test_nobody_to_ask(project: Path) -> None:
    said = sophia("hooks", "install", cwd=project)
    assert (said.code, said.out) == (2, SCREEN)
    assert said.err == (
        "sophia: nothing was changed: there is nobody to ask here\n"
        "        sophia hooks install --yes\n"
    )
    assert (project / CONFIG).read_text() == MINE
    assert not (project / ".sophia").exists()


def test_written_and_taken_back(project: Path) -> None:
    said = sophia("hooks", "install", "--yes", "--no-fetch", cwd=project)
    assert said.code == 0, said.err
    assert said.out == SCREEN + (
        "Installed.  Take it back:  sophia hooks uninstall\n"
        "Next, for everybody who works here:  git add .pre-commit-config.yaml\n"
    )
    assert (project / ".git/hooks/pre-commit").exists()
    again = sophia("hooks", "install", cwd=project)
    assert again.code == 0
    assert again.out.splitlines()[-1] == (
        "Nothing to do: it is installed.  Next:  sophia hooks run"
    )
    gone = sophia("hooks", "uninstall", "--yes", cwd=project)
    assert gone.code == 0, gone.err
    lines = gone.out.splitlines()
    assert lines[0] == "  git           the hook pre-commit goes"
    assert lines[-1] == "Uninstalled.  Again:  sophia hooks install"
    assert (project / CONFIG).read_text() == MINE
    assert not (project / ".git/hooks/pre-commit").exists()
    assert not (project / ".sophia").exists()
    nothing = sophia("hooks", "uninstall", cwd=project)
    assert (nothing.code, nothing.out) == (
        0,
        "Nothing to do: no hook of ours is here.  Next:  sophia hooks install\n",
    )


def test_as_data(project: Path) -> None:
    said = sophia("hooks", "install", "--plan", "--json", cwd=project)
    assert said.json["data"] == {
        "root": str(project),
        "written": False,
        "files": [{"path": CONFIG, "state": "changed"}],
        "tools": ["black", "bandit"],
        "hooks": [
            "sophia-gate",
            "sophia-large-files",
            "sophia-private-key",
            "sophia-yaml",
            "sophia-toml",
        ],
        "provided": [{"tool": "ruff", "hook": "lint"}],
        "adopted": [],
        "owner": "git",
        "git_hooks": ["pre-commit"],
        "chained": [],
        "notes": [],
    }


@pytest.mark.parametrize(("answer", "written"), [(b"y\n", True), (b"n\n", False), (b"\n", False)])
def test_a_person_is_asked(project: Path, answer: bytes, written: bool) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, answer)
    done = subprocess.run(
        [*COMMAND, "hooks", "install", "--no-fetch"],
        cwd=project,
        stdin=theirs,
        capture_output=True,
        text=True,
        env=surroundings(),
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 0, done.stderr
    assert "Write it? [y/N]" in done.stderr
    assert ("Nothing was changed." in done.stdout) != written
    assert ((project / CONFIG).read_text() != MINE) == written


def test_a_full_disk_leaves_everything_as_it_was(project: Path) -> None:
    """No file may grow past a hundred bytes."""
    done = subprocess.run(
        [*COMMAND, "hooks", "install", "--yes", "--no-fetch", "-q"],
        cwd=project,
        capture_output=True,
        text=True,
        env=surroundings(PYTHONDONTWRITEBYTECODE="1"),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)),
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.endswith(
        "cannot be written: File too large; nothing was changed\n        free some space, or unlock it\n"
    )
    assert (project / CONFIG).read_text() == MINE
    assert not (project / ".git/hooks/pre-commit").exists()


def test_no_registry_answers(project: Path, tmp_path: Path) -> None:
    said = sophia(
        "hooks", "install", "--yes", "-q", cwd=project,
        PRE_COMMIT_HOME=str(tmp_path / "cache"), PIP_INDEX_URL="http://127.0.0.1:9/", PIP_RETRIES="0",
        PIP_NO_INDEX="1", PIP_FIND_LINKS="",
    )  # fmt: skip
    assert said.code == 1
    assert said.err.startswith(
        "sophia: the hooks are installed, but not all of their tools are here"
    )
    assert "No matching distribution found for " in said.err
    assert said.err.endswith("        pre-commit install-hooks\n")
    assert (project / ".git/hooks/pre-commit").exists()


def test_two_at_once(project: Path) -> None:
    words = [*COMMAND, "hooks", "install", "--yes", "--no-fetch", "-q"]
    both = [
        subprocess.Popen(words, cwd=project, env=surroundings(), stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [(one.communicate()[1], one.returncode) for one in both]
    assert 0 in [code for _, code in said], said
    assert all("Traceback" not in text for text, _ in said)
    text = (project / CONFIG).read_text()
    assert text.startswith(MINE) and text.count("sophia-gate\n") == 2  # its id and its entry


def test_one_host_is_named(project: Path) -> None:
    for words in ((), ("--github", "--gitlab")):
        said = sophia("hooks", "ci", *words, cwd=project)
        assert (said.code, said.err) == (
            2,
            "sophia: name one host\n        sophia hooks ci --github  or  --gitlab\n",
        )


def test_a_pipeline(project: Path) -> None:
    said = sophia("hooks", "ci", "--github", cwd=project)
    assert said.code == 2 and "+name: quality\n" in said.out
    said = sophia("hooks", "ci", "--github", "--yes", cwd=project)
    assert said.code == 0, said.err
    assert said.out.endswith("Written.  Next:  git add .github/workflows/sophia.yml\n")
    again = sophia("hooks", "ci", "--github", cwd=project)
    assert again.out == "Nothing to do: it is as it would be written.\n"


def test_outside_a_repository(tmp_path: Path) -> None:
    for command in ("install", "uninstall", "ci"):
        words = ("--github",) if command == "ci" else ()
        said = sophia("hooks", command, *words, cwd=tmp_path)
        assert (said.code, said.err) == (
            1,
            f"sophia: {tmp_path} is no git repository\n        git init\n",
        )


def test_every_line_fits_a_terminal(project: Path) -> None:
    (project / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.99"\n')
    (project / "a.ts").touch()
    said = sophia("hooks", "install", "--plan", "--remote", cwd=project)
    shown = said.out.partition("\n\n")[0].splitlines()
    assert said.code == 0 and max(len(line) for line in shown) <= 80
