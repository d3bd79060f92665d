"""Calls that the target does not need, such as one that opened a connection."""

from __future__ import annotations

import ast
from dataclasses import replace

from sophia_cli.migrate.arguments import OddShape
from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.rules.wrapper.call import Rewrite, delete_lines, first_name
from sophia_cli.migrate.rules.wrapper.chain import receiver_of
from sophia_cli.migrate.rules.wrapper.evaluation import is_plain
from sophia_cli.migrate.rules.wrapper.visit import Visit
from sophia_cli.migrate.scan import site_at
from sophia_cli.migrate.site import Reason, Verdict, outweigh

_RANK = {Verdict.SAFE: 0, Verdict.REVIEW: 1, Verdict.REPORT: 2}


def find_removal(
    visit: Visit, file: Parsed, call: ast.Call, name: str, groups: tuple[str, ...]
) -> None:
    """Keep a call in mind that may go when all is known."""
    statement, node = file.table.parents[call], call.func
    assert isinstance(node, ast.Attribute)
    if isinstance(statement, ast.Await):
        statement = file.table.parents[statement]
    found = replace(visit.found(name), groups=groups)
    try:
        if not isinstance(statement, ast.Expr):
            raise OddShape("what it returns is used")
        alone = any(
            value == [statement] for _, value in ast.iter_fields(file.table.parents[statement])
        )
        edit = delete_lines(file, statement, b"pass" if alone else b"")
    except OddShape as error:
        visit.report(file, node, Reason("odd-shape", str(error)), groups, name)
        return
    note = visit.known.service.removed[name]
    doubts = [Reason("not-needed", note)] if note else []
    if not is_plain(call):
        doubts.append(Reason("arguments-dropped", "its arguments are evaluated no more"))
    receiver = receiver_of(node, name)
    read = receiver if visit.known.straight(file, receiver) else None
    retired = tuple(first_name(read)) if read is not None else ()
    rewrite = Rewrite((edit,), (), retired, tuple(doubts))
    visit.removable.append((file, node, visit.moved(file, found, rewrite)))


def enter_removals(visit: Visit) -> None:
    """Calls that the target does not need go only where nothing else of the service stays."""
    for file, node, found in visit.removable:
        place = f"{file.path}:{node.lineno}"
        doubtful = [*visit.doubtful, *(other for other in _unsure(visit) if other != place)]
        for places, verdict in ((visit.open, Verdict.REPORT), (doubtful, Verdict.REVIEW)):
            if places and _RANK[found.verdict] < _RANK[verdict]:
                reason = Reason("still-needed", f"the call at {places[0]} still needs it")
                reason = outweigh(reason, found)
                edits = () if verdict is Verdict.REPORT else found.edits
                found = replace(found, verdict=verdict, reason=reason, edits=edits)
                break
        site_at(visit.known.scan, file, node, found)


def _unsure(visit: Visit) -> list[str]:
    """Calls like these that stay until a person has looked."""
    return [
        f"{file.path}:{node.lineno}"
        for file, node, found in visit.removable
        if found.verdict is not Verdict.SAFE
    ]
