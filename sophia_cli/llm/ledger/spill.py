"""Rows that could not be written before the process ended, kept beside the ledger for the next one."""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sophia_cli.llm.ledger.birth import is_alive
from sophia_cli.llm.ledger.record import Attempt, Charge, Entry, Final, Opening

_LOG = logging.getLogger("sophia_cli.llm.ledger")
_TAKER = re.compile(r"\.(?:taken|spill)-(\d{1,18})(?:-|$)")


def spill_of(ledger: Path) -> Path:
    """The file of this process."""
    return ledger.with_name(f"{ledger.name}.spill-{os.getpid()}")


def spill(ledger: Path, entries: Iterable[Entry], *, durable: bool = True) -> None:
    """Append the entries to the file of this process; `durable` ones outlive the machine too.

    Whoever has none, having read alone, leaves no file.
    """
    lines = [json.dumps([type(entry).__name__, _fields(entry)]) + "\n" for entry in entries]
    if not lines:
        return
    path = spill_of(ledger)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "w") as file:
        file.writelines(lines)
        file.flush()
        if durable:
            os.fsync(file.fileno())


def spill_last(ledger: Path, entries: Sequence[Entry]) -> bool:
    """The same for a process that ends; False, and a warning, where they are lost."""
    try:
        spill(ledger, entries)
        return True
    except OSError as error:
        _LOG.warning("%d rows of the ledger are lost: %s", len(entries), error)
        return False


def absorb(ledger: Path) -> tuple[list[Entry], list[Path]]:
    """Take the spilled entries of ended processes, and the files to remove once they are written.

    Each file is taken by one process only; one that died with it leaves it to the next. Entries
    may come twice that way: the ledger takes each once.
    """
    entries: list[Entry] = []
    files: list[Path] = []
    for path in _left_behind(ledger):
        taken = path.with_name(f"{ledger.name}.taken-{os.getpid()}-{secrets.token_hex(4)}")
        try:
            path.rename(taken)
            text = taken.read_text(encoding="utf-8", errors="replace")
            if not text:
                taken.unlink()
                continue
        except OSError:  # another process was faster, or it is not ours to read
            continue
        files.append(taken)
        entries += [entry for line in text.splitlines() for entry in _parse(line)]
    return entries, files


def _left_behind(ledger: Path) -> list[Path]:
    taken = [path for path in ledger.parent.glob(f"{ledger.name}.taken-*") if _is_orphan(path)]
    spilled = ledger.parent.glob(f"{ledger.name}.spill-*")
    # What another running process has put there it still holds, and writes itself.
    own = spill_of(ledger)
    found = [*(path for path in spilled if path == own or _is_orphan(path)), *taken]
    return sorted(path for path in found if path.is_file())


def _is_orphan(taken: Path) -> bool:
    taker = _TAKER.search(taken.name)
    return taker is not None and not is_alive(int(taker[1]))


def _parse(line: str) -> list[Entry]:
    """The entry of a line; nothing for one that was cut when its process or its disk ended."""
    try:
        return [_entry(*json.loads(line))]
    except (ValueError, TypeError, KeyError):
        return []


def _fields(entry: Entry) -> dict[str, Any]:
    fields = entry._asdict()
    for name in ("attempts", "charges"):
        if name in fields and isinstance(entry, Final):
            fields[name] = [one._asdict() for one in fields[name]]
    return fields


def _entry(name: str, fields: dict[str, Any]) -> Entry:
    if name == Charge.__name__:
        return Charge(**fields)
    if not isinstance(fields["id"], str):
        raise TypeError("a call is named by a text")
    if name == Opening.__name__:
        return Opening(**fields)
    fields["attempts"] = tuple(Attempt(**attempt) for attempt in fields["attempts"])
    fields["charges"] = tuple(Charge(**one) for one in fields.get("charges", ()))
    fields["fallbacks"] = tuple((a, b, why) for a, b, why in fields["fallbacks"])
    return Final(**fields)
