"""ESLint: the project's own where it has one, else the pinned packages of the hook.

One run of Node judges all files, given as texts under their real names: what a configuration says
of a folder holds, whatever version of the file is judged.
"""

from __future__ import annotations

import json
import os
from pathlib import Path, PurePosixPath

from sophia_cli.hooks.finding import Finding
from sophia_cli.hooks.tools.tool import (
    JAVASCRIPT,
    Call,
    Folder,
    Setup,
    Tool,
    ToolFailed,
    failed,
    program,
    unparsed,
)
from sophia_cli.process import Answer

_DRIVER = Path(__file__).with_name("eslint.cjs")
_OF_FILE = ("max-lines", "eol-last", "unicode-bom")
_CONFIGS = tuple(f"eslint.config.{suffix}" for suffix in ("js", "mjs", "cjs", "ts", "mts", "cts"))


def _calls(folder: Folder, files: tuple[str, ...], setup: Setup) -> list[Call]:
    """One run for all files that share an ESLint; none for those of a project that has none."""
    groups: dict[Path, list[str]] = {}
    for path in files:
        own = _above(folder, path, "node_modules/eslint/package.json")
        if own is None and not setup.node:
            if _above(folder, path, *_CONFIGS) is None:
                continue
            words = f"eslint is not installed, and {path} has a configuration for it"
            raise ToolFailed(words, "npm install, or leave it out: SKIP=eslint")
        groups.setdefault(own or _installed(setup.node), []).append(path)
    return [_call(folder, place, tuple(group), setup) for place, group in groups.items()]


def _installed(packages: tuple[str, ...]) -> Path:
    from sophia_cli.hooks.packages import node_modules

    return node_modules(packages)


def _call(folder: Folder, place: Path, files: tuple[str, ...], setup: Setup) -> Call:
    """Started where its node_modules are: before ESLint 10 its configuration was looked for there."""
    inside = place.parent.is_relative_to(folder.real)
    at = place.parent if inside else folder.real
    given = json.dumps([[path, str(folder.real / path), str(folder.path / path)] for path in files])
    env = {**os.environ, "NODE_PATH": str(place), "NODE_COMPILE_CACHE": str(place / ".cache")}
    return Call(
        (program("node", setup), str(_DRIVER), str(place), str(at)), files, env, given.encode()
    )


def _above(folder: Folder, path: str, *wanted: str) -> Path | None:
    """The nearest node_modules, or configuration, in the folders above a file."""
    for below in PurePosixPath(path).parents:
        for name in wanted:
            if (folder.real / below / name).is_file():
                return folder.real / below / "node_modules"
    return None


def _read(answer: Answer, call: Call, folder: Folder) -> list[Finding]:
    try:
        told = json.loads(answer.stdout)
    except ValueError:
        raise failed("eslint", answer) from None
    found = []
    for path, messages in told.items():
        for one in messages:
            line, column = one.get("line") or 1, one.get("column") or 1
            message = one["message"].partition("\n")[0]
            if one.get("fatal"):
                found.append(unparsed("eslint", path, message, line, column))
                continue
            rule, text = one.get("ruleId") or "eslint", folder.line(path, line)
            text = "" if rule in _OF_FILE else text
            end = one.get("endLine") or line
            fixable = "fix" in one
            found.append(Finding("eslint", rule, path, line, column, message, text, fixable, end))
    return found


ESLINT = Tool("eslint", JAVASCRIPT, _calls, _read)
