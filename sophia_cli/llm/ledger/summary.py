"""Finished calls of the ledger, added up for people."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SummaryRow:
    """Calls of one provider, model and task. `cost_usd` is None where no call had a price."""

    provider: str
    model: str
    task: str
    calls: int
    ok: int
    tokens_in: int | None
    tokens_out: int | None
    cost_usd: float | None
    unpriced: int
    simulated: bool


def summary_row(
    provider: str,
    model: str,
    task: str,
    calls: int,
    ok: int,
    tokens_in: int,
    tokens_out: int,
    cost_nano: int,
    unpriced: int,
    simulated: int,
) -> SummaryRow:
    """The row from the columns of `schema.SUMMARY`, where nothing known is 0."""
    priced = cost_nano or (ok > unpriced)
    return SummaryRow(
        provider,
        model,
        task,
        calls,
        ok,
        tokens_in or None,
        tokens_out or None,
        cost_nano / 1e9 if priced else None,
        unpriced,
        bool(simulated),
    )
