"""The arguments of a call of a wrapper, as arguments of the target's method."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from sophia_cli.migrate.flatten import Rewording, Wording
from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.pack import Method
from sophia_cli.migrate.rules.wrapper.defaults import Defaults, read_defaults
from sophia_cli.migrate.rules.wrapper.evaluation import evaluated_alike
from sophia_cli.migrate.rules.wrapper.identity import Known
from sophia_cli.migrate.rules.wrapper.left import Left, Noted
from sophia_cli.migrate.rules.wrapper.members import alternatives, literal, members_in
from sophia_cli.migrate.rules.wrapper.signature import signature_of
from sophia_cli.migrate.scope import Binds, Function
from sophia_cli.migrate.site import Edit, Need, Reason
from sophia_cli.migrate.spelling import dotted

LATER = Reason("evaluated-later", "its arguments are now evaluated in the call itself")


@dataclass(frozen=True)
class Built:
    """The call that holds the arguments, and the statement that goes away with it (None: inline)."""

    call: ast.Call
    statement: ast.stmt | None = None
    doubts: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Arguments:
    """How a call's arguments are reworded, what that needs and retires, and what is lost by it."""

    rewording: Rewording
    needs: tuple[Need, ...] = ()
    retired: tuple[str, ...] = ()
    lost: tuple[Reason, ...] = field(default=())


def find_request(known: Known, file: Parsed, call: ast.Call, method: Method) -> Built:
    """Where the arguments stand: in the call, in a request inside it, or in a variable. Raises Left."""
    if not method.request:
        return Built(call)
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    if len(given) != 1 or isinstance(given[0], ast.Starred):
        raise Left("odd-arguments", f"it is not called with one {method.request}")
    if isinstance(given[0], ast.Call) and known.request(file, given[0], method):
        return Built(given[0])
    if isinstance(given[0], ast.Name):
        return _variable(known, file, call, given[0], method)
    raise Left("request-elsewhere", f"its {method.request} is made elsewhere")


def _variable(known: Known, file: Parsed, call: ast.Call, name: ast.Name, method: Method) -> Built:
    """A request that is assigned once, in the same block, and used once."""
    elsewhere = Left("request-elsewhere", f"its {method.request} is made elsewhere")
    found = file.table.scopes[name].lookup(name.id)
    if found is None or len(found[1]) != 1 or not isinstance(found[0].node, Function):
        raise elsewhere
    binding = found[1][0]
    value, statement = binding.value, file.table.statement(binding.node)
    if (
        binding.kind is not Binds.ASSIGN
        or not isinstance(value, ast.Call)
        or not known.request(file, value, method)
        or not isinstance(statement, ast.Assign | ast.AnnAssign)
    ):
        raise elsewhere
    uses = [
        node
        for node in file.table.names
        if node.id == name.id and file.table.scopes[node].lookup(name.id) == found
    ]
    block, use = _block(file, statement), file.table.statement(call)
    if len(uses) != 1 or use not in block or block.index(use) < block.index(statement):
        raise Left("request-reused", f"its {method.request} is used in more than one place")
    nearby = block.index(use) == block.index(statement) + 1
    return Built(
        value, statement, () if nearby and evaluated_alike(file, call, value) else (LATER,)
    )


def _block(file: Parsed, statement: ast.stmt) -> list[ast.stmt]:
    parent = file.table.parents[statement]
    for _, value in ast.iter_fields(parent):
        if isinstance(value, list) and statement in value:
            return value
    return [statement]


def read_arguments(known: Known, file: Parsed, call: ast.Call, method: Method) -> Arguments:
    """Map every argument as the pack says. Raises Left for one that it does not declare."""
    signature = signature_of(known, method)
    reading = _Reading(known, file, method)
    places = signature.names if signature else method.positional
    left = Noted()
    with left.noting():
        for place, (name, node) in enumerate(_given(call, places)):
            with left.noting():
                reading.take(name, node, by_place=place == 0 and bool(call.args))
    left.settle()
    reading.add(read_defaults(known, file, call, method, signature))
    rewording = Rewording(tuple(reading.wordings), tuple(reading.edits), tuple(reading.added))
    return Arguments(rewording, tuple(reading.needs), tuple(reading.retired), tuple(reading.doubts))


@dataclass(frozen=True)
class _Reading:
    """The arguments of one call as they are gone through; `said` are the new names that it gives."""

    known: Known
    file: Parsed
    method: Method
    wordings: list[Wording] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)
    doubts: list[Reason] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)

    def take(self, name: str, node: ast.expr, by_place: bool) -> None:
        """One argument. Raises Left."""
        method = self.method
        if name in method.report:
            raise Left("no-counterpart", f"its {name}: {method.report[name]}")
        if name in method.drop:
            self.wordings.append(Wording(node, "", dropped=True))
            self.doubts.extend(_dropped(name, node, method))
            return
        if name not in method.arguments:
            raise Left("unknown-argument", f"the pack says nothing of its argument {name}")
        new = method.arguments[name]
        # The prompt, or the texts, may stand first without a name.
        self.wordings.append(Wording(node, "" if by_place and new in ("prompt", "texts") else new))
        self.said.append(new)
        if name in method.look and not _is_none(node):
            self.doubts.append(Reason("argument-changed", f"{name}: {method.look[name]}"))
        members = list(members_in(self.known, self.file, node))
        if new == "task_type":
            if not is_settled(self.known, node, [part.node for part in members]):
                raise Left("computed-task", f"what its {name} is cannot be seen")
            self.edits.extend(_task_words(self.known, self.file, node))
        for member in members:
            self.edits.append(member.edit(self.known, self.file))
            self.needs.append(member.need(self.known, self.file))
            self.retired.append(dotted(member.node)[0])

    def add(self, defaults: Defaults) -> None:
        """What the call has to say from now on: the old code's own, else what the pack sets."""
        fixed = {name: literal(value) for name, value in self.method.set.items()}
        both = defaults.texts | {n: text for n, text in fixed.items() if n not in defaults.texts}
        texts = {name: text for name, text in both.items() if name not in self.said}
        self.added.extend(f"{name}={text}" for name, text in texts.items())
        self.needs.extend(need for name, need in defaults.needs.items() if name in texts)
        told = {*self.said, *texts}
        self.doubts.extend(doubt for name, doubt in defaults.doubts.items() if name not in told)


def _dropped(name: str, node: ast.expr, method: Method) -> list[Reason]:
    """What is lost with an argument; nothing where its value is one that the pack calls harmless."""
    if _is_none(node) or (
        isinstance(node, ast.Constant)
        and any(
            node.value == v and type(node.value) is type(v) for v in method.harmless.get(name, ())
        )
    ):
        return []
    return [Reason("argument-dropped", f"{name} goes: {method.drop[name]}")]


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _task_words(known: Known, file: Parsed, node: ast.expr) -> Iterator[Edit]:
    """Names of tasks that are given as text."""
    for part in alternatives(node):
        if isinstance(part, ast.Constant) and part.value in known.service.tasks:
            new = literal(known.service.tasks[str(part.value)]).encode()
            yield Edit(file.source.start(part), file.source.end(part), new)


def _given(call: ast.Call, places: tuple[str, ...]) -> Iterator[tuple[str, ast.expr]]:
    for place, node in enumerate(call.args):
        if isinstance(node, ast.Starred):
            raise Left("star", "*arguments: what is passed cannot be seen")
        if place >= len(places):
            raise Left("unknown-argument", f"the pack names no argument at place {place + 1}")
        yield places[place], node
    for keyword in call.keywords:
        if keyword.arg is None:
            raise Left("double-star", "**arguments: what is passed cannot be seen")
        yield keyword.arg, keyword.value


def is_settled(known: Known, node: ast.expr, members: list[ast.Attribute]) -> bool:
    """Whether an expression can only be members of the enum, or words that name a task."""
    return all(
        part in members
        or (
            isinstance(part, ast.Constant)
            and (
                part.value is None or known.is_task(part.value) or part.value in known.service.tasks
            )
        )
        for part in alternatives(node)
    )
