"""Where a file may name something of a package that is not in the tree: found once for all rules of SDKs."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.resolve import Resolver
from sophia_cli.migrate.scope import Binding, Binds, Function, Scope, class_of
from sophia_cli.migrate.spelling import dotted
from sophia_cli.migrate.value import Symbol

# A scope, a name in it, the first attribute that is read of it, and whether something there is called.
_Key = tuple[int, str, tuple[str, ...], bool]


@dataclass(frozen=True)
class Names:
    """The calls of a file whose function can be a foreign name, and the expressions that can be one."""

    calls: tuple[ast.Call, ...]
    values: tuple[ast.Name | ast.Attribute, ...]


@dataclass(frozen=True)
class _Use:
    """What is done with a name: the attributes read of it, and whether something there is called."""

    read: tuple[str, ...] = ()
    called: bool = False


@dataclass(eq=False)
class Foreign:
    """The foreign names of files; those of the standard library are none."""

    resolver: Resolver
    known: dict[int, Names] = field(default_factory=dict)
    names: dict[_Key, bool] = field(default_factory=dict)
    leads: dict[_Key, bool] = field(default_factory=dict)
    places: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        paths = self.resolver.modules.paths
        self.places = frozenset(
            part.partition(".")[0] for path in paths for part in path.split("/")
        )

    def of(self, file: Parsed) -> Names:
        """Those of one file, in its order."""
        if id(file) not in self.known:
            table = file.table
            calls = [call for call in table.calls if self._is_foreign(file, call.func)]
            both: Iterable[ast.Name | ast.Attribute] = (*table.names, *table.attributes)
            values = [
                node
                for node in both
                if not _is_part(table.parents[node], node) and self._is_foreign(file, node)
            ]
            self.known[id(file)] = Names(tuple(calls), tuple(values))
        return self.known[id(file)]

    def _is_foreign(self, file: Parsed, node: ast.expr) -> bool:
        if not dotted(node) or not self._leads_out(file, node):
            return False
        values = self.resolver.values(file, node)
        return any(isinstance(value, Symbol) and not _standard(value.name) for value in values)

    def _leads_out(self, file: Parsed, at: ast.expr | None, use: _Use = _Use()) -> bool:
        """Whether an expression may be a foreign name, by what binds its first name.

        That of most need not be followed: they are the library's, built in, or parameters.
        """
        node = at
        while True:
            match node:
                case ast.Name():
                    return self._name_leads(file, node, use)
                case ast.Attribute(value=node, attr=name):
                    use = _Use((name, *use.read), use.called)
                case ast.Call(func=node):
                    use = _Use((), True)
                case ast.Await(value=node) | ast.NamedExpr(value=node):
                    pass
                case ast.IfExp(body=body, orelse=orelse):
                    return any(self._leads_out(file, part, use) for part in (body, orelse))
                case ast.BoolOp(values=parts):
                    return any(self._leads_out(file, part, use) for part in parts)
                case _:
                    return False

    def _name_leads(self, file: Parsed, root: ast.Name, use: _Use) -> bool:
        scope = file.table.scopes[root]
        key = (id(scope), root.id, use.read[:1], use.called)
        if key not in self.names:
            self.names[key] = self._meaning_leads(file, scope, root.id, use)
        return self.names[key]

    def _meaning_leads(self, file: Parsed, scope: Scope, name: str, use: _Use) -> bool:
        if file.table.module.stars:
            return True
        found = scope.lookup(name)
        if found is None:
            return False
        owner = class_of(found[0], name)
        if owner is None:
            return self._any_leads(file, found[0], name, found[1], use)
        if not use.read:
            return True
        attribute, rest = use.read[0], _Use(use.read[1:], use.called)
        bindings = [*owner.attributes.get(attribute, ()), *owner.names.get(attribute, ())]
        return self._any_leads(file, owner, f".{attribute}", bindings, rest)

    def _any_leads(
        self, file: Parsed, scope: Scope, name: str, bindings: list[Binding], use: _Use
    ) -> bool:
        key = (id(scope), name, use.read[:1], use.called)
        if key not in self.leads:
            self.leads[key] = True  # met again on the way round a circle
            self.leads[key] = any(
                self._binding_leads(file, binding, use) for binding in bindings
            ) or (name[0] == "." and self._inherits(file, scope))
        return self.leads[key]

    def _inherits(self, file: Parsed, scope: Scope) -> bool:
        """Whether an attribute of a class may come from a base that leads out."""
        bases = scope.node.bases if isinstance(scope.node, ast.ClassDef) else []
        return any(self._leads_out(file, base, _Use(("",))) for base in bases)

    def _binding_leads(self, file: Parsed, binding: Binding, use: _Use) -> bool:
        match binding.kind:
            case Binds.IMPORT:
                return not self._is_standard(file, binding.node, use.called)
            case Binds.FUNCTION:
                assert isinstance(binding.node, Function)
                return use.called or bool(binding.node.decorator_list)
            case Binds.CLASS:
                return use.called or bool(use.read)
            case Binds.PARAMETER | Binds.DECLARED:
                return bool(use.read) and binding.annotation is not None
            case Binds.ASSIGN | Binds.WITH:
                typed = bool(use.read) and binding.annotation is not None
                return typed or self._leads_out(file, binding.value, use)
        return False

    def _is_standard(self, file: Parsed, node: ast.AST, called: bool) -> bool:
        """An import of the standard library's, where nothing in the tree has that name too."""
        statement = file.table.parents[node]
        name = getattr(node, "name", "")
        if isinstance(statement, ast.ImportFrom):
            if statement.level:
                return False
            name = statement.module or ""
        top = name.partition(".")[0]
        return _standard(name) and top not in self.places and not (called and top == "typing")


def _standard(name: str) -> bool:
    return name.partition(".")[0] in sys.stdlib_module_names


def _is_part(parent: ast.AST, node: ast.expr) -> bool:
    """Whether it is judged as a part of something else: what is read further, or called."""
    return isinstance(parent, ast.Attribute) or (
        isinstance(parent, ast.Call) and parent.func is node
    )
