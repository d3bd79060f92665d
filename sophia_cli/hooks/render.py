"""Entries of a pre-commit configuration as YAML text, in the layout of the file they go into."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_./^(][\w./+=^$()|\\? -]*[\w./)$-]|[A-Za-z_]")
_WORDS_OF_YAML = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_WIDTH = 80  # columns up to which a list stands in one line

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Layout:
    """How a file is indented, in columns.

    `dash` is where the dashes of `repos` stand, `gap` how far a key is from its dash, `inner` how
    far the dashes of `hooks` are from the word; `spaced` puts an empty line between repositories.
    """

    dash: int = 2
    gap: int = 2
    inner: int = 2
    newline: str = "\n"
    spaced: bool = False


def render_repo(repo: Entry, layout: Layout) -> str:
    """A repository with its hooks: whole lines."""
    column = layout.dash + layout.gap
    lines = [f"{key}: {_value(value)}" for key, value in repo.items() if key != "hooks"]
    lines = [" " * column + line for line in (*lines, "hooks:")]
    text = "".join(line + layout.newline for line in _dashed(lines, layout.dash))
    for hook in repo["hooks"]:
        text += render_hook(hook, column + layout.inner, layout)
    return text


def render_hook(hook: Entry, dash: int, layout: Layout) -> str:
    """A hook whose dash stands in column `dash`: whole lines."""
    column = dash + layout.gap
    lines = [line for key, value in hook.items() for line in _lines(key, value, column)]
    return "".join(line + layout.newline for line in _dashed(lines, dash))


def flow(repo: Entry) -> str:
    """A repository for a file that is written in brackets."""
    return json.dumps(repo, ensure_ascii=False)


def _dashed(lines: Sequence[str], dash: int) -> list[str]:
    return [" " * dash + "-" + lines[0][dash + 1 :], *lines[1:]]


def _lines(key: str, value: object, column: int) -> list[str]:
    line = f"{' ' * column}{key}: {_value(value)}"
    if not isinstance(value, list) or len(line) <= _WIDTH:
        return [line]
    return [f"{' ' * column}{key}:", *(f"{' ' * (column + 2)}- {_scalar(one)}" for one in value)]


def _value(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_scalar(one) for one in value)}]"
    return _scalar(value)


def _scalar(value: object) -> str:
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS_OF_YAML:
        return value
    if "\\" in value and "'" not in value and value.isprintable():
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False)
