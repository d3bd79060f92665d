"""What the names of a declared service mean in this tree: its class, instances, enums, requests."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from functools import cached_property

from sophia_cli.migrate.importable import broken_import
from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.pack import Enumeration, Method, Pack, Service, Target
from sophia_cli.migrate.resolve import typing_only
from sophia_cli.migrate.scan import Scan
from sophia_cli.migrate.scope import Binds, Function
from sophia_cli.migrate.target import members
from sophia_cli.migrate.value import NONE, Class, Made, Module, Routine, Symbol, Value


@dataclass(frozen=True, eq=False)
class Known:
    """A service as a pack declares it; `home` is its file, None when it is installed from elsewhere.

    `homes` are the paths of all files that define a part of it.
    """

    scan: Scan
    pack: Pack
    service: Service
    home: Parsed | None
    homes: frozenset[str] = frozenset()

    @property
    def path(self) -> str:
        return self.home.path if self.home else ""

    def meanings(self, name: str) -> tuple[Value, ...]:
        """Everything that a name of the service's module stands for."""
        found: list[Value] = [Symbol(f"{self.service.module}.{name}")]
        if self.home is not None and name in self.home.table.module.names:
            found += self.scan.near.name(self.home, name, self.home.table.module)
        return tuple(found)

    @cached_property
    def makers(self) -> frozenset[Value]:
        """The class and the functions of the module that give an instance."""
        service = self.service
        names = [name for name in (service.name, *service.factories) if name]
        return frozenset(value for name in names for value in self.meanings(name))

    @cached_property
    def broken(self) -> str:
        """Why the old module cannot be imported; "" where it can, as far as is seen."""
        return broken_import(self.scan.modules, self.service.module)

    @cached_property
    def heads(self) -> frozenset[str]:
        """The first names of the declared methods: `messages` of `messages.create`."""
        return frozenset(name.partition(".")[0] for name in self.service.methods)

    @cached_property
    def dotted(self) -> bool:
        """Whether a method is declared by more than one name."""
        service = self.service
        return any("." in n for n in (*service.methods, *service.removed, *service.reported))

    @cached_property
    def functions(self) -> dict[Value, Method]:
        """The declared functions of the module, by what they are."""
        declared = self.service.functions.items()
        return {value: method for name, method in declared for value in self.meanings(name)}

    def instance(self, value: Value) -> bool:
        """Whether a value is an instance of the service."""
        if isinstance(value, Made):
            return value.of in self.makers or value in self._made
        return isinstance(value, Symbol) and value.name in self._ready

    @cached_property
    def _ready(self) -> frozenset[str]:
        return frozenset(f"{self.service.module}.{name}" for name in self.service.instances)

    @cached_property
    def _made(self) -> frozenset[Value]:
        """The ready-made objects themselves, where the pack does not say of which class they are."""
        names = () if self.service.name else self.service.instances
        values = [value for name in names for value in self.meanings(name)]
        return frozenset(value for value in values if isinstance(value, Made))

    @cached_property
    def classes(self) -> tuple[Class, ...]:
        """The classes of the tree that its objects are of."""
        kinds = self.meanings(self.service.name) if self.service.name else ()
        made = (value.of for value in self._made if isinstance(value, Made))
        found = (kind for kind in (*kinds, *made) if isinstance(kind, Class))
        return tuple(dict.fromkeys(found))

    @cached_property
    def titles(self) -> frozenset[str]:
        """What its class is called."""
        return frozenset({self.service.name, *map(_name_of, self.classes)} - {""})

    def instance_at(self, file: Parsed, node: ast.expr) -> Value | None:
        """The instance that an expression is, or None; a guard's `None` aside."""
        values = [value for value in self.scan.near.values(file, node) if value != NONE]
        found = [value for value in values if self.instance(value)]
        return found[0] if found and len(found) == len(values) else None

    def perhaps(self, file: Parsed, node: ast.expr) -> bool:
        """Whether an expression can be an instance, or something else."""
        return any(self.instance(value) for value in self.scan.near.values(file, node))

    def makes(self, file: Parsed, call: ast.Call) -> bool:
        """Whether a call constructs an instance or asks one of the module's functions for it."""
        return any(self.giver(value) for value in self.scan.near.values(file, call.func))

    def straight(self, file: Parsed, node: ast.expr) -> bool:
        """Whether an expression reaches into the service's module, through no variable of its own."""
        if isinstance(node, ast.Await):
            node = node.value
        if isinstance(node, ast.Call):
            return self.makes(file, node)
        if isinstance(node, ast.Name):
            return all(kind is Binds.IMPORT for kind in self._kinds(file, node))
        if isinstance(node, ast.Attribute):
            owner = self.scan.near.one(file, node.value)
            return isinstance(owner, Module | Symbol)
        return False

    def guarded(self, file: Parsed, node: ast.expr) -> bool:
        """Whether a name is imported, but bound in another way as well."""
        kinds = self._kinds(file, node) if isinstance(node, ast.Name) else set()
        return Binds.IMPORT in kinds and len(kinds) > 1

    def _kinds(self, file: Parsed, node: ast.Name) -> set[Binds]:
        """What binds a name when the code runs; nothing for a name of a star import."""
        found = file.table.scopes[node].lookup(node.id)
        return {b.kind for b in (found[1] if found else ()) if not typing_only(file, b)}

    @cached_property
    def own(self) -> frozenset[str]:
        """The names that the old class gives its methods and fields, those that are private aside."""
        names = {
            name for kind in self.classes for name in (*kind.scope.names, *kind.scope.attributes)
        }
        return frozenset(name for name in names if not name.startswith("_"))

    @property
    def handed(self) -> str:
        """The group of everything that is handed in, known by its annotation only."""
        return f"{self.service.module}.{self.service.title} handed in"

    def group(self, value: Value) -> str:
        """The name of the object that must be moved whole: where it is made."""
        if isinstance(value, Made) and value.call is not None:
            return f"{value.file.path}:{value.call.lineno}:{value.call.col_offset}"
        if isinstance(value, Made):
            given = value.file.path in self.homes
            return f"{self.service.module}.{self.service.title}" if given else self.handed
        return value.name if isinstance(value, Symbol) else ""

    def at_home(self, group: str) -> bool:
        """Whether an object is made in the old code."""
        return group.split(":")[0] in self.homes

    def is_looked_up(self, value: Value) -> bool:
        """Whether the old code itself keeps an instance, so that each use gets it anew."""
        return isinstance(value, Symbol) or self.at_home(self.group(value))

    def group_at(self, file: Parsed, node: ast.expr, value: Value) -> str:
        """The same for an expression: what one local variable gets from the module is moved by itself."""
        name: ast.AST = node
        while isinstance(name, ast.Call | ast.Await):
            name = file.table.parents[name]
        if isinstance(name, ast.Assign) and len(name.targets) == 1:
            name = name.targets[0]
        if not isinstance(name, ast.Name) or not isinstance(value, Made):
            return self.group(value)
        found = file.table.scopes[name].lookup(name.id)
        given = found[1][0].value if found is not None and len(found[1]) == 1 else None
        local = found is not None and isinstance(found[0].node, Function)
        shared = value.file.path in self.homes
        if local and shared and given is not None and self.straight(file, given):
            return f"{file.path}:{given.lineno}:{given.col_offset}"
        return self.group(value)

    def giver(self, value: Value) -> bool:
        """Whether a value is the class or a function of the module that gives an instance."""
        return isinstance(value, Symbol | Class | Routine) and value in self.makers

    def error(self, file: Parsed, node: ast.expr) -> bool:
        """Whether an except clause names something that the service's module knows by that name."""
        found = [v for v in self.scan.near.values(file, node) if isinstance(v, Symbol | Class)]
        package = self.service.module.partition(".")[0] + "."
        return any(
            value in self.meanings(_name_of(value))
            or (self.home is None and isinstance(value, Symbol) and value.name.startswith(package))
            for value in found
        )

    def own_error(self, file: Parsed, node: ast.expr) -> bool:
        """Whether an except clause names an error that the service itself declares."""
        value = self.scan.near.one(file, node)
        if isinstance(value, Class):
            return value.file.path in self.homes
        return isinstance(value, Symbol) and value.name.rpartition(".")[0] == self.service.module

    def is_task(self, word: object) -> bool:
        """Whether a word names a task of the target; unknown for a target that is not ours."""
        if self.pack.target.module != Target.module:
            return True
        tasks = {name.lower() for name in members(f"{Target.module}.tasks", "TaskType")}
        return isinstance(word, str) and word.strip().lower() in tasks

    def request(self, file: Parsed, node: ast.expr, method: Method) -> bool:
        """Whether an expression constructs the method's request."""
        if not isinstance(node, ast.Call) or not method.request:
            return False
        callee = self.scan.near.one(file, node.func)
        return callee in self.meanings(method.request) and isinstance(callee, Symbol | Class)

    def enumeration(self, file: Parsed, node: ast.expr) -> Enumeration | None:
        """The declared enum that an expression names."""
        value = self.scan.near.one(file, node)
        if not isinstance(value, Symbol | Class):
            return None
        return next((e for e in self.service.enums if value in self.meanings(e.name)), None)


def _name_of(value: Symbol | Class) -> str:
    """The name that a class has where it is declared."""
    if isinstance(value, Class):
        return value.scope.node.name if isinstance(value.scope.node, ast.ClassDef) else ""
    return value.name.rpartition(".")[2]


def identify(scan: Scan, pack: Pack, service: Service) -> Known:
    """Find the service's file and those that it takes its names from, if they are in the tree."""
    path = scan.modules.find(tuple(service.module.split(".")), "", False)
    home = scan.modules.get(path) if path else None
    known = Known(scan, pack, service, home)
    homes = {home.path} if home is not None else set()
    for name in service.entries if home is not None else ():
        homes |= {
            value.file.path
            for value in known.meanings(name)
            if isinstance(value, Class | Routine | Made)
        }
    return replace(known, homes=frozenset(homes))
