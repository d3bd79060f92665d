"""The words of a file that can lead to a package: names of its imports, and of all that is made of them."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sophia_cli.migrate.scope import Function, Table, class_of


@dataclass(eq=False)
class Words:
    """The names and attributes, in whatever scope, and the classes that may inherit some.

    Too many rather than too few: a word counts wherever it stands. With `every` each name leads.
    """

    table: Table
    words: set[str] = field(default_factory=set)
    heirs: set[ast.ClassDef] = field(default_factory=set)
    every: bool = False

    def __bool__(self) -> bool:
        return self.every or bool(self.words)

    def lead(self, node: ast.expr) -> bool:
        """Whether a name, or attributes read of one, may lead there; nothing else does."""
        found = self.every
        while isinstance(node, ast.Attribute):
            found = found or node.attr in self.words
            node = node.value
        if not isinstance(node, ast.Name):
            return False
        return found or node.id in self.words or (bool(self.heirs) and self._is_heir(node))

    def _is_heir(self, node: ast.Name) -> bool:
        """Whether a name is the first parameter of a method whose class may inherit."""
        owner = class_of(self.table.scopes[node], node.id)
        return owner is not None and owner.node in self.heirs


def read_words(table: Table, leads: Callable[[str], bool]) -> Words:
    """Start at the imports of modules that lead there, and go on to what is made of each word."""
    found = Words(table)
    todo: list[str] = []
    for node in table.imports:
        for alias in node.names:
            if not leads(_module(node, alias)):
                continue
            if alias.name == "*":
                return Words(table, every=True)
            first = alias.name.partition(".")[0] if isinstance(node, ast.Import) else alias.name
            todo.append(alias.asname or first)
    if not todo:
        return found
    for annotation in table.annotations:
        if _quotes(annotation):
            todo += _made(found, annotation)
    places = _places(table)
    while todo:
        word = todo.pop()
        if word not in found.words:
            found.words.add(word)
            for place in places.get(word, ()):
                todo += _made(found, place)
    return found


def _module(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    """The module of an import, with a dot in front where it is a relative one."""
    if isinstance(node, ast.Import):
        return alias.name
    return "." * node.level + (node.module or "")


def _quotes(annotation: ast.AST) -> bool:
    """Whether an annotation holds text, which may be a name."""
    if isinstance(annotation, ast.Name | ast.Attribute):
        return False
    parts = (part.value for part in ast.walk(annotation) if isinstance(part, ast.Constant))
    return any(isinstance(value, str) for value in parts)


def _places(table: Table) -> dict[str, list[ast.AST]]:
    """Where each word is read."""
    places: dict[str, list[ast.AST]] = defaultdict(list)
    for name in table.names:
        places[name.id].append(name)
    for attribute in table.attributes:
        places[attribute.attr].append(attribute)
    return places


def _made(found: Words, node: ast.AST) -> Iterator[str]:
    """What is given a value that is made of `node`, or returns it, or is annotated with it."""
    for up in found.table.ancestors(node):
        match up:
            case ast.NamedExpr():
                yield up.target.id
            case ast.withitem(optional_vars=ast.expr() as target):
                yield from _names(target)
                return
            case ast.Assign():
                for target in up.targets:
                    yield from _names(target)
                return
            case ast.AnnAssign():
                yield from _names(up.target)
                return
            case ast.arg():
                yield up.arg
                return
            case ast.Return():
                yield from (f.name for f in found.table.ancestors(up) if isinstance(f, Function))
                return
            case ast.ClassDef():
                found.heirs.add(up)
                yield up.name
                return
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield up.name
                return
            case ast.stmt():
                return


def _names(target: ast.expr) -> Iterator[str]:
    match target:
        case ast.Name():
            yield target.id
        case ast.Attribute():
            yield target.attr
        case ast.Starred():
            yield from _names(target.value)
        case ast.Tuple() | ast.List():
            for part in target.elts:
                yield from _names(part)
