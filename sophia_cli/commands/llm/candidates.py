"""How `ask --explain` and `route` show the candidates of a call."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from sophia_cli.output import WIDTH, Output

if TYPE_CHECKING:
    from sophia_cli.llm.routing import Decision

_INDENT = _GAP = 2
_NARROWEST = 24  # columns for a reason, however long the names are


def show_candidates(output: Output, decision: Decision) -> None:
    """Provider, model, and what becomes of each with the reason; a long reason goes on below itself."""
    places = [(verdict.provider, verdict.model or "-") for verdict in decision.verdicts]
    names = sum(max((len(place[column]) for place in places), default=0) for column in (0, 1))
    width = max(WIDTH - _INDENT - 2 * _GAP - names, _NARROWEST)
    rows: list[tuple[str, str, str]] = []
    taken = 0
    for verdict, place in zip(decision.verdicts, places, strict=True):
        word = ("then" if taken else "chosen") if verdict.taken else "out"
        taken += verdict.taken
        first, *others = wrap(f"{word}: {verdict.reason}", width, subsequent_indent="  ")
        rows.append((*place, first))
        rows.extend(("", "", text) for text in others)
    output.table(("", "", ""), rows, indent=_INDENT)
