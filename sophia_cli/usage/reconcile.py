"""The ledger beside a provider's bill, by day and model: what both have, and what only one of them has."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sophia_cli.errors import SophiaError
from sophia_cli.llm.config import Config
from sophia_cli.llm.ledger import Ledger
from sophia_cli.llm.ledger.history import Day, days_between
from sophia_cli.llm.ledger.record import CACHED, OK
from sophia_cli.usage.bills import Bill, Billed

HALF_A_CENT = 5_000_000  # nano-USD
MATCHED, DIFFERS = "matched", "differs"
ONLY_LEDGER, ONLY_BILL = "only in the ledger", "only in the bill"
_NANO = 10**9
_DATED = re.compile(r"-(20\d\d-?\d\d-?\d\d|\d{4})$")


@dataclass(frozen=True)
class Entry:
    """One model on one day; nano-USD. None where a side says nothing of it: not there, or not known.

    `calls` of the ledger were answered, `unpriced` of them have no cost; `requests` are the bill's.
    """

    day: str
    model: str
    ledger_nano: int | None = None
    bill_nano: int | None = None
    calls: int = 0
    unpriced: int = 0
    requests: int | None = None
    ledger_tokens: int = 0
    bill_tokens: int | None = None
    in_ledger: bool = False
    in_bill: bool = False

    @property
    def difference(self) -> int | None:
        """What the ledger says more than the bill, in nano-USD; None where money cannot be compared."""
        if self.in_bill and self.bill_nano is None:
            return None
        return (self.ledger_nano or 0) - (self.bill_nano or 0)

    @property
    def state(self) -> str:
        """To the cent where there is money, else to the token."""
        if not self.in_bill:
            return ONLY_LEDGER
        if not self.in_ledger:
            return ONLY_BILL
        difference = self.difference
        if difference is None:
            same = self.bill_tokens is None or self.bill_tokens == self.ledger_tokens
        else:
            same = abs(difference) < HALF_A_CENT
        return MATCHED if same else DIFFERS

    def data(self) -> dict[str, Any]:
        """For other programs."""
        usd = {
            f"{name}_usd": None if nano is None else nano / _NANO
            for name, nano in (
                ("ledger", self.ledger_nano),
                ("bill", self.bill_nano),
                ("difference", self.difference),
            )
        }
        return {**vars(self), **usd, "state": self.state}


@dataclass(frozen=True)
class Reconciled:
    """A bill beside the ledger. `edges` are the bill's first and last day, which it may hold in part."""

    bill: Bill
    providers: tuple[str, ...]
    entries: tuple[Entry, ...]
    edges: tuple[str, str]
    usd_per_credit: float | None

    @property
    def models(self) -> tuple[Entry, ...]:
        """The same by model alone, the dearest first."""
        groups: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            groups[entry.model].append(entry)
        found = [_together(model, entries) for model, entries in groups.items()]
        return tuple(sorted(found, key=lambda one: (-_size(one), one.model)))

    @property
    def total(self) -> Entry:
        return _together("", self.entries)

    @property
    def agrees(self) -> bool:
        return all(entry.state == MATCHED for entry in self.entries)

    def data(self) -> dict[str, Any]:
        """For other programs."""
        return {
            "bill": self.bill.name,
            "lines": len(self.bill.lines),
            "since": self.edges[0],
            "until": self.edges[1],
            "providers": list(self.providers),
            "usd_per_credit": self.usd_per_credit,
            "note": self.bill.note,
            "agrees": self.agrees,
            "total": self.total.data(),
            "models": [entry.data() for entry in self.models],
            "days": [entry.data() for entry in self.entries],
        }


def reconcile(
    ledger: Ledger | None, config: Config, bill: Bill, usd_per_credit: float | None
) -> Reconciled:
    """Compare. Raises SophiaError for a bill of nothing, LLMError where the ledger is in use."""
    if not bill.lines:
        raise SophiaError(f"{bill.name}: the export has no lines", "export other days")
    days = sorted({line.day for line in bill.lines})
    names = tuple(name for name, known in config.providers.items() if known.kind == bill.kind)
    found = days_between(ledger, days[0], days[-1]) if ledger else []
    ours = _of_ledger(day for day in found if day.provider in names and not day.simulated)
    entries = _of_bill(ours, bill.lines, usd_per_credit)
    ordered = tuple(entries[key] for key in sorted(entries))
    return Reconciled(bill, names, ordered, (days[0], days[-1]), usd_per_credit)


def _of_ledger(days: Iterable[Day]) -> dict[tuple[str, str], Entry]:
    entries: dict[tuple[str, str], Entry] = {}
    for day in days:
        if day.outcome == CACHED or not (day.outcome == OK or day.cost_nano or day.unpriced):
            continue
        key = (day.day, day.model)
        entry = entries.get(key) or Entry(*key, ledger_nano=0, in_ledger=True)
        entries[key] = replace(
            entry,
            ledger_nano=(entry.ledger_nano or 0) + day.cost_nano,
            calls=entry.calls + day.calls,
            unpriced=entry.unpriced + day.unpriced,
            ledger_tokens=entry.ledger_tokens + day.tokens_in + day.tokens_out,
        )
    return entries


def _of_bill(
    entries: dict[tuple[str, str], Entry], lines: Iterable[Billed], usd_per_credit: float | None
) -> dict[tuple[str, str], Entry]:
    """The bill's lines put beside what the ledger has."""
    ours = {model.lower(): model for _, model in entries}
    for line in lines:
        key = (line.day, _our_name(line.models, ours))
        entry = entries.get(key) or Entry(*key)
        entries[key] = replace(
            entry,
            in_bill=True,
            bill_nano=_sum(entry.bill_nano, _nano(line, usd_per_credit)),
            requests=_sum(entry.requests, line.requests),
            bill_tokens=_sum(entry.bill_tokens, line.tokens),
        )
    return entries


def _our_name(names: tuple[str, ...], ours: Mapping[str, str]) -> str:
    """How the ledger calls a model of the bill: a bill names the dated version of what was asked for."""
    for name in names:
        plain = name.lower()
        for spelling in (plain, _DATED.sub("", plain)):
            if spelling in ours:
                return ours[spelling]
    return names[0] or "(no model)"


def _nano(line: Billed, usd_per_credit: float | None) -> int | None:
    if line.credits is None or usd_per_credit is None:
        return line.nano
    return round(line.credits * Decimal(str(usd_per_credit)) * _NANO)


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else one + other


def _together(model: str, entries: Iterable[Entry]) -> Entry:
    total = Entry("", model)
    for entry in entries:
        total = replace(
            total,
            ledger_nano=_sum(total.ledger_nano, entry.ledger_nano),
            bill_nano=_sum(total.bill_nano, entry.bill_nano),
            calls=total.calls + entry.calls,
            unpriced=total.unpriced + entry.unpriced,
            requests=_sum(total.requests, entry.requests),
            ledger_tokens=total.ledger_tokens + entry.ledger_tokens,
            bill_tokens=_sum(total.bill_tokens, entry.bill_tokens),
            in_ledger=total.in_ledger or entry.in_ledger,
            in_bill=total.in_bill or entry.in_bill,
        )
    return total


def _size(entry: Entry) -> int:
    return max(entry.ledger_nano or 0, entry.bill_nano or 0)
