"""A notebook seen as one module: its code cells in order, edited inside the JSON that holds them."""

from __future__ import annotations

import ast
import codecs
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from json import dumps

from sophia_cli.migrate.json_text import Value, read_json
from sophia_cli.migrate.magics import NotPython, without_magics
from sophia_cli.migrate.site import Edit
from sophia_cli.migrate.source import (
    Source,
    Unreadable,
    compile_quietly,
    parse_text,
    splice,
    split_lines,
)

SUFFIX = ".ipynb"
_OLDEST = 3


@dataclass(frozen=True, eq=False)
class Cell:
    """A code cell: its number among all cells, from 1, its text, and where that stands.

    `code` is the text as Python, from `start` to `end` of the notebook's code; `commands` are the
    parts of the text that are no Python.
    """

    number: int
    value: Value
    text: bytes
    code: bytes = b""
    start: int = 0
    commands: tuple[tuple[int, int], ...] = ()

    @property
    def end(self) -> int:
        """The end of its last line: a cell need not end in a line end, its code does."""
        return self.start + len(self.text) + len(self.lacking)

    @property
    def lacking(self) -> bytes:
        return b"" if self.text.endswith(b"\n") else b"\n"

    def after(self, edits: Iterable[Edit]) -> str:
        """Its text with those of the notebook's edits that fall into it. Raises ValueError."""
        own = [_shift(edit, -self.start) for edit in edits]
        for edit in own:
            if any(edit.start < last and first < edit.end for first, last in self.commands):
                raise ValueError(f"an edit would touch a command of cell {self.number}")
            line = self.text.rfind(b"\n", 0, edit.start) + 1
            if b"\n" in edit.text and any(line <= at < edit.start for at, _ in self.commands):
                raise ValueError(f"an edit would cut a command of cell {self.number}")
        text = splice(self.text + self.lacking, own)
        return text[: len(text) - len(self.lacking) if text.endswith(b"\n") else None].decode()


@dataclass(frozen=True)
class Skipped:
    """A cell that is not seen as code, and why."""

    cell: Cell
    reason: str


@dataclass(frozen=True, eq=False)
class Notebook(Source):
    """Its `code` holds all cells that are Python, a blank line after each."""

    json: str
    cells: tuple[Cell, ...]
    skipped: tuple[Skipped, ...]

    def rewrite(self, edits: Iterable[Edit]) -> bytes:
        """The notebook with the edits, every byte outside the edited cells' text kept."""
        edits, text = list(edits), self.json
        for cell in reversed(self.cells):
            own = [edit for edit in edits if cell.start <= edit.start and edit.end <= cell.end]
            edits = [edit for edit in edits if edit not in own]
            if own:
                value = _written(self.json, cell.value, cell.after(own))
                text = text[: cell.value.start] + value + text[cell.value.end :]
        if edits:
            raise ValueError("an edit would span two cells")
        return self.bom + text.encode()

    def place(self, line: int) -> tuple[int, int]:
        start = self.starts[line - 1]
        cell = self.cells[bisect_right(self.cells, start, key=lambda cell: cell.start) - 1]
        inside = len(self.code[cell.start : start].decode())
        return self.line_of(cell, inside), cell.number

    def line_of(self, cell: Cell, inside: int) -> int:
        """The line of the file in which a character of a cell's text stands."""
        at = cell.value.start
        if isinstance(cell.value.content, list):
            for piece in cell.value.content:
                at = piece.start
                if inside < len(str(piece.content)):
                    break
                inside -= len(str(piece.content))
        return self.json.count("\n", 0, at) + 1

    def check(self) -> None:
        """Compile cell by cell, as a kernel does: there `await` needs no function around it."""
        for cell in self.cells:
            code = self.code[cell.start : cell.end]
            compile_quietly(code, self.path, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def parse_notebook(path: str, data: bytes) -> Notebook:
    """Read a notebook. Raises Unreadable with the reason in words."""
    bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    try:
        text = data[len(bom) :].decode()
        root = read_json(text)
        _refuse_other_languages(root)
        cells, skipped = _sorted_out(_code_cells(root))
        code = b"".join(cell.code + cell.lacking + b"\n" for cell in cells)
        tree = parse_text(code.decode())
    except UnicodeError:
        raise Unreadable("its bytes are not utf-8") from None
    except ValueError as error:
        raise Unreadable(str(error)) from None
    starts, ends = split_lines(code)
    return Notebook(path, data, "utf-8", bom, code, starts, ends, tree, text, cells, skipped)


def _refuse_other_languages(root: Value) -> None:
    found = root.text("metadata", "language_info", "name")
    language = (found or root.text("metadata", "kernelspec", "language")).lower()
    if language and "python" not in language:
        raise Unreadable(f"a notebook in {language}")


def _code_cells(root: Value) -> Iterator[Cell]:
    """The code cells of nbformat 4, and of 3, which has sheets of them. Raises Unreadable."""
    sheets = root.items("worksheets")
    if root.at("cells") is None and not sheets:
        raise Unreadable(f"no notebook of nbformat {_OLDEST} or newer")
    every = [*root.items("cells"), *(cell for sheet in sheets for cell in sheet.items("cells"))]
    for number, cell in enumerate(every, start=1):
        value = cell.at("source") or cell.at("input")
        if cell.text("cell_type") != "code" or value is None:
            continue
        said = _said(value)
        if said.strip() and (cell.text("language") or "python") == "python":
            yield Cell(number, value, said.encode())


def _said(value: Value) -> str:
    """The text of a cell: one string, or a list of them. Raises Unreadable."""
    parts = value.content if isinstance(value.content, list) else [value]
    texts = [part.content for part in parts if isinstance(part.content, str)]
    if len(texts) < len(parts):
        raise Unreadable("the source of a cell is no text")
    return "".join(texts)


def _sorted_out(cells: Iterable[Cell]) -> tuple[tuple[Cell, ...], tuple[Skipped, ...]]:
    """The cells that are Python, each at its place in the code, and the others."""
    kept: list[Cell] = []
    skipped: list[Skipped] = []
    start = 0
    for cell in cells:
        try:
            plain = without_magics(cell.text)
        except NotPython as error:
            skipped.append(Skipped(cell, str(error)))
            continue
        kept.append(replace(cell, code=plain.code, start=start, commands=plain.commands))
        start = kept[-1].end + 1
    return tuple(kept), tuple(skipped)


def _shift(edit: Edit, by: int) -> Edit:
    moved = (edit.moved[0] + by, edit.moved[1] + by) if edit.moved else None
    return Edit(edit.start + by, edit.end + by, edit.text, moved)


def _written(text: str, value: Value, after: str) -> str:
    """A cell's new text as the JSON that the old one was: a string, or a list of lines."""
    plain = text.isascii()
    if not isinstance(value.content, list):
        return dumps(after, ensure_ascii=plain)
    old, new = value.content, after.splitlines(keepends=True)
    opening = text[value.start : old[0].start]
    space = opening[1:] or text[value.start - 1].replace(":", "")
    between = text[old[0].end : old[1].start] if len(old) > 1 else "," + space
    parts: list[str] = []
    kept = -2  # the old line that was put down last
    for verb, first, last, low, high in SequenceMatcher(
        None, [str(item.content) for item in old], new, autojunk=False
    ).get_opcodes():
        for index in range(first, last) if verb == "equal" else ():
            gap = (
                text[old[kept].end : old[index].start]
                if index == kept + 1 and kept >= 0
                else between
            )
            parts += [gap, text[old[index].start : old[index].end]]
            kept = index
        for line in new[low:high] if verb != "equal" else ():
            parts += [between, dumps(line, ensure_ascii=plain)]
            kept = -2
    return opening + "".join(parts[1:]) + text[old[-1].end : value.end]
