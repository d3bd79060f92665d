"""What is found of one service on the way through the files."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from sophia_cli.migrate.imports import Unplaceable, add_imports
from sophia_cli.migrate.modules import Parsed, stem_of
from sophia_cli.migrate.rules.wrapper.call import Rewrite
from sophia_cli.migrate.rules.wrapper.identity import Known
from sophia_cli.migrate.rules.wrapper.replaced import Replaced
from sophia_cli.migrate.scan import Found, site_at
from sophia_cli.migrate.scope import Function
from sophia_cli.migrate.site import Reason, Verdict, join_reasons
from sophia_cli.migrate.spelling import last

MOVED = Reason("declared", "as the pack declares it")


@dataclass(eq=False)
class Visit:
    """One service's way through the files.

    `stored` are the names that instances are kept under, with the objects. Other files can reach
    them as `attributes` of something, or as a `shared` name of a module, given by its last name.
    `linked` are objects that move only together with what is handed in, `passed` those that may go
    on from an owner that is not seen.
    `stubbed` is a place where a method of the service is replaced, `written` one where a field of it is set.
    """

    known: Known
    replaced: Replaced
    stubbed: str = ""
    written: str = ""
    stored: dict[str, set[str]] = field(default_factory=dict)
    attributes: set[str] = field(default_factory=set)
    shared: set[tuple[str, str]] = field(default_factory=set)
    linked: set[str] = field(default_factory=set)
    passed: set[str] = field(default_factory=set)
    removable: list[tuple[Parsed, ast.Attribute, Found]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        return self.attributes | {name for name, _ in self.shared}

    def store(self, file: Parsed, target: ast.expr, group: str) -> None:
        """Note the name of a variable or an attribute that an instance is kept in."""
        self.stored.setdefault(last(target), set()).add(group)
        if isinstance(target, ast.Attribute):
            self.attributes.add(target.attr)
        elif isinstance(target, ast.Name):
            found = file.table.scopes[target].lookup(target.id)
            home = found[0].node if found else None
            if isinstance(home, ast.ClassDef):
                self.attributes.add(target.id)
            elif isinstance(home, ast.Module):
                self.shared.add((target.id, stem_of(file.path)))

    def share(self, file: Parsed, name: str, group: str) -> None:
        """Note a name of a module under which other files can import an instance."""
        if not self.known.at_home(group) and self.known.home is not None:
            self.stored.setdefault(name, set()).add(group)
            self.shared.add((name, stem_of(file.path)))

    def returned(self, file: Parsed, function: ast.AST, group: str) -> None:
        """Note the name of a function or property that gives an instance."""
        if isinstance(function, Function):
            self.stored.setdefault(function.name, set()).add(group)
            if isinstance(file.table.parents[function], ast.ClassDef):
                self.attributes.add(function.name)
            else:
                self.shared.add((function.name, stem_of(file.path)))

    def undeclared(self, name: str) -> Reason:
        """Why a method that the pack does not name stays: perhaps the old class never had it."""
        if self.known.own and name not in self.known.own:
            words = f"{self.known.service.title} has no {name}: a dead path must not come to life"
            return Reason("undeclared", words)
        return Reason("undeclared", "the pack does not declare it: it may never have worked")

    def found(self, operation: str) -> Found:
        title, name = self.known.service.title, self.known.pack.name
        return Found("wrapper", Verdict.SAFE, MOVED, name, f"{title}.{operation}")

    def moved(self, file: Parsed, found: Found, rewrite: Rewrite) -> Found:
        """The verdict on a rewrite: safe, unless something has to be looked at."""
        try:
            add_imports(file, rewrite.needs)
        except Unplaceable as error:
            reason = Reason("no-place-for-import", str(error))
            return replace(found, verdict=Verdict.REPORT, reason=reason)
        doubts = [*rewrite.doubts, *self._stand_in(file, found, rewrite)]
        if broken := self.known.broken:
            words = f"the old module cannot be imported: {broken}"
            if any(need.guarded for need in rewrite.needs):
                reason = Reason("dead-path", f"{words}, so this never ran")
                return replace(found, verdict=Verdict.REPORT, reason=reason)
            doubts.append(Reason("dead-path", words))
        if self.written:
            words = (
                f"{self.written} sets a field of the old service, which the new one does not read"
            )
            doubts.append(Reason("field-set", words))
        if self.passed & {*found.groups}:
            words = "what has its name goes on from where nobody sees what it is"
            doubts.append(Reason("passed-unseen", words))
        if self.known.handed in found.groups:
            words = "it is handed in: what is handed in has to be the new service"
            doubts.append(Reason("handed-in", words))
        return replace(
            found,
            verdict=Verdict.REVIEW if doubts else Verdict.SAFE,
            reason=join_reasons(doubts) if doubts else MOVED,
            edits=rewrite.edits,
            needs=rewrite.needs,
            retired=rewrite.retired,
        )

    def _stand_in(self, file: Parsed, found: Found, rewrite: Rewrite) -> Iterator[Reason]:
        names = {**self.replaced, **self.known.scan.stand_ins.names}
        known = self.known
        keys = [(file.path, name) for name in rewrite.retired]
        homes = (known.path, known.service.module, *sorted(known.homes))
        keys += [(home, name) for home in homes for name in known.service.entries]
        place = next((names[key] for key in keys if key in names), None)
        place = place or known.scan.stand_ins.packages.get(known.service.module) or self.stubbed
        place = place or self._patched(found)
        if place:
            words = f"the stand-in at {place} takes the place of what is no longer called"
            yield Reason("stand-in", words)

    def _patched(self, found: Found) -> str:
        """Where an attribute is replaced, under whose name an object of a site is kept."""
        for (_, name), place in self.known.scan.stand_ins.names.items():
            if name in self.attributes and self.stored[name] & set(found.groups):
                return place
        return ""

    def report(
        self,
        file: Parsed,
        node: ast.expr | ast.stmt,
        reason: Reason,
        groups: tuple[str, ...],
        name: str = "",
    ) -> None:
        own = node.attr if isinstance(node, ast.Attribute) else self.known.service.title
        name = name or own
        found = replace(self.found(name), verdict=Verdict.REPORT, reason=reason, groups=groups)
        self.enter(file, node, found)

    def enter(self, file: Parsed, node: ast.expr | ast.stmt, found: Found) -> None:
        site = site_at(self.known.scan, file, node, found)
        if site.verdict is Verdict.REPORT:
            self.open.append(site.place)
        elif site.verdict is Verdict.REVIEW:
            self.doubtful.append(site.place)


def values_in(file: Parsed) -> Iterator[ast.Name | ast.Attribute]:
    """Every name and attribute that is read."""
    yield from file.table.names
    yield from (node for node in file.table.attributes if isinstance(node.ctx, ast.Load))
