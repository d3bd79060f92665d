"""On which line each key of a TOML file stands: the library's reader gives values only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

Keys = tuple[str | int, ...]

_SPACE = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_BARE = re.compile(r"[\w-]+")
_SCALAR = re.compile(r"[^,\]}#\r\n]+")
_TEXT = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'', re.DOTALL
)


def read_lines(text: str) -> dict[Keys, int]:
    """The line, from 1, of every table and key of a valid document; lists count from 0."""
    reader = _Reader(text)
    reader.document()
    return reader.lines


def where_of(name: str, lines: Mapping[Keys, int], keys: Keys) -> str:
    """The file's name with the line of a key, or of the nearest table around it."""
    while keys and keys not in lines:
        keys = keys[:-1]
    return f"{name}:{lines[keys]}" if keys else name


@dataclass(eq=False)
class _Reader:
    """A place in the text, and what was met on the way there."""

    text: str
    at: int = 0
    lines: dict[Keys, int] = field(default_factory=dict)
    rows: dict[Keys, int] = field(default_factory=dict)

    def document(self) -> None:
        table: Keys = ()
        while self._skip():
            if self._takes("[["):
                keys = self._placed(self._key()[:-1], last=self._part)
                self.rows[keys] = self.rows.get(keys, -1) + 1
                table = (*keys, self.rows[keys])
                self._note(table)
                self.at += 2
            elif self._takes("["):
                table = self._placed(self._key())
                self._note(table)
                self.at += 1
            else:
                self._pair(table)

    def _placed(self, keys: Keys, last: str | None = None) -> Keys:
        """A table's keys, with the number of the list's entry that they lead through."""
        found: Keys = ()
        for key in keys:
            found = (*found, key)
            if found in self.rows:
                found = (*found, self.rows[found])
        return found if last is None else (*found, last)

    def _pair(self, table: Keys) -> None:
        start = self.at
        keys = (*table, *self._key())
        self.lines.setdefault(keys, self.text.count("\n", 0, start) + 1)
        self._skip()
        self.at += 1  # the equals sign
        self._value(keys)

    def _key(self) -> Keys:
        """A key with its dots; the last part is kept for a list's header."""
        keys: list[str | int] = []
        while True:
            self._skip()
            quoted = _TEXT.match(self.text, self.at)
            match = quoted or _BARE.match(self.text, self.at)
            assert match is not None
            self.at = match.end()
            self._part = match.group()[1:-1] if quoted else match.group()
            keys.append(self._part)
            self._skip()
            if not self._takes("."):
                return tuple(keys)

    def _value(self, keys: Keys) -> None:
        self._skip()
        if self._takes("["):
            self._list(keys)
        elif self._takes("{"):
            while self._skip() and not self._takes("}"):
                if not self._takes(","):
                    self._pair(keys)
        else:
            match = _TEXT.match(self.text, self.at) or _SCALAR.match(self.text, self.at)
            assert match is not None
            self.at = match.end()

    def _list(self, keys: Keys) -> None:
        row = 0
        while self._skip() and not self._takes("]"):
            if not self._takes(","):
                self._note((*keys, row))
                self._value((*keys, row))
                row += 1

    def _note(self, keys: Keys) -> None:
        self.lines.setdefault(keys, self.text.count("\n", 0, self.at) + 1)

    def _skip(self) -> bool:
        """Go past white space and comments; whether anything follows."""
        match = _SPACE.match(self.text, self.at)
        assert match is not None
        self.at = match.end()
        return self.at < len(self.text)

    def _takes(self, mark: str) -> bool:
        taken = self.text.startswith(mark, self.at)
        self.at += len(mark) if taken else 0
        return taken
