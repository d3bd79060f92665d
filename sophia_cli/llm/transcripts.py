"""Prompts and answers of those who asked to keep them: a file of its own, never the ledger."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sophia_cli.llm.privacy import Privacy
from sophia_cli.llm.sidefile import SideFile

NAME = "transcripts.sqlite3"
LARGEST = 1_000_000  # characters of a request or an answer; a larger one is not kept, only its size
_DAY = 86_400.0
_STATEMENTS = (
    """CREATE TABLE IF NOT EXISTS transcripts(
        call_id TEXT PRIMARY KEY, ts REAL NOT NULL, request TEXT NOT NULL, answer TEXT NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS transcripts_ts ON transcripts(ts)",
)


@dataclass(frozen=True)
class Transcript:
    """What one call asked and was told, redacted. `ts` is in seconds since 1970."""

    call_id: str
    ts: float
    request: str
    answer: str


class Transcripts:
    """Writes transcripts; those older than `keep_days` are deleted when the file is first used."""

    def __init__(self, path: Path, privacy: Privacy) -> None:
        self.file = SideFile(path, 1, _STATEMENTS, "the file of transcripts")
        self._privacy = privacy
        self._pruned = 0.0

    def keep(self, call_id: str, request: Mapping[str, Any], answer: str) -> None:
        """Write one down, redacted."""
        redaction = self._privacy.redaction
        text = json.dumps(request, ensure_ascii=False, default=str)
        kept, told = _instead_of(text), _instead_of(answer)
        if not kept:  # value by value, so that what is kept is JSON still
            kept = json.dumps(redaction.value(json.loads(text)), ensure_ascii=False)
        told = told or redaction.text(answer)
        row = (call_id, time.time(), _printable(kept), _printable(told))
        self.file.use(lambda connection: self._insert(connection, row), None)

    def close(self) -> None:
        """Close the file; used again, it opens again."""
        self.file.close()

    def _insert(self, connection: sqlite3.Connection, row: tuple[str, float, str, str]) -> None:
        if row[1] - self._pruned > _DAY:  # also for a process that runs for months
            oldest = row[1] - self._privacy.keep_days * _DAY
            connection.execute("DELETE FROM transcripts WHERE ts < ?", (oldest,))
            self._pruned = row[1]
        connection.execute("INSERT OR REPLACE INTO transcripts VALUES(?,?,?,?)", row)


def _instead_of(text: str) -> str:
    """What stands for a text that is too large; empty for one that is not."""
    return "" if len(text) <= LARGEST else json.dumps({"left_out": f"{len(text)} characters"})


def _printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
