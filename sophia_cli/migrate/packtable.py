"""A table of a rule pack; whatever is wrong in it is said with file and line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import Any

from sophia_cli.errors import SophiaError
from sophia_cli.llm.tomllines import Keys, read_lines, where_of
from sophia_cli.migrate.shipped import shipped

Literal = str | int | float | bool
_MEND = "name it with --pack FILE, or in sophia.toml under [migrate] packs"
_AT = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True)
class File:
    """A pack as it stands on the disk."""

    path: Path
    text: str

    @cached_property
    def lines(self) -> dict[Keys, int]:
        return read_lines(self.text)

    def place(self, keys: Keys) -> str:
        """The file with the line of a key, or of the nearest table around it."""
        return where_of(str(self.path), self.lines, keys)


def read_file(path: Path) -> Table:
    """The whole file as a table. Raises SophiaError where it cannot be read or is not TOML."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        return Table(File(path, text), "the file", tomllib.loads(text))
    except OSError as error:
        words = f"the rule pack {path} cannot be read: {error.strerror}"
        raise SophiaError(words, f"{_MEND}\nby name: {', '.join(shipped())}") from error
    except UnicodeDecodeError as error:
        raise SophiaError(f"{path} is not valid TOML: {error}", "save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        match = _AT.search(str(error))
        line = (match[1] or str(text.count("\n") + 1)) if match else "1"
        words = f"{path}:{line}: is not valid TOML: {_AT.sub('', str(error))}"
        raise SophiaError(words, "mend that line") from error


@dataclass(frozen=True)
class Table:
    """A table of the file, and the words that name it in an error."""

    file: File
    where: str
    values: Mapping[str, Any]
    keys: Keys = field(default=())

    def wrong(self, words: str, mend: str = "", *key: str) -> SophiaError:
        """The error of a key, given with the tables that lead to it from here."""
        return SophiaError(f"{self.file.place((*self.keys, *key))}: {self.where} {words}", mend)

    def named(self, where: str) -> Table:
        return Table(self.file, where, self.values, self.keys)

    def only(self, *allowed: str) -> None:
        for key in self.values:
            if key not in allowed:
                raise self.wrong(f"has no key '{key}'", f"allowed: {', '.join(allowed)}", key)

    def text(self, key: str, default: str | None = None) -> str:
        value = self.values.get(key, default)
        if value is None:
            raise self.wrong(f"needs the key '{key}'", f'such as {key} = "..."')
        if not isinstance(value, str):
            raise self.wrong(f"{key} must be a string, not {value!r}", "put it in quotes", key)
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(f"{key} must be true or false, not {value!r}", "", key)
        return value

    def names(self, key: str) -> tuple[str, ...]:
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(f"{key} must be a list of strings", f'such as {key} = ["a", "b"]', key)
        return tuple(value)

    def table(self, key: str, where: str) -> Table:
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(f"{key} must be a table", f"write it as {where}", key)
        return Table(self.file, where, value, (*self.keys, key))

    def tables(self, key: str, where: str) -> list[Table]:
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.wrong(f"{key} must be a list of tables", f"write each as {where}", key)
        return [
            Table(self.file, where, item, (*self.keys, key, row)) for row, item in enumerate(value)
        ]

    def mapping(self) -> dict[str, str]:
        """All keys of the table, each a string."""
        return {key: self.text(key) for key in self.values}

    def literals(self) -> dict[str, Literal]:
        """All keys of the table, each a plain value."""
        for key, value in self.values.items():
            if not _is_literal(value):
                words = f"{key} must be a string, a number, true or false"
                raise self.wrong(words, "", key)
        return dict(self.values)

    def choices(self, key: str) -> tuple[Literal, ...]:
        """A list of plain values."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(_is_literal(item) for item in value):
            words = f"{key} must be a list of strings, numbers, true or false"
            raise self.wrong(words, f"such as {key} = [false]", key)
        return tuple(value)

    def check(self, names: Mapping[tuple[str, ...], str], allowed: Iterable[str]) -> None:
        """Every name, by the key that gives it, must be one of those that are there."""
        known = sorted(allowed)
        for key, name in names.items():
            if name not in known:
                near = get_close_matches(name, known, n=1)
                mend = f"did you mean {near[0]}?" if near else f"allowed: {', '.join(known)}"
                words = f"{'.'.join(key)} names '{name}', which the service does not have"
                raise self.wrong(words, mend, *key)


def _is_literal(value: object) -> bool:
    return isinstance(value, str | int) or (isinstance(value, float) and isfinite(value))
