"""The arguments of a call of a wrapper, as arguments of the target's method."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from sophia_cli.migrate.aliases import alias_for
from sophia_cli.migrate.flatten import Rewording, Wording
from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.pack import Method
from sophia_cli.migrate.rules.constructor import import_of
from sophia_cli.migrate.rules.wrapper.evaluation import evaluated_alike
from sophia_cli.migrate.rules.wrapper.identity import Known
from sophia_cli.migrate.scope import Binds, Function
from sophia_cli.migrate.site import Edit, Need, Reason
from sophia_cli.migrate.spelling import dotted

LATER = Reason("evaluated-later", "its arguments are now evaluated in the call itself")


class Left(Exception):
    """The call is left as it is; the reason says why."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.reason = Reason(code, words)


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
    wordings, edits, needs, retired, lost = [], [], [], [], []
    for place, (name, node) in enumerate(_given(call, method)):
        if name in method.drop:
            wordings.append(Wording(node, "", dropped=True))
            lost.append(Reason("argument-dropped", f"{name} goes: {method.drop[name]}"))
            continue
        if name not in method.arguments:
            raise Left("unknown-argument", f"the pack says nothing of its argument {name}")
        new = method.arguments[name]
        wordings.append(Wording(node, "" if _by_place(call, place, new) else new))
        members = list(_members(known, file, node))
        if new == "task_type" and not is_settled(known, node, [part.node for part in members]):
            raise Left("computed-task", f"what its {name} is cannot be seen")
        for member in members:
            edits.append(member.edit(known, file))
            needs.append(member.need(known, file))
            retired.append(dotted(member.node)[0])
    given = {wording.name for wording in wordings}
    added = tuple(
        f"{name}={literal(value)}" for name, value in method.set.items() if name not in given
    )
    rewording = Rewording(tuple(wordings), tuple(edits), added)
    return Arguments(rewording, tuple(needs), tuple(retired), tuple(lost))


def _given(call: ast.Call, method: Method) -> Iterator[tuple[str, ast.expr]]:
    for place, node in enumerate(call.args):
        if isinstance(node, ast.Starred):
            raise Left("star", "*arguments: what is passed cannot be seen")
        if place >= len(method.positional):
            raise Left("unknown-argument", f"the pack names no argument at place {place + 1}")
        yield method.positional[place], node
    for keyword in call.keywords:
        if keyword.arg is None:
            raise Left("double-star", "**arguments: what is passed cannot be seen")
        yield keyword.arg, keyword.value


def _by_place(call: ast.Call, place: int, new: str) -> bool:
    """The prompt, or the texts, may stand first without a name."""
    return place == 0 and bool(call.args) and new in ("prompt", "texts")


def literal(value: str | int | float | bool) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


@dataclass(frozen=True)
class _Member:
    """`TaskKind.REPORT` in an argument, and what it becomes."""

    node: ast.Attribute
    target: str
    member: str

    def edit(self, known: Known, file: Parsed) -> Edit:
        text = f"{self.need(known, file).local}.{self.member}".encode()
        return Edit(file.source.start(self.node), file.source.end(self.node), text)

    def need(self, known: Known, file: Parsed) -> Need:
        module, use = known.pack.target.module, self.node
        alias = alias_for(file, use, module, self.target)
        return Need(module, self.target, use, import_of(file, use), alias)


def _members(known: Known, file: Parsed, node: ast.expr) -> Iterator[_Member]:
    """The members of declared enums that an argument can be. Raises Left for a lost one.

    Members deeper in an expression are left: what reads them there may be code that stays.
    """
    for part in alternatives(node):
        if not isinstance(part, ast.Attribute) or not dotted(part):
            continue
        enumeration = known.enumeration(file, part.value)
        if enumeration is None:
            continue
        name = f"{enumeration.name}.{part.attr}"
        if part.attr not in enumeration.members:
            raise Left("unknown-member", f"the pack has nothing in the place of {name}")
        yield _Member(part, enumeration.target, enumeration.members[part.attr])


def alternatives(node: ast.expr) -> Iterator[ast.expr]:
    """What a conditional expression can be."""
    if isinstance(node, ast.IfExp):
        yield from alternatives(node.body)
        yield from alternatives(node.orelse)
    else:
        yield node


def is_settled(known: Known, node: ast.expr, members: list[ast.Attribute]) -> bool:
    """Whether an expression can only be members of the enum, or words that name a task."""
    return all(
        part in members
        or (isinstance(part, ast.Constant) and (part.value is None or known.is_task(part.value)))
        for part in alternatives(node)
    )
