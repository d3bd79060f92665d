"""Whether a ledger's books balance: what its rows add up to, beside what its totals say.

Usage: python benchmarks/books.py LEDGER     Prints what does not agree; exits with 1 if anything does not.
Reads the file by itself, with nothing of the code that wrote it.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

_FIGURES = (
    "tokens_in",
    "tokens_out",
    "tokens_cached",
    "tokens_written",
    "tokens_reasoning",
    "cost_nano",
    "saved_nano",
    "kept_local",
)
_SUMS = ", ".join(f"SUM(COALESCE({name}, 0))" for name in _FIGURES)
_NAMES = ", ".join(_FIGURES)
_ENDED = "FROM calls WHERE outcome != 'open'"
_DAY = "date(started_ns / 1000000000, 'unixepoch')"
_BY_DAY = "service, team, task, provider, model, outcome"
_BY_CALL = "provider, model, task, outcome, error_kind"
_BY_ROUTE = _BY_CALL.replace("task", "route, task")
_BY_ATTEMPT = "provider, model, outcome, error_kind"
_TIMED = "provider, model, outcome"

# What is compared: a question to the rows, and one to the totals, with the same answer.
PAIRS = {
    "totals": (
        f"SELECT {_BY_ROUTE.replace('route', 'via')}, COUNT(*), {_SUMS} {_ENDED} GROUP BY 1, 2, 3, 4, 5, 6",
        f"SELECT {_BY_ROUTE}, calls, {_NAMES} FROM totals",
    ),
    "days": (
        f"SELECT {_DAY}, {_BY_DAY}, COUNT(*), {_SUMS} {_ENDED} GROUP BY {_DAY}, {_BY_DAY}",
        f"SELECT day, {_BY_DAY}, calls, {_NAMES} FROM days",
    ),
    "attempts": (
        f"SELECT {_BY_ATTEMPT}, COUNT(*) FROM attempts GROUP BY {_BY_ATTEMPT}",
        f"SELECT {_BY_ATTEMPT}, attempts FROM attempt_totals",
    ),
    "attempts of a call": (
        f"SELECT id, attempts {_ENDED} AND attempts > 0",
        "SELECT call_id, COUNT(*) FROM attempts GROUP BY call_id",
    ),
    "durations": (
        f"SELECT {_TIMED}, COUNT(*), SUM(latency_us) {_ENDED} GROUP BY {_TIMED}",
        f"SELECT {_TIMED}, SUM(count), SUM(sum_us) FROM histograms WHERE name='duration' GROUP BY {_TIMED}",
    ),
    "first chunks": (
        f"SELECT {_TIMED}, COUNT(*), SUM(first_us) {_ENDED} AND first_us IS NOT NULL GROUP BY {_TIMED}",
        f"SELECT {_TIMED}, SUM(count), SUM(sum_us) FROM histograms WHERE name='first_chunk' GROUP BY {_TIMED}",
    ),
    "held by leases": (
        "SELECT account, window, SUM(held) FROM leases WHERE state='held' AND held GROUP BY account, window",
        "SELECT name, window, held FROM accounts WHERE held",
    ),
}


def imbalances(path: Path) -> Iterator[str]:
    """What does not agree, in words; nothing for books that balance."""
    with closing(sqlite3.connect(path)) as ledger:
        for name, (rows, totals) in PAIRS.items():
            counted, said = set(ledger.execute(rows)), set(ledger.execute(totals))
            for row in sorted(counted - said, key=repr)[:5]:
                yield f"{name}: the rows add up to {row}"
            for row in sorted(said - counted, key=repr)[:5]:
                yield f"{name}: the totals say {row}"
        opened = ledger.execute("SELECT COUNT(*) FROM calls WHERE outcome='open'").fetchone()[0]
        if opened:
            yield f"{opened} calls are still open"
        check = ledger.execute("PRAGMA integrity_check").fetchone()[0]
        if check != "ok":
            yield f"the file: {check}"


if __name__ == "__main__":
    found = list(imbalances(Path(sys.argv[1])))
    print("\n".join(found) or "the books balance")
    sys.exit(bool(found))
