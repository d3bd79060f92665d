"""Variables, and what an import by hand asks for: declared and used, with values that follow the range."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sophia_cli.dashboards.lint.finding import Finding
from sophia_cli.dashboards.model import (
    Json,
    items,
    marks,
    name_of,
    names_in,
    panels,
    strings,
    table,
    targets,
    variables,
)
from sophia_cli.dashboards.promql import Unreadable, parsed

_LABEL_VALUES = re.compile(r"\s*label_values\((?:(.*),)?\s*([a-zA-Z_]\w*)\s*\)\s*", re.DOTALL)
ON_TIME_RANGE = 2  # when a variable's values are asked for again


def source_variable(board: Json) -> Iterator[Finding]:
    """A variable for the data source, of type Prometheus."""
    found = [one for one in variables(board) if one.get("type") == "datasource"]
    if not found:
        yield Finding("source-variable", "", "there is no variable for the data source")
    for one in found:
        if one.get("query") != "prometheus":
            yield Finding("source-variable", f"${one.get('name')}", "it is not of type prometheus")


def variable_unused(board: Json) -> Iterator[Finding]:
    """Every variable changes something: a query, a source, a title."""
    rest = [board.get("panels"), *marks(board)]
    for one in variables(board):
        others = [other for other in variables(board) if other is not one]
        used = set().union(*(names_in(text) for text in strings([*rest, *others])))
        if one.get("name") not in used and one.get("type") != "adhoc":
            yield Finding("variable-unused", f"${one.get('name')}", "nothing uses it")
        elif one.get("type") in ("query", "custom") and one.get("name") not in _asked(board):
            yield Finding("variable-unused", f"${one.get('name')}", "no query uses it")


def _asked(board: Json) -> set[str]:
    texts = [target.get("expr", "") for panel in panels(board) for target in targets(panel)]
    repeated = {str(panel.get("repeat")) for panel in panels(board)}
    return set().union(repeated, *(names_in(text) for text in strings(texts)))


def variable_unknown(board: Json) -> Iterator[Finding]:
    """Every variable of a query is declared."""
    known = _declared(board)
    for panel in panels(board):
        texts = [target.get("expr", "") for target in targets(panel)]
        for name in sorted(set().union(*(names_in(text) for text in strings(texts))) - known):
            if not name.startswith("__"):
                yield Finding("variable-unknown", name_of(panel), f"${name} is not declared")


def input_unused(board: Json) -> Iterator[Finding]:
    """Whoever imports a board by hand is asked for nothing that changes nothing."""
    rest = {key: value for key, value in board.items() if key != "__inputs"}
    used = set().union(*map(names_in, strings(rest)))
    for one in items(board.get("__inputs")):
        if one.get("name") not in used:
            yield Finding("input-unused", f"${{{one.get('name')}}}", "nothing uses it")


def input_unknown(board: Json) -> Iterator[Finding]:
    """Where a data source is filled in, a variable or an input says which."""
    known = _declared(board)
    named: list[tuple[str, Json]] = []
    for panel in panels(board):
        named += [(name_of(panel), part) for part in (panel, *targets(panel))]
    named += [(f"annotation {one.get('name')}", one) for one in marks(board)]
    named += [(f"${one.get('name')}", one) for one in variables(board)]
    for where, part in named:
        texts = strings([part.get("datasource"), table(part.get("current")).get("value")])
        for name in sorted(set().union(*map(names_in, texts)) - known):
            if not name.startswith("__"):
                yield Finding("input-unknown", where, f"${{{name}}} is no input and no variable")


def _declared(board: Json) -> set[str]:
    return {str(one.get("name")) for one in (*variables(board), *items(board.get("__inputs")))}


def variable_query(board: Json) -> Iterator[Finding]:
    """Values out of `label_values` over a selector that parses, from the chosen source."""
    for one in variables(board):
        if one.get("type") != "query":
            continue
        where, query = f"${one.get('name')}", one.get("query")
        text = str(table(query).get("query", "")) if isinstance(query, dict) else str(query or "")
        found = _LABEL_VALUES.fullmatch(text)
        if not found:
            yield Finding("variable-query", where, f"`{text}` is no label_values(...)")
        elif found[1]:
            try:
                parsed(found[1])
            except Unreadable as error:
                yield Finding("variable-query", where, str(error))
        if not str(table(one.get("datasource")).get("uid", "")).startswith("$"):
            yield Finding("variable-query", where, "its data source is not the board's variable")


def variable_refresh(board: Json) -> Iterator[Finding]:
    """Values are asked for again when the range changes."""
    for one in variables(board):
        if one.get("type") == "query" and one.get("refresh") != ON_TIME_RANGE:
            words = "its values do not follow the range (refresh is not 2)"
            yield Finding("variable-refresh", f"${one.get('name')}", words)
