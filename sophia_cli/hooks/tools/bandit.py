"""Bandit. A file that it skips is no pass: it says that it was not judged."""

from __future__ import annotations

import json

from sophia_cli.hooks.finding import Finding
from sophia_cli.hooks.tools.tool import (
    PYTHON,
    Call,
    Folder,
    Setup,
    Tool,
    failed,
    program,
    unparsed,
)
from sophia_cli.process import Answer

_CONFIGS = (".bandit.yaml", ".bandit.yml", "bandit.yaml", "bandit.yml")


def _calls(folder: Folder, files: tuple[str, ...], setup: Setup) -> list[Call]:
    judged = tuple(path for path in files if not path.endswith(".pyi"))
    if not judged:
        return []
    levels = (f"--severity-level={setup.severity}", f"--confidence-level={setup.confidence}")
    command = (program("bandit", setup), "--quiet", "--exit-zero", "--format=json", *levels)
    return [Call((*command, *_config(folder), "--", *judged), judged)]


def _config(folder: Folder) -> tuple[str, ...]:
    """Bandit looks for no configuration by itself: the one at the top of the tree."""
    for name in _CONFIGS:
        if (folder.path / name).is_file():
            return (f"--configfile={name}",)
    try:
        named = b"[tool.bandit" in (folder.path / "pyproject.toml").read_bytes()
    except OSError:
        named = False
    return ("--configfile=pyproject.toml",) if named else ()


def _read(answer: Answer, call: Call, folder: Folder) -> list[Finding]:
    try:
        told = json.loads(answer.stdout)
    except ValueError:
        raise failed("bandit", answer) from None
    found = [
        unparsed("bandit", one["filename"].removeprefix("./"), str(one["reason"]))
        for one in told["errors"]
    ]
    for one in told["results"]:
        path, line = one["filename"].removeprefix("./"), one["line_number"]
        column, text = one["col_offset"] + 1, folder.line(path, line)
        found.append(Finding("bandit", one["test_id"], path, line, column, one["issue_text"], text))
    return found


BANDIT = Tool("bandit", PYTHON, _calls, _read)
