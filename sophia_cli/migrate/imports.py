"""Brings a name into a file: where an import goes, how it reads, when it is there already."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.scope import Binding, Binds, Scope
from sophia_cli.migrate.site import Edit, Need

_COMPOUND = (
    ast.If,
    ast.Try,
    ast.TryStar,
    ast.With,
    ast.AsyncWith,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.Match,
)
_AROUND = (*_COMPOUND, ast.ExceptHandler, ast.match_case)


class Unplaceable(Exception):
    """The import cannot be added safely; the words say why."""


@dataclass(frozen=True)
class _Spot:
    """Where lines are inserted, how they are indented, and whether a blank line goes before them."""

    offset: int
    indent: bytes
    eol: bytes
    open_end: bool = False
    apart: bool = False


def add_imports(file: Parsed, needs: Iterable[Need]) -> list[Edit]:
    """The edits that make every needed name readable where it is used. Raises Unplaceable."""
    merged: dict[ast.ImportFrom, set[str]] = {}
    fresh: dict[_Spot, dict[str, set[str]]] = {}
    for need in needs:
        if available(file, need):
            continue
        body, beside = _home(file, need)
        existing = _mergeable(body, beside, need.module) if beside else None
        if existing is not None:
            merged.setdefault(existing, set()).add(need.text)
        else:
            spot = _spot(file, body, beside, need)
            fresh.setdefault(spot, {}).setdefault(need.module, set()).add(need.text)
    edits = [edit for node, names in merged.items() for edit in _merge(file, node, names)]
    return edits + [_insert(spot, modules) for spot, modules in fresh.items()]


def available(file: Parsed, need: Need) -> bool:
    """Whether the name is there already. Raises Unplaceable when it means something else there."""
    found = file.table.scopes[need.use].lookup(need.local)
    if found is None:
        return False
    ours = all(_is_ours(file, binding, need) for binding in found[1])
    if not ours or any(_tried(file, binding.node) for binding in found[1]):
        raise Unplaceable(f"the name {need.local} is taken")
    if any(leads_to(file, binding.node, need.use) for binding in found[1]):
        return True
    return _unguarded(file, found[1][0]) and not _too_late(file, found, need)


def _is_ours(file: Parsed, binding: Binding, need: Need) -> bool:
    if binding.kind is not Binds.IMPORT or not isinstance(binding.node, ast.alias):
        return False
    statement = file.table.parents[binding.node]
    return (
        isinstance(statement, ast.ImportFrom)
        and statement.module == need.module
        and not statement.level
        and binding.node.name == need.name
    )


def _too_late(file: Parsed, found: tuple[Scope, list[Binding]], need: Need) -> bool:
    """Whether the import stands below the use in the same scope."""
    statement = file.table.statement(found[1][0].node)
    return file.table.scopes[need.use] is found[0] and statement.lineno > need.use.lineno


def _unguarded(file: Parsed, binding: Binding) -> bool:
    around = file.table.parents[file.table.parents[binding.node]]
    return isinstance(around, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef)


def _tried(file: Parsed, node: ast.AST) -> bool:
    """Whether a statement stands in a `try` of its function or module: what fails there may be caught."""
    for up in file.table.ancestors(node):
        if isinstance(up, ast.FunctionDef | ast.AsyncFunctionDef):
            return False
        if isinstance(up, ast.Try | ast.TryStar):
            return True
    return False


def leads_to(file: Parsed, node: ast.AST, use: ast.expr) -> bool:
    """Whether a use stands below an import in the branch that the import is in."""
    statement = file.table.statement(node)
    below = _below(file, statement)
    return any(up in below for up in file.table.ancestors(use) if isinstance(up, ast.stmt))


def _below(file: Parsed, statement: ast.stmt) -> list[ast.stmt]:
    """The statements that follow in the block of a branch; none in a function, class or module itself."""
    around = file.table.parents[statement]
    if not isinstance(around, _AROUND):
        return []
    blocks = [value for _, value in ast.iter_fields(around) if isinstance(value, list)]
    block = next((block for block in blocks if statement in block), [])
    return block[block.index(statement) :][1:] if block else []


def _branch(file: Parsed, need: Need, beside: ast.stmt) -> list[ast.stmt] | None:
    """The block of a branch with the import in it, where that is all that the use needs."""
    if _tried(file, beside) or not leads_to(file, beside, need.use) or not _alone(file, beside):
        return None
    owner = next(up for up in file.table.ancestors(beside) if not isinstance(up, _AROUND))
    return None if isinstance(owner, ast.ClassDef) else [beside, *_below(file, beside)]


def _home(file: Parsed, need: Need) -> tuple[list[ast.stmt], ast.stmt | None]:
    """The block that gets the import, and the statement in it that the import stands beside."""
    tree = file.source.tree
    if need.beside is None or need.beside not in file.table.parents:
        return tree.body, None
    around = file.table.parents[need.beside]
    if need.guarded and isinstance(around, ast.Try) and need.beside in around.body:
        return around.body, need.beside
    if (branch := _branch(file, need, need.beside)) is not None:
        return branch, need.beside
    statement: ast.AST = need.beside
    while isinstance(file.table.parents[statement], _AROUND):
        statement = file.table.parents[statement]
    owner = file.table.parents[statement]
    if isinstance(owner, ast.ClassDef) or not _sees(file, need.use, owner):
        return tree.body, None
    assert isinstance(statement, ast.stmt) and isinstance(
        owner, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef
    )
    return owner.body, statement


def _sees(file: Parsed, use: ast.expr, owner: ast.AST) -> bool:
    """Whether a name bound in `owner` can be read at `use`."""
    scope: Scope | None = file.table.scopes[use]
    while scope is not None:
        if scope.node is owner:
            return True
        scope = scope.parent
    return False


def _block(file: Parsed, body: list[ast.stmt], beside: ast.stmt) -> list[ast.stmt]:
    """The imports around `beside` with no blank line or other statement between them."""
    at = body.index(beside)
    first = last = at
    while first > 0 and _joined(file, body[first - 1], body[first]):
        first -= 1
    while last + 1 < len(body) and _joined(file, body[last], body[last + 1]):
        last += 1
    return body[first : last + 1]


def _joined(file: Parsed, above: ast.stmt, below: ast.stmt) -> bool:
    if not all(isinstance(node, ast.Import | ast.ImportFrom) for node in (above, below)):
        return False
    gap = file.source.code[file.source.end(above) : file.source.start(below)]
    lines = gap.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return len(lines) > 1 and all(line.strip() for line in lines[1:-1])


def _mergeable(body: list[ast.stmt], beside: ast.stmt, module: str) -> ast.ImportFrom | None:
    """An import of the same module that stands in the same block."""
    if beside not in body:
        return None
    same = [
        node
        for node in body
        if isinstance(node, ast.ImportFrom)
        and node.module == module
        and not node.level
        and node.names[0].name != "*"
    ]
    return next((node for node in same if _near(body, node, beside)), None)


def _near(body: list[ast.stmt], node: ast.stmt, beside: ast.stmt) -> bool:
    """Only imports between the two, so that the name is bound before anything is run."""
    first, last = sorted((body.index(node), body.index(beside)))
    return all(isinstance(item, ast.Import | ast.ImportFrom) for item in body[first : last + 1])


def _spot(file: Parsed, body: list[ast.stmt], beside: ast.stmt | None, need: Need) -> _Spot:
    if beside is None:
        return _top(file)
    if isinstance(beside, _COMPOUND):
        within = file.source.start(beside) <= file.source.start(need.use) < file.source.end(beside)
        if within:
            return _before(file, beside)
        nearest = _nearest(file, body, beside, need)
        if nearest is None:
            return _apart(file, _after(file, beside))
        beside = nearest
    own_line = _alone(file, beside)
    if not own_line:
        return _before(file, beside)
    block = _block(file, body, beside)
    earlier = [node for node in block if _sorts_before(node, need.module)]
    plain = [node for node in block if isinstance(node, ast.Import)]
    if earlier or plain:
        return _after(file, (earlier or plain)[-1])
    return _before(file, next(node for node in block if isinstance(node, ast.ImportFrom)))


def _apart(file: Parsed, spot: _Spot) -> _Spot:
    """After a block, as far from it as what follows it."""
    follows = file.source.code[spot.offset :].lstrip(b" \t\f")[:1]
    return replace(spot, apart=follows in (b"\n", b"\r"))


def _nearest(file: Parsed, body: list[ast.stmt], beside: ast.stmt, need: Need) -> ast.stmt | None:
    """The import that follows a statement and runs before the use, else the last one above it."""
    at = body.index(beside)
    below = [node for node in body[at + 1 : at + 2] if node.lineno < need.use.lineno]
    for node in (*below, *reversed(body[:at])):
        if isinstance(node, ast.Import | ast.ImportFrom) and _alone(file, node):
            return node
    return None


def _sorts_before(node: ast.stmt, module: str) -> bool:
    return (
        isinstance(node, ast.ImportFrom)
        and not node.level
        and (node.module or "").lower() < module.lower()
    )


def _alone(file: Parsed, node: ast.stmt) -> bool:
    """Whether a statement has its lines for itself, comments aside."""
    source = file.source
    assert node.end_lineno is not None
    before = source.code[source.starts[node.lineno - 1] : source.start(node)]
    line_end = (
        source.starts[node.end_lineno] if node.end_lineno < len(source.starts) else len(source.code)
    )
    after = source.code[source.end(node) : line_end].strip()
    return not before.strip() and (not after or after.startswith(b"#"))


def _top(file: Parsed) -> _Spot:
    """After the last import that opens the module, else before its first statement."""
    body = file.source.tree.body
    index = 1 if body and ast.get_docstring(file.source.tree, clean=False) is not None else 0
    opening = body[:index]
    for node in body[index:]:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            break
        opening.append(node)
    if opening:
        return _after(file, opening[-1])
    return _before(file, body[0])


def _after(file: Parsed, node: ast.stmt) -> _Spot:
    source = file.source
    assert node.end_lineno is not None
    if not _alone(file, node) and not isinstance(node, _COMPOUND):
        raise Unplaceable("its import shares a line with other code")
    indent = _indent(file, node)
    eol = source.eol(node.end_lineno)
    if node.end_lineno < len(source.starts):
        return _Spot(source.starts[node.end_lineno], indent, eol)
    return _Spot(len(source.code), indent, eol, open_end=True)


def _before(file: Parsed, node: ast.stmt) -> _Spot:
    line = min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", []))])
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        raise Unplaceable("its import shares a line with other code")
    return _Spot(file.source.starts[line - 1], _indent(file, node), file.source.eol(line))


def _indent(file: Parsed, node: ast.stmt) -> bytes:
    """The indentation of a statement that begins its line. Raises Unplaceable for any other."""
    before = file.source.code[file.source.starts[node.lineno - 1] : file.source.start(node)]
    if before.strip(b" \t\f"):
        raise Unplaceable("its import shares a line with other code")
    return before


def _insert(spot: _Spot, modules: dict[str, set[str]]) -> Edit:
    lines = [
        spot.indent + f"from {module} import {', '.join(_sorted(names))}".encode()
        for module, names in sorted(modules.items())
    ]
    text = (
        spot.eol + spot.eol.join(lines)
        if spot.open_end
        else b"".join(line + spot.eol for line in lines)
    )
    return Edit(spot.offset, spot.offset, spot.eol + text if spot.apart else text)


def _sorted(names: Iterable[str]) -> list[str]:
    """The order of isort: constants, classes, functions."""
    return sorted(names, key=_rank)


def _rank(name: str) -> tuple[int, str, str]:
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return (kind, name.lower(), name)


def _merge(file: Parsed, node: ast.ImportFrom, names: set[str]) -> list[Edit]:
    """Put names into an import at their places, one a line where that is its style."""
    source, edits = file.source, []
    spread = node.names[-1].lineno > node.names[0].lineno
    for name in _sorted(names):
        later = next((alias for alias in node.names if _rank(alias.name) > _rank(name)), None)
        anchor = node.names[-1] if later is None else later
        gap = source.eol(anchor.lineno) + source.indent(anchor.lineno) if spread else b" "
        if later is None:
            edits.append(Edit(source.end(anchor), source.end(anchor), b"," + gap + name.encode()))
        else:
            edits.append(Edit(source.start(later), source.start(later), name.encode() + b"," + gap))
    return edits
