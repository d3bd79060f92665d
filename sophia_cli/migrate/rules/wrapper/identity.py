"""What the names of a declared service mean in this tree: its class, instances, enums, requests."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.pack import Enumeration, Method, Pack, Service
from sophia_cli.migrate.scan import Scan
from sophia_cli.migrate.scope import Binds
from sophia_cli.migrate.value import NONE, Class, Made, Module, Routine, Symbol, Value


@dataclass(frozen=True, eq=False)
class Known:
    """A service as a pack declares it; `home` is its file, None when it is installed from elsewhere."""

    scan: Scan
    pack: Pack
    service: Service
    home: Parsed | None

    @property
    def path(self) -> str:
        return self.home.path if self.home else ""

    def meanings(self, name: str) -> tuple[Value, ...]:
        """Everything that a name of the service's module stands for."""
        found: list[Value] = [Symbol(f"{self.service.module}.{name}")]
        if self.home is not None and name in self.home.table.module.names:
            found += self.scan.near.name(self.home, name, self.home.table.module)
        return tuple(found)

    def instance(self, value: Value) -> bool:
        """Whether a value is an instance of the service."""
        service = self.service
        if isinstance(value, Made):
            makers = [name for name in (service.name, *service.factories) if name]
            return any(value.of in self.meanings(name) for name in makers)
        return any(value == Symbol(f"{service.module}.{name}") for name in service.instances)

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
        service = self.service
        callees = set(self.scan.near.values(file, call.func))
        names = [name for name in (service.name, *service.factories) if name]
        wanted = {value for name in names for value in self.meanings(name)}
        return any(
            value in wanted for value in callees if isinstance(value, Symbol | Class | Routine)
        )

    def straight(self, file: Parsed, node: ast.expr) -> bool:
        """Whether an expression reaches into the service's module, through no variable of its own."""
        if isinstance(node, ast.Await):
            node = node.value
        if isinstance(node, ast.Call):
            return self.makes(file, node)
        if isinstance(node, ast.Name):
            found = file.table.scopes[node].lookup(node.id)
            return bool(found) and all(b.kind is Binds.IMPORT for b in (found[1] if found else ()))
        if isinstance(node, ast.Attribute):
            owner = self.scan.near.one(file, node.value)
            return isinstance(owner, Module | Symbol)
        return False

    def group(self, value: Value) -> str:
        """The name of the object that must be moved whole: where it is made."""
        if isinstance(value, Made) and value.call is not None:
            return f"{value.file.path}:{value.call.lineno}:{value.call.col_offset}"
        if isinstance(value, Made):
            return f"{self.service.module}.{self.service.title}"
        return value.name if isinstance(value, Symbol) else ""

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


def identify(scan: Scan, pack: Pack, service: Service) -> Known:
    """Find the service's file, if it is in the tree."""
    path = scan.modules.find(tuple(service.module.split(".")), "", False)
    return Known(scan, pack, service, scan.modules.get(path) if path else None)
