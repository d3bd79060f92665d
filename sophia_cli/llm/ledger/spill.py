"""Rows that could not be written before the process ended, kept beside the ledger for the next one."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sophia_cli.llm.ledger.record import Attempt, Final, Opening


def spill(ledger: Path, entries: Iterable[Opening | Final]) -> None:
    """Append the entries to a file of this process."""
    path = ledger.with_name(f"{ledger.name}.spill-{os.getpid()}")
    with os.fdopen(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "w") as file:
        for entry in entries:
            file.write(json.dumps([type(entry).__name__, asdict(entry)]) + "\n")
        file.flush()
        os.fsync(file.fileno())


def absorb(ledger: Path) -> list[Opening | Final]:
    """Take the spilled entries of ended processes; each file is taken by one process only."""
    entries: list[Opening | Final] = []
    for path in sorted(ledger.parent.glob(f"{ledger.name}.spill-*")):
        taken = path.with_name(f"{ledger.name}.taken-{os.getpid()}")
        try:
            path.rename(taken)
        except FileNotFoundError:
            continue
        entries += [_entry(*json.loads(line)) for line in taken.read_text().splitlines()]
        taken.unlink()
    return entries


def _entry(name: str, fields: dict[str, Any]) -> Opening | Final:
    if name == Opening.__name__:
        return Opening(**fields)
    fields["attempts"] = tuple(Attempt(**attempt) for attempt in fields["attempts"])
    fields["fallbacks"] = tuple(tuple(step) for step in fields["fallbacks"])
    return Final(**fields)
