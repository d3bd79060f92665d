"""The text of a shim: the old names of a module, each as the pack says it or as the old code has it."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.pack import Pack, Service, Target
from sophia_cli.migrate.rules.wrapper.identity import Known
from sophia_cli.migrate.rules.wrapper.members import literal
from sophia_cli.migrate.scope import Binds, Function
from sophia_cli.migrate.shims.calls import (
    ANSWER,
    SERVICE,
    TASK,
    TASKS,
    Call,
    Written,
    head,
)
from sophia_cli.migrate.shims.carried import Carrier, Import, import_lines, names_in
from sophia_cli.migrate.shims.lacks import Lacks
from sophia_cli.migrate.shims.mark import MARK
from sophia_cli.migrate.shims.plain import (
    made_of_nothing,
    plain_class,
    unconditional,
    undecorated,
)

_DEFINES = Function | ast.ClassDef | ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign


@dataclass(frozen=True)
class Shim:
    """A module's new text; `names` is what it offers, `members` the same of each class.

    `carried` are names that are the old code's own, word for word; `left` what stays out, with the
    reason; `notes` what a person has to know first.
    """

    text: str
    names: frozenset[str]
    members: dict[str, frozenset[str]]
    carried: frozenset[str]
    left: dict[str, str]
    notes: tuple[str, ...]
    statements: Mapping[str, ast.stmt]


def make_shim(file: Parsed, knowns: list[Known], used: frozenset[str]) -> Shim:
    """Make the shim of one module, with all that the packs declare and `used` names. Raises Lacks."""
    return _Maker(file, knowns).make(used)


@dataclass(eq=False)
class _Maker:
    """The parts of one shim as they come together, by the name and the line of the old code."""

    file: Parsed
    knowns: list[Known]
    parts: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    members: dict[str, frozenset[str]] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    needs: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        made: dict[str, frozenset[str] | None] = {}
        for known in self.knowns:
            if _has_instances(known.service):
                made[known.service.name] = self._members(known)
                made |= {name: made[known.service.name] for name in known.service.instances}
        self.carrier = Carrier(self.file, self.knowns[0].scan.modules, made)

    @property
    def pack(self) -> Pack:
        return self.knowns[0].pack

    def make(self, used: frozenset[str]) -> Shim:
        taken = [
            name for name in self.file.table.module.names if name.startswith(("_shim", "_Shim"))
        ]
        if taken:
            raise Lacks("shim-lacks", f"it has a name of its own called {taken[0]}")
        for known in self.knowns:
            if _has_instances(known.service):
                self._service(known)
        for known in self.knowns:
            self._entries(known)
        for name in sorted(used - self.parts.keys()):
            if name in self.left:
                raise Lacks(
                    "shim-lacks", f"{name} is used here, and cannot be offered: {self.left[name]}"
                )
            self.carrier.carry(name)
        self._unplaced()
        self._statements()
        carried = frozenset(self.carrier.statements)
        for name in sorted(carried):
            self.parts[name] = (self.carrier.statements[name].lineno, [self.carrier.text(name)])
            reached = self.carrier.reached[name]
            if isinstance(self.carrier.statements[name], Function) and not reached:
                self.notes.append(f"{name} stays as it is, and asks nobody")
        names = frozenset({*self.parts, *self.carrier.imports})
        for name, bindings in self.file.table.module.names.items():
            kinds = {binding.kind for binding in bindings} - {Binds.IMPORT}
            if kinds and name not in names and not name.startswith("_"):
                self.left.setdefault(name, "nothing here uses it")
        notes = tuple(dict.fromkeys(self.notes))
        return Shim(
            self._text(), names, self.members, carried, self.left, notes, self.carrier.statements
        )

    # ------------------------------------------------------------------------------- services

    def _class(self, name: str) -> ast.ClassDef:
        methods = {own for known in self.knowns for own in _wanted(known.service)}
        return plain_class(self.file, name, methods)

    def _members(self, known: Known) -> frozenset[str]:
        """What the shim's class will have, as far as the pack goes."""
        node = self._class(known.service.name)
        wanted = _wanted(known.service)
        return frozenset(i.name for i in node.body if isinstance(i, Function) and i.name in wanted)

    def _service(self, known: Known) -> None:
        """The class, its instances, and what gives one."""
        service, node = known.service, self._class(known.service.name)
        lines = [f"class {service.name}:", f'    """Calls go through {self.pack.target.module}."""']
        offered: set[str] = set()
        for item in node.body:
            if not isinstance(item, Function):
                continue
            try:
                written = self._method(known, item)
            except Lacks as lacks:
                self.left[f"{service.name}.{item.name}"] = lacks.reason.words
                continue
            if written is not None:
                lines += ["", *(f"    {line}" if line else "" for line in written.lines)]
                self._note(written)
                offered.add(item.name)
        for name in sorted(known.own - offered):
            reason = service.reported.get(name, "the pack says nothing of it")
            self.left.setdefault(f"{service.name}.{name}", reason)
        self.parts[service.name] = (node.lineno, lines)
        self.members[service.name] = frozenset(offered)
        for missing in sorted({*self._members(known), "__init__"} - offered):
            if words := self.left.get(f"{service.name}.{missing}"):
                raise Lacks("shim-lacks", words)
        for name in service.instances:
            self._instance(service, name)
        for name in service.factories:
            self._factory(service, name)

    def _method(self, known: Known, node: Function) -> Written | None:
        service, method = known.service, known.service.methods.get(node.name)
        if method is not None:
            return Call(known, method, node, self.carrier, in_class=True).write()
        if node.name in service.removed or node.name == "__init__":
            undecorated(node)
        if node.name in service.removed:
            note = service.removed[node.name]
            notes = (f"{node.name} does nothing: {note}",) if note else ()
            return Written((f"{head(node, self.carrier)}:", f"    {_given_back(node)}"), notes)
        if node.name == "__init__" and _takes_any(node, 1):
            notes = (f"what {service.name} is given when it is made does nothing",)
            return Written((f"{head(node, self.carrier)}:", "    pass"), notes)
        return None

    def _instance(self, service: Service, name: str) -> None:
        bindings = self.file.table.module.names.get(name, [])
        if not bindings:
            return
        value = bindings[0].value if len(bindings) == 1 else None
        if not isinstance(value, ast.Call) or ast.unparse(value.func) != service.name:
            raise Lacks("shim-lacks", f"how {name} is made cannot be seen")
        statement = self.file.table.statement(value)
        unconditional(self.file, statement)
        for read in sorted(names_in([*value.args, *(k.value for k in value.keywords)])):
            self.carrier.carry(read)
        given = self.file.source.text(value).decode()
        self.parts[name] = (statement.lineno, [f"{name} = {given}"])

    def _factory(self, service: Service, name: str) -> None:
        bindings = self.file.table.module.names.get(name, [])
        node = bindings[0].node if len(bindings) == 1 else None
        if not bindings:
            return
        if not isinstance(node, Function) or any(isinstance(n, ast.Yield) for n in ast.walk(node)):
            self.left[name] = "how it gives an instance cannot be seen"
            return
        unconditional(self.file, node)
        undecorated(node)
        instance = next((one for one in service.instances if one in self.parts), "")
        if not instance:
            instance = f"_shim_{service.name.lower()}"
            made_of_nothing(self._class(service.name))
            self.parts[instance] = (self.parts[service.name][0], [f"{instance} = {service.name}()"])
        if _takes_any(node, 0):
            self.notes.append(f"what {name} is given does nothing")
        lines = [f"{head(node, self.carrier)}:", f"    return {instance}"]
        self.parts[name] = (node.lineno, lines)

    # ---------------------------------------------------------------------------- other names

    def _entries(self, known: Known) -> None:
        """Functions, and classes that are called themselves: as the old code has them where that
        builds on what the shim offers, else as the pack says."""
        names = list(known.service.functions)
        names += (
            [] if _has_instances(known.service) or not known.service.name else [known.service.name]
        )
        for name in names:
            if name not in self.file.table.module.names or self._carried(name):
                continue
            try:
                self._declared(known, name)
            except Lacks as lacks:
                self.left[name] = lacks.reason.words

    def _carried(self, name: str) -> bool:
        """Whether the old code of a name was taken over: it has to come to the service in the end."""
        kept = (
            dict(self.carrier.statements),
            dict(self.carrier.imports),
            dict(self.carrier.reached),
        )
        try:
            if self.carrier.carry(name):
                return True
        except Lacks:
            pass
        self.carrier.statements, self.carrier.imports, self.carrier.reached = kept
        return False

    def _declared(self, known: Known, name: str) -> None:
        service = known.service
        if name in service.functions:
            node = self.file.table.module.names[name][0].node
            if not isinstance(node, Function):
                raise Lacks("shim-lacks", f"{name} is no plain function")
            unconditional(self.file, node)
            written = Call(
                known, service.functions[name], node, self.carrier, in_class=False
            ).write()
            self._note(written)
            self.parts[name] = (node.lineno, list(written.lines))
            return
        kind = self._class(name)
        made = [i for i in kind.body if isinstance(i, Function) and i.name == "__init__"]
        if any(_takes_any(item, 1) for item in made):
            raise Lacks("shim-lacks", f"{name} is given something when it is made")
        lines = [f"class {name}:", f'    """Calls go through {self.pack.target.module}."""']
        for item in kind.body:
            if isinstance(item, Function) and item.name in service.methods:
                method = service.methods[item.name]
                written = Call(known, method, item, self.carrier, in_class=True).write()
                self._note(written)
                lines += ["", *(f"    {line}" if line else "" for line in written.lines)]
        self.parts[name] = (kind.lineno, lines)
        self.members[name] = frozenset(service.methods)

    def _statements(self) -> None:
        """What the old module did by itself, as it was imported or run."""
        for node in self.file.source.tree.body:
            if not isinstance(node, _DEFINES) and not (
                isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            ):
                text = ast.unparse(node).partition("\n")[0]
                self.notes.append(f"line {node.lineno} goes: {text}")

    def _unplaced(self) -> None:
        """Members of old enums that have no counterpart: a call with one gives an error."""
        for enum in {e.name: e for known in self.knowns for e in known.service.enums}.values():
            node = self.carrier.statements.get(enum.name)
            for item in node.body if isinstance(node, ast.ClassDef) else ():
                for name in names_in(item.targets) if isinstance(item, ast.Assign) else ():
                    if name not in enum.members:
                        self.notes.append(f"a call with {enum.name}.{name} gives an error")

    def _note(self, written: Written) -> None:
        self.notes += written.notes
        self.needs |= written.needs

    # ----------------------------------------------------------------------------------- text

    def _text(self) -> str:
        target = self.pack.target
        titles = ", ".join(dict.fromkeys(known.service.title for known in self.knowns))
        encoding = self.file.source.encoding
        lines = [] if encoding == "utf-8" else [f"# -*- coding: {encoding} -*-"]
        lines += [f'"""The old import path of {titles} {MARK}."""', ""]
        future = list(self._future())
        lines += [*future, ""] if future else []
        imports = [item for item in self.carrier.imports.values() if item.module != "__future__"]
        lines += import_lines([Import("", "warnings"), *imports, *self._targets(target)])
        lines += ["", *self._warning(target)]
        if TASK in self.needs:
            lines += ["", "", *self._tasks()]
        for _, part in sorted(self.parts.values(), key=lambda part: part[0]):
            lines += ["", "", *part]
        return "\n".join(lines) + "\n"

    def _future(self) -> Iterator[str]:
        """The old module's own: another one would change what its annotations are."""
        for node in self.file.source.tree.body:
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                yield ast.unparse(node)

    def _targets(self, target: Target) -> Iterable[Import]:
        if SERVICE in self.needs:
            yield Import(target.module, target.getter, SERVICE)
        if ANSWER in self.needs:
            yield Import(target.module, "LLMResponse", ANSWER)
        if TASK in self.needs and self._enums:
            yield Import("enum", "Enum", "_ShimEnum")
            yield from (Import(target.module, name, TASKS) for name in sorted(self._enums))

    @property
    def _enums(self) -> set[str]:
        return {enum.target for known in self.knowns for enum in known.service.enums}

    def _warning(self, target: Target) -> list[str]:
        old = self.knowns[0].service.module
        words = (f"{old} only passes calls on: ", f"from {target.module} import {target.getter}")
        return ["warnings.warn(", f"    {literal(words[0])}", f"    {literal(words[1])},",
                "    DeprecationWarning,", "    stacklevel=2,", ")"]  # fmt: skip

    def _tasks(self) -> list[str]:
        """The new task for an old one."""
        if len(self._enums) > 1:
            raise Lacks(
                "shim-lacks", f"the pack names several enums: {', '.join(sorted(self._enums))}"
            )
        members: dict[str, str] = {}
        words: dict[str, str] = {}
        for known in self.knowns:
            words |= known.service.tasks
            for enum in known.service.enums:
                for old, new in enum.members.items():
                    if members.setdefault(old, new) != new:
                        raise Lacks("shim-lacks", f"two of its enums have a member {old}")
        lines = ["def _shim_task(value):", '    """The new task for an old one."""']
        if self._enums:
            pairs = [f"        {json.dumps(old)}: {TASKS}.{new}," for old, new in members.items()]
            lines += [f"    if isinstance(value, {TASKS}):", "        return value"]
            lines += ["    members = {", *pairs, "    }", "    if isinstance(value, _ShimEnum):"]
            lines += ["        if value.name not in members:",
                      '            raise ValueError(f"{value} has no counterpart")',
                      "        return members[value.name]"]  # fmt: skip
        pairs = [f"        {literal(old)}: {literal(new)}," for old, new in words.items()]
        if not pairs:
            return [*lines, "    return value"]
        return [*lines, "    words = {", *pairs, "    }", "    return words.get(value, value)"]


def _has_instances(service: Service) -> bool:
    """Whether a class is made an instance of; else it is called itself."""
    return bool(service.name) and not (
        service.methods and all(method.static for method in service.methods.values())
    )


def _wanted(service: Service) -> frozenset[str]:
    """The methods that a shim's class has."""
    return frozenset({*service.methods, *service.removed})


def _takes_any(node: Function, own: int) -> bool:
    args = node.args
    placed = len(args.posonlyargs) + len(args.args)
    return placed > own or bool(args.kwonlyargs or args.vararg or args.kwarg)


def _given_back(node: Function) -> str:
    """What a call that is not needed any more gave. Raises Lacks where that is not one value."""
    values = [n.value for n in ast.walk(node) if isinstance(n, ast.Return) and n.value is not None]
    texts = {ast.unparse(value) for value in values}
    if not texts:
        return "return None"
    if len(texts) == 1 and isinstance(values[0], ast.Constant):
        return f"return {texts.pop()}"
    raise Lacks("shim-lacks", f"{node.name}: what it gives cannot be kept")
