"""Finds every use of a declared service and says what may become of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from sophia_cli.migrate.arguments import OddShape
from sophia_cli.migrate.imports import Unplaceable, add_imports
from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.rules.constructor import passed_on
from sophia_cli.migrate.rules.wrapper.call import (
    Rewrite,
    delete_lines,
    first_name,
    getter,
    getter_need,
    rewrite_call,
)
from sophia_cli.migrate.rules.wrapper.identity import Known, identify
from sophia_cli.migrate.rules.wrapper.request import Left
from sophia_cli.migrate.scan import Found, Scan, site_at
from sophia_cli.migrate.site import Edit, Reason, Verdict
from sophia_cli.migrate.spelling import last
from sophia_cli.migrate.value import UNKNOWN, Class, Symbol

MOVED = Reason("declared", "as the pack declares it")
_PROBES = frozenset({"hasattr", "getattr", "setattr", "delattr"})
_TESTED = (ast.Compare, ast.UnaryOp, ast.If, ast.While, ast.Assert, ast.Expr)


def find(scan: Scan) -> None:
    """Add the sites of all services that the packs declare."""
    for pack in scan.packs:
        for service in pack.services:
            known = identify(scan, pack, service)
            visit = _Visit(known)
            files = [file for file in scan.files if file is not known.home]
            for file in files:
                visit.constructions(file)
            further = list(visit.further({file.path for file in scan.files}))
            for file in further:
                visit.constructions(file)
            for file in (*files, *further):
                visit.uses(file)
            visit.removals()


@dataclass(eq=False)
class _Visit:
    """One service's way through the files. `stored` are the names that instances are kept under."""

    known: Known
    stored: dict[str, set[str]] = field(default_factory=dict)
    removable: list[tuple[Parsed, ast.Attribute, Found]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)

    def constructions(self, file: Parsed) -> None:
        for call in file.table.calls:
            if self.known.makes(file, call):
                node = _awaited(file, call)
                if not _is_receiver(file, node):
                    self._enter(file, call, self._construction(file, call, node))
        for value in _values(file):
            if not _is_receiver(file, value) and self.known.instance_at(file, value) is not None:
                self._value(file, value)

    def further(self, known: set[str]) -> Iterator[Parsed]:
        """Files without a word of the pack in which an instance may be used by its name."""
        if not self.stored:
            return
        names = "|".join(re.escape(name) for name in sorted(self.stored))
        pattern = re.compile(rf"\b({names})\b".encode())
        modules = self.known.scan.modules
        for path in sorted(modules.paths - known - {self.known.path}):
            if pattern.search(modules.read(path) or b"") and (file := modules.get(path)):
                yield file

    def uses(self, file: Parsed) -> None:
        methods = self.known.service.methods
        for node in file.table.attributes:
            if not isinstance(node.ctx, ast.Load):
                continue
            if self.known.instance_at(file, node.value) is not None:
                self._use(file, node)
            elif self.known.perhaps(file, node.value):
                reason = Reason("several-meanings", "its receiver can be more than one thing here")
                self._report(file, node, reason, self._groups(file, node.value))
            elif node.attr in methods and self._alike(file, node.value):
                groups = tuple(sorted(self.stored.get(last(node.value), ())))
                reason = Reason("receiver-unknown", "what its receiver is cannot be seen")
                self._report(file, node, reason, groups)
        for value in _values(file):
            self._class(file, value)

    def removals(self) -> None:
        """Calls that the target does not need go only where nothing else of the service stays."""
        for file, node, found in self.removable:
            for places, verdict in (
                (self.open, Verdict.REPORT),
                (self.doubtful, Verdict.REVIEW),
            ):
                if places and found.verdict is not Verdict.REPORT:
                    reason = Reason("still-needed", f"the call at {places[0]} still needs it")
                    edits = () if verdict is Verdict.REPORT else found.edits
                    found = replace(found, verdict=verdict, reason=reason, edits=edits)
                    break
            site_at(self.known.scan, file, node, found)

    def _found(self, operation: str) -> Found:
        title = self.known.service.title
        return Found("wrapper", Verdict.SAFE, MOVED, self.known.pack.name, f"{title}.{operation}")

    def _construction(self, file: Parsed, call: ast.Call, node: ast.expr) -> Found:
        found = replace(self._found("new"), operation=f"{self.known.service.title}()")
        instance = self.known.instance_at(file, call)
        if instance is None:
            reason = Reason("unseen-instance", "what it gives cannot be seen")
            return replace(found, verdict=Verdict.REPORT, reason=reason)
        group = self.known.group(instance)
        found = replace(found, groups=(group,))
        parent = file.table.parents[node]
        if not self._kept(parent, group):
            return replace(found, verdict=Verdict.REPORT, reason=_escape(file, node))
        doubts = []
        if call.args or call.keywords:
            doubts.append(Reason("arguments-dropped", "the service takes no arguments here"))
        if isinstance(parent, ast.AnnAssign):
            doubts.append(Reason("old-annotation", "its annotation names the old class"))
        return self._moved(file, found, self._getter(file, node, call.func, tuple(doubts)))

    def _getter(
        self, file: Parsed, node: ast.expr, read: ast.expr, doubts: tuple[Reason, ...] = ()
    ) -> Rewrite:
        source = file.source
        edit = Edit(source.start(node), source.end(node), getter(self.known))
        need = getter_need(self.known, file, read)
        return Rewrite((edit,), (need,), tuple(first_name(read)), doubts)

    def _kept(self, parent: ast.AST, group: str) -> bool:
        """Whether an instance goes where it can be followed: a variable, an attribute, a return."""
        if isinstance(parent, ast.Return | ast.Expr):
            return True
        if isinstance(parent, ast.Assign):
            targets = parent.targets
        elif isinstance(parent, ast.AnnAssign | ast.NamedExpr):
            targets = [parent.target]
        else:
            return False
        for target in targets:
            if isinstance(target, ast.Name | ast.Attribute):
                self.stored.setdefault(last(target), set()).add(group)
        return all(
            isinstance(target, ast.Name)
            or (isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name))
            for target in targets
        )

    def _value(self, file: Parsed, node: ast.expr) -> None:
        """An instance that is read, but not called into."""
        parent = file.table.parents[node]
        instance = self.known.instance_at(file, node)
        assert instance is not None
        straight = self.known.straight(file, node)
        if isinstance(parent, _TESTED) or file.table.in_annotation(node):
            return
        found = replace(
            self._found("instance"),
            operation=self.known.service.title,
            groups=(self.known.group(instance),),
        )
        if self._kept(parent, self.known.group(instance)):
            if straight:
                self._enter(file, node, self._moved(file, found, self._getter(file, node, node)))
            return
        groups = () if straight else found.groups
        self._report(file, node, _escape(file, node), groups)

    def _use(self, file: Parsed, node: ast.Attribute) -> None:
        """`instance.name`: a declared call is moved, everything else is reported."""
        service, parent = self.known.service, file.table.parents[node]
        groups = self._groups(file, node.value)
        call = parent if isinstance(parent, ast.Call) and parent.func is node else None
        if call is None:
            reason = Reason("not-called", "it is read, not called")
        elif node.attr in service.removed:
            self._removal(file, node, call, groups)
            return
        elif node.attr not in service.methods:
            reason = Reason("undeclared", "the pack does not declare it: it may never have worked")
        else:
            method = service.methods[node.attr]
            found = replace(self._found(node.attr), is_async=method.is_async, groups=groups)
            try:
                found = self._moved(file, found, rewrite_call(self.known, file, call, method))
            except Left as left:
                found = replace(found, verdict=Verdict.REPORT, reason=left.reason)
            except OddShape as error:
                reason = Reason("odd-shape", str(error))
                found = replace(found, verdict=Verdict.REPORT, reason=reason)
            self._enter(file, call, found)
            return
        self._report(file, node, reason, groups)

    def _removal(
        self, file: Parsed, node: ast.Attribute, call: ast.Call, groups: tuple[str, ...]
    ) -> None:
        answer = _awaited(file, call)
        statement = file.table.parents[answer]
        found = replace(self._found(node.attr), groups=groups)
        try:
            if not isinstance(statement, ast.Expr):
                raise OddShape("what it returns is used")
            alone = any(
                value == [statement] for _, value in ast.iter_fields(file.table.parents[statement])
            )
            edit = delete_lines(file, statement, b"pass" if alone else b"")
        except OddShape as error:
            self._report(file, node, Reason("odd-shape", str(error)), groups)
            return
        note = self.known.service.removed[node.attr]
        doubts = (Reason("not-needed", note),) if note else ()
        read = node.value if self.known.straight(file, node.value) else None
        retired = tuple(first_name(read)) if read is not None else ()
        rewrite = Rewrite((edit,), (), retired, doubts)
        self.removable.append((file, node, self._moved(file, found, rewrite)))

    def _class(self, file: Parsed, node: ast.Name | ast.Attribute) -> None:
        """The old class used as a value, other than to construct it."""
        service, parent = self.known.service, file.table.parents[node]
        if not service.name or (isinstance(parent, ast.Call) and parent.func is node):
            return
        value = self.known.scan.near.one(file, node)
        if isinstance(value, Symbol | Class) and value in self.known.meanings(service.name):
            reason = passed_on(file, node)
            if reason is not None:
                self._report(file, node, reason, ())

    def _moved(self, file: Parsed, found: Found, rewrite: Rewrite) -> Found:
        """The verdict on a rewrite: safe, unless something has to be looked at."""
        try:
            add_imports(file, rewrite.needs)
        except Unplaceable as error:
            reason = Reason("no-place-for-import", str(error))
            return replace(found, verdict=Verdict.REPORT, reason=reason)
        doubts = [*rewrite.doubts, *self._stand_in(file, rewrite)]
        return replace(
            found,
            verdict=Verdict.REVIEW if doubts else Verdict.SAFE,
            reason=doubts[0] if doubts else MOVED,
            edits=rewrite.edits,
            needs=rewrite.needs,
            retired=rewrite.retired,
        )

    def _stand_in(self, file: Parsed, rewrite: Rewrite) -> Iterator[Reason]:
        names = self.known.scan.stand_ins.names
        service = self.known.service
        keys = [(file.path, name) for name in rewrite.retired]
        keys += [(home, n) for home in (self.known.path, service.module) for n in service.entries]
        place = next((names[key] for key in keys if key in names), None)
        if place is not None:
            words = f"the stand-in at {place} takes the place of what is no longer called"
            yield Reason("stand-in", words)

    def _groups(self, file: Parsed, node: ast.expr) -> tuple[str, ...]:
        """The objects that must move with a use; a ready-made instance is looked up at each use."""
        values = self.known.scan.near.values(file, node)
        found = [value for value in values if self.known.instance(value)]
        own = all(self.known.group(value).split(":")[0] == self.known.path for value in found)
        if self.known.straight(file, node) and (own or self.known.home is None):
            return ()
        return tuple(dict.fromkeys(self.known.group(value) for value in found))

    def _alike(self, file: Parsed, node: ast.expr) -> bool:
        """Whether a receiver that cannot be seen goes by a name of an instance."""
        if self.known.scan.near.values(file, node) != (UNKNOWN,):
            return False
        return last(node) in self.stored or last(node) in self.known.service.instances

    def _report(
        self, file: Parsed, node: ast.expr, reason: Reason, groups: tuple[str, ...]
    ) -> None:
        name = node.attr if isinstance(node, ast.Attribute) else self.known.service.title
        found = replace(self._found(name), verdict=Verdict.REPORT, reason=reason, groups=groups)
        self._enter(file, node, found)

    def _enter(self, file: Parsed, node: ast.expr, found: Found) -> None:
        site = site_at(self.known.scan, file, node, found)
        if site.verdict is Verdict.REPORT:
            self.open.append(site.place)
        elif site.verdict is Verdict.REVIEW:
            self.doubtful.append(site.place)


def _values(file: Parsed) -> Iterator[ast.Name | ast.Attribute]:
    yield from file.table.names
    yield from (node for node in file.table.attributes if isinstance(node.ctx, ast.Load))


def _awaited(file: Parsed, node: ast.expr) -> ast.expr:
    parent = file.table.parents[node]
    return parent if isinstance(parent, ast.Await) else node


def _is_receiver(file: Parsed, node: ast.expr) -> bool:
    parent = file.table.parents[node]
    return isinstance(parent, ast.Attribute)


def _escape(file: Parsed, node: ast.expr) -> Reason:
    parent = file.table.parents[node]
    if isinstance(parent, ast.Call) and last(parent.func) in _PROBES:
        return Reason("probed", f"{last(parent.func)} asks what the old class has")
    if isinstance(parent, ast.withitem):
        return Reason("context-manager", "it is used as a context manager")
    return Reason("passed-on", "it is passed on: what is done with it cannot be seen")
