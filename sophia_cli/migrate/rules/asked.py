"""What a file asks its values to be: `isinstance(model, BaseChatModel)`, followed to where they are used."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.resolve import SAME_CLIENT, Resolver
from sophia_cli.migrate.scope import Scope, class_of
from sophia_cli.migrate.spelling import dotted
from sophia_cli.migrate.text import bindings_of
from sophia_cli.migrate.value import Made, Symbol

_DEPTH = 6
_Named = tuple[int, tuple[str, ...]]


@dataclass(eq=False)
class Asked:
    """The values of one file that `isinstance` is asked about, by where they live and their dotted name."""

    near: Resolver
    file: Parsed

    @cached_property
    def kinds(self) -> dict[_Named, list[Made]]:
        found: dict[_Named, list[Made]] = defaultdict(list)
        for call in self.file.table.calls:
            match call:
                case ast.Call(func=ast.Name(id="isinstance"), args=[node, kind]):
                    named = self._named(node)
                    parts = kind.elts if isinstance(kind, ast.Tuple) else [kind]
                    for value in (v for part in parts for v in self.near.values(self.file, part)):
                        if named is not None and isinstance(value, Symbol):
                            found[named].append(Made(value, self.file))
        return found

    def of(self, node: ast.expr, depth: int = 0) -> Iterator[Made]:
        """What an expression, or what it was given, is asked to be."""
        if not self.kinds or depth > _DEPTH:
            return
        named = self._named(node)
        if named in self.kinds:
            yield from self.kinds[named]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in SAME_CLIENT:
                yield from self.of(node.func.value, depth + 1)
        elif isinstance(node, ast.Name | ast.Attribute):
            for home, binding in bindings_of(self.near, self.file, node):
                if home is self.file and binding.value is not None:
                    yield from self.of(binding.value, depth + 1)

    def _named(self, node: ast.expr) -> _Named | None:
        names = dotted(node)
        first = node
        while isinstance(first, ast.Attribute):
            first = first.value
        if not names:
            return None
        home = self._home(self.file.table.scopes[first], names[0])
        return (id(home), tuple(names)) if home is not None else None

    def _home(self, scope: Scope, name: str) -> Scope | None:
        """The scope that a name lives in; for `self` its class."""
        found = scope.lookup(name)
        return class_of(scope, name) or (found[0] if found else None)
