"""`sophia usage reconcile`: the ledger beside a provider's usage export."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sophia_cli.commands.options import Json, Root
from sophia_cli.output import Output
from sophia_cli.surroundings import here

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sophia_cli.usage.bills import Bill
    from sophia_cli.usage.reconcile import Entry, Reconciled

_MOST = 20  # lines of days; --json has all
_NAME = 34


def reconcile(
    file: Annotated[Path, typer.Argument(help="A usage export of OpenRouter or Snowflake.")],
    root: Root = None,
    as_json: Json = False,
) -> None:
    """Compare the ledger with a provider's usage export; exit 1 where they differ.

    Example:  sophia usage reconcile openrouter_activity.csv
    """
    from sophia_cli.llm.config import load_config
    from sophia_cli.usage import reconcile as work
    from sophia_cli.usage.bills import read_bill
    from sophia_cli.usage.books import books

    output = Output(as_json=as_json)
    folder = here(root)
    config = load_config(os.environ, folder)
    bill = read_bill(file)
    rate = _usd_per_credit(os.environ, folder, bill)
    with books(config) as ledger:
        found = work.reconcile(ledger, config, bill, rate)
    output.envelope("usage reconcile", found.data())
    _show(output, found)
    if not found.agrees:
        raise typer.Exit(1)


def _usd_per_credit(environ: Mapping[str, str], folder: Path, bill: Bill) -> float | None:
    """What a credit costs, as `sophia.toml` has it for the provider that the bill is of."""
    from sophia_cli.llm.configfile import load

    table = load(environ, folder).table("prices").get(bill.kind, {})
    rate = table.get("usd_per_credit") if isinstance(table, dict) else None
    return float(rate) if isinstance(rate, int | float) else None


def _show(output: Output, found: Reconciled) -> None:
    from sophia_cli.counted import counted
    from sophia_cli.usage.reconcile import MATCHED

    first, last = found.edges
    lines = counted(len(found.bill.lines), "line")
    output.text(f"{found.bill.name}, {lines}, {first} to {last} (UTC)")
    for words in _notes(found):
        output.text(words, indent=2)
    output.line()
    rows = [_row(entry, entry.model) for entry in (*found.models, found.total)]
    rows[-1] = ("together", *rows[-1][1:])
    header = ("model", "ledger", "bill", "difference", "  calls", "requests")
    output.table(header, rows)
    apart = [entry for entry in found.entries if entry.state != MATCHED]
    output.line()
    same = counted(len(found.entries) - len(apart), "day")
    output.text(f"{same} of a model matched to the cent" + (":" if apart else "."), indent=2)
    for entry in apart[:_MOST]:
        output.text(_apart(entry, found), indent=4)
    if len(apart) > _MOST:
        output.line(f"    ... {counted(len(apart) - _MOST, 'more day')}, with --json")


def _notes(found: Reconciled) -> list[str]:
    notes = [found.bill.note] if found.bill.note else []
    with_credits = any(line.credits is not None for line in found.bill.lines)
    if with_credits and found.usd_per_credit is None:
        notes.append(
            "its credits are no money yet: add [prices.cortex] usd_per_credit to sophia.toml"
        )
    elif with_credits:
        notes.append(f"a credit counts ${found.usd_per_credit:g}, as sophia.toml says")
    if found.total.unpriced:
        notes.append(
            f"{found.total.unpriced:,} of the ledger's calls are unpriced: in its requests, not in its money"
        )
    return notes


def _row(entry: Entry, name: str) -> tuple[str, ...]:
    from sophia_cli.usage.words import cut, plain

    money = (entry.ledger_nano, entry.bill_nano, entry.difference)
    requests = "-" if entry.requests is None else f"{entry.requests:,}"
    return (
        cut(plain(name), _NAME),
        *map(_cents, money),
        f"{entry.calls:,}".rjust(7),
        requests.rjust(8),
    )


def _cents(nano: int | None) -> str:
    """Money to the cent; `-` where there is none to compare."""
    if nano is None:
        return "-"
    cents = round(nano / 10_000_000)
    return f"{'-' if cents < 0 else ''}${abs(cents) // 100:,}.{abs(cents) % 100:02}"


def _apart(entry: Entry, found: Reconciled) -> str:
    from sophia_cli.counted import counted
    from sophia_cli.usage.reconcile import DIFFERS, ONLY_BILL
    from sophia_cli.usage.words import plain, short

    edge = " (the export may not hold all of this day)" if entry.day in found.edges else ""
    where = f"{entry.day} {plain(entry.model)}"
    if entry.state == DIFFERS and entry.difference is not None:
        money = f"ledger {_cents(entry.ledger_nano)}, bill {_cents(entry.bill_nano)}"
        return f"{where}: {money}, {_cents(entry.difference)}{edge}"
    if entry.state == DIFFERS:
        tokens = f"{short(entry.ledger_tokens)}, bill {short(entry.bill_tokens or 0)}"
        return f"{where}: tokens of the ledger {tokens}{edge}"
    if entry.state == ONLY_BILL:
        count = "" if entry.requests is None else f", {counted(entry.requests, 'request')}"
        return f"{where}: {entry.state}, {_cents(entry.bill_nano)}{count}{edge}"
    calls = counted(entry.calls, "call")
    return f"{where}: {entry.state}, {_cents(entry.ledger_nano)}, {calls}{edge}"
