"""Queries as Prometheus reads them, once the variables of a board are filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sophia_cli.dashboards.model import VARIABLE

# Durations that make what Grafana fills in recognisable in what was parsed.
RATE_INTERVAL, RANGE = 61, 86_399  # seconds


class Unreadable(Exception):
    """Prometheus would not read it."""


@dataclass(frozen=True)
class Selector:
    """One selector of a query: its metric, its labels, what it stands in, from outside inwards.

    `window` is its range in seconds, 0 without one; `moved` whether it has an offset.
    """

    metric: str
    labels: tuple[str, ...]
    within: tuple[str, ...]
    window: float
    moved: bool


@dataclass(frozen=True)
class Quantile:
    """A `histogram_quantile`, and by which labels what it is taken of is summed up; None where it is not."""

    by: tuple[str, ...] | None


@dataclass(frozen=True)
class Parsed:
    selectors: tuple[Selector, ...]
    quantiles: tuple[Quantile, ...]


def filled(expr: str, values: Mapping[str, str]) -> str:
    """A query with the value of each variable; `x` for one that has none."""

    def fill(found: re.Match[str]) -> str:
        return values.get(next(filter(None, found.groups())), "x")

    return VARIABLE.sub(fill, expr)


def durations(interval: float, rate_interval: float, span: float) -> dict[str, str]:
    """The values of Grafana's own variables, from seconds."""
    return {
        "__interval": f"{interval:.0f}s",
        "__interval_ms": f"{interval * 1000:.0f}",
        "__rate_interval": f"{rate_interval:.0f}s",
        "__range": f"{span:.0f}s",
        "__range_s": f"{span:.0f}",
        "__range_ms": f"{span * 1000:.0f}",
    }


_RECOGNISABLE = durations(31, RATE_INTERVAL, RANGE)


def parsed(expr: str) -> Parsed:
    """What a query asks. Raises Unreadable, with the reason."""
    import promql_parser

    try:
        tree = promql_parser.parse(filled(expr, _RECOGNISABLE))
    except ValueError as error:
        raise Unreadable(str(error)) from error
    selectors, quantiles = [], []
    for node, within in _walk(tree, ()):
        kind = type(node).__name__
        if kind == "MatrixSelector":
            selectors.append(_selector(node.vector_selector, within, node.range.total_seconds()))
        elif kind == "VectorSelector":
            selectors.append(_selector(node, within, 0))
        elif kind == "Call" and node.func.name == "histogram_quantile":
            quantiles.append(Quantile(_by(node.args[1])))
    return Parsed(tuple(selectors), tuple(quantiles))


def _walk(node: Any, within: tuple[str, ...]) -> Iterator[tuple[Any, tuple[str, ...]]]:
    yield node, within
    kind = type(node).__name__
    if kind == "Call":
        inner, parts = (*within, node.func.name), list(node.args)
    elif kind == "AggregateExpr":
        inner, parts = (*within, str(node.op)), [node.expr]
    elif kind == "BinaryExpr":
        inner, parts = within, [node.lhs, node.rhs]
    elif kind == "SubqueryExpr":
        inner, parts = (*within, "subquery"), [node.expr]
    elif kind in ("ParenExpr", "UnaryExpr"):
        inner, parts = within, [node.expr]
    else:
        return
    for part in parts:
        yield from _walk(part, inner)


def _selector(node: Any, within: tuple[str, ...], window: float) -> Selector:
    matchers = list(node.matchers.matchers)
    named = [one.value for one in matchers if one.name == "__name__"]
    labels = tuple(one.name for one in matchers if one.name != "__name__")
    metric = str(node.name or (named[0] if named else ""))
    return Selector(metric, labels, within, window, node.offset is not None)


def _by(node: Any) -> tuple[str, ...] | None:
    """The labels that are left of a sum, also of a difference of two of them."""
    kind = type(node).__name__
    if kind in ("ParenExpr", "UnaryExpr"):
        return _by(node.expr)
    if kind == "BinaryExpr":
        return _by(node.lhs)
    if kind != "AggregateExpr" or node.modifier is None:
        return () if kind == "AggregateExpr" else None
    names = tuple(node.modifier.labels)
    return names if str(node.modifier.type).endswith("By") else ("le",) * ("le" not in names)
