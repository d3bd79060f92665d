"""The text of one method or function of a shim: the old signature, a call of the new service, the old answer."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from sophia_cli.migrate.pack import Field, Method, Target
from sophia_cli.migrate.rules.wrapper.identity import Known
from sophia_cli.migrate.rules.wrapper.members import literal
from sophia_cli.migrate.rules.wrapper.signature import signature_of
from sophia_cli.migrate.scope import Function
from sophia_cli.migrate.shims.carried import Carrier, names_in
from sophia_cli.migrate.shims.lacks import Lacks
from sophia_cli.migrate.shims.plain import undecorated
from sophia_cli.migrate.spelling import last, types
from sophia_cli.migrate.target import nullable
from sophia_cli.migrate.value import Class

SERVICE, ANSWER, TASK, TASKS = "_shim_service", "_ShimAnswer", "_shim_task", "_ShimTaskType"
_STREAM = "complete"


@dataclass(frozen=True)
class Written:
    """Lines of code, what a person has to know of them, and which of the shim's own names they read."""

    lines: tuple[str, ...]
    notes: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Call:
    """One declared method or function, as it stands in the old code."""

    known: Known
    method: Method
    node: Function
    carrier: Carrier
    in_class: bool
    notes: list[str] = field(default_factory=list)
    needs: set[str] = field(default_factory=set)

    def write(self) -> Written:
        """The definition. Raises Lacks for what the pack cannot express."""
        self._check()
        arguments = list(self._arguments())
        if self.method.review:
            self.notes.append(f"{self.method.name}: {self.method.review}")
        lines = [*self._decorators(), f"{self._head()}:", *_docstring(self.node)]
        lines += [f"    {line}" for line in self._body(arguments)]
        return Written(tuple(lines), tuple(self.notes), frozenset(self.needs))

    def _check(self) -> None:
        name, method, node = self.method.name, self.method, self.node
        if isinstance(node, ast.AsyncFunctionDef) is not method.is_async:
            kinds = ("asynchronous", "not") if method.is_async else ("not asynchronous", "is")
            words = f"the pack says that it is {kinds[0]}, the old code {kinds[1]}"
            raise Lacks("shim-lacks", f"{name}: {words}")
        undecorated(node, {"staticmethod"} if self.in_class else set())
        if self.in_class and self._static is not method.static:
            raise Lacks("shim-lacks", f"{name}: the pack and the old code differ on static")
        native = self.known.pack.target.module == Target.module
        if native and self._yields is not (method.to == _STREAM):
            raise Lacks("shim-lacks", f"{name}: one gives pieces, the other an answer as a whole")

    @property
    def _static(self) -> bool:
        return any(ast.unparse(item) == "staticmethod" for item in self.node.decorator_list)

    @property
    def _yields(self) -> bool:
        return any(isinstance(node, ast.Yield) for node in ast.walk(self.node))

    def _decorators(self) -> list[str]:
        return ["@staticmethod"] if self.in_class and self._static else []

    def _head(self) -> str:
        return head(self.node, self.carrier)

    # ------------------------------------------------------------------------------ arguments

    def _arguments(self) -> Iterator[str]:
        """What the call of the service says."""
        method = self.method
        said: dict[str, str] = {}
        for name, value, default in self._given():
            if name in method.drop:
                self.notes.append(f"{method.name}: {name} goes, {method.drop[name]}")
                continue
            if name in method.report:
                raise Lacks("shim-lacks", f"{method.name}: its {name}: {method.report[name]}")
            if name not in method.arguments:
                raise Lacks("shim-lacks", f"{method.name}: the pack says nothing of its {name}")
            new = method.arguments[name]
            if new in said:
                raise Lacks("shim-lacks", f"{method.name}: two of its arguments become {new}")
            if name in method.look:
                self.notes.append(f"{method.name}: {name}: {method.look[name]}")
            said[new] = self._value(new, value, default)
        fixed = {name: literal(value) for name, value in method.set.items() if name not in said}
        yield from (f"{name}={text}" for name, text in {**said, **fixed}.items())

    def _given(self) -> Iterator[tuple[str, str, ast.expr | None]]:
        """Every argument of the old code: its name, how the shim reads it, and its default."""
        method, signature = self.method, signature_of(self.known, self.method)
        if signature is None:
            where = f"its {method.request}" if method.request else "what it takes"
            raise Lacks("shim-lacks", f"{method.name}: {where} cannot be seen")
        if not method.request:
            args = self.node.args
            if args.vararg or args.kwarg:
                raise Lacks("shim-lacks", f"{method.name} takes any arguments")
            names = [*signature.names, *(arg.arg for arg in args.kwonlyargs)]
            yield from ((name, name, signature.defaults.get(name)) for name in names)
            return
        own = self._own_names()
        if len(own) != 1:
            raise Lacks("shim-lacks", f"{method.name} takes more than one {method.request}")
        self.carrier.carry(method.request)
        kinds = [v for v in self.known.meanings(method.request) if isinstance(v, Class)]
        if any("__init__" in kind.scope.names for kind in kinds):
            raise Lacks("shim-lacks", f"{method.request} has a constructor of its own")
        for name in signature.names:
            yield name, f"{own[0]}.{name}", signature.defaults.get(name)

    def _own_names(self) -> list[str]:
        args = self.node.args
        names = [arg.arg for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
        return names[0 if self._static or not self.in_class else 1 :]

    def _value(self, new: str, value: str, default: ast.expr | None) -> str:
        if new == "task_type" and (self.known.service.enums or self.known.service.tasks):
            self.needs.add(TASK)
            value = f"{TASK}({value})"
        if new in self.method.set and isinstance(default, ast.Constant) and default.value is None:
            return f"{literal(self.method.set[new])} if {value} is None else {value}"
        return value

    # ----------------------------------------------------------------------------------- body

    def _body(self, arguments: list[str]) -> list[str]:
        self.needs.add(SERVICE)
        method = self.method
        call = [f"{SERVICE}().{method.target}(", *(f"    {text}," for text in arguments), ")"]
        if self._yields:
            loop = "async for" if method.is_async else "for"
            return [f"{loop} piece in {call[0]}", *call[1:-1], "):", "    yield piece"]
        wait = "await " if method.is_async else ""
        if method.result is None and not method.take:
            return [f"return {wait}{call[0]}", *call[1:]]
        lines = [f"answer = {wait}{call[0]}", *call[1:]]
        if self._never_raised:
            self.needs.add(ANSWER)
            lines = ["try:", *(f"    {line}" for line in lines)]
            lines += ["except Exception as error:  # the old service never raised"]
            lines += [f'    answer = {ANSWER}("", error=str(error) or type(error).__name__)']
        if method.take:
            return [*lines, f"return answer.{method.take}"]
        return [*lines, *self._answer(method)]

    @property
    def _never_raised(self) -> bool:
        native = self.known.pack.target.module == Target.module
        return native and self.method.set.get("on_error") == "return"

    def _answer(self, method: Method) -> list[str]:
        """The old answer, made of the new one."""
        kind = self._kind()
        names, defaults = _fields_of(kind, method)
        fields = method.result or {}
        if found := sorted(path for path in fields if "." in path or "[" in path):
            raise Lacks("shim-lacks", f"{method.name}: {found[0]} is a way into an answer")
        lines = []
        for name in names:
            if name in fields:
                lines.append(f"    {name}={self._read(fields[name])},")
            elif name in defaults:
                self.notes.append(f"{method.name}: {name} of its {kind.name} stays at its default")
            else:
                words = f"the pack does not say what {name} of its {kind.name} becomes"
                raise Lacks("shim-lacks", f"{method.name}: {words}")
        return [f"return {kind.name}(", *lines, ")"]

    def _kind(self) -> ast.ClassDef:
        """The class of the old answer, by the annotation of the old code. Raises Lacks."""
        returns = types(self.node.returns) if self.node.returns is not None else []
        for kind in returns:
            if isinstance(kind, ast.Name):
                self.carrier.carry(kind.id)
                node = self.carrier.statements.get(kind.id)
                if isinstance(node, ast.ClassDef):
                    return node
        raise Lacks("shim-lacks", f"{self.method.name}: the class of its answer cannot be seen")

    def _read(self, found: Field) -> str:
        text = f"answer.{found.name}"
        if found.absent:
            return f"{text} is None"
        target = self.known.pack.target
        native = target.module == Target.module
        open_ = nullable(f"{target.module}.call", "LLMResponse") if native else target.nullable
        if found.default is not None and found.name in open_:
            return f"{text} or {literal(found.default)}"
        if found.name in open_ and not found.nullable:
            self.notes.append(f"{self.method.name}: {found.name} of the new answer can be None")
        return text


def head(node: Function, carrier: Carrier) -> str:
    """`async def name(arguments) -> kind`, without annotations that cannot be taken over."""
    word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    text = carrier.file.source.text
    kind = ""
    if node.returns is not None and _carriable(carrier, node.returns):
        kind = f" -> {text(node.returns).decode()}"
    return f"{word} {node.name}({', '.join(_parameters(node.args, carrier))}){kind}"


def _parameters(args: ast.arguments, carrier: Carrier) -> Iterator[str]:
    """The parameters as they are spelled. Raises Lacks for a default that cannot be taken over."""
    text = carrier.file.source.text
    placed = [*args.posonlyargs, *args.args]
    missing = [None] * (len(placed) - len(args.defaults))

    def spelled(arg: ast.arg, default: ast.expr | None) -> str:
        told = arg.annotation is not None and _carriable(carrier, arg.annotation)
        found = arg.arg
        if told and arg.annotation is not None:
            found += f": {text(arg.annotation).decode()}"
        if default is None:
            return found
        for name in sorted(names_in([default])):
            carrier.carry(name)
        return found + (" = " if told else "=") + text(default).decode()

    for place, (arg, default) in enumerate(zip(placed, [*missing, *args.defaults], strict=True)):
        yield spelled(arg, default)
        if args.posonlyargs and place == len(args.posonlyargs) - 1:
            yield "/"
    if args.vararg or args.kwonlyargs:
        yield f"*{spelled(args.vararg, None) if args.vararg else ''}"
    for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        yield spelled(arg, default)
    if args.kwarg:
        yield f"**{spelled(args.kwarg, None)}"


def _carriable(carrier: Carrier, annotation: ast.expr | None) -> bool:
    try:
        for name in sorted(names_in([annotation])):
            carrier.carry(name)
    except Lacks:
        return False
    return True


def _docstring(node: Function) -> list[str]:
    first = node.body[0]
    if not isinstance(first, ast.Expr) or ast.get_docstring(node) is None:
        return []
    words = (ast.get_docstring(node) or "").partition("\n")[0].strip()
    return [f'    """{words}"""'] if words and not set(words) & set('"\\') else []


def _fields_of(kind: ast.ClassDef, method: Method) -> tuple[list[str], set[str]]:
    """What the constructor of the old answer takes, and which of that has a default. Raises Lacks."""
    made = [item for item in kind.body if isinstance(item, Function) and item.name == "__init__"]
    bases = {last(base) for base in kind.bases} - {"object"}
    said = {node.arg for node in ast.walk(kind) if isinstance(node, ast.keyword)}
    if (
        made
        or said & {"init", "alias", "alias_generator", "validation_alias"}
        or not bases <= {"BaseModel", "NamedTuple"}
        or not (bases or any(last(item) == "dataclass" for item in kind.decorator_list))
    ):
        raise Lacks("shim-lacks", f"{method.name}: {kind.name} is no plain class of fields")
    fields = [
        item
        for item in kind.body
        if isinstance(item, ast.AnnAssign)
        and isinstance(item.target, ast.Name)
        and "ClassVar" not in names_in([item.annotation])
    ]
    named = [(item.target.id, item.value) for item in fields if isinstance(item.target, ast.Name)]
    return [name for name, _ in named], {name for name, value in named if value is not None}
