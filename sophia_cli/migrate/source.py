"""One file as bytes, code and tree: what is not edited stays the same byte for byte.

All offsets count bytes of `code`, the file's text in UTF-8 without a byte order mark: that is
what `ast` counts in, whatever the encoding of the file is.
"""

from __future__ import annotations

import ast
import codecs
import io
import re
import tokenize
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

from sophia_cli.migrate.newer import newer_reads
from sophia_cli.migrate.site import Edit

_LINE_END = re.compile(rb"\r\n|\r|\n")


class Unreadable(Exception):
    """The file cannot be parsed or its encoding does not survive a round trip."""


@dataclass(frozen=True, eq=False)
class Source:
    """A parsed file. `starts` holds the offset of each line, `ends` each line's ending."""

    path: str
    data: bytes
    encoding: str
    bom: bytes
    code: bytes
    starts: tuple[int, ...]
    ends: tuple[bytes, ...]
    tree: ast.Module

    def offset(self, line: int, column: int) -> int:
        """The offset of an `ast` position."""
        return self.starts[line - 1] + column

    def start(self, node: ast.expr | ast.stmt | ast.alias) -> int:
        return self.starts[node.lineno - 1] + node.col_offset

    def end(self, node: ast.expr | ast.stmt | ast.alias) -> int:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self.starts[node.end_lineno - 1] + node.end_col_offset

    def text(self, node: ast.expr | ast.stmt | ast.alias) -> bytes:
        return self.code[self.start(node) : self.end(node)]

    def column(self, node: ast.expr | ast.stmt) -> int:
        """The column in characters, from 1."""
        start = self.starts[node.lineno - 1]
        return len(self.code[start : start + node.col_offset].decode()) + 1

    def eol(self, line: int) -> bytes:
        """The line ending to use beside a line: its own, else the file's first, else a newline."""
        return self.ends[line - 1] or self.ends[0] or b"\n"

    def indent(self, line: int) -> bytes:
        """The white space that a line begins with."""
        start = self.starts[line - 1]
        rest = self.code[start:]
        return rest[: len(rest) - len(rest.lstrip(b" \t\f"))]

    def rewrite(self, edits: Iterable[Edit]) -> bytes:
        """The file's bytes with the edits applied, in its own encoding. Raises ValueError."""
        return self.bom + splice(self.code, edits).decode().encode(self.encoding)

    def place(self, line: int) -> tuple[int, int]:
        """Where a line of code stands: the line of the file, and the cell of a notebook or 0."""
        return line, 0

    def check(self) -> None:
        """Compile it as it is run. Raises SyntaxError, ValueError or RecursionError."""
        compile_quietly(self.data, self.path)


def compile_quietly(program: bytes | ast.Module, path: str, flags: int = 0) -> None:
    """Compile without the warnings that are the user's. Raises as `compile` does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compile(program, path, "exec", flags, dont_inherit=True)


def splice(code: bytes, edits: Iterable[Edit]) -> bytes:
    """Apply edits, in the order given where they share a place. Raises ValueError on overlap."""
    ranked = sorted(edits, key=lambda edit: (edit.start, edit.end))
    parts = [edit.moved for edit in ranked if edit.moved]
    still = [edit for edit in ranked if not any(_within(edit, part) for part in parts)]
    return _render(code, (0, len(code)), still, ranked)


def _render(code: bytes, part: tuple[int, int], edits: list[Edit], every: list[Edit]) -> bytes:
    pieces, at = [], part[0]
    for edit in edits:
        if edit.start < at:
            raise ValueError(f"edits overlap at byte {edit.start}")
        pieces += [code[at : edit.start], edit.text]
        if edit.moved is not None:
            inside = [other for other in every if _within(other, edit.moved)]
            pieces.append(_render(code, edit.moved, inside, every))
        at = edit.end
    return b"".join([*pieces, code[at : part[1]]])


def _within(edit: Edit, part: tuple[int, int]) -> bool:
    return part[0] <= edit.start and edit.end <= part[1]


def parse(path: str, data: bytes) -> Source:
    """Read a Python file. Raises Unreadable with the reason in words."""
    bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    encoding = _encoding(data)
    body = data[len(bom) :]
    try:
        text = body.decode(encoding)
        same = text.encode(encoding) == body
    except (UnicodeError, LookupError):
        raise Unreadable(f"its bytes are not {encoding}") from None
    if not same:
        raise Unreadable(f"{encoding} does not give its bytes back")
    code = body if encoding == "utf-8" else text.encode()
    starts, ends = split_lines(code)
    return Source(path, data, encoding, bom, code, starts, ends, parse_text(text))


def _encoding(data: bytes) -> str:
    try:
        name, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError as error:
        raise Unreadable(str(error.msg)) from None
    return "utf-8" if name == "utf-8-sig" else name


def split_lines(code: bytes) -> tuple[tuple[int, ...], tuple[bytes, ...]]:
    """The offset of each line, and each line's ending."""
    if b"\r" not in code:  # nearly always, and much faster
        sizes = [len(line) + 1 for line in code.split(b"\n")]
        return tuple(accumulate(sizes[:-1], initial=0)), (*[b"\n"] * (len(sizes) - 1), b"")
    starts, ends = [0], []
    for match in _LINE_END.finditer(code):
        starts.append(match.end())
        ends.append(match.group())
    return tuple(starts), (*ends, b"")


def parse_text(text: str) -> ast.Module:
    """The tree of a program. Raises Unreadable."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in a user's string is not ours
            return ast.parse(text)
    except SyntaxError as error:
        words, mend = f"line {error.lineno or 0}: {error.msg}", newer_reads(error)
        raise Unreadable(f"{words} ({mend})" if mend else words) from None
    except ValueError as error:
        raise Unreadable(str(error)) from None
    except (RecursionError, MemoryError):
        raise Unreadable("its expressions are nested too deeply") from None
