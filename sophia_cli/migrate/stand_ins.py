"""What tests put in the place of a client class, where that would notice one more argument."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.resolve import Resolver
from sophia_cli.migrate.scope import Binding, Binds, Function
from sophia_cli.migrate.value import Class, Made, Module, Routine, Symbol

_PATCHING = frozenset({"patch", "setattr", "object"})
_ASSERTING = frozenset(
    {
        "assert_called_with",
        "assert_called_once_with",
        "assert_any_call",
        "assert_has_calls",
        "call_args",
        "call_args_list",
        "mock_calls",
    }
)


@dataclass(eq=False)
class StandIns:
    """Places that replace `classes[file or package, name]` and would notice, and whole packages.

    `names` are all names that are replaced, whether the stand-in would notice or not.
    """

    classes: dict[tuple[str, str], str] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)

    def add(self, other: StandIns) -> None:
        """Take over the places of further tests; the first one of each stays."""
        self.classes = {**other.classes, **self.classes}
        self.names = {**other.names, **self.names}
        self.packages = {**other.packages, **self.packages}

    def blocking(self, path: str, symbol: str, written: tuple[str, ...]) -> str | None:
        """The place in a test that would notice a new argument of this constructor; None is good.

        `written` are the names that the constructor's expression is made of.
        """
        package, _, name = symbol.rpartition(".")
        for key in (*((path, word) for word in written), (package, name)):
            if key in self.classes:
                return self.classes[key]
        return self.packages.get(package.partition(".")[0])


def read_stand_ins(
    files: tuple[Parsed, ...], resolver: Resolver, words: frozenset[str]
) -> StandIns:
    """Look through files for replacements of classes whose package is in `words`."""
    found = StandIns()
    for file in files:
        for call in file.table.calls_of(_PATCHING | {"multiple"}):
            _class_replaced(file, call, resolver, found)
        for package, line in _packages_replaced(file, words):
            found.packages.setdefault(package, f"{file.path}:{line}")
    return found


def _class_replaced(file: Parsed, call: ast.Call, resolver: Resolver, found: StandIns) -> None:
    tail = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if tail == "multiple" and call.args:
        _several(file, call, resolver, found)
    if tail not in _PATCHING or not call.args:
        return
    target = _target(file, call, resolver)
    if target is None:
        return
    home, name, rest = target
    attribute = call.args[1] if len(call.args) > 1 else None
    keys = [(home, name), _holder(file, home, resolver)]
    if isinstance(attribute, ast.Constant) and isinstance(attribute.value, str):
        keys.append((f"{home}:{name}", attribute.value))  # of a class or an object
    for key in keys:
        found.names.setdefault(key, f"{file.path}:{call.lineno}")
    if _notices(file, call, rest, resolver):
        found.classes.setdefault((home, name), f"{file.path}:{call.lineno}")


def _several(file: Parsed, call: ast.Call, resolver: Resolver, found: StandIns) -> None:
    """`patch.multiple("module", name=...)`."""
    first = _constant(file, call.args[0])
    home = str(first.value) if isinstance(first, ast.Constant) else ""
    owner = resolver.one(file, call.args[0])
    path = resolver.modules.find(tuple(home.split(".")), file.path, False) if home else None
    path = owner.file.path if isinstance(owner, Module) else path
    for keyword in call.keywords:
        if keyword.arg and (path or home):
            found.names.setdefault((path or home, keyword.arg), f"{file.path}:{call.lineno}")


def _constant(file: Parsed, node: ast.expr) -> ast.expr:
    """What a name stands for that is assigned once."""
    bound = file.table.scopes[node].lookup(node.id) if isinstance(node, ast.Name) else None
    if bound is not None and len(bound[1]) == 1 and isinstance(bound[1][0].value, ast.Constant):
        return bound[1][0].value
    return node


def _target(
    file: Parsed, call: ast.Call, resolver: Resolver
) -> tuple[str, str, list[ast.expr]] | None:
    """The file or package, the name in it, and the other arguments of a replacing call."""
    first = _constant(file, call.args[0])
    if isinstance(first, ast.Constant):
        if not isinstance(first.value, str) or "." not in first.value:
            return None
        home, _, name = first.value.rpartition(".")
        path = resolver.modules.find(tuple(home.split(".")), file.path, False)
        return path or home, name, call.args[1:]
    if len(call.args) < 2 or not isinstance(call.args[1], ast.Constant):
        return None
    owner, name = resolver.one(file, first), str(call.args[1].value)
    if isinstance(owner, Module):
        return owner.file.path, name, call.args[2:]
    if isinstance(owner, Made) and isinstance(owner.of, Class):
        owner = owner.of
    if isinstance(owner, Class) and isinstance(owner.scope.node, ast.ClassDef):
        return owner.file.path, owner.scope.node.name, call.args[2:]
    return (owner.name, name, call.args[2:]) if isinstance(owner, Symbol) else None


def _holder(file: Parsed, home: str, resolver: Resolver) -> tuple[str, str]:
    """The file, and the name in it, that a dotted name deeper than a module begins with."""
    parts = tuple(home.split("."))
    for length in range(len(parts) - 1, 0, -1):
        path = resolver.modules.find(parts[:length], file.path, False)
        if path is not None:
            return path, parts[length]
    owner, _, name = home.rpartition(".")
    return owner, name


def _notices(file: Parsed, call: ast.Call, rest: list[ast.expr], resolver: Resolver) -> bool:
    new = (
        rest[0]
        if rest
        else next((k.value for k in call.keywords if k.arg in ("new", "value")), None)
    )
    effect = next(
        (k.value for k in call.keywords if k.arg in ("side_effect", "new_callable")), None
    )
    fake = new or effect
    if fake is not None and not accepts(file, fake, resolver):
        return True
    return _asserted(file, call)


def accepts(file: Parsed, fake: ast.expr, resolver: Resolver, name: str = "http_client") -> bool:
    """Whether a stand-in takes the keyword; what cannot be seen counts as yes."""
    if isinstance(fake, ast.Lambda):
        return _takes(fake.args, name)
    if isinstance(fake, ast.Name) and fake.id == "object":  # it takes nothing, unless it is another
        return file.table.scopes[fake].lookup(fake.id) is not None
    value = resolver.one(file, fake)
    if isinstance(value, Routine):
        return _takes(value.node.args, name)
    return _class_takes(value, name, resolver) if isinstance(value, Class) else True


def _class_takes(kind: Class, name: str, resolver: Resolver) -> bool:
    for binding in (*kind.scope.names.get("__init__", ()), *kind.scope.names.get("__new__", ())):
        if isinstance(binding.node, Function):
            return _takes(binding.node.args, name)
    bases = resolver.bases(kind)
    return any(not isinstance(base, Class) or _class_takes(base, name, resolver) for base in bases)


def _takes(args: ast.arguments, name: str) -> bool:
    return args.kwarg is not None or any(arg.arg == name for arg in (*args.args, *args.kwonlyargs))


def _asserted(file: Parsed, call: ast.Call) -> bool:
    """Whether the file asserts what the replaced class itself was called with."""
    for node in file.table.attributes_of(_ASSERTING):
        if not isinstance(node.value, ast.Name):
            continue
        found = file.table.scopes[node.value].lookup(node.value.id)
        if found and any(_may_be(binding, call) for binding in found[1]):
            return True
    return False


def _may_be(binding: Binding, call: ast.Call) -> bool:
    if binding.kind is Binds.PARAMETER:  # what a decorator or a fixture hands in
        return True
    return binding.kind in (Binds.WITH, Binds.ASSIGN) and binding.value is call


def _packages_replaced(file: Parsed, words: frozenset[str]) -> Iterator[tuple[str, int]]:
    """`sys.modules["openai"] = fake` in its several spellings."""
    for constant in file.table.strings:
        if constant.value not in words:
            continue
        statement = file.table.statement(constant)
        text = ast.dump(statement) if not isinstance(statement, Function | ast.ClassDef) else ""
        if "attr='modules'" not in text and "'sys.modules'" not in text:
            continue
        if _replaces(file, constant):
            yield str(constant.value), constant.lineno


def _replaces(file: Parsed, constant: ast.Constant) -> bool:
    parent = file.table.parents[constant]
    new: ast.AST | None = None
    if isinstance(parent, ast.Subscript) and isinstance(parent.ctx, ast.Store):
        statement = file.table.parents[parent]
        new = statement.value if isinstance(statement, ast.Assign) else None
    elif isinstance(parent, ast.Dict):
        new = next(
            (v for k, v in zip(parent.keys, parent.values, strict=True) if k is constant), None
        )
    elif isinstance(parent, ast.Call) and constant in parent.args[:-1]:
        tail = parent.func.attr if isinstance(parent.func, ast.Attribute) else ""
        new = parent.args[-1] if tail in ("setitem", "setdefault", "__setitem__") else None
    return new is not None and not (isinstance(new, ast.Constant) and new.value is None)
