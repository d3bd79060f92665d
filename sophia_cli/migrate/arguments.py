"""Adds a keyword to a call in the style in which the call is written."""

from __future__ import annotations

import ast
import io
import re
import tokenize

from sophia_cli.migrate.site import Edit
from sophia_cli.migrate.source import Source

_SILENT = (tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT)


class OddShape(Exception):
    """The call is written in a way that is not edited."""


def add_keyword(source: Source, call: ast.Call, text: bytes) -> list[Edit]:
    """The edits that append `text`, such as `name=value`, to a call. Raises OddShape."""
    opening, closing = parentheses(source, call)
    last, start = _last_token(source, opening, closing)
    bare = last == opening + 1
    if any(isinstance(arg, ast.GeneratorExp) for arg in call.args) and len(call.args) == 1:
        raise OddShape("its only argument is a generator")
    comma = source.code[last - 1 : last] == b","
    between = source.code[last:closing]
    if b"\n" not in between and b"\r" not in between:
        return [Edit(last, last, _inline(text, bare, comma))]
    line = _line_of(source, closing)
    if source.code[source.starts[line - 1] : closing].strip():
        raise OddShape("a comment or a backslash stands before its closing parenthesis")
    indent = source.indent(line) + b"    " if bare else source.indent(_line_of(source, start))
    eol = source.eol(line - 1)
    added = Edit(source.starts[line - 1], source.starts[line - 1], indent + text + b"," + eol)
    return [added] if bare or comma else [Edit(last, last, b","), added]


def _inline(text: bytes, bare: bool, comma: bool) -> bytes:
    if bare:
        return text
    return b" " + text + b"," if comma else b", " + text


def parentheses(source: Source, call: ast.Call) -> tuple[int, int]:
    """The offsets of a call's own parentheses. Raises OddShape."""
    at = source.end(call.func)
    gap = re.compile(rb"[ \t\f]*").match(source.code, at)
    opening = gap.end() if gap else at
    closing = source.end(call) - 1
    if source.code[opening : opening + 1] != b"(" or source.code[closing : closing + 1] != b")":
        raise OddShape("its parentheses do not follow its name")
    return opening, closing


def _last_token(source: Source, opening: int, closing: int) -> tuple[int, int]:
    """Where the last token before the closing parenthesis ends, and where the last argument starts."""
    end = start = opening + 1
    depth = 0
    fresh = True
    for kind, string, begin, finish in tokens(source.code[opening : closing + 1]):
        if kind in _SILENT or kind == tokenize.ENDMARKER:
            continue
        begin, finish = opening + begin, opening + finish
        if finish > closing:
            break
        if depth == 1 and fresh:
            start, fresh = begin, False
        depth += (string in "([{") - (string in ")]}") if kind == tokenize.OP else 0
        fresh = fresh or (depth == 1 and string == "," and kind == tokenize.OP)
        end = finish
    return end, start


def tokens(code: bytes) -> list[tuple[int, str, int, int]]:
    """Kind, text, start and end in bytes of each token of a bracketed expression. Raises OddShape."""
    even = code.replace(b"\r\n", b" \n").replace(b"\r", b"\n")  # the same length
    text = even.decode()
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line.encode()) + 1)

    def offset(place: tuple[int, int]) -> int:
        line = lines[place[0] - 1] if place[0] <= len(lines) else ""
        return starts[place[0] - 1] + len(line[: place[1]].encode())

    try:
        found = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError, IndentationError) as error:
        raise OddShape("its text cannot be taken apart") from error
    return [(token.type, token.string, offset(token.start), offset(token.end)) for token in found]


def _line_of(source: Source, offset: int) -> int:
    from bisect import bisect_right

    return bisect_right(source.starts, offset)
