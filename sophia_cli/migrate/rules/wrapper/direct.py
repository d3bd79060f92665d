"""Calls that need no instance: functions of the module, and methods called on the class itself."""

from __future__ import annotations

import ast
from dataclasses import replace

from sophia_cli.migrate.arguments import OddShape
from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.pack import Method
from sophia_cli.migrate.rules.wrapper.call import rewrite_call
from sophia_cli.migrate.rules.wrapper.identity import Known
from sophia_cli.migrate.rules.wrapper.left import Left
from sophia_cli.migrate.rules.wrapper.result import shared_variables
from sophia_cli.migrate.rules.wrapper.visit import Visit, values_in
from sophia_cli.migrate.site import Reason, Verdict
from sophia_cli.migrate.value import Class, Symbol, Value

_GUARDED = Reason("guarded-import", "whether it is the old service is decided at run time")


def find_direct(visit: Visit, file: Parsed) -> None:
    """Enter every use of a declared function, and of a method on the class itself."""
    known = visit.known
    if not known.functions and not any(m.static for m in known.service.methods.values()):
        return
    for node in values_in(file):
        found = [
            known.functions[v] for v in known.scan.near.values(file, node) if v in known.functions
        ]
        if found:
            _function(visit, file, node, found[0])
        elif isinstance(node, ast.Attribute) and _on_class(known, file, node.value):
            _method(visit, file, node)


def _function(visit: Visit, file: Parsed, node: ast.Name | ast.Attribute, method: Method) -> None:
    known, parent = visit.known, file.table.parents[node]
    stem = known.service.module.rpartition(".")[2]
    operation = f"{stem}.{method.name}"
    call = parent if isinstance(parent, ast.Call) and parent.func is node else None
    if known.scan.near.one(file, node) not in known.functions:
        reason = Reason("several-meanings", f"{ast.unparse(node)} can be more than one thing here")
    elif known.guarded(file, node):
        reason = _GUARDED
    elif call is None and _only_named(file, parent):
        return
    elif call is None:
        words = f"{method.name} is passed on: what calls it cannot be seen"
        reason = Reason("function-passed", words)
    elif not known.straight(file, node):
        reason = Reason("renamed", "it is called by a name that was given to it here")
    else:
        _call(visit, file, call, method, operation)
        return
    found = replace(visit.found(""), operation=operation, verdict=Verdict.REPORT, reason=reason)
    visit.enter(file, node, found)


def _only_named(file: Parsed, parent: ast.AST) -> bool:
    """Whether it is only given another name, whose calls are seen themselves, or tested."""
    if isinstance(parent, ast.Assign):
        return all(isinstance(target, ast.Name) for target in parent.targets)
    return isinstance(parent, ast.Expr | ast.If | ast.Compare)


def _method(visit: Visit, file: Parsed, node: ast.Attribute) -> None:
    """`Service.name`: a declared static call is moved, every other call is reported."""
    known, parent = visit.known, file.table.parents[node]
    service = known.service
    method = service.methods.get(node.attr)
    if not isinstance(parent, ast.Call) or parent.func is not node:
        if method is None or not method.static:
            return
        reason = Reason("not-called", "it is read, not called")
    elif known.guarded(file, node.value):
        reason = _GUARDED
    elif node.attr in service.reported:
        reason = Reason("no-counterpart", service.reported[node.attr])
    elif method is None or not method.static:
        reason = visit.undeclared(node.attr)
    elif not known.straight(file, node.value):
        reason = Reason("renamed", "the class is called by a name that was given to it here")
    else:
        _call(visit, file, parent, method, f"{service.title}.{method.name}")
        return
    visit.report(file, node, reason, ())


def _call(visit: Visit, file: Parsed, call: ast.Call, method: Method, operation: str) -> None:
    groups = shared_variables(file, call, method)
    found = replace(visit.found(""), operation=operation, is_async=method.is_async, groups=groups)
    try:
        found = visit.moved(file, found, rewrite_call(visit.known, file, call, method))
    except Left as left:
        found = replace(found, verdict=Verdict.REPORT, reason=left.reason)
    except OddShape as error:
        found = replace(found, verdict=Verdict.REPORT, reason=Reason("odd-shape", str(error)))
    visit.enter(file, call, found)


def _on_class(known: Known, file: Parsed, node: ast.expr) -> bool:
    """Whether an expression is the old class itself."""
    if not known.service.name:
        return False
    value: Value = known.scan.near.one(file, node)
    return isinstance(value, Symbol | Class) and value in known.meanings(known.service.name)
