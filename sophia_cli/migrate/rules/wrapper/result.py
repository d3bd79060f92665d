"""What code does with the answer of a wrapper: fields that are renamed, and where it goes on."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sophia_cli.migrate.fieldpath import furthest, steps_of
from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.pack import Field, Method, Target
from sophia_cli.migrate.rules.wrapper.chain import cuts
from sophia_cli.migrate.rules.wrapper.fields import Outcome, Use, rename, replace_path
from sophia_cli.migrate.rules.wrapper.identity import Known
from sophia_cli.migrate.rules.wrapper.left import Left
from sophia_cli.migrate.scope import Binding, Binds, Function, Scope
from sophia_cli.migrate.site import Edit, Reason
from sophia_cli.migrate.spelling import dotted, last
from sophia_cli.migrate.target import nullable
from sophia_cli.migrate.value import NONE

# Calls that hand on what the coroutine they are given returns.
_RUNNERS = frozenset({"asyncio.run", "anyio.run", "asyncio.wait_for", "wait_for"})
_RUNNING = frozenset({"run_until_complete"})
_Found = tuple[Scope, list[Binding]]


def read_result(known: Known, file: Parsed, call: ast.Call, method: Method) -> Outcome:
    """Follow the answer of a call, unless it is plain text. Raises Left for an unknown field."""
    if method.result is None:
        return Outcome()
    return _Follower(known, file, method, _answer(file, call)).follow()


def _answer(file: Parsed, call: ast.Call) -> ast.expr:
    """The expression that is the answer: the call, awaited or run."""
    node: ast.expr = call
    while True:
        parent = file.table.parents[node]
        if isinstance(parent, ast.Await) or (_runs(parent) and parent.args[:1] == [node]):  # type: ignore[attr-defined]
            node = parent  # type: ignore[assignment]
            continue
        return node


def take_edits(file: Parsed, call: ast.Call, method: Method) -> list[Edit]:
    """The answer's field in the place of plain text. Raises Left where that is not given here."""
    answer, source = _answer(file, call), file.source
    if not method.take or isinstance(file.table.parents[answer], ast.Expr):
        return []
    if method.is_async and answer is call:
        raise Left("not-awaited", "what it gives is awaited elsewhere, and is no text by then")
    field, end = f".{method.take}".encode(), source.end(answer)
    if not isinstance(answer, ast.Await):
        return [Edit(end, end, field)]
    if closing := _parenthesised(file, answer):
        return [Edit(closing, closing, field)]
    start = source.start(answer)
    return [Edit(start, start, b"("), Edit(end, end, b")" + field)]


def _parenthesised(file: Parsed, node: ast.expr) -> int:
    """The end of the parentheses that an expression needs where it is read further; else 0."""
    parent = file.table.parents[node]
    if not isinstance(parent, ast.Attribute | ast.Subscript) or parent.value is not node:
        return 0
    end = file.source.end(node)
    rest = file.source.code[end:]
    space = len(rest) - len(rest.lstrip())
    return end + space + 1 if rest[space : space + 1] == b")" else 0


def _runs(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and (
        ".".join(dotted(node.func)) in _RUNNERS or last(node.func) in _RUNNING
    )


@dataclass(frozen=True)
class _Follower:
    """One answer's way through the code."""

    known: Known
    file: Parsed
    method: Method
    answer: ast.expr

    @property
    def fields(self) -> Mapping[str, Field]:
        return self.method.result or {}

    @property
    def nullable(self) -> frozenset[str]:
        """The fields of the new answer that can be None."""
        target = self.known.pack.target
        if target.module == Target.module:
            return nullable(f"{target.module}.call", "LLMResponse")
        return frozenset(target.nullable)

    def follow(self) -> Outcome:
        variables, end = _targets(self.file, self.answer)
        outcomes = [self._variable(target) for target in variables]
        return _joined([*outcomes, self._uses([Use(end)] if end is not None else [])])

    def _variable(self, target: ast.Name) -> Outcome:
        """Every use of a variable that the answer is assigned to."""
        found = self.file.table.scopes[target].lookup(target.id)
        assert found is not None
        uses = (
            Use(node, found)
            for node in self.file.table.names
            if node.id == target.id and self.file.table.scopes[node].lookup(target.id) == found
        )
        outcome = self._uses(uses)
        others = [b for b in found[1] if not self._assigns(b)]
        shared = [binding for binding in others if not self._alike(binding)]
        if shared and outcome.edits:
            line = getattr(shared[0].node, "lineno", target.lineno)
            words = f"{target.id} holds something else too, from line {line}"
            raise Left("answer-shared", words)
        doubt = outcome.doubt
        if shared or not isinstance(found[0].node, Function):
            doubt = doubt or self._read_outside(target, found[0])
        return Outcome(outcome.edits, doubt)

    def _uses(self, uses: Iterable[Use]) -> Outcome:
        edits: list[Edit] = []
        doubt = None
        for use in uses:
            parent = self.file.table.parents[use.node]
            way = furthest(self.file, use.node, self.fields)
            if way is not None and len(steps_of(way[0])) + isinstance(way[1], ast.Subscript) > 1:
                outcome = replace_path(self.file, way[1], use, self.fields[way[0]], self.nullable)
                edits += outcome.edits
                doubt = doubt or outcome.doubt
            elif isinstance(parent, ast.Attribute):
                outcome = rename(self.file, parent, use, self.fields, self.nullable)
                edits += outcome.edits
                doubt = doubt or outcome.doubt
            elif _takes_apart(parent, use.node):
                words = f"the answer is taken apart at line {use.node.lineno}"
                raise Left("answer-taken-apart", words)
            elif not isinstance(parent, ast.Expr):
                doubt = doubt or self._goes_on(use.node)
        return Outcome(tuple(edits), doubt)

    def _goes_on(self, node: ast.expr) -> Reason:
        """The doubt of a reader that is not seen. Raises Left where it would take steps that are gone."""
        reason = _goes_on(node)
        if any(len(steps_of(path)) > 1 for path in self.fields):
            raise Left(reason.code, reason.words)
        return reason

    def _read_outside(self, target: ast.Name, scope: Scope) -> Reason:
        """The doubt of a variable that other code may read: of a module, the files are looked at."""
        seen = isinstance(scope.node, ast.Module | Function)
        read = self.known.scan.read_from(self.file.path, frozenset({target.id})) if seen else True
        return self._goes_on(target) if read else _goes_on(target)

    def _assigns(self, binding: Binding) -> bool:
        value: ast.expr | None = binding.value
        while isinstance(value, ast.NamedExpr):
            value = value.value
        return binding.kind is Binds.ASSIGN and value is self.answer

    def _alike(self, binding: Binding) -> bool:
        """Whether a binding gives None, or the answer of a call with the same fields."""
        if binding.kind is Binds.DECLARED:
            return True
        if binding.kind is not Binds.ASSIGN or binding.value is None:
            return False
        if self.known.scan.near.values(self.file, binding.value) == (NONE,):
            return True
        methods = self.known.service.methods
        return any(
            methods[name].result == self.method.result
            for call in _calls_in(binding.value)
            if isinstance(call.func, ast.Attribute)
            for receiver, name in cuts(call.func)
            if name in methods and self.known.instance_at(self.file, receiver) is not None
        )


def shared_variables(file: Parsed, call: ast.Call, method: Method) -> tuple[str, ...]:
    """The names of variables that get more than this answer: what they get must move together."""
    groups = []
    for target in _targets(file, _answer(file, call))[0] if method.result is not None else ():
        found = file.table.scopes[target].lookup(target.id)
        if found is not None and len(found[1]) > 1:
            line = getattr(found[1][0].node, "lineno", 0)
            groups.append(f"{file.path}:{line}:{target.id}")
    return tuple(groups)


def _targets(file: Parsed, answer: ast.expr) -> tuple[list[ast.Name], ast.expr | None]:
    """The variables that an answer is assigned to, and the expression that uses it further."""
    variables: list[ast.Name] = []
    node, parent = answer, file.table.parents[answer]
    while isinstance(parent, ast.NamedExpr):
        variables.append(parent.target)
        node, parent = parent, file.table.parents[parent]
    targets = parent.targets if isinstance(parent, ast.Assign) else []
    if isinstance(parent, ast.AnnAssign):
        targets = [parent.target]
    names = [target for target in targets if isinstance(target, ast.Name)]
    whole = bool(targets) and len(names) == len(targets)
    return [*variables, *(names if whole else ())], None if whole else node


def _calls_in(node: ast.expr) -> Iterator[ast.Call]:
    """The call that an expression awaits or runs."""
    while True:
        if isinstance(node, ast.Await | ast.NamedExpr):
            node = node.value
        elif isinstance(node, ast.Call) and _runs(node) and node.args:
            node = node.args[0]
        else:
            break
    if isinstance(node, ast.Call):
        yield node


def _joined(outcomes: list[Outcome]) -> Outcome:
    return Outcome(
        tuple(edit for outcome in outcomes for edit in outcome.edits),
        next((outcome.doubt for outcome in outcomes if outcome.doubt), None),
    )


def _takes_apart(parent: ast.AST, node: ast.expr) -> bool:
    """Whether an answer is unpacked, looped over or indexed: the new one is an object."""
    if isinstance(parent, ast.Assign):
        return any(isinstance(target, ast.Tuple | ast.List) for target in parent.targets)
    if isinstance(parent, ast.For | ast.AsyncFor | ast.comprehension):
        return parent.iter is node
    if isinstance(parent, ast.Subscript):
        return parent.value is node
    return isinstance(parent, ast.Starred | ast.YieldFrom) or (
        isinstance(parent, ast.keyword) and parent.arg is None
    )


def _goes_on(node: ast.expr) -> Reason:
    words = f"the answer goes on at line {node.lineno}: what reads its fields cannot be seen"
    return Reason("answer-goes-on", words)
