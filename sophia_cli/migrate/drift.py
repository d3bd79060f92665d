"""Files of a run that are no longer as it left them: told, or taken over into the run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sophia_cli.files import put
from sophia_cli.migrate import journal
from sophia_cli.migrate.index import digest
from sophia_cli.migrate.journal import Entry, Run, state_of
from sophia_cli.migrate.links import link_on

COPIES = "changed"


def changed(root: Path, run: Run) -> tuple[str, ...]:
    """The files that are neither as the run left them nor as they were."""
    return tuple(entry.path for entry in run.written if state_of(root, entry) is None)


def gone_back(root: Path, run: Run) -> tuple[str, ...]:
    """The files that are as they were before the run, though nobody undid it."""
    return tuple(entry.path for entry in run.written if state_of(root, entry) == "before")


def adopt(root: Path, run: Run, *, copies: bool = False) -> Run:
    """Take what changed files are now for what the run left, so that it can be undone.

    The bytes that they have now are kept with the run; `copies` puts them there under their own
    names too. What is behind a link is left. Raises OSError where they cannot be kept.
    """
    entries = tuple(_adopted(root, run, entry, copies) for entry in run.entries)
    taken = replace(run, entries=entries)
    if entries != run.entries:
        journal.save(root, taken)
    return taken


def _adopted(root: Path, run: Run, entry: Entry, copies: bool) -> Entry:
    path = root / entry.path
    if entry.skipped or state_of(root, entry) is not None or link_on(root, entry.path) is not None:
        return entry
    if not path.exists():
        return replace(entry, after=journal.ABSENT)
    data = path.read_bytes()
    folder = journal.home(root) / run.name
    put(folder / "blobs" / digest(data), data)
    if copies:
        copy = folder / COPIES / entry.path
        copy.parent.mkdir(parents=True, exist_ok=True)
        put(copy, data)
    return replace(entry, after=digest(data))
