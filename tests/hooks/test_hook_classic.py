"""The classic style: each tool from its repository, which here is a local one of the same name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hooked import Tree, tree
from pre_commit.yaml import yaml_load

from sophia_cli.hooks.proposal import Options

NAME = ".pre-commit-config.yaml"
BIN = Path(sys.executable).parent
# What their maintainers publish, run by the programs of the tests' own environment.
PUBLISHED = {
    "astral-sh/ruff-pre-commit": ("v0.17.6", {"ruff-check": "ruff check --force-exclude"}),
    "psf/black-pre-commit-mirror": ("26.10.1", {"black": "black"}),
    "PyCQA/bandit": ("1.9.4", {"bandit": "bandit"}),
    "pre-commit/pre-commit-hooks": (
        "v6.0.0",
        dict.fromkeys(
            ("check-added-large-files", "detect-private-key", "check-yaml", "check-toml"), "true"
        ),
    ),
}


@pytest.fixture
def project(tmp_path: Path) -> Tree:
    for name, (tag, hooks) in PUBLISHED.items():
        mirror = tmp_path / "mirrors" / name
        made = tree(mirror)
        made.put(
            ".pre-commit-hooks.yaml",
            "".join(
                f"- {{id: {id}, name: {id}, language: system, types: [python],"
                f" entry: '{BIN / entry if entry != 'true' else entry}'}}\n"
                for id, entry in hooks.items()
            ),
        )
        made.commit()
        made.git("tag", tag)
    return tree(
        tmp_path / "project",
        SKIP="",
        PRE_COMMIT_HOME=str(tmp_path / "cache"),
        GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0=f"url.file://{tmp_path}/mirrors/.insteadOf",
        GIT_CONFIG_VALUE_0="https://github.com/",
    )


def test_commits_run_the_tools_and_hold_no_line(project: Tree) -> None:
    project.put(".gitignore", ".*_cache\n")
    project.put("old.py", "import os\n")
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "years ago")
    made = project.install(Options(remote=True))
    assert made.notes == (
        "The classic style holds no line: old findings in a file that is touched stop its commit.",
    )
    repos = yaml_load((project.root / NAME).read_text())["repos"]
    assert [(repo["repo"], repo["rev"]) for repo in repos] == [
        (f"https://github.com/{name}", tag) for name, (tag, _) in PUBLISHED.items()
    ]
    assert [hook["alias"] for repo in repos for hook in repo["hooks"]] == [
        *("sophia-ruff", "sophia-black", "sophia-bandit"),
        *("sophia-large-files", "sophia-private-key", "sophia-yaml", "sophia-toml"),
    ]
    assert project.plan(Options(remote=True)).is_done
    project.commit()
    project.put("old.py", "import os\n\nX = 1\n")
    said = project.commit(code=1)
    assert "ruff-check" in said and "F401" in said
    project.git("checkout", "-q", "HEAD", "--", "old.py")
    project.put("new.py", "x = { }\n")
    assert "would reformat" not in project.commit(code=1)  # quiet: it fails all the same
    project.git("reset", "-q", "--hard")
    project.uninstall()
    assert not (project.root / NAME).exists()
    assert not (project.root / ".git/hooks/pre-commit").exists()


def test_from_one_style_to_the_other(project: Tree) -> None:
    project.install()
    local = (project.root / NAME).read_text()
    made = project.install(Options(remote=True))
    assert "repo: local" not in (project.root / NAME).read_text()
    assert made.proposal.adds[:3] == ("sophia-ruff", "sophia-black", "sophia-bandit")
    project.install()
    assert (project.root / NAME).read_text() == local


def test_scripts(project: Tree) -> None:
    project.put("a.ts", "")
    project.plan(Options(remote=True))
    repos = {repo["repo"]: repo for repo in project.plan(Options(remote=True)).proposal.change.add}
    eslint = repos["https://github.com/pre-commit/mirrors-eslint"]["hooks"][0]
    assert eslint["id"] == "eslint" and "eslint@10.15.0" in eslint["additional_dependencies"]
    project.put("package.json", '{"devDependencies": {"eslint": "^9.1.0"}}')
    project.put("eslint.config.js", "")
    repos = {repo["repo"]: repo for repo in project.plan(Options(remote=True)).proposal.change.add}
    assert repos["local"]["hooks"][0]["entry"] == "npx --no-install eslint"


def test_the_hooks_are_those_that_pre_commit_knows(project: Tree) -> None:
    """pre-commit itself fetches them all under the names and versions that were written."""
    project.install(Options(remote=True))
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "install-hooks"],
        cwd=project.root,
        env={**os.environ, **project.env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
