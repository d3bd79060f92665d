"""Boards held against all rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain

from sophia_cli.dashboards.lint import choices, queries, shape, words
from sophia_cli.dashboards.lint.finding import Finding
from sophia_cli.dashboards.model import Json

RULES: tuple[Callable[[Json], Iterator[Finding]], ...] = (
    shape.json_shape,
    shape.schema_version,
    shape.identity,
    shape.panel_ids,
    shape.grid,
    shape.ref_ids,
    words.panel_kind,
    words.panel_words,
    words.panel_unit,
    words.panel_queries,
    words.panel_source,
    words.legacy_alert,
    choices.source_variable,
    choices.variable_unused,
    choices.variable_unknown,
    choices.input_unused,
    choices.input_unknown,
    choices.variable_query,
    choices.variable_refresh,
    queries.query_parses,
    queries.rate_interval,
    queries.counter_rate,
    queries.quantile_by_le,
)


def check(
    board: Json, labels: Mapping[str, tuple[str, ...]], *, shipped: bool
) -> tuple[Finding, ...]:
    """What is wrong with one board, each thing once. `labels` are those of each declared metric.

    A board that is `shipped` asks for sophia's metrics only.
    """
    if wrapped := tuple(shape.wrapper(board)):
        return wrapped
    found = chain.from_iterable(rule(board) for rule in RULES)
    held = queries.declared(board, labels, all_ours=shipped)
    return tuple(dict.fromkeys(chain(found, held)))


def unused(
    boards: Mapping[str, Json], labels: Mapping[str, tuple[str, ...]]
) -> tuple[Finding, ...]:
    """Declared metrics that none of the boards shows."""
    shown = set().union(*(queries.used(board, labels) for board in boards.values()))
    return tuple(
        Finding("metric-unused", "", f"`{name}` is shown on no board")
        for name in sorted(set(labels) - shown)
    )
