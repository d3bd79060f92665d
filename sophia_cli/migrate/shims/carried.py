"""What a shim takes over from the old module as it stands: its types, constants and helpers.

A definition is taken word for word, with all that it reads. What it reads may be the standard library's,
the project's own, or the old service itself, as far as the shim offers that.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sophia_cli.migrate.modules import Modules, Parsed, target_parts
from sophia_cli.migrate.scope import Binds, Function
from sophia_cli.migrate.shims.lacks import Lacks
from sophia_cli.migrate.source import Source

_BUILTINS = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__"}
_TYPING = frozenset({"pydantic", "typing_extensions", "attr", "attrs"})
# Of the standard library what goes out by itself: then an answer need not come from the service.
_OUTWARD = frozenset({"asyncio.subprocess", "ftplib", "http", "smtplib", "socket", "ssl"})
_OUTWARD |= {"subprocess", "urllib", "xmlrpc", "multiprocessing", "ctypes", "importlib"}


@dataclass(frozen=True, order=True)
class Import:
    """One name that is imported from a module; a module itself where `module` is ""."""

    module: str
    name: str
    alias: str = ""

    @property
    def text(self) -> str:
        return f"{self.name} as {self.alias}" if self.alias else self.name


def import_lines(imports: Iterable[Import]) -> list[str]:
    """The statements for imports: the standard library's first, a line for each module and alias."""
    lines: dict[tuple[str, str], list[str]] = {}
    for item in sorted(set(imports)):
        alone = item.alias or not item.module
        key = (item.module, item.text if alone else "")
        lines.setdefault(key, []).append(item.text)
    groups: tuple[list[str], list[str]] = ([], [])
    for (module, _), texts in lines.items():
        top = (module or texts[0]).split()[0].partition(".")[0]
        line = f"from {module} import {', '.join(texts)}" if module else f"import {texts[0]}"
        groups[top not in sys.stdlib_module_names].append(line)
    return [*groups[0], *([""] if groups[0] and groups[1] else []), *groups[1]]


@dataclass(eq=False)
class Carrier:
    """Takes over names of one old module.

    `members` are the names that the shim makes itself: of a class or an instance those that it
    has, None for a function. `statements` are what has been taken, `imports` the lines for that,
    `reached` the made names that taken code uses.
    """

    file: Parsed
    modules: Modules
    members: Mapping[str, frozenset[str] | None]
    statements: dict[str, ast.stmt] = field(default_factory=dict)
    imports: dict[str, Import] = field(default_factory=dict)
    reached: dict[str, frozenset[str]] = field(default_factory=dict)

    def carry(self, name: str) -> frozenset[str]:
        """Take a name over with all that it reads; gives the made names that it uses. Raises Lacks."""
        if name in self.members:
            return frozenset({name})
        if name in self.reached:
            return self.reached[name]
        if name in self.imports or name in _BUILTINS and name not in self._bound:
            return frozenset()
        kept = (dict(self.statements), dict(self.imports), dict(self.reached))
        try:
            return self._carry(name)
        except Lacks:
            self.statements, self.imports, self.reached = kept
            raise

    @property
    def _bound(self) -> Mapping[str, object]:
        return self.file.table.module.names

    def _carry(self, name: str) -> frozenset[str]:
        bindings = self.file.table.module.names.get(name, [])
        if len(bindings) != 1:
            words = (
                f"{name} is bound in {len(bindings)} places" if bindings else f"{name} is not there"
            )
            raise Lacks("shim-lacks", words)
        binding = bindings[0]
        statement = self.file.table.statement(binding.node)
        if binding.kind is Binds.IMPORT and isinstance(binding.node, ast.alias):
            self.imports[name] = self._import(name, statement, binding.node)
            return frozenset()
        top = isinstance(self.file.table.parents[statement], ast.Module)
        if not top or not _defines(statement, name) or not _alone(self.file.source, statement):
            raise Lacks("shim-lacks", f"{name} is not plainly defined at line {statement.lineno}")
        self.statements[name] = statement
        self.reached[name] = frozenset()  # it may name itself
        self.reached[name] = self.read(statement, name)
        return self.reached[name]

    def read(self, node: ast.AST, owner: str) -> frozenset[str]:
        """Take over all that a piece of code reads of the module; gives the made names in it. Raises Lacks."""
        found: set[str] = set()
        for name in ast.walk(node):
            if not isinstance(name, ast.Name) or not isinstance(name.ctx, ast.Load):
                continue
            place = self.file.table.scopes[name].lookup(name.id)
            if place is not None and place[0] is not self.file.table.module:
                continue
            if name.id in self.members:
                self._fits(name, owner)
            elif place is None and name.id not in _BUILTINS:
                raise Lacks("shim-lacks", f"{owner} reads {name.id}, which is not defined")
            found |= self.carry(name.id)
        for spelled in ast.walk(node):
            if isinstance(spelled, ast.Global):
                raise Lacks("shim-lacks", f"{owner} sets globals of the old module")
        return frozenset(found)

    def _fits(self, name: ast.Name, owner: str) -> None:
        """Whether what is done with a made name is what the shim has."""
        table, members = self.file.table, self.members[name.id]
        parent = table.parents[name]
        called = isinstance(parent, ast.Call) and parent.func is name
        if table.in_annotation(name) or (called and members is None):
            return
        if members is not None and isinstance(parent, ast.Attribute) and parent.attr in members:
            return
        words = f"{owner} does more with {name.id} than the shim offers (line {name.lineno})"
        raise Lacks("shim-lacks", words)

    def _import(self, name: str, statement: ast.stmt, alias: ast.alias) -> Import:
        """The import of one name by itself. Raises Lacks for what goes past the service."""
        if not isinstance(self.file.table.parents[statement], ast.Module):
            raise Lacks("shim-lacks", f"{name} is imported under a condition")
        module = ""
        parts, anchored = tuple(alias.name.split(".")), False
        if isinstance(statement, ast.ImportFrom):
            module = "." * statement.level + (statement.module or "")
            parts, anchored = target_parts(statement, self.file.path)
        if alias.name == "*" or not self._may_import(parts, anchored):
            raise Lacks("shim-lacks", f"{name} comes from {'.'.join(parts)}")
        first = next((n for n in self.file.source.tree.body if not _leads(n)), statement)
        if first.lineno < statement.lineno and not self._standard(parts, anchored):
            words = f"{name} is imported below what line {first.lineno} defines"
            raise Lacks("shim-lacks", f"{words}: further up it could go round in a circle")
        return Import(module, alias.name, alias.asname or "")

    def _may_import(self, parts: tuple[str, ...], anchored: bool) -> bool:
        if anchored or self.modules.find(parts, self.file.path, False):
            return True
        if parts[0] in _OUTWARD or ".".join(parts[:2]) in _OUTWARD:
            return False
        return parts[0] in sys.stdlib_module_names or parts[0] in _TYPING

    def _standard(self, parts: tuple[str, ...], anchored: bool) -> bool:
        ours = anchored or self.modules.find(parts, self.file.path, False)
        return not ours and parts[0] in sys.stdlib_module_names

    def text(self, name: str) -> str:
        """A definition as it stands, with its decorators and the comments above it."""
        statement = self.statements[name]
        decorators = getattr(statement, "decorator_list", [])
        line = min([statement.lineno, *(node.lineno for node in decorators)])
        return _lines(
            self.file.source, _above(self.file.source, line), statement.end_lineno or line
        )


def _defines(statement: ast.stmt, name: str) -> bool:
    if isinstance(statement, Function | ast.ClassDef):
        return statement.name == name
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target] if statement.value is not None else []
    return len(targets) == 1 and isinstance(targets[0], ast.Name)


def _leads(statement: ast.stmt) -> bool:
    """Whether a statement is an import or a docstring."""
    return isinstance(statement, ast.Import | ast.ImportFrom) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def _above(source: Source, line: int) -> int:
    """The first of the comment lines right above a line."""
    while line > 1 and _line(source, line - 1).lstrip().startswith("#"):
        line -= 1
    return line


def _line(source: Source, line: int) -> str:
    end = source.starts[line] if line < len(source.starts) else len(source.code)
    return source.code[source.starts[line - 1] : end].decode()


def _lines(source: Source, first: int, final: int) -> str:
    text = "".join(_line(source, line) for line in range(first, final + 1))
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


def _alone(source: Source, statement: ast.stmt) -> bool:
    """Whether no other code shares its lines."""
    assert statement.end_lineno is not None and statement.end_col_offset is not None
    after = _line(source, statement.end_lineno).encode()[statement.end_col_offset :].strip()
    return statement.col_offset == 0 and (not after or after.startswith(b"#"))


def names_in(nodes: Iterable[ast.AST | None]) -> set[str]:
    """The names that pieces of code read."""
    return {
        name.id
        for node in nodes
        if node is not None
        for name in ast.walk(node)
        if isinstance(name, ast.Name)
    }
