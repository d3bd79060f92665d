"""Where instances of a service are made, kept, handed on and lost sight of."""

from __future__ import annotations

import ast
from dataclasses import replace

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.rules.wrapper.call import Rewrite, first_name, getter, getter_need
from sophia_cli.migrate.rules.wrapper.flow import Flow, follow
from sophia_cli.migrate.rules.wrapper.identity import Known
from sophia_cli.migrate.rules.wrapper.visit import Visit, values_in
from sophia_cli.migrate.scan import Found
from sophia_cli.migrate.scope import Binds, Function, class_of
from sophia_cli.migrate.site import Edit, Reason, Verdict
from sophia_cli.migrate.spelling import last, types
from sophia_cli.migrate.value import Class, Made, Routine, Value

PROBES = frozenset({"hasattr", "getattr", "setattr", "delattr"})
_DEPTH = 8
_KEEPING = frozenset(
    {"property", "cached_property", "cache", "lru_cache", "staticmethod", "classmethod"}
)
_OLD_ANNOTATION = Reason("old-annotation", "its annotation names the old class")


def find_constructions(visit: Visit, file: Parsed) -> None:
    """Enter every place of a file that makes an instance, or passes one on."""
    known = visit.known
    _imports(visit, file)
    for call in file.table.calls:
        if known.makes(file, call):
            flow = follow(file, call)
            if not flow.called_into:
                visit.enter(file, call, _construction(visit, file, call, flow))
        elif (instance := known.instance_at(file, call)) and _calls_home(known, file, call):
            _crossing(visit, file, call, instance)
    for value in values_in(file):
        if (instance := known.instance_at(file, value)) is not None:
            if isinstance(value, ast.Attribute) and _reads_home(known, file, value):
                _crossing(visit, file, value, instance)
            flow = follow(file, value)
            if not flow.called_into:
                _value(visit, file, value, flow)


def _calls_home(known: Known, file: Parsed, call: ast.Call) -> bool:
    """Whether a function of the old code gives it, that the pack does not declare: that one stays old."""
    called = known.scan.near.values(file, call.func)
    return any(isinstance(value, Routine) and value.file.path in known.homes for value in called)


def _reads_home(known: Known, file: Parsed, node: ast.Attribute) -> bool:
    """Whether it is kept in an object of the old code, which stays old too."""
    for owner in known.scan.near.values(file, node.value):
        kind = owner.of if isinstance(owner, Made) else owner
        if isinstance(kind, Class) and _of_home(known, kind, node.attr, 0):
            return True
    return False


def _of_home(known: Known, kind: Class, name: str, depth: int) -> bool:
    """Whether the class that gives a name its value, the nearest one, is of the old code."""
    if name in kind.scope.attributes or name in kind.scope.names:
        return kind.file.path in known.homes
    bases = known.scan.near.bases(kind) if depth < _DEPTH else []
    return any(isinstance(base, Class) and _of_home(known, base, name, depth + 1) for base in bases)


def _crossing(visit: Visit, file: Parsed, node: ast.expr, instance: Value) -> None:
    reason = Reason("undeclared", f"the pack does not declare {ast.unparse(node)}, which gives it")
    group = visit.known.group_at(file, node, instance)
    visit.report(file, node, reason, (group, visit.known.handed), visit.known.service.title)


def _imports(visit: Visit, file: Parsed) -> None:
    """Instances that come in by an import: under a further name, or into a class."""
    near = visit.known.scan.near
    for scope in file.table.own.values():
        for name, bindings in scope.names.items():
            for binding in bindings:
                if binding.kind is not Binds.IMPORT or not (scope.is_class or scope.parent is None):
                    continue
                made = [v for v in near.binding(file, binding) if visit.known.instance(v)]
                if made and scope.is_class:
                    _into_class(visit, file, binding.node, visit.known.group(made[0]))
                for value in made:
                    visit.share(file, name, visit.known.group(value))


def _into_class(visit: Visit, file: Parsed, alias: ast.AST, group: str) -> None:
    statement = file.table.parents[alias]
    assert isinstance(statement, ast.ImportFrom | ast.Import)
    reason = Reason("class-import", "it is imported into a class and becomes an attribute of it")
    visit.report(file, statement, reason, (group, visit.known.handed))


def _construction(visit: Visit, file: Parsed, call: ast.Call, flow: Flow) -> Found:
    known = visit.known
    found = replace(visit.found("new"), operation=f"{known.service.title}()")
    instance = known.instance_at(file, call)
    if instance is None:
        reason = Reason("unseen-instance", "what it gives cannot be seen")
        return replace(found, verdict=Verdict.REPORT, reason=reason, groups=(known.handed,))
    group = known.group_at(file, call, instance)
    found = replace(found, groups=(group,))
    if (lost := _keep(visit, file, flow, group)) is not None:
        return replace(found, verdict=Verdict.REPORT, reason=lost, groups=_lost(visit, flow, group))
    if file.table.in_format(call):
        reason = Reason("in-f-string", "it stands inside an f-string")
        return replace(found, verdict=Verdict.REPORT, reason=reason)
    doubts = []
    if call.args or call.keywords:
        doubts.append(Reason("arguments-dropped", "the service takes no arguments here"))
    if _annotated(visit, file, flow.parent):
        doubts.append(_OLD_ANNOTATION)
    awaited = file.table.parents[call]
    whole = awaited if isinstance(awaited, ast.Await) else call
    return visit.moved(file, found, _getter(visit, file, whole, call.func, tuple(doubts)))


def _getter(
    visit: Visit,
    file: Parsed,
    node: ast.expr,
    read: ast.expr,
    doubts: tuple[Reason, ...] = (),
) -> Rewrite:
    text = getter(visit.known, file, read)
    edit = Edit(file.source.start(node), file.source.end(node), text)
    need = getter_need(visit.known, file, read)
    return Rewrite((edit,), (need,), tuple(first_name(read)), doubts)


def _value(visit: Visit, file: Parsed, node: ast.expr, flow: Flow) -> None:
    """An instance that is read, but not called into."""
    known = visit.known
    instance = known.instance_at(file, node)
    assert instance is not None
    if (flow.tested and not flow.names) or file.table.in_annotation(node):
        return
    group, straight = known.group_at(file, node, instance), known.straight(file, node)
    found = replace(visit.found("instance"), operation=known.service.title, groups=(group,))
    lost = _keep(visit, file, flow, group)
    if lost is None and known.guarded(file, node):
        lost = Reason("guarded-import", "whether it is the old service is decided at run time")
    if lost is not None:
        apart = straight and _is_argument(flow) and known.is_looked_up(instance)
        groups = _lost(visit, flow, "" if apart else group)
        visit.report(file, node, lost, groups)
    elif straight:
        doubts = (_OLD_ANNOTATION,) if _annotated(visit, file, flow.parent) else ()
        rewrite = _getter(visit, file, node, node, doubts)
        visit.enter(file, node, visit.moved(file, found, rewrite))


def _keep(visit: Visit, file: Parsed, flow: Flow, group: str) -> Reason | None:
    """Note where an instance goes; the reason if it cannot be followed there."""
    for name in flow.names:
        visit.store(file, name, group)
    parent = flow.parent
    if flow.tested or isinstance(parent, ast.Attribute):
        return None
    if isinstance(parent, ast.Return):
        return _return(visit, file, parent, group)
    targets: list[ast.expr] = []
    if isinstance(parent, ast.Assign):
        targets = parent.targets
    elif isinstance(parent, ast.AnnAssign):
        targets = [parent.target]
    for target in targets:
        if isinstance(target, ast.Name | ast.Attribute):
            visit.store(file, target, group)
    return None if targets and all(_followed(file, target) for target in targets) else _escape(flow)


def _followed(file: Parsed, target: ast.expr) -> bool:
    """Whether what is kept there is seen again: in a variable, or in an attribute of `self`."""
    if not isinstance(target, ast.Attribute):
        return isinstance(target, ast.Name)
    owner = target.value
    return isinstance(owner, ast.Name) and class_of(file.table.scopes[target], owner.id) is not None


def _return(visit: Visit, file: Parsed, node: ast.Return, group: str) -> Reason | None:
    function = next(up for up in file.table.ancestors(node) if isinstance(up, Function))
    visit.returned(file, function, group)
    other = [last(d) for d in function.decorator_list if last(d) not in _KEEPING]
    if other:
        words = f"@{other[0]} on {function.name} may hand it to others"
        return Reason("passed-on", words)
    return None


def _lost(visit: Visit, flow: Flow, group: str) -> tuple[str, ...]:
    """What has to stay where an instance is lost sight of: it, and all that is handed in."""
    return tuple(name for name in (group, visit.known.handed) if name)


def _is_argument(flow: Flow) -> bool:
    return isinstance(flow.parent, ast.Call | ast.keyword)


def _annotated(visit: Visit, file: Parsed, parent: ast.AST) -> bool:
    """Whether an annotation beside it names the old class."""
    node: ast.expr | None = None
    if isinstance(parent, ast.AnnAssign):
        node = parent.annotation
    elif isinstance(parent, ast.Return):
        function = next(up for up in file.table.ancestors(parent) if isinstance(up, Function))
        node = function.returns
    return node is not None and any(last(kind) in visit.known.titles for kind in types(node))


def _escape(flow: Flow) -> Reason:
    parent = flow.parent
    if isinstance(parent, ast.Call) and last(parent.func) in PROBES:
        return Reason("probed", f"{last(parent.func)} asks what the old class has")
    if isinstance(parent, ast.withitem):
        return Reason("context-manager", "it is used as a context manager")
    return Reason("passed-on", "it is passed on: what is done with it cannot be seen")
