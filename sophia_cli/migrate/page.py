"""A Markdown page and its Python samples, each a small module that stands where it stands."""

from __future__ import annotations

import ast
import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from sophia_cli.migrate.binder import build
from sophia_cli.migrate.category import PAGES
from sophia_cli.migrate.history import is_past, tells_of_past
from sophia_cli.migrate.modules import Parsed, load
from sophia_cli.migrate.site import Reason
from sophia_cli.migrate.source import (
    Source,
    Unreadable,
    compile_quietly,
    parse_text,
    split_lines,
)

_FENCE = re.compile(r"(?P<indent>(?:[ \t]*>)*[ \t]*)(?P<mark>`{3,}|~{3,})(?P<info>[^\r\n]*)")
_PYTHON = re.compile(
    r"[ \t]*\{?[ \t.]*(?:code-cell[} \t]+)?(i?python3?|py3?|pycon)\b(?P<more>.*)", re.I
)
_MARKDOWN = re.compile(r"[ \t]*\{?[ \t.]*(md|mdx|markdown)\b", re.I)
_NUMBERED = re.compile(r"hl_lines|linenums|line-?numbers|line-?nos|startfrom|\{[\s\d,-]+\}", re.I)
_HEADING = re.compile(r"[ ]{0,3}(#{1,6})[ \t]+(.*)")
# What is shown or hidden as it is written, until its end.
_VERBATIM = re.compile(r"[ ]{0,3}<(pre|script|style|textarea|!--)(?=[\s>]|(?<=--)|$)", re.I)
# Behind these, what belongs to them stands further in.
_ITEM = re.compile(r"(?P<mark>[ \t>]*(?:[-*+]|\d{1,9}[.)]))(?P<gap>[ \t]+)\S")
_BLOCK = re.compile(r"(?P<indent>[ \t]*)(?:!!!|\?\?\?\+?|===\+?|:)[ \t]+\S")
_UNDERLINE = re.compile(r"[ ]{0,3}(=+|-{2,})[ \t]*$")

BY_HAND = Reason("documentation", "a page: change it by hand")
PAST = Reason("history", "it tells what was: left as it is")
FRAGMENT = Reason("fragment", "a fragment that does not parse: change it by hand")
PROMPTS = Reason("prompts", "a session with prompts: change it by hand")
NUMBERED = Reason("numbered-lines", "its lines go by their numbers: change it by hand")


@dataclass(frozen=True)
class Sample:
    """A Python sample: its numbered lines, and its module where it is one.

    `left` says why it is not edited, whatever is found in it.
    """

    lines: tuple[tuple[int, str], ...]
    left: Reason | None = None
    block: Parsed | None = None


@dataclass(frozen=True, eq=False)
class Block(Source):
    """The code of one sample; offsets and lines are those of the whole page."""

    def check(self) -> None:
        """Compile it; samples `await` without a function around."""
        compile_quietly(self.tree, self.path, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@dataclass(frozen=True)
class _Fence:
    """A fence that is open: how it is indented and marked, and the words after the mark."""

    indent: str
    mark: str
    info: str
    left: Reason | None

    def closes(self, line: str) -> bool:
        line = line.strip(" \t>")
        return line.startswith(self.mark) and not line.strip(self.mark[0])


@dataclass(eq=False)
class _Reader:
    """Goes through the lines of a page. `headings` are those that the place stands under."""

    page: Source
    past: bool
    headings: dict[int, str] = field(default_factory=dict)
    lead: list[str] = field(default_factory=list)
    gap: bool = False
    told: bool = False
    inner: list[int] = field(default_factory=list)

    def samples(self, lines: list[tuple[int, str]], nested: bool = False) -> Iterator[Sample]:
        """The samples of some lines; those that stand inside another sample are left alone."""
        fence: _Fence | None = None
        inside: list[tuple[int, str]] = []
        verbatim = ""  # what ends a part that is shown as it is written
        for number, line in lines:
            if verbatim and verbatim in line.lower():
                verbatim = ""
                if fence is not None:
                    yield from self._sample(fence, inside)
                    fence = None
            elif fence is not None and fence.closes(line):
                yield from self._sample(fence, inside)
                fence = None
            elif fence is not None:
                inside.append((number, line))
            elif opened := _FENCE.match(line):
                fence, inside = self._open(opened, nested or bool(verbatim)), []
            else:
                verbatim = verbatim or _end_of(line)
                self._text(line)
        if fence is not None:
            yield from self._sample(replace(fence, left=BY_HAND), inside)

    def _open(self, opened: re.Match[str], nested: bool) -> _Fence | None:
        indent, mark, info = opened.group("indent", "mark", "info")
        if "`" in info and mark[0] == "`":
            return None  # code in a line of text
        shown = ">" in indent or self._is_code(_width(indent))
        left = BY_HAND if nested or shown else None
        return _Fence(indent, mark, info, left)

    def _is_code(self, width: int) -> bool:
        """Whether what stands so far in is code by that alone: four columns in from what is around."""
        return all(not 0 <= width - inner < 4 for inner in (0, *self.inner))

    def _nest(self, line: str) -> None:
        """Keep how far in the parts of lists and of boxes stand that the line is in, or begins."""
        width = _width(line[: len(line) - len(line.lstrip())])
        self.inner = [inner for inner in self.inner if inner <= width]
        if item := _ITEM.match(line):
            gap = _width(item["gap"])
            self.inner.append(_width(item["mark"]) + (gap if gap < 5 else 1))
        elif block := _BLOCK.match(line):
            self.inner.append(_width(block["indent"]) + 4)

    def _text(self, line: str) -> None:
        """Keep the words before a sample, and the headings around it."""
        words = line.strip()
        if words:
            self._nest(line)
        heading = _HEADING.match(line)
        if heading:
            self._head(len(heading.group(1)), heading.group(2))
        elif self.lead and not self.gap and _UNDERLINE.match(line):
            self._head(1 if "=" in line else 2, self.lead[-1])
        elif not words:
            self.gap = True
        else:
            self.lead = [words] if self.gap else [*self.lead, words]
            self.gap = False

    def _head(self, level: int, words: str) -> None:
        self.headings = {at: text for at, text in self.headings.items() if at < level}
        self.headings[level] = words
        self.lead, self.told = [], False

    def _sample(self, fence: _Fence, lines: list[tuple[int, str]]) -> Iterator[Sample]:
        lead, self.lead = " ".join(self.lead), []
        found = _PYTHON.match(fence.info)
        if found is None:
            if _MARKDOWN.match(fence.info):
                yield from _Reader(self.page, self.past).samples(lines, nested=True)
            return
        told = tells_of_past(self.headings.values(), lead, [line for _, line in lines])
        self.told = told or (self.told and not lead)  # the other half, which nothing announces
        left = fence.left
        if self.past or self.told:
            left = PAST
        elif found.group(1).lower() == "pycon" or any(
            line.lstrip().startswith(">>>") for _, line in lines
        ):
            left = PROMPTS
        elif _NUMBERED.search(found.group("more")):
            left = NUMBERED
        yield _read(self.page, fence.indent, Sample(tuple(lines), left))


def _end_of(line: str) -> str:
    """What ends the part that a line begins, which is shown as it is written; "" for any other."""
    found = _VERBATIM.match(line)
    if found is None:
        return ""
    end = "-->" if found[1] == "!--" else f"</{found[1].lower()}>"
    return "" if end in line.lower() else end


def _width(text: str) -> int:
    """Columns, where tabs go on to the next multiple of four."""
    return len(text.expandtabs(4))


def read_page(path: str, data: bytes) -> tuple[Sample, ...]:
    """The Python samples of a page, in order."""
    bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    code = data[len(bom) :]
    starts, ends = split_lines(code)
    page = Source(path, data, "utf-8", bom, code, starts, ends, ast.Module([], []))
    lines = [
        (number, code[start : start + size].decode("utf-8", "replace").rstrip("\r\n"))
        for number, (start, size) in enumerate(_spans(page), start=1)
    ]
    text = code.decode("utf-8", "replace")
    samples = _Reader(page, is_past(path, text)).samples(lines)
    if text.encode() == code:
        return tuple(samples)
    return tuple(replace(sample, left=sample.left or BY_HAND) for sample in samples)


def load_views(path: str, data: bytes) -> tuple[Parsed, ...]:
    """What the rules see of a file: the samples of a page, else the file. Raises Unreadable."""
    if PurePosixPath(path).suffix.lower() not in PAGES:
        return (load(path, data),)
    return tuple(sample.block for sample in read_page(path, data) if sample.block is not None)


def _spans(page: Source) -> Iterator[tuple[int, int]]:
    for start, end in zip(page.starts, (*page.starts[1:], len(page.code)), strict=True):
        yield start, end - start


def _read(page: Source, indent: str, sample: Sample) -> Sample:
    """The sample with its module; one that does not parse is left alone."""
    try:
        tree = _tree(page, indent, sample.lines)
    except Unreadable:
        return replace(sample, left=sample.left or FRAGMENT)
    block = Block(
        page.path, page.data, page.encoding, page.bom, page.code, page.starts, page.ends, tree
    )
    return replace(sample, block=Parsed(block, build(tree)))


def _tree(page: Source, indent: str, lines: tuple[tuple[int, str], ...]) -> ast.Module:
    """The tree of some lines of a page, with the positions that they have there. Raises Unreadable."""
    bare, shifts = [], []
    for _, line in lines:
        if not line.startswith(indent) and line.strip():
            raise Unreadable("a line stands further left than its fence")
        bare.append(line.removeprefix(indent) if line.strip() else "")
        shifts.append(len(line.encode()) - len(bare[-1].encode()))
    tree = parse_text("\n".join(bare) + "\n")
    first = lines[0][0] - 1 if lines else 0
    for node in ast.walk(tree):
        if "lineno" in node._attributes:
            _move(node, shifts, first)
    return tree


def _move(node: Any, shifts: list[int], lines: int) -> None:
    """Move a node down by some lines, and to the right by the shift of its own."""
    node.col_offset += shifts[node.lineno - 1]
    node.end_col_offset += shifts[node.end_lineno - 1]
    node.lineno += lines
    node.end_lineno += lines
