"""The whole of it: a wheel of this project, installed by pre-commit, in front of real commits."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hooked import Tree, tree

from sophia_cli.hooks.install import fetch_tools

ROOT = Path(__file__).parents[2]
NAME = ".pre-commit-config.yaml"
OLD = "import os\nimport hashlib\n\n\ndef old( x ):\n    return hashlib.md5(x)\n"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel, as a registry of its own would have it."""
    folder = tmp_path_factory.mktemp("wheels")
    words = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder)]
    done = subprocess.run([*words, str(ROOT)], capture_output=True, text=True, check=False)
    if "No matching distribution" in done.stderr:
        pytest.skip("the build backend cannot be had: no package registry answers")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def shared(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Environments that the tests of this module share."""
    cache = tmp_path_factory.mktemp("cache")
    yield {
        "PRE_COMMIT_HOME": str(cache / "pre-commit"),
        "XDG_CACHE_HOME": str(cache),
        "PIP_FIND_LINKS": str(wheels),
        "SKIP": "",
    }


def install(made: Tree) -> None:
    planned = made.install()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_CACHE_HOME", made.env["XDG_CACHE_HOME"])
            fetch_tools(planned.clone, made.env)
    except Exception as error:
        if "No matching distribution" in str(error) or "npm" in str(error):
            pytest.skip("the tools cannot be had: no package registry answers")
        raise


def test_an_old_repository_commits_today_and_nothing_new_gets_in(
    shared: dict[str, str], tmp_path: Path
) -> None:
    made = tree(tmp_path / "project", **shared)
    made.put("old.py", OLD)
    made.git("add", "-A")
    made.git("commit", "-qm", "years ago")
    install(made)
    made.commit()  # the configuration itself
    made.put("old.py", OLD + "\n\nEND = 1\n")
    made.commit()
    made.put("old.py", OLD + "\n\nEND = hashlib.md5(b'')\n")
    said = made.commit(code=1)
    assert "old.py:9" in said and "B324" in said and "old.py:6" not in said
    assert made.git("rev-list", "--count", "HEAD") == "3\n"


def test_private_keys_and_files_that_do_not_parse(shared: dict[str, str], tmp_path: Path) -> None:
    made = tree(tmp_path / "project", **shared)
    install(made)
    made.commit()
    made.put("key", "-----BEGIN RSA " + "PRIVATE KEY-----\n")
    made.put("a.yaml", "a: [\n")
    made.put("b.toml", "a =\n")
    said = made.commit(code=1)
    failed = [line.split("...")[0] for line in said.splitlines() if line.endswith("Failed")]
    assert failed == ["no private key", "yaml parses", "toml parses"]


def test_scripts_are_judged_by_the_shipped_configuration(
    shared: dict[str, str], tmp_path: Path
) -> None:
    made = tree(tmp_path / "project", **shared)
    made.put("web/app.tsx", "var old: any = 1;\nexport default old;\n")
    made.git("add", "-A")
    made.git("commit", "-qm", "years ago")
    install(made)
    made.commit()
    made.put("web/app.tsx", "var old: any = 1;\nexport default old;\nvar more: any = 2;\n")
    said = made.commit(code=1)
    assert "web/app.tsx:3" in said and "no-explicit-any" in said
    assert "web/app.tsx:1" not in said
