"""Renames a field of an answer where it is read."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.pack import Field
from sophia_cli.migrate.rules.wrapper.left import Left
from sophia_cli.migrate.rules.wrapper.members import literal
from sophia_cli.migrate.scope import Binding, Scope
from sophia_cli.migrate.site import Edit, Reason
from sophia_cli.migrate.spelling import dotted

# What needs no parentheses around a question.
_WHOLE = (
    ast.Assign,
    ast.AnnAssign,
    ast.Return,
    ast.keyword,
    ast.FormattedValue,
    ast.NamedExpr,
    ast.BoolOp,
)


@dataclass(frozen=True)
class Outcome:
    """The edits that rename fields, and why a person should look (None: every use is seen)."""

    edits: tuple[Edit, ...] = ()
    doubt: Reason | None = None


class Place(IntEnum):
    """What is done about None where a field is read: nothing, its default, or a person looks."""

    FINE = 0
    FILLED = 1
    DOUBTFUL = 2


@dataclass(frozen=True)
class Use:
    """An expression that is the answer; `variable` is what its name means, if it is one."""

    node: ast.expr
    variable: tuple[Scope, list[Binding]] | None = None


def rename(
    file: Parsed,
    node: ast.Attribute,
    use: Use,
    fields: Mapping[str, Field],
    nullable: frozenset[str],
) -> Outcome:
    """What becomes of the field that `node` reads. Raises Left for one that has no new name.

    `nullable` are the new fields that can be None.
    """
    if node.attr not in fields:
        raise Left("unknown-field", f"the pack says nothing of the answer's field {node.attr}")
    if not isinstance(node.ctx, ast.Load) or isinstance(file.table.parents[node], ast.AugAssign):
        raise Left("field-written", f"the answer's field {node.attr} is written to")
    field = fields[node.attr]
    if file.table.in_format(node):
        return _in_format(file, node, use, field, nullable)
    place = _place(file, node, field, nullable)
    edits: list[Edit] = []
    if field.name != node.attr or place is Place.FILLED:
        end = file.source.end(node)
        new = field.name.encode()
        if field.absent and (negation := _negation(file, node)):
            edits.append(negation)
            new, place = new + b" is not None", Place.FINE
        if place is Place.FILLED:
            before, after = _around(file, node, field)
            start = file.source.start(node)
            edits.append(Edit(start, start, before))
            new += after
        edits.append(Edit(end - len(node.attr.encode()), end, new))
    changing = tuple(edit for edit in edits if edit.text or edit.end > edit.start)
    return Outcome(changing, _doubt(node, field, place))


def replace_path(
    file: Parsed,
    node: ast.Attribute | ast.Subscript,
    use: Use,
    field: Field,
    nullable: frozenset[str],
) -> Outcome:
    """What becomes of a way of several steps that ends in `node`. Raises Left."""
    source, first = file.source, file.table.parents[use.node]
    if file.table.in_format(node):
        raise Left("in-f-string", "a way into the answer stands in an f-string")
    if not isinstance(node.ctx, ast.Load) or isinstance(file.table.parents[node], ast.AugAssign):
        raise Left("field-written", "the answer is written to")
    if isinstance(first, ast.Attribute):
        start, new = source.end(first) - len(first.attr.encode()), field.name.encode()
    elif isinstance(use.node, ast.Name):
        start, new = source.end(use.node), f".{field.name}".encode()
    else:
        raise Left("answer-taken-apart", f"the answer is taken apart at line {node.lineno}")
    if b"#" in source.code[start : source.end(node)]:
        raise Left("odd-shape", "a comment stands in a way into the answer")
    place, edits = _place(file, node, field, nullable), []
    if place is Place.FILLED:
        before, after = _around(file, node, field)
        edits = [Edit(source.start(node), source.start(node), before)] if before else []
        new += after
    edits.append(Edit(start, source.end(node), new))
    return Outcome(tuple(edits), _doubt(node, field, place))


def _place(file: Parsed, node: ast.expr, field: Field, nullable: frozenset[str]) -> Place:
    """What a None would do where a field is read."""
    if field.absent:
        return Place.FILLED
    if field.name not in nullable or field.nullable or _unharmed(file, node):
        return Place.FINE
    if field.default is not None:
        return Place.FILLED
    return Place.FINE if _shown(file, node) else Place.DOUBTFUL


def _doubt(node: ast.expr, field: Field, place: Place) -> Reason | None:
    if place is not Place.DOUBTFUL:
        return None
    words = f"{field.name} can be None at line {node.lineno}, and the pack gives no default"
    return Reason("may-be-none", words)


def _unharmed(file: Parsed, node: ast.expr) -> bool:
    """Whether None does there what 0 and "" did: it is only asked whether there is something."""
    parent = file.table.parents[node]
    if isinstance(parent, ast.BoolOp):
        if isinstance(parent.op, ast.Or) and parent.values[-1] is not node:
            return True
        return _unharmed(file, parent)
    if isinstance(parent, ast.Compare):
        others = [other for other in (parent.left, *parent.comparators) if other is not node]
        same = all(isinstance(op, ast.Is | ast.IsNot) for op in parent.ops)
        return same and all(isinstance(o, ast.Constant) and o.value is None for o in others)
    if _is_test(parent, node):
        return True
    if isinstance(parent, ast.UnaryOp):
        return isinstance(parent.op, ast.Not)
    return isinstance(parent, ast.Expr) or _given_to(file, parent, ("bool",))


def _is_test(parent: ast.AST, node: ast.expr) -> bool:
    if isinstance(parent, ast.comprehension):
        return node in parent.ifs
    tests = isinstance(parent, ast.If | ast.While | ast.IfExp | ast.Assert)
    return tests and parent.test is node  # type: ignore[attr-defined]


def _shown(file: Parsed, node: ast.expr) -> bool:
    """Whether it only becomes text: None does no harm there, it says what is known."""
    parent = file.table.parents[node]
    if isinstance(parent, ast.FormattedValue):
        return parent.value is node and parent.format_spec is None
    return _given_to(file, parent, ("print", "str", "repr"))


def _given_to(file: Parsed, parent: ast.AST, names: tuple[str, ...]) -> bool:
    """Whether a parent is the call of a function that Python itself has."""
    return (
        isinstance(parent, ast.Call)
        and isinstance(parent.func, ast.Name)
        and parent.func.id in names
        and file.table.scopes[parent.func].lookup(parent.func.id) is None
    )


def _around(file: Parsed, node: ast.expr, field: Field) -> tuple[bytes, bytes]:
    """What stands before and after a field that gets its default."""
    parent = file.table.parents[node]
    if field.absent:
        whole = _is_test(parent, node) or isinstance(parent, _WHOLE)
        whole = whole or (isinstance(parent, ast.Call) and node in parent.args)
        return (b"", b" is None") if whole else (b"(", b" is None)")
    alone = isinstance(parent, ast.Assign | ast.Return | ast.keyword | ast.FormattedValue) or (
        isinstance(parent, ast.Call) and node in parent.args
    )
    assert field.default is not None
    filled = f" or {literal(field.default)}".encode()
    return (b"", filled) if alone else (b"(", filled + b")")


def _negation(file: Parsed, node: ast.expr) -> Edit | None:
    """The `not` in front of a question, which goes into the question."""
    parent = file.table.parents[node]
    if not isinstance(parent, ast.UnaryOp) or not isinstance(parent.op, ast.Not):
        return None
    start, end = file.source.start(parent), file.source.start(node)
    plain = file.source.code[start:end].strip() == b"not"
    return Edit(start, end, b"") if plain else None


def _in_format(
    file: Parsed, node: ast.Attribute, use: Use, field: Field, nullable: frozenset[str]
) -> Outcome:
    """Inside an f-string positions are found by search, as Python before 3.12 gets them wrong."""
    formats = [up for up in file.table.ancestors(node) if isinstance(up, ast.JoinedStr)]
    outer, spelling = formats[-1], dotted(node)
    alike = [
        part
        for part in ast.walk(outer)
        if isinstance(part, ast.Attribute)
        and (part is node or (spelling and dotted(part) == spelling))
    ]
    place = max(_place(file, part, field, nullable) for part in alike)
    doubt = _doubt(node, field, place)
    if field.name == node.attr and place is not Place.FILLED:
        return Outcome((), doubt)
    pattern = re.compile(rb"(?<![\w.])" + re.escape(".".join(spelling).encode()) + rb"(?!\w)")
    start, text = file.source.start(outer), file.source.text(outer)
    places = [match.span() for match in pattern.finditer(text)]
    clear = len(places) == len(alike) and all(_same(file, part, use) for part in alike)
    shown = any(re.match(rb"\s*=(?!=)", text[end:]) for _, end in places)
    quoted = place is Place.FILLED and isinstance(field.default, str)
    if not spelling or not clear or shown or quoted:
        raise Left("in-f-string", f"{node.attr} stands in an f-string that cannot be taken apart")
    before, after = b"", b""
    if place is Place.FILLED:
        around = {_around(file, part, field) for part in alike}
        before, after = max(around)  # with parentheses where one of them needs them
    new = before + ".".join([*spelling[:-1], field.name]).encode() + after
    return Outcome(tuple(Edit(start + at, start + end, new) for at, end in places), doubt)


def _same(file: Parsed, node: ast.Attribute, use: Use) -> bool:
    """Whether a field is read from the same variable, not from another one of its name."""
    base = node.value
    if not isinstance(base, ast.Name):
        return False
    return file.table.scopes[base].lookup(base.id) == use.variable
