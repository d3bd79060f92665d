"""What the rest of a tree does with an old module that no shim could answer.

It goes by names rather than by what can be followed: one refusal too many costs less than a shim that
breaks a caller.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from sophia_cli.migrate.modules import Parsed, stem_of, target_parts
from sophia_cli.migrate.rules.wrapper.identity import Known
from sophia_cli.migrate.scan import Scan
from sophia_cli.migrate.scope import Function
from sophia_cli.migrate.shims.lacks import Lacks
from sophia_cli.migrate.spelling import last
from sophia_cli.migrate.value import Class, Made, Module

_COMPUTED = frozenset({"getattr", "hasattr", "setattr", "delattr", "attrgetter", "methodcaller"})
_WHOLE = frozenset({"vars", "dir", "getmembers"})
_GIVING = (ast.alias, ast.ClassDef, ast.Return, ast.Assign, ast.AnnAssign)
_WORD = re.compile(rb"[\w\x80-\xff]+")
_SETS = frozenset({"setattr", "delattr", "object", "multiple", "setitem", "delitem"})


@dataclass(eq=False)
class Outside:
    """The files that may hold something of the old module, by the names that it goes by there.

    `held` are those names, `files` the files with one of them, `giving` what gives names in those,
    `used` the module's own names that are read there, with the place.
    """

    scan: Scan
    home: Parsed
    knowns: list[Known]
    held: set[str] = field(default_factory=set)
    files: dict[str, Parsed] = field(default_factory=dict)
    giving: dict[str, list[ast.AST]] = field(default_factory=dict)
    used: dict[str, str] = field(default_factory=dict)

    def look(self) -> None:
        """Go through the tree. Raises Lacks for what no shim could answer."""
        self.held.add(stem_of(self.home.path))
        for known in self.knowns:
            service = known.service
            self.held |= {*service.instances, *service.factories, service.name} - {""}
        while self._follow():
            pass
        for _, file in sorted(self.files.items()):
            for node in file.table.parents:
                self._node(file, node)

    def _follow(self) -> bool:
        """Find the files of the names so far, and the names that those give it; whether there were new ones."""
        before = (len(self.held), len(self.files))
        names = {name.encode() for name in self.held}
        paths = self.scan.modules.paths | self.scan.modules.notebooks
        for path in sorted(paths - {self.home.path} - self.files.keys()):
            if not names.isdisjoint(_WORD.findall(self.scan.modules.read(path) or b"")):
                file = self.scan.modules.get(path)
                if file is None:
                    words = f"{path} cannot be read as Python: what it does with it cannot be seen"
                    raise Lacks("shim-lacks", words)
                self.files[path] = file
                self.giving[path] = [n for n in file.table.parents if isinstance(n, _GIVING)]
        for path, nodes in self.giving.items():
            for node in nodes:
                self.held |= set(self._named(self.files[path], node))
        return (len(self.held), len(self.files)) != before

    def _named(self, file: Parsed, node: ast.AST) -> Iterator[str]:
        """The names under which a piece of code keeps the module, an instance or what gives one."""
        if isinstance(node, ast.alias):
            if node.asname and node.name.rpartition(".")[2] in self.held:
                yield node.asname
        elif isinstance(node, ast.ClassDef):
            if any(last(base) in self.held for base in node.bases):
                yield node.name
        elif isinstance(node, ast.Return) and node.value is not None and self._is(node.value):
            yield from (up.name for up in file.table.ancestors(node) if isinstance(up, Function))
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if self._is(node.value):
                local = isinstance(file.table.scopes[targets[0]].node, Function)
                for target in targets:
                    if isinstance(target, ast.Attribute) or not local:
                        yield last(target)

    def _is(self, node: ast.expr) -> bool:
        """Whether an expression goes by a name that holds something of the module."""
        if isinstance(node, ast.Await):
            return self._is(node.value)
        if isinstance(node, ast.IfExp):
            return self._is(node.body) or self._is(node.orelse)
        if isinstance(node, ast.BoolOp):
            return any(self._is(value) for value in node.values)
        if isinstance(node, ast.Call):
            return self._is(node.func)
        return isinstance(node, ast.Name | ast.Attribute) and last(node) in self.held

    # ------------------------------------------------------------------------------ one place

    def _node(self, file: Parsed, node: ast.AST) -> None:
        names = self.home.table.module.names
        if isinstance(node, ast.ImportFrom):
            self._imported(file, node)
        elif isinstance(node, ast.ClassDef):
            classes = {known.service.name for known in self.knowns} - {""}
            for base in node.bases:
                if last(base) in classes or self._derives(file, base):
                    raise _at(file, node, f"{node.name} derives from {last(base)}")
        elif isinstance(node, ast.Attribute):
            if node.attr in names and self._is_module(file, node.value):
                self._use(file, node, node.attr)
                if not isinstance(node.ctx, ast.Load):
                    raise _at(file, node, f"{node.attr} is set from outside")
            if node.attr == "__dict__" and self._is(node.value):
                raise _at(file, node, "what is asked of an instance is computed")
        elif isinstance(node, ast.Call):
            self._call(file, node)

    def _imported(self, file: Parsed, node: ast.ImportFrom) -> None:
        parts, anchored = target_parts(node, file.path)
        modules = self.scan.modules
        if modules.find(parts, file.path, anchored) != self.home.path:
            return
        for alias in node.names:
            if alias.name == "*":
                raise _at(file, node, "all of its names are imported at once")
            if alias.name not in self.home.table.module.names:
                raise _at(file, node, f"{alias.name} is imported, which is not to be seen in it")
            self._use(file, node, alias.name)

    def _call(self, file: Parsed, node: ast.Call) -> None:
        word = last(node.func)
        first = node.args[0] if node.args else None
        if first is None or word not in _COMPUTED | _WHOLE | _SETS:
            return
        second = node.args[1] if len(node.args) > 1 else None
        named = isinstance(second, ast.Constant)
        computed = word in _WHOLE or (word in _COMPUTED and second is not None and not named)
        if computed and self._is(first):
            raise _at(file, node, f"what {word} asks is computed")
        name = second.value if isinstance(second, ast.Constant) else None
        if isinstance(name, str) and name in self.home.table.module.names:
            if isinstance(self.scan.near.one(file, first), Made | Class):
                return
            self._use(file, node, name)
            if word in _SETS and name not in self._stays:
                raise _at(file, node, f"{name} is set from outside")

    @property
    def _stays(self) -> set[str]:
        """What may be replaced from outside: callers read it in the same place as before."""
        return {name for known in self.knowns for name in known.service.instances}

    def _use(self, file: Parsed, node: ast.AST, name: str) -> None:
        """Note that a name is read. Raises Lacks for a private one, and for an error."""
        if name.startswith("_") and not name.startswith("__"):
            raise _at(file, node, f"{name} is private")
        if is_error(self.home, name):
            raise _at(file, node, f"{name} is raised no more")
        self.used.setdefault(name, f"{file.path}:{getattr(node, 'lineno', 1)}")

    def _is_module(self, file: Parsed, node: ast.expr) -> bool:
        if last(node) == stem_of(self.home.path):
            return True
        value = self.scan.near.one(file, node)
        return isinstance(value, Module) and value.file.path == self.home.path

    def _derives(self, file: Parsed, base: ast.expr) -> bool:
        value = self.scan.near.one(file, base)
        return isinstance(value, Class) and any(
            value in known.meanings(known.service.name)
            for known in self.knowns
            if known.service.name
        )


def is_error(home: Parsed, name: str, seen: frozenset[str] = frozenset()) -> bool:
    """Whether a name of a module is an exception class of its own, or made up of some."""
    if name in seen:
        return False
    for binding in home.table.module.names.get(name, []):
        if isinstance(binding.node, ast.ClassDef):
            for base in map(last, binding.node.bases):
                if base.endswith(("Error", "Exception", "Warning", "Interrupt", "Exit")):
                    return True
                if is_error(home, base, seen | {name}):
                    return True
        elif isinstance(binding.value, ast.Tuple | ast.Name):
            read = [n.id for n in ast.walk(binding.value) if isinstance(n, ast.Name)]
            if any(is_error(home, one, seen | {name}) for one in read):
                return True
    return False


def _at(file: Parsed, node: ast.AST, words: str) -> Lacks:
    line, _ = file.source.place(getattr(node, "lineno", 1))
    return Lacks("shim-lacks", f"{file.path}:{line}: {words}")
