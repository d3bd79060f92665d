"""Which name means what, where: the scopes of one file and everything bound in them."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TypeVar

from sophia_cli.migrate.spelling import last

Function = ast.FunctionDef | ast.AsyncFunctionDef
_Node = TypeVar("_Node", bound=ast.expr)
_Places = dict[str, list[tuple[int, _Node]]]


class Binds(Enum):
    """What gives a name its value."""

    IMPORT = "import"
    ASSIGN = "assign"
    FUNCTION = "function"
    CLASS = "class"
    PARAMETER = "parameter"
    WITH = "with"
    DECLARED = "declared"
    OTHER = "other"


@dataclass(eq=False, slots=True)
class Binding:
    """One place that binds a name; `scope` is where it is written, not where it is bound."""

    kind: Binds
    node: ast.AST
    scope: Scope
    value: ast.expr | None = None
    annotation: ast.expr | None = None


@dataclass(eq=False, slots=True)
class Scope:
    """A module, class, function, lambda or comprehension."""

    node: ast.AST
    parent: Scope | None
    names: dict[str, list[Binding]] = field(default_factory=dict)
    elsewhere: dict[str, Scope] = field(default_factory=dict)
    attributes: dict[str, list[Binding]] = field(default_factory=dict)
    stars: list[ast.ImportFrom] = field(default_factory=list)

    @property
    def is_class(self) -> bool:
        return isinstance(self.node, ast.ClassDef)

    def lookup(self, name: str) -> tuple[Scope, list[Binding]] | None:
        """The scope that gives `name` its meaning here, by Python's rules, and its bindings."""
        scope: Scope | None = self
        first = True
        while scope is not None:
            if name in scope.elsewhere:
                scope = scope.elsewhere[name]
            if name in scope.names and (first or not scope.is_class):
                return scope, scope.names[name]
            # a comprehension in a class body does not see the class's names, nor do functions
            first = False
            scope = scope.parent
        return None

    def module(self) -> Scope:
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope


@dataclass(eq=False)
class Table:
    """All scopes of a file, with the parent of each node and the scope of each expression."""

    tree: ast.Module
    module: Scope
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict)
    scopes: dict[ast.AST, Scope] = field(default_factory=dict)
    own: dict[ast.AST, Scope] = field(default_factory=dict)
    annotations: set[ast.AST] = field(default_factory=set)
    names: list[ast.Name] = field(default_factory=list)
    attributes: list[ast.Attribute] = field(default_factory=list)
    calls: list[ast.Call] = field(default_factory=list)
    strings: list[ast.Constant] = field(default_factory=list)
    returns: dict[ast.AST, list[ast.expr]] = field(default_factory=dict)
    imports: list[ast.Import | ast.ImportFrom] = field(default_factory=list)

    def release(self) -> None:
        """Let go of the scopes: they and their bindings hold each other, and would outlive the file."""
        for scope in self.own.values():
            scope.names.clear()
            scope.attributes.clear()
            scope.elsewhere.clear()

    @cached_property
    def _called(self) -> _Places[ast.Call]:
        return _by_word(self.calls, lambda call: last(call.func))

    @cached_property
    def _reached(self) -> _Places[ast.Attribute]:
        return _by_word(self.attributes, lambda node: node.attr)

    @cached_property
    def _read(self) -> _Places[ast.Name]:
        return _by_word(self.names, lambda node: node.id)

    def calls_of(self, words: Set[str]) -> list[ast.Call]:
        """The calls of what has one of these last names, in their order."""
        return _pick(self._called, words)

    def attributes_of(self, words: Set[str]) -> list[ast.Attribute]:
        """The attributes that have one of these names, in their order."""
        return _pick(self._reached, words)

    def names_of(self, words: Set[str]) -> list[ast.Name]:
        """Where one of these names is read, in their order."""
        return _pick(self._read, words)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around `node`, innermost first."""
        parent = self.parents.get(node)
        while parent is not None:
            yield parent
            parent = self.parents.get(parent)

    def statement(self, node: ast.AST) -> ast.stmt:
        """The statement that `node` is part of."""
        while not isinstance(node, ast.stmt):
            node = self.parents[node]
        return node

    def in_annotation(self, node: ast.AST) -> bool:
        return node in self.annotations or any(
            up in self.annotations for up in self.ancestors(node)
        )

    def in_format(self, node: ast.AST) -> bool:
        """Inside an f-string, where positions are not to be trusted on every Python."""
        return any(isinstance(up, ast.JoinedStr) for up in self.ancestors(node))


def _by_word(nodes: Iterable[_Node], word: Callable[[_Node], str]) -> _Places[_Node]:
    """Nodes and their places in the order, by a word: every rule asks for a few words alone."""
    found: _Places[_Node] = defaultdict(list)
    for place, node in enumerate(nodes):
        found[word(node)].append((place, node))
    return found


def _pick(places: _Places[_Node], words: Set[str]) -> list[_Node]:
    found = [pair for word in words & places.keys() for pair in places[word]]
    return [node for _, node in sorted(found, key=lambda pair: pair[0])]


def class_of(scope: Scope, name: str) -> Scope | None:
    """The class whose instance (or itself) `name` is, when it is a method's first parameter."""
    found = scope.lookup(name)
    if found is None or len(found[1]) != 1 or found[1][0].kind is not Binds.PARAMETER:
        return None
    method = found[0]
    if method.parent is None or not method.parent.is_class or not isinstance(method.node, Function):
        return None
    arguments = [*method.node.args.posonlyargs, *method.node.args.args]
    static = any(
        isinstance(d, ast.Name) and d.id == "staticmethod" for d in method.node.decorator_list
    )
    return method.parent if arguments and arguments[0].arg == name and not static else None
