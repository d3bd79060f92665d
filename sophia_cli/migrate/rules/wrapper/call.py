"""The text of one call of a wrapper, as a call of the target."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from sophia_cli.migrate.arguments import OddShape, parentheses
from sophia_cli.migrate.flatten import Rewording, reword
from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.pack import Method
from sophia_cli.migrate.rules.wrapper.chain import receiver_of
from sophia_cli.migrate.rules.wrapper.fields import Outcome
from sophia_cli.migrate.rules.wrapper.identity import Known
from sophia_cli.migrate.rules.wrapper.left import Left, Noted
from sophia_cli.migrate.rules.wrapper.need import need_of
from sophia_cli.migrate.rules.wrapper.request import (
    Arguments,
    Built,
    find_request,
    read_arguments,
)
from sophia_cli.migrate.rules.wrapper.result import read_result, take_edits
from sophia_cli.migrate.rules.wrapper.surroundings import refuse_surroundings
from sophia_cli.migrate.site import Edit, Need, Reason
from sophia_cli.migrate.source import Source
from sophia_cli.migrate.spelling import dotted

_KEYWORD = re.compile(rb"\w+\s*=\s*$")


@dataclass(frozen=True)
class Rewrite:
    """What moves a site: edits, names it needs, names it no longer reads, and what to look at first."""

    edits: tuple[Edit, ...]
    needs: tuple[Need, ...] = ()
    retired: tuple[str, ...] = ()
    doubts: tuple[Reason, ...] = ()


def rewrite_call(known: Known, file: Parsed, call: ast.Call, method: Method) -> Rewrite:
    """Turn a method call into one of the target's. Raises Left or OddShape."""
    receiver = _receiver(known, call, method)
    built, arguments, outcome = _read(known, file, call, method)
    straight = known.straight(file, receiver)
    edits = [*_arguments(file.source, call, built, arguments.rewording), *outcome.edits]
    edits += take_edits(file, call, method)
    if receiver is call.func:
        new = getter(known, file, receiver) + f".{method.target}".encode()
        edits.append(Edit(file.source.start(receiver), file.source.end(receiver), new))
    else:
        assert isinstance(call.func, ast.Attribute)
        edits += _callee_edits(known, file, call.func, method, straight)
    doubts = [*built.doubts, *([outcome.doubt] if outcome.doubt else []), *arguments.lost]
    doubts += [Reason("pack-says", method.review)] if method.review else []
    if straight and any(node.args or node.keywords for node in _calls(receiver)):
        doubts.append(Reason("arguments-dropped", "the service takes no arguments here"))
    if built.statement is not None:
        edits.append(delete_lines(file, built.statement))
    needs = (*([getter_need(known, file, receiver)] if straight else []), *arguments.needs)
    read = [receiver] if straight else []
    read += [built.call.func] if built.call is not call else []
    retired = (*arguments.retired, *(name for node in read for name in first_name(node)))
    return Rewrite(tuple(edits), needs, retired, tuple(doubts))


def _read(
    known: Known, file: Parsed, call: ast.Call, method: Method
) -> tuple[Built, Arguments, Outcome]:
    """What a call is given and what it gives. Raises Left with all that speaks against it."""
    left = Noted()
    built = arguments = outcome = None
    with left.noting():
        if file.table.in_format(call):
            raise Left("in-f-string", "it stands inside an f-string")
    with left.noting():
        refuse_surroundings(known, file, call, method)
    with left.noting():
        built = find_request(known, file, call, method)
        arguments = read_arguments(known, file, built.call, method)
    with left.noting():
        outcome = read_result(known, file, call, method)
    left.settle()
    assert built is not None and arguments is not None and outcome is not None
    return built, arguments, outcome


def _receiver(known: Known, call: ast.Call, method: Method) -> ast.expr:
    """What a method is called on; a function of the module is all of it."""
    if known.service.functions.get(method.name) is method:
        return call.func
    assert isinstance(call.func, ast.Attribute)
    return receiver_of(call.func, method.name)


def _callee_edits(
    known: Known, file: Parsed, func: ast.Attribute, method: Method, straight: bool
) -> list[Edit]:
    """The receiver and the method's name, the text between the two kept."""
    source, receiver = file.source, receiver_of(func, method.name)
    end, old = source.end(func), method.name.encode()
    if source.code[end - len(old) : end] != old:
        raise OddShape("its name is spelled in an unusual way")
    edits = [Edit(end - len(old), end, method.target.encode())]
    if straight:
        between = source.code[source.end(receiver) : end - len(old)]
        closed = between.rfind(b")", 0, between.rfind(b".")) + 1
        if b"#" in between[:closed]:
            raise OddShape("a comment stands between its receiver and its name")
        start = source.start(func)
        edits.append(Edit(start, source.end(receiver) + closed, getter(known, file, receiver)))
    return edits


def _calls(node: ast.expr) -> list[ast.Call]:
    node = node.value if isinstance(node, ast.Await) else node
    return [node] if isinstance(node, ast.Call) else []


def getter(known: Known, file: Parsed, node: ast.expr) -> bytes:
    """The call that gives the new service, in the place of `node`."""
    return f"{getter_need(known, file, node).local}()".encode()


def getter_need(known: Known, file: Parsed, node: ast.expr) -> Need:
    return need_of(known, file, _callee(node), known.pack.target.getter)


def first_name(node: ast.expr) -> list[str]:
    """The name that a receiver or a callee begins with."""
    return dotted(_callee(node))[:1]


def _callee(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Await | ast.Call):
        node = node.value if isinstance(node, ast.Await) else node.func
    return node


def _arguments(source: Source, call: ast.Call, built: Built, rewording: Rewording) -> list[Edit]:
    opening, closing = parentheses(source, call)
    if built.call is call:
        return reword(source, call, rewording)
    inner, outer = parentheses(source, built.call)
    if built.statement is not None:
        shift = _indent(source, call.lineno) - _indent(source, built.statement.lineno)
        edits = reword(source, built.call, rewording, shift)
        return [*edits, Edit(opening + 1, closing, b"", moved=(inner + 1, outer))]
    before = source.code[opening + 1 : source.start(built.call)]
    after = source.code[source.end(built.call) : closing]
    before = _KEYWORD.sub(b"", before)
    if before.strip() or after.strip() not in (b"", b","):
        raise OddShape("a comment or a parenthesis stands around its request")
    if _breaks(before) and not _breaks(source.text(built.call)):
        cuts = [Edit(opening + 1, inner + 1, before), Edit(outer, outer + 1, b"")]
        return [*reword(source, built.call, rewording), *cuts]
    shift = _indent(source, call.lineno) - _indent(source, built.call.lineno)
    cuts = [Edit(opening + 1, inner + 1, b""), Edit(outer, closing, b"")]
    return [*reword(source, built.call, rewording, shift if _breaks(before) else 0), *cuts]


def _breaks(text: bytes) -> bool:
    return b"\n" in text or b"\r" in text


def _indent(source: Source, line: int) -> int:
    return len(source.indent(line))


def delete_lines(file: Parsed, statement: ast.stmt, instead: bytes = b"") -> Edit:
    """Take a statement out with its lines. Raises OddShape when it shares them with other code."""
    source = file.source
    assert statement.end_lineno is not None
    start = source.starts[statement.lineno - 1]
    end = (
        source.starts[statement.end_lineno]
        if statement.end_lineno < len(source.starts)
        else len(source.code)
    )
    around = source.code[start : source.start(statement)] + source.code[source.end(statement) : end]
    if around.strip():
        raise OddShape("other code or a comment shares a line with what would go")
    if instead:
        return Edit(source.start(statement), source.end(statement), instead)
    return Edit(start, end, b"")
