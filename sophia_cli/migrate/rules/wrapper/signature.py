"""What the old code itself says of its arguments: their order, and what they are where a call says nothing."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.pack import Method
from sophia_cli.migrate.rules.wrapper.identity import Known
from sophia_cli.migrate.scope import Function
from sophia_cli.migrate.spelling import last
from sophia_cli.migrate.value import Class, Routine

_BOUND = frozenset({"staticmethod", "classmethod", "abstractmethod", "override"})
_PLAIN_BASES = frozenset({"object", "BaseModel", "ABC", "Protocol"})


@dataclass(frozen=True)
class Signature:
    """The arguments in order and their defaults, in the file that declares them."""

    file: Parsed
    names: tuple[str, ...]
    defaults: Mapping[str, ast.expr] = field(default_factory=dict)
    returns: ast.expr | None = None


def signature_of(known: Known, method: Method) -> Signature | None:
    """The old signature; None where it is not in the tree, or cannot be told from it alone."""
    found = [sig for value in _declared(known, method) if (sig := value) is not None]
    return found[0] if len(found) == 1 else None


def is_async(known: Known, method: Method) -> bool | None:
    """Whether the old function has to be awaited; None where it is not in the tree, or a decorator decides."""
    nodes: list[Function] = []
    if known.service.functions.get(method.name) is method:
        nodes = [v.node for v in known.meanings(method.name) if isinstance(v, Routine)]
    for kind in known.classes if not nodes else ():
        bindings = kind.scope.names.get(method.name, ())
        nodes += [b.node for b in bindings if isinstance(b.node, Function)]
    if any(last(d) not in _BOUND for node in nodes for d in node.decorator_list):
        return None
    ways = {isinstance(node, ast.AsyncFunctionDef) for node in nodes}
    return ways.pop() if len(ways) == 1 else None


def _declared(known: Known, method: Method) -> list[Signature | None]:
    if method.request:
        kinds = [v for v in known.meanings(method.request) if isinstance(v, Class)]
        return [_of_class(known, kind) for kind in kinds]
    if known.service.functions.get(method.name) is method:
        routines = [v for v in known.meanings(method.name) if isinstance(v, Routine)]
        return [_of_function(value.file, value.node, 0) for value in routines]
    return [_of_method(kind, method.name) for kind in known.classes]


def _of_method(kind: Class, name: str) -> Signature | None:
    bindings = kind.scope.names.get(name, ())
    nodes = [b.node for b in bindings if isinstance(b.node, Function)]
    if len(nodes) != 1 or len(bindings) != 1:
        return None
    static = any(last(d) == "staticmethod" for d in nodes[0].decorator_list)
    return _of_function(kind.file, nodes[0], 0 if static else 1)


def _of_function(file: Parsed, node: Function, first: int) -> Signature:
    args = node.args
    given = [*args.posonlyargs, *args.args]
    defaults = dict(
        zip((a.arg for a in given[len(given) - len(args.defaults) :]), args.defaults, strict=True)
    )
    for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        if default is not None:
            defaults[arg.arg] = default
    return Signature(file, tuple(a.arg for a in given[first:]), defaults, node.returns)


def _of_class(known: Known, kind: Class) -> Signature | None:
    """The constructor: its `__init__`, or the fields of a dataclass or a model."""
    made = _of_method(kind, "__init__")
    node = kind.scope.node
    assert isinstance(node, ast.ClassDef)
    if made is not None or any(last(base) not in _PLAIN_BASES for base in node.bases):
        return made
    fields = [item for item in node.body if isinstance(item, ast.AnnAssign)]
    named = [item for item in fields if isinstance(item.target, ast.Name) and not _of_all(item)]
    names = tuple(item.target.id for item in named if isinstance(item.target, ast.Name))
    defaults = {
        name: item.value for name, item in zip(names, named, strict=True) if item.value is not None
    }
    return Signature(kind.file, names, defaults)


def _of_all(item: ast.AnnAssign) -> bool:
    kind = item.annotation.value if isinstance(item.annotation, ast.Subscript) else item.annotation
    return last(kind) == "ClassVar"
