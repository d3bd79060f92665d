"""The words of a file that can lead to a package: names of its imports, and of all that is made of them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

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

    @cached_property
    def leading(self) -> set[ast.AST]:
        """The names, and what is read of names, that may lead there; nothing else does."""
        table = self.table
        found: set[ast.AST] = set()
        for start in table.names if self.every else self._starts():
            node: ast.AST = start
            while node not in found:
                found.add(node)
                if isinstance(table.parents[node], ast.Attribute):
                    node = table.parents[node]
        return found

    def _starts(self) -> Iterator[ast.expr]:
        yield from self.table.names_of(self.words)
        yield from filter(_is_read_of_name, self.table.attributes_of(self.words))
        yield from filter(self._is_heir, self.table.names_of(self._first_parameters()))

    def _first_parameters(self) -> set[str]:
        """What the methods of the classes that may inherit call an instance."""
        found = set()
        for scope in self.table.own.values() if self.heirs else ():
            if (
                isinstance(scope.node, Function)
                and scope.parent
                and scope.parent.node in self.heirs
            ):
                args = scope.node.args
                found |= {arg.arg for arg in [*args.posonlyargs, *args.args][:1]}
        return found

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
    while todo:
        word = todo.pop()
        if word not in found.words:
            found.words.add(word)
            for place in (*table.names_of({word}), *table.attributes_of({word})):
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


def _is_read_of_name(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


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
