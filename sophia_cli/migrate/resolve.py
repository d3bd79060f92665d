"""What an expression can be: followed through names, imports, attributes and other files."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from sophia_cli.migrate.callers import Callers, handed_in
from sophia_cli.migrate.modules import Modules, Parsed, target_parts
from sophia_cli.migrate.scope import Binding, Binds, Function, Scope, class_of
from sophia_cli.migrate.spelling import dotted, last, types
from sophia_cli.migrate.value import (
    NONE,
    PLAIN,
    UNKNOWN,
    Class,
    Made,
    Module,
    Part,
    Routine,
    Symbol,
    Value,
)

_DEPTH = 24


# Functions that hand their first argument back, wrapped.
TRANSPARENT = frozenset(
    {
        "instructor.from_openai",
        "instructor.from_anthropic",
        "instructor.patch",
        "instructor.apatch",
        *(f"instructor.from_{name}" for name in ("groq", "together", "anyscale", "databricks")),
        *(f"instructor.from_{name}" for name in ("deepseek", "perplexity", "openrouter")),
        "langsmith.wrappers.wrap_openai",
        "langsmith.wrappers.wrap_anthropic",
        "braintrust.wrap_openai",
        "typing.cast",
    }
)
COPIES = frozenset({"with_options", "copy"})
SAME_CLIENT = COPIES | frozenset(
    {
        "__enter__",
        "__aenter__",
        *("bind", "bind_tools", "with_config", "with_retry", "with_structured_output"),
    }
)
# Parts of clients that are kept in a variable of their own.
_PARTS = frozenset({"chat", "completions", "responses", "embeddings", "messages", "beta", "models"})
_PARTS |= {"aio", "batches", "audio", "transcriptions", "images", "moderations", "v2"}
_PARTS |= {"threads", "runs"}
# `boto3.client` is the method of a session that boto3 keeps.
_SESSIONS = frozenset({"boto3.Session", "boto3.session.Session"})
_PROPERTIES = frozenset({"property", "cached_property"})


@dataclass(eq=False)
class Resolver:
    """Follows expressions. `eager` may parse further files of the tree on the way.

    With `callers`, a parameter can be what those calls hand in that are seen: enough to tell where
    a client comes from, too little to edit by.
    """

    modules: Modules
    eager: bool = False
    callers: Callers | None = None
    memo: dict[tuple[int, int], tuple[Value, ...]] = field(default_factory=dict)
    named: dict[tuple[int, str], list[Value]] = field(default_factory=dict)
    depth: int = 0

    def values(self, file: Parsed, node: ast.expr) -> tuple[Value, ...]:
        """Everything the expression can be, as far as it can be seen; never empty."""
        key = (id(file), id(node))
        if key in self.memo:
            return self.memo[key]
        if self.depth > _DEPTH:
            return (UNKNOWN,)
        self.memo[key] = (UNKNOWN,)  # met again on the way round a circle
        self.depth += 1
        try:
            self.memo[key] = _unique(self._expression(file, node))
        finally:
            self.depth -= 1
        return self.memo[key]

    def forget(self) -> None:
        """Start anew, after more files were parsed."""
        self.memo.clear()
        self.named.clear()

    def one(self, file: Parsed, node: ast.expr) -> Value:
        """The single value of the expression, `None` of a guarded import aside; else unknown."""
        found = [value for value in self.values(file, node) if value != NONE]
        return found[0] if len(found) == 1 else UNKNOWN

    def _expression(self, file: Parsed, node: ast.expr) -> list[Value]:
        match node:
            case ast.Name():
                return self.name(file, node.id, file.table.scopes[node])
            case ast.Attribute():
                return [
                    value
                    for base in self.values(file, node.value)
                    if base != NONE or self.callers is None  # of None nothing is read
                    for value in self.member(base, node.attr)
                ]
            case ast.Call():
                return self._call(file, node)
            case ast.Await() | ast.NamedExpr():
                return list(self.values(file, node.value))
            case ast.IfExp():
                return [*self.values(file, node.body), *self.values(file, node.orelse)]
            case ast.BoolOp():
                return [value for part in node.values for value in self.values(file, part)]
            case ast.Constant():
                return [NONE if node.value is None else PLAIN]
            case (
                ast.List() | ast.Tuple() | ast.Dict() | ast.Set() | ast.JoinedStr() | ast.Compare()
            ):
                return [PLAIN]
        return [UNKNOWN]

    def name(self, file: Parsed, name: str, scope: Scope) -> list[Value]:
        """What a name can be in a scope."""
        found = scope.lookup(name)
        if found is None:
            return self._star(file, name, scope.module())
        key = (id(found[0]), name)
        if key not in self.named:
            self.named[key] = [UNKNOWN]  # met again on the way round a circle
            self.named[key] = self._bound(file, name, found)
        return self.named[key]

    def _bound(self, file: Parsed, name: str, found: tuple[Scope, list[Binding]]) -> list[Value]:
        bindings = [binding for binding in found[1] if not typing_only(file, binding)]
        runtime = [
            binding for binding in bindings if binding.kind is not Binds.DECLARED
        ] or bindings
        values = [value for binding in runtime for value in self.binding(file, binding)]
        if found[0].parent is None:
            values += [value for value in self._star(file, name, found[0]) if value != UNKNOWN]
        return values or [UNKNOWN]

    def _star(self, file: Parsed, name: str, module: Scope) -> list[Value]:
        """What `from x import *` brings in under that name, where x is in the tree."""
        values: list[Value] = []
        for node in module.stars:
            parts, anchored = target_parts(node, file.path)
            path = self.modules.find(parts, file.path, anchored)
            other = self._load(path) if path else None
            if other is not None and other is not file and name in other.table.module.names:
                values += self.name(other, name, other.table.module)
            elif path is None and parts:
                values += (
                    [Symbol(".".join((*parts, name)))]
                    if parts[0] in ("openai", "anthropic")
                    else []
                )
        return values or [UNKNOWN]

    def binding(self, file: Parsed, binding: Binding) -> list[Value]:
        """What one binding gives its name."""
        node = binding.node
        match binding.kind:
            case Binds.IMPORT:
                assert isinstance(node, ast.alias)
                return self._import(file, node)
            case Binds.FUNCTION:
                assert isinstance(node, Function)
                return [Routine(file, node)]
            case Binds.CLASS:
                return [Class(file, file.table.own[node])]
            case Binds.ASSIGN | Binds.WITH if binding.value is not None:
                values = list(self.values(file, binding.value))
                if values == [UNKNOWN] and binding.annotation is not None:
                    return self.annotated(file, binding)
                return values
            case Binds.PARAMETER:
                assert isinstance(node, ast.arg)
                owner = class_of(file.table.own[self._function_of(file, node)], node.arg)
                if owner is not None:
                    return [Made(Class(file, owner), file)]
                return self._parameter(file, binding, node)
            case Binds.DECLARED:
                return self.annotated(file, binding)
        return [UNKNOWN]

    def _parameter(self, file: Parsed, binding: Binding, node: ast.arg) -> list[Value]:
        values = self.annotated(file, binding)
        if self.callers is None or values != [UNKNOWN]:
            return values
        given = handed_in(self, file, node)
        return given or values

    def _function_of(self, file: Parsed, node: ast.arg) -> ast.AST:
        return file.table.parents[file.table.parents[node]]

    def annotated(self, file: Parsed, binding: Binding) -> list[Value]:
        """An instance of the class that an annotation names; `X | None` and Optional count as X."""
        if binding.annotation is None:
            return [UNKNOWN]
        key = (id(binding.scope), f"annotation {id(binding.annotation)}")
        if key not in self.named:
            self.named[key] = [UNKNOWN]  # met again on the way round a circle
            self.named[key] = self._instances(file, binding, binding.annotation)
        return self.named[key]

    def _instances(self, file: Parsed, binding: Binding, annotation: ast.expr) -> list[Value]:
        made: list[Value] = [
            Made(value, file)
            for part in types(annotation)
            for value in self._type(file, part, binding.scope)
            if isinstance(value, Symbol | Class)
        ]
        return made or [UNKNOWN]

    def _type(self, file: Parsed, node: ast.expr, scope: Scope) -> list[Value]:
        """The class that a part of an annotation names, also under TYPE_CHECKING or in quotes."""
        names = dotted(node)
        if not names:
            return [UNKNOWN]
        found = scope.lookup(names[0])
        values = [
            value
            for binding in (found[1] if found else ())
            for value in self.binding(file, binding)
        ]
        for name in names[1:]:
            values = [value for base in values for value in self.member(base, name)]
        return values

    def _import(self, file: Parsed, alias: ast.alias) -> list[Value]:
        statement = file.table.parents[alias]
        if isinstance(statement, ast.ImportFrom):
            parts, anchored = target_parts(statement, file.path)
            package = self.modules.find(parts, file.path, anchored)
            module = self._load(package) if package else None
            if module is not None and alias.name in module.table.module.names:
                return self.name(module, alias.name, module.table.module)  # before any submodule
            return self._dotted((*parts, alias.name), file.path, anchored)
        parts = tuple(alias.name.split("."))
        return self._dotted(parts if alias.asname else parts[:1], file.path, False)

    def _dotted(self, parts: tuple[str, ...], importer: str, anchored: bool) -> list[Value]:
        """A dotted name: the longest front that is a module of the tree, then its members."""
        for length in range(len(parts), 0, -1):
            path = self.modules.find(parts[:length], importer, anchored)
            if path is None:
                continue
            module = self._load(path)
            values: list[Value] = [Module(module)] if module else [UNKNOWN]
            for name in parts[length:]:
                values = [value for base in values for value in self.member(base, name)]
            return values
        return [UNKNOWN] if anchored or not parts else [Symbol(".".join(parts))]

    def dotted(self, parts: tuple[str, ...], importer: str) -> list[Value]:
        """What a dotted name in a string stands for."""
        return self._dotted(parts, importer, False)

    def _load(self, path: str) -> Parsed | None:
        eager = self.eager or path.endswith("__init__.py")  # names pass through these
        return self.modules.get(path) if eager else self.modules.near(path)

    def member(self, base: Value, name: str) -> list[Value]:
        """What `base.name` can be."""
        match base:
            case Symbol():
                return self._foreign(base, name)
            case Module():
                if name in base.file.table.module.names or base.file.table.module.stars:
                    return self.name(base.file, name, base.file.table.module)
                return self._submodule(base.file, name)
            case Class():
                return self._attribute(base, name, Made(base, base.file), 0)
            case Made(of=Class() as kind):
                return self._attribute(kind, name, base, 0)
            case Made() if name in ("with_raw_response", "with_streaming_response"):
                return [base]
            case Made(of=Symbol() as kind) if kind.name in _SESSIONS and name == "client":
                return [Symbol("boto3.client")]
            case Made(of=Symbol()) if name in _PARTS:
                return [Part(base, (name,))]
            case Part() if name in _PARTS:
                return [Part(base.of, (*base.names, name))]
        return [UNKNOWN]

    def _foreign(self, base: Symbol, name: str) -> list[Value]:
        parts = (*base.name.split("."), name)
        path = self.modules.find(parts, "", False)
        module = self._load(path) if path else None
        return [Module(module)] if module else [Symbol(f"{base.name}.{name}")]

    def _submodule(self, file: Parsed, name: str) -> list[Value]:
        if not file.path.endswith("__init__.py"):
            return [UNKNOWN]
        folder = file.path.rpartition("/")[0]
        parts = (*folder.split("/"), name) if folder else (name,)
        path = self.modules.find(parts, file.path, True)
        module = self._load(path) if path else None
        return [Module(module)] if module else [UNKNOWN]

    def _attribute(self, kind: Class, name: str, made: Made, depth: int) -> list[Value]:
        """An attribute of a class of the tree, or of the classes it is built on."""
        bindings = [*kind.scope.attributes.get(name, ()), *kind.scope.names.get(name, ())]
        values: list[Value] = []
        for binding in bindings:
            found = self.binding(kind.file, binding)
            for value in found:
                values += self._read(value)
        if values:
            return values
        for base in self.bases(kind):
            if isinstance(base, Class) and depth < _DEPTH:
                values += self._attribute(base, name, made, depth + 1)
        return values or [UNKNOWN]

    def bases(self, kind: Class) -> list[Value]:
        """What the bases of a class are."""
        node = kind.scope.node
        assert isinstance(node, ast.ClassDef)
        return [value for base in node.bases for value in self.values(kind.file, base)]

    def _read(self, value: Value) -> list[Value]:
        """Reading an attribute runs it, where it is a property."""
        if isinstance(value, Routine) and any(
            last(decorator) in _PROPERTIES for decorator in value.node.decorator_list
        ):
            return self.result(value)
        return [value]

    def result(self, routine: Routine) -> list[Value]:
        """What a function of the tree returns."""
        file, node = routine.file, routine.node
        returns = file.table.returns.get(node, [])
        values = [value for expression in returns for value in self.values(file, expression)]
        if any(isinstance(value, Made | Part) for value in values):
            return values
        declared = Binding(Binds.DECLARED, node, file.table.scopes[node], annotation=node.returns)
        return self.annotated(file, declared)

    def _call(self, file: Parsed, node: ast.Call) -> list[Value]:
        if isinstance(node.func, ast.Attribute) and node.func.attr in SAME_CLIENT:
            made = [v for v in self.values(file, node.func.value) if isinstance(v, Made)]
            if made and all(isinstance(value.of, Symbol) for value in made):
                own = is_new_client(node)
                return [Made(value.of, file, node) for value in made] if own else list(made)
        if isinstance(node.func, ast.Name) and node.func.id == "getattr" and len(node.args) > 1:
            package = self.one(file, node.args[0])
            if isinstance(package, Symbol) and package.name in ("openai", "anthropic"):
                return [Symbol(f"{package.name}.getattr")]  # one of its names
        values: list[Value] = []
        for callee in self.values(file, node.func):
            match callee:
                case Symbol() if callee.name in TRANSPARENT and node.args:
                    values += self.values(
                        file, node.args[-1 if callee.name == "typing.cast" else 0]
                    )
                case Symbol() | Class():
                    values.append(Made(callee, file, node))
                case Routine():
                    values += self.result(callee)
                case _:
                    values.append(UNKNOWN)
        return values


def is_new_client(call: ast.Call) -> bool:
    """Whether a copy of a client, `client.with_options(...)`, sends in a way of its own."""
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    return method in COPIES and any(
        keyword.arg == "http_client"
        and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is None)
        for keyword in call.keywords
    )


def typing_only(file: Parsed, binding: Binding) -> bool:
    """Whether a binding exists for type checkers alone."""
    if binding.kind is not Binds.IMPORT:
        return False
    child: ast.AST = binding.node
    for node in file.table.ancestors(binding.node):
        if isinstance(node, ast.If) and last(node.test) == "TYPE_CHECKING" and child in node.body:
            return True
        child = node
    return False


def _unique(values: list[Value]) -> tuple[Value, ...]:
    return tuple(dict.fromkeys(values)) or (UNKNOWN,)
