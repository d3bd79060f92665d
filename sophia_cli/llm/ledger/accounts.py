"""Budget accounts: what is spent, held by leases, and not known, in each day or month.

A lease is an amount that one process may spend without asking again. All functions work inside
a transaction of the caller.
"""

from __future__ import annotations

import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from sophia_cli.llm.ledger.record import Charge

HELD, LOST = "held", "unknown"
EXPIRES_NS = 15 * 60 * 10**9  # a living process renews its leases long before
_FORGET_NS = 40 * 86_400 * 10**9
# No lease takes more than this part of what is left, so that many processes can share the rest.
_SHARE = 16


class Demand(NamedTuple):
    """A process wants to spend `least`, and better `want`, out of an account with this limit.

    Without `stop` the limit is only told. Amounts in nano-USD.
    """

    account: str
    window: str
    limit: int
    lease: str
    least: int
    want: int
    stop: bool = True


class Grant(NamedTuple):
    """What a lease was given (0: it is refused), and the account after that."""

    nano: int
    left: int
    used: int
    warned: float


class Statement(NamedTuple):
    """One account in one of its windows; `limit` as it was when it was last asked."""

    account: str
    window: str
    limit: int
    spent: int
    held: int
    unknown: int
    calls: int
    unpriced: int


def grant(connection: sqlite3.Connection, demand: Demand, host: str, pid: int, born: str) -> Grant:
    """Put an amount aside for a process, never more than is left."""
    spent, held, unknown, warned = connection.execute(
        "SELECT spent, held, unknown, warned FROM accounts WHERE name=? AND window=?",
        demand[:2],
    ).fetchone() or (0, 0, 0, 0.0)
    used = spent + held + unknown
    left = demand.limit - used
    nano = demand.want
    if demand.stop:
        fair = max(demand.least, min(demand.want, left // _SHARE))
        nano = fair if fair <= left else 0
    connection.execute(
        """INSERT INTO accounts VALUES(?,?,?,0,?,0,0,0,0)
        ON CONFLICT DO UPDATE SET limit_nano=excluded.limit_nano, held=held+excluded.held""",
        (*demand[:3], nano),
    )
    if nano:
        _renew(connection, demand.lease)
        connection.execute(
            """INSERT INTO leases VALUES(?,?,?,?,?,?,?,?,?)
            ON CONFLICT DO UPDATE SET held=held+excluded.held, expires_ns=excluded.expires_ns""",
            (demand.lease, *demand[:2], host, pid, nano, time.time_ns() + EXPIRES_NS, HELD, born),
        )
    return Grant(nano, left - nano, used + nano, warned)


def renew(connection: sqlite3.Connection, leases: Iterable[str]) -> None:
    """Tell that these leases' process lives."""
    for lease in leases:
        _renew(connection, lease)


def _renew(connection: sqlite3.Connection, lease: str) -> None:
    """Prolong it; one that was taken for lost is held again."""
    row = connection.execute(
        "SELECT account, window, held FROM leases WHERE id=? AND state=?", (lease, LOST)
    ).fetchone()
    if row:
        _move(connection, row[0], row[1], held=row[2], unknown=-row[2])
    connection.execute(
        "UPDATE leases SET state=?, expires_ns=? WHERE id=?",
        (HELD, time.time_ns() + EXPIRES_NS, lease),
    )


def charge(connection: sqlite3.Connection, charges: Iterable[Charge]) -> None:
    """Book what was spent, and take it out of the leases that were held for it."""
    groups: dict[tuple[str, str, str], list[Charge]] = defaultdict(list)
    for one in charges:
        groups[one[:3]].append(one)
    for (account, window, lease), taken in groups.items():
        costs, unknowns, freed, unpriced = [*zip(*taken, strict=True)][3:]
        calls = len(taken) - [*map(any, zip(costs, unknowns, unpriced, strict=True))].count(False)
        _take(connection, lease, sum(freed))
        _move(
            connection,
            account,
            window,
            spent=sum(costs),
            unknown=sum(unknowns),
            calls=calls,
            unpriced=sum(unpriced),
        )


def _take(connection: sqlite3.Connection, lease: str, nano: int) -> None:
    """Let go of so much of a lease; what was booked as unknown when it was lost is known after all."""
    row = connection.execute(
        "SELECT account, window, held, state FROM leases WHERE id=?", (lease,)
    ).fetchone()
    if not row:
        return
    account, window, held, state = row
    taken = min(held, nano)
    if taken == held:
        connection.execute("DELETE FROM leases WHERE id=?", (lease,))
    else:
        connection.execute("UPDATE leases SET held=held-? WHERE id=?", (taken, lease))
    if state == HELD:
        _move(connection, account, window, held=-taken)
    else:
        _move(connection, account, window, unknown=-taken)


def _move(
    connection: sqlite3.Connection,
    account: str,
    window: str,
    *,
    spent: int = 0,
    held: int = 0,
    unknown: int = 0,
    calls: int = 0,
    unpriced: int = 0,
) -> None:
    connection.execute(
        """INSERT INTO accounts VALUES(?,?,0,?,?,?,?,?,0)
        ON CONFLICT DO UPDATE SET spent=spent+excluded.spent, held=held+excluded.held,
        unknown=unknown+excluded.unknown, calls=calls+excluded.calls,
        unpriced=unpriced+excluded.unpriced""",
        (account, window, spent, held, unknown, calls, unpriced),
    )


def warn(connection: sqlite3.Connection, account: str, window: str, share: float) -> bool:
    """Note that this share of the limit was warned about; False where another process has done so."""
    changed = connection.execute(
        "UPDATE accounts SET warned=? WHERE name=? AND window=? AND warned<?",
        (share, account, window, share),
    )
    return changed.rowcount > 0


def expired(connection: sqlite3.Connection) -> list[str]:
    """The leases that nobody renewed in time."""
    query = "SELECT id FROM leases WHERE state=? AND expires_ns<?"
    return [row[0] for row in connection.execute(query, (HELD, time.time_ns()))]


def book_lost(connection: sqlite3.Connection, leases: Iterable[str]) -> None:
    """What these leases held is not known, and stays counted: their process is gone or silent."""
    for lease in leases:
        row = connection.execute(
            "SELECT account, window, held FROM leases WHERE id=? AND state=?", (lease, HELD)
        ).fetchone()
        if row:
            _move(connection, row[0], row[1], held=-row[2], unknown=row[2])
            connection.execute("UPDATE leases SET state=? WHERE id=?", (LOST, lease))
    old = time.time_ns() - _FORGET_NS
    connection.execute("DELETE FROM leases WHERE state=? AND expires_ns<?", (LOST, old))


STATEMENTS = """SELECT name, window, limit_nano, spent, held, unknown, calls, unpriced FROM accounts
    WHERE window IN (?, ?) ORDER BY name, window"""
