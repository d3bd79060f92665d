"""Who calls a function of the tree with what: how a client that is handed in is followed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.scope import Function, Scope
from sophia_cli.migrate.spelling import last
from sophia_cli.migrate.value import UNKNOWN, Class, Routine, Value

if TYPE_CHECKING:
    from sophia_cli.migrate.resolve import Resolver

_INJECTING = frozenset({"Depends", "Provide", "inject"})


@dataclass(eq=False)
class Callers:
    """The calls in some files; `calling` gives the files that can hold a name."""

    calling: Callable[[str], Iterable[Parsed]]

    def of(self, name: str) -> Iterator[tuple[Parsed, ast.Call]]:
        """The calls of anything that has this name."""
        for file in self.calling(name):
            for call in file.table.calls_of({name}):
                yield file, call


def handed_in(far: Resolver, file: Parsed, arg: ast.arg) -> list[Value]:
    """What the calls that are seen, and its default, give a parameter."""
    routine = file.table.parents[file.table.parents[arg]]
    if not isinstance(routine, Function) or far.callers is None:
        return []
    default = default_of(routine.args, arg)
    found = list(_default(far, file, default)) if default is not None else []
    own = file.table.scopes[routine]
    for other, call in far.callers.of(_called(routine, own)):
        if any(_means(value, file, routine, own) for value in far.values(other, call.func)):
            given = argument(call, routine, arg, own.is_class)
            found += far.values(other, given) if given is not None else ()
    return [value for value in found if value != UNKNOWN]


def _default(far: Resolver, file: Parsed, default: ast.expr) -> Iterator[Value]:
    """The default itself, or what the function gives that a framework is told to ask."""
    injected = isinstance(default, ast.Call) and last(default.func) in _INJECTING
    if not (isinstance(default, ast.Call) and injected):
        yield from far.values(file, default)
    elif default.args:
        for value in far.values(file, default.args[0]):
            yield from far.result(value) if isinstance(value, Routine) else ()


def _called(routine: Function, own: Scope) -> str:
    """The name by which a function is called: that of its class, where it makes an instance."""
    if routine.name == "__init__" and isinstance(own.node, ast.ClassDef):
        return own.node.name
    return routine.name


def _means(value: Value, file: Parsed, routine: Function, own: Scope) -> bool:
    if routine.name == "__init__":
        return value == Class(file, own)
    return isinstance(value, Routine) and value.node is routine


def argument(call: ast.Call, routine: Function, arg: ast.arg, bound: bool) -> ast.expr | None:
    """What a call hands in for a parameter; `bound` calls give the first one by themselves."""
    for keyword in call.keywords:
        if keyword.arg == arg.arg:
            return keyword.value
    places = [*routine.args.posonlyargs, *routine.args.args]
    if arg not in places:
        return None
    place = places.index(arg) - (1 if bound else 0)
    before = call.args[: place + 1]
    if place < 0 or len(before) <= place or any(isinstance(a, ast.Starred) for a in before):
        return None
    return before[place]


def default_of(args: ast.arguments, arg: ast.arg) -> ast.expr | None:
    """The default of a parameter."""
    return next((value for name, value in _defaults(args) if name is arg), None)


def _defaults(args: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr]]:
    places = [*args.posonlyargs, *args.args]
    yield from zip(reversed(places), reversed(args.defaults), strict=False)
    for arg, value in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        if value is not None:
            yield arg, value
