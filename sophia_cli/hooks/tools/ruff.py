"""Ruff as linter."""

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

_FLAGS = ("--force-exclude", "--no-cache", "--no-fix", "--exit-zero", "--output-format=json")
# There is one of each in a file, and the line that it is told at says nothing about it.
_OF_FILE = ("I001", "I002", "D100", "D104", "INP001", "CPY001", "N999", "W391", "EXE")
_SYNTAX = (None, "invalid-syntax", "E999", "E902")


def _calls(folder: Folder, files: tuple[str, ...], setup: Setup) -> list[Call]:
    return [Call((program("ruff", setup), "check", *_FLAGS, "--", *files), files)]


def _read(answer: Answer, call: Call, folder: Folder) -> list[Finding]:
    try:
        told = json.loads(answer.stdout)
    except ValueError:
        raise failed("ruff", answer) from None
    prefixes = (f"{folder.path}/", f"{folder.path.resolve()}/")
    found: list[Finding] = []
    broken: set[str] = set()
    for one in told:
        shown = one["filename"]
        for prefix in prefixes:
            shown = shown.removeprefix(prefix)
        path, place = shown, one["location"] or {"row": 1, "column": 1}
        if one["code"] in _SYNTAX:
            if path not in broken:
                broken.add(path)
                message = one["message"].partition("\n")[0]
                found.append(unparsed("ruff", path, message, place["row"], place["column"]))
            continue
        rule = one["code"]
        text = "" if rule.startswith(_OF_FILE) else folder.line(path, place["row"])
        fixable = (one["fix"] or {}).get("applicability") == "safe"
        end = (one.get("end_location") or place)["row"]
        found.append(
            Finding(
                "ruff",
                rule,
                path,
                place["row"],
                place["column"],
                one["message"],
                text,
                fixable,
                end,
            )
        )
    return found


RUFF = Tool("ruff", PYTHON, _calls, _read)
