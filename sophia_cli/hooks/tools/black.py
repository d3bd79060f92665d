"""Black as a check: a finding for each stretch of lines that it would write otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import PurePosixPath

from sophia_cli.hooks.finding import FORMAT, Finding
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

FAILED = "failed"  # the rule of a file that Black parses and yet cannot write
_FLAGS = ("--diff", "--quiet", "--no-color")
_TABLE = b"[tool.black]"
_FILE = re.compile(r"--- (.*)\t\d{4}-\d\d-\d\d .*")
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@")
_PARSE = re.compile(r"error: (cannot parse[^:]*): (.*):(\d+):(\d+)")
_WRITE = re.compile(r"error: cannot format (.*)")


def _calls(folder: Folder, files: tuple[str, ...], setup: Setup) -> list[Call]:
    """One run for all files of one configuration: Black looks for it above all of them at once."""
    groups: dict[str, list[str]] = {}
    for path in files:
        groups.setdefault(config_of(folder, path), []).append(path)
    return [
        Call(command(setup, config, *_FLAGS, "--", *group), tuple(group))
        for config, group in groups.items()
    ]


def command(setup: Setup, config: str, *words: str) -> tuple[str, ...]:
    """Black with that configuration, or with none."""
    return (program("black", setup), *([f"--config={config}"] if config else []), *words)


def config_of(folder: Folder, path: str) -> str:
    """The nearest pyproject.toml with a table for Black; nothing where there is none."""
    for below in PurePosixPath(path).parents:
        name = str(below / "pyproject.toml")
        with suppress(OSError):
            if _TABLE in (folder.path / name).read_bytes():
                return name
    return ""


def _read(answer: Answer, call: Call, folder: Folder) -> list[Finding]:
    found = list(_errors(answer, call))
    if answer.code not in (0, 123) or (answer.code and not found):
        raise failed("black", answer)
    path = ""
    lines = iter(answer.stdout.decode(errors="replace").split("\n"))
    for line in lines:
        if at := _FILE.match(line):
            path = at.group(1)
        elif at := _HUNK.match(line):
            first, old, new = (1 if size is None else int(size) for size in at.groups())
            found += _hunk(path, first, old, new, lines, folder)
    return found


def _hunk(
    path: str, first: int, old: int, new: int, lines: Iterator[str], folder: Folder
) -> Iterator[Finding]:
    """The stretches of one hunk, whose sizes say where it ends."""
    number, begun, removed = first, 0, 0
    while old or new or begun:
        line = next(lines, "") if old or new else " "
        if line.startswith("\\"):
            continue
        if line[:1] not in "+-" or not line:
            if begun:
                yield _stretch(path, begun, removed, folder)
                begun = removed = 0
            old, new, number = old - bool(old), new - bool(new), number + 1
            continue
        begun = begun or number
        if line.startswith("-"):
            old, number, removed = old - 1, number + 1, removed + 1
        else:
            new -= 1


def _stretch(path: str, first: int, count: int, folder: Folder) -> Finding:
    """Lines to rewrite; where only some are missing, the one that they are missing before."""
    end = first + max(count, 1) - 1
    text = "\n".join(folder.line(path, number) for number in range(first, end + 1))
    if not count:
        text = f"+ {text}"
    return Finding("black", FORMAT, path, first, 1, "would be reformatted", text, True, end)


def _errors(answer: Answer, call: Call) -> Iterator[Finding]:
    for line in answer.stderr.decode(errors="replace").splitlines():
        if at := _PARSE.fullmatch(line):
            words, path, number, column = at.groups()
            yield unparsed("black", path, words, int(number), int(column))
        elif at := _WRITE.match(line):
            known = [path for path in call.files if at.group(1).startswith(f"{path}: ")]
            path = max(known, key=len, default=call.files[0])
            message = at.group(1).removeprefix(f"{path}: ").partition(". ")[0]
            yield Finding("black", FAILED, path, 1, 1, f"cannot be formatted: {message}")


BLACK = Tool("black", PYTHON, _calls, _read)
