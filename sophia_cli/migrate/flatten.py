"""Rewrites the arguments of a call: renamed, dropped, added, moved to another indentation."""

from __future__ import annotations

import ast
import re
import tokenize
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from sophia_cli.migrate.arguments import OddShape, parentheses, tokens
from sophia_cli.migrate.site import Edit
from sophia_cli.migrate.source import Source

_NAME = re.compile(rb"[^\W\d]\w*\s*=\s*")


@dataclass(frozen=True)
class Wording:
    """What becomes of one argument: passed on as `name` ("" by place), or dropped."""

    node: ast.expr
    name: str
    dropped: bool = False


@dataclass(frozen=True)
class Rewording:
    """What becomes of a call's arguments: each in order, the edits inside them, and new ones."""

    arguments: tuple[Wording, ...]
    inside: tuple[Edit, ...] = ()
    added: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Segment:
    """The bytes of one argument, name and parentheses with it; `next` is where the following one starts."""

    start: int
    end: int
    next: int
    wording: Wording


def reword(source: Source, call: ast.Call, rewording: Rewording, shift: int = 0) -> list[Edit]:
    """The edits between the parentheses of a call; its lines go `shift` columns to the right.

    Raises OddShape for a call that is written in a way that would not come out well.
    """
    opening, closing = parentheses(source, call)
    segments = _segments(source, opening, closing, rewording.arguments)
    _refuse_bare(source, segments, rewording)
    edits = list(rewording.inside)
    for segment in segments:
        if not segment.wording.dropped:
            edits.append(_named(source, segment))
    if _spread(source, opening, closing, segments):
        edits += _dropped_lines(source, segments)
        edits += _added_lines(source, closing, segments, rewording, shift)
    elif _reshapes(rewording, shift):
        if _has_comment(source, opening, closing):
            raise OddShape("a comment stands between its arguments")
        edits += _dropped_inline(segments) + _added_inline(opening, segments, rewording)
    gone = [edit for edit in edits if not edit.text]
    for edit in _shifted(source, opening, closing, call, shift):
        if not any(cut.start <= edit.start < cut.end for cut in gone):
            edits.append(edit)
    return [edit for edit in edits if edit.text or edit.end > edit.start]


def _reshapes(rewording: Rewording, shift: int) -> bool:
    """Whether more than names changes, so that a comment might end up in the wrong place."""
    return bool(rewording.added or shift or any(word.dropped for word in rewording.arguments))


def _refuse_bare(source: Source, segments: list[_Segment], rewording: Rewording) -> None:
    """A generator or a walrus without parentheses of its own can stand alone only."""
    for segment in segments:
        node, start = segment.wording.node, source.start(segment.wording.node)
        named = bool(segment.wording.name)
        if isinstance(node, ast.NamedExpr) and named and start == segment.start:
            raise OddShape("an argument is assigned as it is passed")
        bare = isinstance(node, ast.GeneratorExp) and start < segment.start
        if bare and (named or rewording.added):
            raise OddShape("its only argument is a generator")


def _segments(
    source: Source, opening: int, closing: int, wordings: tuple[Wording, ...]
) -> list[_Segment]:
    """The arguments by their tokens, since a parenthesised one is wider than its node."""
    spans: list[list[int]] = []
    depth, fresh = 0, True
    for kind, text, begin, finish in tokens(source.code[opening : closing + 1]):
        if kind in (tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.ENDMARKER):
            continue
        if depth == 1 and kind == tokenize.OP and text == ",":
            fresh = True
            continue
        depth -= kind == tokenize.OP and text in ")]}"
        if depth >= 1:
            if fresh:
                spans.append([opening + begin, 0])
                fresh = False
            spans[-1][1] = opening + finish
        depth += kind == tokenize.OP and text in "([{"
    if len(spans) != len(wordings):
        raise OddShape("its arguments cannot be taken apart")
    after = [*(span[0] for span in spans[1:]), closing][: len(spans)]
    return [
        _Segment(start, end, following, wording)
        for (start, end), following, wording in zip(spans, after, wordings, strict=True)
    ]


def _named(source: Source, segment: _Segment) -> Edit:
    """The argument's name, as it is to be."""
    value = source.code[segment.start : segment.end]
    written = _NAME.match(value)
    named = written is not None and segment.start + written.end() <= source.start(
        segment.wording.node
    )
    end = segment.start + (written.end() if named and written else 0)
    text = f"{segment.wording.name}=".encode() if segment.wording.name else b""
    if named and written and written.group().rstrip(b"= \t") == text[:-1]:
        return Edit(segment.start, segment.start, b"")
    return Edit(segment.start, end, text)


def _spread(source: Source, opening: int, closing: int, segments: list[_Segment]) -> bool:
    """One argument a line, each beginning its line, and the parenthesis on a line of its own."""
    starts = [segment.start for segment in segments]
    lines = [_line(source, place) for place in (opening, *starts, closing)]
    begins = all(_begins_line(source, place) for place in (*starts, closing))
    return bool(segments) and begins and lines == sorted(set(lines))


def _dropped_lines(source: Source, segments: list[_Segment]) -> list[Edit]:
    edits = []
    for segment in segments:
        if segment.wording.dropped:
            first, last = _line(source, segment.start), _line(source, segment.end)
            edits.append(Edit(source.starts[first - 1], source.starts[last], b""))
    return edits


def _added_lines(
    source: Source, closing: int, segments: list[_Segment], rewording: Rewording, shift: int
) -> list[Edit]:
    if not rewording.added:
        return []
    first = _line(source, segments[0].start)
    place = source.starts[_line(source, closing) - 1]
    indent, eol = source.indent(first), source.eol(first)
    indent = indent[: len(indent) + min(shift, 0)] + indent[:1] * max(shift, 0)
    text = b"".join(indent + added.encode() + b"," + eol for added in rewording.added)
    kept = [segment for segment in segments if not segment.wording.dropped]
    edits = [Edit(place, place, text)]
    if kept and kept[-1] is segments[-1] and not _comma(source, kept[-1].end):
        edits.append(Edit(kept[-1].end, kept[-1].end, b","))
    return edits


def _dropped_inline(segments: list[_Segment]) -> list[Edit]:
    kept = [index for index, segment in enumerate(segments) if not segment.wording.dropped]
    last = kept[-1] if kept else -1
    edits = [
        Edit(segment.start, segment.next, b"")
        for segment in segments[: last + 1]
        if segment.wording.dropped
    ]
    if last + 1 < len(segments):
        begin = segments[last].end if kept else segments[0].start
        edits.append(Edit(begin, segments[-1].end, b""))
    return edits


def _added_inline(opening: int, segments: list[_Segment], rewording: Rewording) -> list[Edit]:
    if not rewording.added:
        return []
    text = ", ".join(rewording.added).encode()
    kept = [segment for segment in segments if not segment.wording.dropped]
    if kept:
        return [Edit(kept[-1].end, kept[-1].end, b", " + text)]
    place = segments[0].start if segments else opening + 1
    return [Edit(place, place, text)]


def _shifted(
    source: Source, opening: int, closing: int, call: ast.Call, shift: int
) -> Iterable[Edit]:
    """Move every line but those that begin inside a string."""
    inside = {
        line
        for node in ast.walk(call)
        if isinstance(node, ast.JoinedStr)
        or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))
        for line in range(node.lineno + 1, (node.end_lineno or node.lineno) + 1)
    }
    for line in range(_line(source, opening) + 1, _line(source, closing) + 1):
        start, indent = source.starts[line - 1], source.indent(line)
        blank = not source.code[start + len(indent) : start + len(indent) + 1].strip()
        if line in inside or shift == 0 or blank:
            continue
        if shift > 0:
            yield Edit(start, start, _indents(source, call) * shift)
        elif len(indent) >= -shift and indent.startswith(source.indent(call.lineno)[:-shift]):
            yield Edit(start, start - shift, b"")
        else:
            raise OddShape("its lines are indented less than their call")


def _indents(source: Source, call: ast.Call) -> bytes:
    """What the lines of a call are indented with: a tab or a space."""
    assert call.end_lineno is not None
    lines = (source.indent(line) for line in range(call.lineno, call.end_lineno + 1))
    return b"\t" if any(indent[:1] == b"\t" for indent in lines) else b" "


def _has_comment(source: Source, opening: int, closing: int) -> bool:
    found = tokens(source.code[opening : closing + 1])
    return any(kind == tokenize.COMMENT for kind, *_ in found)


def _comma(source: Source, place: int) -> bool:
    return source.code[place:].lstrip()[:1] == b","


def _begins_line(source: Source, place: int) -> bool:
    start = source.starts[_line(source, place) - 1]
    return not source.code[start:place].strip()


def _line(source: Source, place: int) -> int:
    return bisect_right(source.starts, place)
