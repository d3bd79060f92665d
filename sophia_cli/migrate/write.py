"""The only module that writes a user's files: all staged beside their targets, then renamed.

A killed run leaves each file whole, old or new, and a journal from which `resume` and `rollback`
go on. A full disk is met while staging, before the first file changes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sophia_cli.errors import SophiaError
from sophia_cli.migrate import journal
from sophia_cli.migrate.journal import Entry, Run, State
from sophia_cli.migrate.lock import locked
from sophia_cli.migrate.plan import Change, digest


@dataclass(frozen=True)
class Written:
    """What a run did: the files that are new now, and those that were left with the reason."""

    run: Run | None
    files: tuple[str, ...]
    skipped: dict[str, str]


def write(
    root: Path, changes: Iterable[Change], sites: Iterable[dict[str, Any]], *, dry_run: bool
) -> Written:
    """Write the changes and keep the way back. Raises SophiaError; then no file is changed."""
    changes = list(changes)
    if not dry_run:
        _refuse_unfinished(root)
    if dry_run or not changes:
        return Written(None, (), {})
    with locked(journal.prepare(root)):
        _refuse_unfinished(root)  # once more, now that nobody else writes
        try:
            run = journal.start(root, changes, sites)
        except OSError as error:
            raise SophiaError(f"the journal cannot be written: {error.strerror}", _SPACE) from error
        return _finish(root, run, State.WRITING)


_SPACE = "free some space, then:  sophia migrate --apply"


def resume(root: Path) -> Written:
    """Finish the run, or the rollback, that was cut short. Raises SophiaError."""
    with locked(journal.prepare(root)):
        run = journal.unfinished(root)
        if run is None:
            raise SophiaError("no run was cut short", "sophia migrate status")
        return _finish(root, run, run.state)


def rollback(root: Path, name: str = "") -> Written:
    """Put every file of a run back, byte for byte; the newest run where none is named.

    Raises SophiaError, and changes nothing, when a file is neither as the run left it nor as it was.
    """
    with locked(journal.prepare(root)):
        run = journal.find(root, name) if name else _newest(root)
        if run.state is State.UNDONE:
            raise SophiaError(f"run {run.name} is undone already", "sophia migrate status")
        blocked = dict(_left(root, run, "after"))
        if blocked and run.state is not State.UNDOING:
            _refuse(run, blocked)
        run = journal.mark(root, run, State.UNDOING)
        return _finish(root, run, State.UNDOING)


def _newest(root: Path) -> Run:
    kept = [run for run in journal.runs(root) if run.state is not State.UNDONE]
    if not kept:
        raise SophiaError("there is no run to undo", "sophia migrate")
    return kept[-1]


def _refuse_unfinished(root: Path) -> None:
    run = journal.unfinished(root)
    if run is not None:
        raise SophiaError(
            f"run {run.name} was cut short",
            f"sophia migrate resume      or      sophia migrate rollback {run.name}",
        )


def _refuse(run: Run, blocked: dict[str, str]) -> None:
    count = f"{len(blocked)} file" + ("s" if len(blocked) > 1 else "")
    lines = [f"{path}: {reason}" for path, reason in blocked.items()]
    raise SophiaError(
        f"run {run.name} cannot be undone: {count} not as the run left it; nothing was changed",
        "\n".join([*lines, "put them back as the run left them, then roll back again"]),
    )


def _state_of(root: Path, entry: Entry) -> str | None:
    """`before` or `after`, as the file is now; None for anything else."""
    try:
        now = digest((root / entry.path).read_bytes())
    except OSError:
        return None
    return "before" if now == entry.before else "after" if now == entry.after else None


def _finish(root: Path, run: Run, direction: State) -> Written:
    """Bring every file of a run to where it should be, in two steps: stage all, rename all."""
    from_state, to_state = (
        ("before", "after") if direction is State.WRITING else ("after", "before")
    )
    _clean(root, run)
    skipped = dict(_left(root, run, from_state))
    moving = [
        entry
        for entry in run.written
        if entry.path not in skipped and _state_of(root, entry) == from_state
    ]
    staged: list[Entry] = []
    try:
        for entry in moving:
            staged.append(entry)
            _stage(root, run, entry, journal.blob(root, run, getattr(entry, to_state)))
    except OSError as error:
        _clean(root, run)
        if direction is State.WRITING and len(moving) == len(run.written):
            journal.drop(root, run)
        raise SophiaError(
            f"nothing was changed: {error.strerror}: {staged[-1].path}", _SPACE
        ) from error
    for entry in moving:
        reason = _replace(root, run, entry, from_state)
        if reason:
            skipped[entry.path] = reason
    for folder in sorted({(root / entry.path).resolve().parent for entry in moving}):
        journal.sync_folder(folder)
    kept = skipped if direction is State.WRITING else {}
    try:
        done = journal.mark(
            root, run, State.DONE if direction is State.WRITING else State.UNDONE, kept
        )
    except OSError as error:
        raise SophiaError(
            f"the files are in place, but the journal does not say so yet: {error.strerror}",
            "free some space, then:  sophia migrate resume",
        ) from error
    return Written(done, tuple(e.path for e in run.written if e.path not in skipped), skipped)


def _left(root: Path, run: Run, from_state: str) -> Iterable[tuple[str, str]]:
    """Files that are not touched, with the reason."""
    for entry in run.written:
        path = root / entry.path
        state = _state_of(root, entry)
        if state is None:
            yield entry.path, "deleted meanwhile" if not path.exists() else "changed meanwhile"
        elif state == from_state and not path.stat().st_mode & stat.S_IWUSR:
            yield entry.path, "read-only"
        elif state == from_state and not os.access(path.parent, os.W_OK):
            yield entry.path, "its folder is read-only"


def _temporary(root: Path, run: Run, entry: Entry) -> Path:
    target = root / entry.path
    return target.with_name(f".{target.name}.sophia-{run.name}")


def _stage(root: Path, run: Run, entry: Entry, data: bytes) -> None:
    """Put the new bytes beside the file, with its mode and owner, and on the disk."""
    kept = (root / entry.path).stat()
    temporary = _temporary(root, run, entry)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fchmod(file.fileno(), stat.S_IMODE(kept.st_mode))
        _keep_owner(file.fileno(), kept)
        os.fsync(file.fileno())


def _keep_owner(handle: int, kept: os.stat_result) -> None:
    now = os.fstat(handle)
    if (now.st_uid, now.st_gid) != (kept.st_uid, kept.st_gid):
        try:
            os.fchown(handle, kept.st_uid, kept.st_gid)
        except PermissionError:  # only root gives files away; the group may still be ours to set
            return


def _replace(root: Path, run: Run, entry: Entry, from_state: str) -> str:
    """Rename the staged file over its target, unless that changed meanwhile; then say so."""
    temporary = _temporary(root, run, entry)
    if _state_of(root, entry) != from_state:
        temporary.unlink(missing_ok=True)
        return "changed while the run was writing"
    temporary.replace(root / entry.path)
    return ""


def _clean(root: Path, run: Run) -> None:
    """Remove what a killed run staged."""
    for entry in run.entries:
        _temporary(root, run, entry).unlink(missing_ok=True)
