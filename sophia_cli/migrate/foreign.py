"""Where a file may name something of an SDK that is not in the tree: found once for all rules of SDKs."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.resolve import Resolver
from sophia_cli.migrate.value import Symbol
from sophia_cli.migrate.words import Words, read_words


@dataclass(frozen=True)
class Names:
    """The calls of a file whose function can be a foreign name, and the expressions that can be one."""

    calls: tuple[ast.Call, ...] = ()
    values: tuple[ast.Name | ast.Attribute, ...] = ()


@dataclass(eq=False)
class Foreign:
    """The names in files that are of one of the `packages`."""

    resolver: Resolver
    packages: frozenset[str]
    known: dict[int, Names] = field(default_factory=dict)

    def of(self, file: Parsed) -> Names:
        """Those of one file, in its order."""
        if id(file) not in self.known:
            words = read_words(file.table, self._leads_out)
            self.known[id(file)] = self._names(file, words) if words else Names()
        return self.known[id(file)]

    def _leads_out(self, module: str) -> bool:
        """Whether a module is of a package, or of the tree, which may have its names from one."""
        top = module.partition(".")[0]
        return not top or top in self.packages or top in self.resolver.modules.places

    def _names(self, file: Parsed, words: Words) -> Names:
        """What the words may lead to is followed; that of most need not be."""
        table, leading = file.table, words.leading
        calls = [
            call
            for call in table.calls
            if call.func in leading and self._is_foreign(file, call.func)
        ]
        both: Iterable[ast.Name | ast.Attribute] = (*table.names, *table.attributes)
        values = [
            node
            for node in both
            if node in leading
            and not _is_part(table.parents[node], node)
            and self._is_foreign(file, node)
        ]
        return Names(tuple(calls), tuple(values))

    def _is_foreign(self, file: Parsed, node: ast.expr) -> bool:
        values = self.resolver.values(file, node)
        names = (value.name for value in values if isinstance(value, Symbol))
        return any(name.partition(".")[0] in self.packages for name in names)


def _is_part(parent: ast.AST, node: ast.expr) -> bool:
    """Whether it is judged as a part of something else: what is read further, or called."""
    return isinstance(parent, ast.Attribute) or (
        isinstance(parent, ast.Call) and parent.func is node
    )
