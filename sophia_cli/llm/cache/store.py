"""The answers that are kept: one SQLite file, under the hash of their request."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sophia_cli.llm.call import Usage
from sophia_cli.llm.errors import LLMError
from sophia_cli.llm.ledger.file import transaction
from sophia_cli.llm.ledger.record import CACHED, OK, Final
from sophia_cli.llm.scanner import events_in
from sophia_cli.llm.sidefile import SideFile

NAME = "cache.sqlite3"
_STATEMENTS = (
    """CREATE TABLE IF NOT EXISTS answers(
        key TEXT PRIMARY KEY, task TEXT, born REAL NOT NULL, expires REAL NOT NULL, provider TEXT,
        model TEXT, stream INTEGER, body BLOB NOT NULL, tokens_in INTEGER, tokens_out INTEGER,
        tokens_cached INTEGER, tokens_reasoning INTEGER, cost_nano INTEGER, finish_reason TEXT,
        simulated INTEGER)""",
    "CREATE INDEX IF NOT EXISTS answers_born ON answers(born)",
    """CREATE TABLE IF NOT EXISTS totals(
        task TEXT PRIMARY KEY, hits INTEGER, saved_nano INTEGER, unpriced INTEGER) WITHOUT ROWID""",
)
_FIND = """SELECT born, provider, model, stream, body, tokens_in, tokens_out, tokens_cached,
    tokens_reasoning, cost_nano, finish_reason, simulated FROM answers WHERE key=? AND expires>?"""
_KEEP = "INSERT OR REPLACE INTO answers VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
_COUNT = """INSERT INTO totals VALUES(?,1,?,?) ON CONFLICT DO UPDATE SET hits=hits+1,
    saved_nano=saved_nano+excluded.saved_nano, unpriced=unpriced+excluded.unpriced"""
_STATUS = """SELECT task, SUM(answers), SUM(bytes), SUM(hits), SUM(saved), SUM(unpriced) FROM (
    SELECT task, COUNT(*) answers, SUM(LENGTH(body)) bytes, 0 hits, 0 saved, 0 unpriced
    FROM answers WHERE expires>? GROUP BY task
    UNION ALL SELECT task, 0, 0, hits, saved_nano, unpriced FROM totals)
    GROUP BY task ORDER BY task"""
_DELETE_OLDEST = """DELETE FROM answers WHERE rowid IN
    (SELECT rowid FROM answers ORDER BY born, rowid LIMIT ?)"""
_SHARE = 4  # one answer may take no more than this part of the file


@dataclass(frozen=True)
class Kept:
    """An answer that was given before: its body, or the bytes of its stream, and what it took."""

    provider: str
    model: str
    stream: bool
    body: bytes
    usage: Usage | None = None
    cost_nano: int | None = None
    finish_reason: str = ""
    simulated: bool = False

    def events(self) -> Iterator[bytes]:
        """The stream, event by event."""
        return events_in(self.body)

    def book(self, final: Final) -> Final:
        """How a call that got this answer is written down: it cost nothing, and saved what it once cost."""
        usage = self.usage
        return final._replace(
            outcome=CACHED if final.outcome == OK else final.outcome,
            attempts=(),
            tokens_in=usage.input if usage else None,
            tokens_out=usage.output if usage else None,
            tokens_cached=usage.cached if usage else None,
            tokens_reasoning=usage.reasoning if usage else None,
            cost_nano=0,
            cost_source="cache",
            saved_nano=self.cost_nano if final.outcome == OK else None,
            bytes_sent=0,
            bytes_received=0,
            kept_local=0,
            billable=False,
        )


@dataclass(frozen=True)
class TaskStatus:
    """What the cache holds and has done for one task. `unpriced` hits saved nobody knows what."""

    task: str
    answers: int
    bytes: int
    hits: int
    saved_nano: int
    unpriced: int


class Answers:
    """Looks answers up and keeps them. No trouble with the file ever reaches a call."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.file = SideFile(path, 1, _STATEMENTS, "the cache")
        self._max_bytes = max_bytes

    def find(self, key: str, lifetime: float) -> Kept | None:
        """The answer under that key, unless it is older than so many seconds."""
        now = time.time()

        def look(connection: sqlite3.Connection) -> tuple[float, Kept] | None:
            row = connection.execute(_FIND, (key, now)).fetchone()
            return None if row is None else (row[0], _kept(row))

        found = self.file.use(look, None)
        # One that was born later than now says that the clock went back: its age is not known.
        return found[1] if found and 0 <= now - found[0] < lifetime else None

    def count_hit(self, task: str, kept: Kept) -> None:
        """Add a hit to the totals of its task."""
        row = (task, kept.cost_nano or 0, int(kept.cost_nano is None))
        self.file.use(lambda connection: connection.execute(_COUNT, row), None)

    def keep(self, key: str, task: str, lifetime: float, kept: Kept) -> None:
        """Keep an answer, in the place of the oldest ones where the file is full."""
        if len(kept.body) > self._max_bytes // _SHARE:
            return
        now, usage = time.time(), kept.usage
        row = (
            key, task, now, now + lifetime, kept.provider, kept.model, kept.stream, kept.body,
            usage.input if usage else None, usage.output if usage else None,
            usage.cached if usage else None, usage.reasoning if usage else None,
            kept.cost_nano, kept.finish_reason, kept.simulated,
        )  # fmt: skip

        def insert(connection: sqlite3.Connection) -> None:
            with transaction(connection):
                connection.execute(_KEEP, row)
                if _used(connection) > self._max_bytes:
                    _evict(connection, now, self._max_bytes)

        self.file.use(insert, None)

    def status(self) -> list[TaskStatus]:
        """What is there that may still serve, and the totals of all hits, by task. Raises LLMError."""
        now = time.time()
        none: list[tuple[str, int, int, int, int, int]] = []
        rows = self.file.use(lambda opened: opened.execute(_STATUS, (now,)).fetchall(), none)
        self._raise_problem()
        return [TaskStatus(*row) for row in rows]

    def clear(self, task: str = "", older: float = 0.0) -> int:
        """Delete answers, of one task or of a minimum age in seconds where said; gives their number.

        Raises LLMError.
        """
        query = "DELETE FROM answers WHERE born<=? AND (?='' OR task=?)"
        values = (time.time() - older, task, task)

        def delete(connection: sqlite3.Connection) -> int:
            count = connection.execute(query, values).rowcount
            connection.execute("VACUUM")
            return count

        count = self.file.use(delete, None)
        self._raise_problem()
        if count is None:
            raise LLMError("the cache is in use by another process", "try again in a moment")
        return count

    def _raise_problem(self) -> None:
        if self.file.problem:
            raise LLMError(self.file.problem, f"mend it, or remove it:  rm {self.file.path}")

    def close(self) -> None:
        """Close the file; used again, it opens again."""
        self.file.close()


def _kept(row: tuple[float, str, str, int, bytes, int, int, int, int, int, str, int]) -> Kept:
    _, provider, model, stream, body, sent, received, cached, reasoning, cost, reason, simulated = (
        row
    )
    usage = None if sent is None else Usage(sent, received, cached, reasoning)
    return Kept(provider, model, bool(stream), body, usage, cost, reason, bool(simulated))


def _used(connection: sqlite3.Connection) -> int:
    """Bytes of the file that hold something: constant time, however many rows there are."""
    names = ("page_count", "freelist_count", "page_size")
    pages, free, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
    return int(pages - free) * int(size)


def _evict(connection: sqlite3.Connection, now: float, max_bytes: int) -> None:
    """Delete what is over, then a tenth of the oldest at a time, until there is room again."""
    connection.execute("DELETE FROM answers WHERE expires<=?", (now,))
    while _used(connection) > max_bytes * 0.9:
        count = connection.execute("SELECT COUNT(*) FROM answers").fetchone()[0]
        if not count:
            return
        connection.execute(_DELETE_OLDEST, (max(count // 10, 1),))
