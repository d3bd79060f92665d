"""What the hooks and the code demand of Python and of pre-commit."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from sophia_cli.checked import FAIL, OK, WARN, Check
from sophia_cli.errors import SophiaError
from sophia_cli.hooks.clone import Clone
from sophia_cli.hooks.config import Config
from sophia_cli.hooks.detect import Project
from sophia_cli.hooks.foreign import tool_of
from sophia_cli.hooks.gate import GATE
from sophia_cli.hooks.status.installed import python_of
from sophia_cli.process import run

_READERS = ("ruff", "black", "bandit")  # they parse the code with their own Python
_NEEDS = {
    "unsupported": "4.4.0",
    "unsupported_script": "4.4.0",
    "julia": "4.1.0",
    "haskell": "3.4.0",
}
_OLD_STAGES = {"commit": "pre-commit", "push": "pre-push", "merge-commit": "pre-merge-commit"}
_TARGET = re.compile(r"(?:py|>=\s*|~=\s*|\^)?3\.?(\d+)")
_ASK = "import sys, importlib.metadata as m; print(sys.version_info[1], m.version('pre-commit'))"


def demands(
    config: Config, project: Project, clone: Clone, environ: Mapping[str, str]
) -> Iterator[Check]:
    """The Python of the hooks that read code, and the pre-commit that the configuration needs."""
    minor, program = _installed(clone, environ)
    yield from _pythons(config, project.root, minor)
    yield from _program(config, program)
    for _, hook in config.hooks:
        old = [one for one in hook.get("stages") or [] if one in _OLD_STAGES]
        if old:
            words = f"{hook['id']} names the stage `{old[0]}`, now `{_OLD_STAGES[old[0]]}`"
            yield Check("stages", WARN, words, "pre-commit migrate-config")


def _pythons(config: Config, root: Path, minor: int) -> Iterator[Check]:
    target, where = _target(root)
    default = (config.data.get("default_language_version") or {}).get("python", "")
    older: dict[int, list[str]] = {}
    readers = 0
    for repo, hook in config.hooks:
        if tool_of(repo, hook) not in _READERS and hook["id"] != GATE:
            continue
        readers += 1
        asked = str(hook.get("language_version") or default)
        found = _TARGET.search(asked.removeprefix("python"))
        runs = int(found[1]) if found else minor
        if target and runs < target:
            older.setdefault(runs, []).append(str(hook["id"]))
    for runs, hooks in older.items():
        words = f"{', '.join(hooks)} on Python 3.{runs}, and {where} asks for 3.{target}: newer syntax does not parse"
        mend = f"default_language_version: {{python: python3.{target}}}"
        yield Check("python", FAIL, words, mend)
    if target and readers and not older:
        yield Check("python", OK, f"the hooks run on what {where} asks for, 3.{target} or newer")


def _target(root: Path) -> tuple[int, str]:
    """The newest Python that a file asks for at least, and which key says so."""
    project, ruff = _toml(root / "pyproject.toml"), _toml(root / "ruff.toml")
    tools = project.get("tool", {})
    black = tools.get("black", {}).get("target-version") or []
    said = {
        "requires-python": project.get("project", {}).get("requires-python", ""),
        "Ruff's target-version": tools.get("ruff", ruff).get("target-version", ""),
    }
    numbers = {
        name: int(found[1]) for name, text in said.items() if (found := _TARGET.search(str(text)))
    }
    targets = [int(found[1]) for one in black if (found := _TARGET.search(str(one)))]
    if targets:
        numbers["Black's target-version"] = min(targets)
    name = max(numbers, key=lambda one: numbers[one], default="")
    return numbers.get(name, 0), name


def _program(config: Config, program: str) -> Iterator[Check]:
    said = str(config.data.get("minimum_pre_commit_version", "0"))
    needed, why = said, "minimum_pre_commit_version"
    for _, hook in config.hooks:
        need = _NEEDS.get(str(hook.get("language", "")), "0")
        if _version(need) > _version(needed):
            needed, why = need, f"`language: {hook['language']}` of {hook['id']}"
    if needed != said:
        words = f"{why} needs pre-commit {needed}, and nothing says so to older ones"
        yield Check("pre-commit", WARN, words, f'minimum_pre_commit_version: "{needed}"')
    if program and _version(program) < _version(needed):
        words = f"pre-commit {program} runs here, and {why} asks for {needed}"
        yield Check("pre-commit", FAIL, words, "pip install --upgrade pre-commit")
    elif program:
        yield Check("pre-commit", OK, program)


def _installed(clone: Clone, environ: Mapping[str, str]) -> tuple[int, str]:
    """The minor version of the Python that pre-commit runs on, and its own version where it tells."""
    python = python_of(clone)
    with suppress(SophiaError, OSError, ValueError):
        if python:
            said = run([python, "-c", _ASK], cwd=clone.root, timeout=30)
            minor, version = said.stdout.split()
            return int(minor), version
    with suppress(SophiaError, OSError, ValueError):
        said = run(["pre-commit", "--version"], env=environ, timeout=30)
        return sys.version_info[1], said.stdout.split()[-1] if said.stdout.split() else ""
    return sys.version_info[1], ""


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0")


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
