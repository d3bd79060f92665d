"""What is done with instances of a service, and with its class and its functions."""

from __future__ import annotations

import ast
from dataclasses import replace

from sophia_cli.migrate.arguments import OddShape
from sophia_cli.migrate.modules import Parsed, stem_of
from sophia_cli.migrate.pack import Method
from sophia_cli.migrate.rules.constructor import passed_on
from sophia_cli.migrate.rules.wrapper.call import rewrite_call
from sophia_cli.migrate.rules.wrapper.chain import widest
from sophia_cli.migrate.rules.wrapper.constructions import PROBES
from sophia_cli.migrate.rules.wrapper.direct import find_direct
from sophia_cli.migrate.rules.wrapper.left import Left
from sophia_cli.migrate.rules.wrapper.quoted import find_matched, find_quoted
from sophia_cli.migrate.rules.wrapper.removals import find_removal
from sophia_cli.migrate.rules.wrapper.result import shared_variables
from sophia_cli.migrate.rules.wrapper.surroundings import kinds
from sophia_cli.migrate.rules.wrapper.visit import Visit, values_in
from sophia_cli.migrate.scope import Binds, Scope, class_of
from sophia_cli.migrate.site import Reason, Verdict
from sophia_cli.migrate.spelling import last
from sophia_cli.migrate.value import NONE, UNKNOWN, Class, Module, Routine, Value

_TYPE_TESTS = frozenset({"isinstance", "issubclass"})
# What looks at an object and gives it to nobody, and what looks into it.
_TESTS = (ast.Attribute, ast.If, ast.While, ast.Assert, ast.Compare, ast.UnaryOp, ast.Expr)
_DEPTH = 8


def find_uses(visit: Visit, file: Parsed) -> None:
    """Enter every use of an instance in a file, and of what gives one."""
    for node in file.table.attributes:
        if isinstance(node.ctx, ast.Load):
            _attribute(visit, file, node)
        else:
            _written(visit, file, node)
    find_direct(visit, file)
    find_quoted(visit, file)
    for value in values_in(file):
        _giver(visit, file, value)
    for scope in file.table.own.values():
        if isinstance(scope.node, ast.ClassDef) and scope.node.bases:
            _overrides(visit, file, scope, scope.node)
    for node_ in file.table.parents:
        if isinstance(node_, ast.ExceptHandler):
            _handler(visit, file, node_)
        elif isinstance(node_, ast.MatchClass):
            find_matched(visit, file, node_)


def find_passed(visit: Visit, file: Parsed) -> None:
    """Note the objects that may go on from an owner that is not seen: `run(app.brain)`, `return app.brain`."""
    near = visit.known.scan.near
    for node in file.table.attributes_of(visit.attributes):
        parent = file.table.parents[node]
        if isinstance(parent, _TESTS) or (isinstance(parent, ast.Call) and parent.func is node):
            continue
        if isinstance(node.ctx, ast.Load) and UNKNOWN in near.values(file, node.value):
            visit.passed |= _alike(visit, file, node, 0) or set()


def _attribute(visit: Visit, file: Parsed, node: ast.Attribute) -> None:
    known = visit.known
    if known.instance_at(file, node.value) is not None:
        _use(visit, file, node)
    elif known.perhaps(file, node.value):
        reason = Reason("several-meanings", "its receiver can be more than one thing here")
        visit.report(file, node, reason, groups_of(visit, file, node.value))
    elif node.attr in known.heads or (
        node.attr in known.own and not isinstance(node.value, ast.Name)
    ):
        groups = _alike(visit, file, node.value, 0)
        if groups is not None:
            reason = Reason("receiver-unknown", "what its receiver is cannot be seen")
            visit.report(file, node, reason, tuple(sorted(groups)))


def _use(visit: Visit, file: Parsed, node: ast.Attribute) -> None:
    """`instance.name`: a declared call is moved, everything else is reported."""
    known, service = visit.known, visit.known.service
    receiver, groups = node.value, groups_of(visit, file, node.value)
    name = node.attr
    if known.dotted:
        node, name = widest(file, node, {*service.methods, *service.removed, *service.reported})
    parent = file.table.parents[node]
    call = parent if isinstance(parent, ast.Call) and parent.func is node else None
    if known.guarded(file, receiver):
        reason = Reason("guarded-import", "whether it is the old service is decided at run time")
    elif call is None:
        reason = Reason("not-called", "it is read, not called")
    elif name in service.removed:
        find_removal(visit, file, call, name, groups)
        return
    elif name in service.reported:
        reason = Reason("no-counterpart", service.reported[name])
    elif name not in service.methods:
        reason = visit.undeclared(name)
    else:
        _call(visit, file, call, service.methods[name], groups)
        return
    visit.report(file, node, reason, groups, name)


def _call(
    visit: Visit, file: Parsed, call: ast.Call, method: Method, groups: tuple[str, ...]
) -> None:
    groups = (*groups, *shared_variables(file, call, method))
    found = replace(visit.found(method.name), is_async=method.is_async, groups=groups)
    try:
        found = visit.moved(file, found, rewrite_call(visit.known, file, call, method))
    except Left as left:
        found = replace(found, verdict=Verdict.REPORT, reason=left.reason)
    except OddShape as error:
        found = replace(found, verdict=Verdict.REPORT, reason=Reason("odd-shape", str(error)))
    visit.enter(file, call, found)


def groups_of(visit: Visit, file: Parsed, node: ast.expr) -> tuple[str, ...]:
    """The objects that must move with a use; a ready-made instance is looked up at each use."""
    known = visit.known
    found = [value for value in known.scan.near.values(file, node) if known.instance(value)]
    if known.straight(file, node) and all(map(known.is_looked_up, found)):
        return ()
    return tuple(dict.fromkeys(known.group_at(file, node, value) for value in found))


def _alike(visit: Visit, file: Parsed, node: ast.expr, depth: int) -> set[str] | None:
    """The objects that go by the name of a receiver that cannot be seen; None where none does."""
    values = visit.known.scan.near.values(file, node)
    # what is only None here is something else in a class that is built on this one
    if not (UNKNOWN in values or set(values) == {NONE}) or depth > _DEPTH:
        return None
    while isinstance(node, ast.Await | ast.NamedExpr):
        node = node.value
    name = last(node)
    if name in visit.stored or name in visit.known.service.instances:
        return visit.stored.get(name, set())
    found = file.table.scopes[node].lookup(name) if isinstance(node, ast.Name) else None
    for binding in found[1] if found else ():
        if binding.value is not None:
            groups = _alike(visit, file, binding.value, depth + 1)
            if groups is not None:
                return groups
        elif binding.kind is Binds.PARAMETER and visit.passed:
            return visit.passed
    return None


def _written(visit: Visit, file: Parsed, node: ast.Attribute) -> None:
    """`instance.size = 3`, and what takes the place of an instance."""
    known = visit.known
    if node.attr in known.heads or known.instance_at(file, node.value) is None:
        if node.attr in visit.attributes or _shared(visit, file, node):
            _rebound(visit, file, node)
        return
    words = f"{node.attr} of the old service is set: the new one does not read it"
    groups = groups_of(visit, file, node.value)
    visit.report(file, node, Reason("field-written", words), groups)


def _shared(visit: Visit, file: Parsed, node: ast.Attribute) -> bool:
    """Whether it is a name of a module that an instance is kept under."""
    owner = visit.known.scan.near.one(file, node.value)
    return isinstance(owner, Module) and (node.attr, stem_of(owner.file.path)) in visit.shared


def _rebound(visit: Visit, file: Parsed, node: ast.Attribute) -> None:
    """`desk.ai = something`, seen from outside of the class or the module."""
    statement, known = file.table.parents[node], visit.known
    value = getattr(statement, "value", None)
    inside = isinstance(node.value, ast.Name) and class_of(file.table.scopes[node], node.value.id)
    if inside or (isinstance(statement, ast.Delete | ast.AnnAssign) and value is None):
        return
    # what a loop, a `with` or several targets at once put there is not followed
    if not isinstance(value, ast.expr) or not (
        known.instance_at(file, value) or known.scan.near.values(file, value) == (NONE,)
    ):
        reason = Reason("replaced", "something else is put in the place of an instance")
        visit.report(file, node, reason, tuple(sorted(visit.stored[node.attr])))


def _overrides(visit: Visit, file: Parsed, scope: Scope, node: ast.ClassDef) -> None:
    """A class that binds a name to something else, under which a base keeps an instance."""
    near = visit.known.scan.near
    for name in sorted(visit.attributes & {*scope.names, *scope.attributes}):
        bindings = [*scope.names.get(name, ()), *scope.attributes.get(name, ())]
        own = [value for binding in bindings for value in near.binding(file, binding)]
        bases = near.bases(Class(file, scope))
        theirs = [value for base in bases for value in near.member(base, name)]
        if all(value == NONE or _objects(visit, value) for value in own):
            kept = {group for value in own for group in _objects(visit, value)}
            if any(visit.known.handed in _objects(visit, value) for value in theirs):
                visit.linked |= kept
            if not all(value in (NONE, UNKNOWN) or _objects(visit, value) for value in theirs):
                words = f"a base of {node.name} has something else under the name {name}"
                visit.report(file, node, Reason("replaced", words), tuple(sorted(kept)))
            continue
        kept = {group for value in theirs for group in _objects(visit, value)}
        if kept:
            words = f"{node.name} has something else under the name {name}"
            visit.report(file, node, Reason("replaced", words), tuple(sorted(kept)))


def _objects(visit: Visit, value: Value) -> tuple[str, ...]:
    """The objects that a value is, or gives when it is called."""
    if visit.known.instance(value):
        return (visit.known.group(value),)
    return _given_by(visit, value)


def _giver(visit: Visit, file: Parsed, node: ast.Name | ast.Attribute) -> None:
    """The class, or a function that gives an instance, used other than to call it."""
    known, parent = visit.known, file.table.parents[node]
    if isinstance(parent, ast.Call) and parent.func is node:
        return
    if _type_test(parent) and known.giver(known.scan.near.one(file, node)):
        reason = Reason("type-tested", f"{last(parent)} asks for the old class")  # type: ignore[arg-type]
        objects = sorted({group for groups in visit.stored.values() for group in groups})
        visit.report(file, node, reason, (known.handed, *objects))
        return
    for value in known.scan.near.values(file, node):
        groups = _given_by(visit, value)
        if groups:
            reason_ = passed_on(file, node)
            if isinstance(parent, ast.Call) and last(parent.func) in PROBES:
                reason_ = Reason("probed", f"{last(parent.func)} asks what the old class has")
            if reason_ is not None:
                visit.report(file, node, _named(reason_, value), groups)
            return


def _type_test(parent: ast.AST) -> bool:
    return isinstance(parent, ast.Call) and last(parent.func) in _TYPE_TESTS


def _given_by(visit: Visit, value: Value) -> tuple[str, ...]:
    """The objects that a class or function gives, where it gives an instance at all."""
    known = visit.known
    if known.giver(value):
        return (known.handed,)
    if not isinstance(value, Routine) or value.file.path in known.homes:
        return ()
    made = [given for given in known.scan.near.result(value) if known.instance(given)]
    return (
        tuple(dict.fromkeys([*(known.group(given) for given in made), known.handed]))
        if made
        else ()
    )


def _named(reason: Reason, value: object) -> Reason:
    if isinstance(value, Routine):
        return Reason(
            "function-passed", f"{value.node.name} is passed on: what calls it cannot be seen"
        )
    return reason


def _handler(visit: Visit, file: Parsed, handler: ast.ExceptHandler) -> None:
    for kind in kinds(handler):
        if visit.known.own_error(file, kind):
            reason = Reason("old-error", "the new service never raises it")
            visit.report(file, kind, reason, ())
