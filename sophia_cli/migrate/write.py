"""The only module that writes a user's files: all staged beside their targets, then renamed.

A killed run leaves each file whole, old or new, and a journal from which `resume` and `rollback`
go on. A full disk is met while staging, before the first file changes. Of a group of files that
belong together, either all are written or none.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from sophia_cli.counted import counted
from sophia_cli.errors import Interrupted, SophiaError
from sophia_cli.files import sync_folder
from sophia_cli.migrate import journal
from sophia_cli.migrate.change import Change
from sophia_cli.migrate.drift import adopt, changed
from sophia_cli.migrate.journal import Entry, Run, State, state_of
from sophia_cli.migrate.later import refuse_held
from sophia_cli.migrate.links import link_on
from sophia_cli.migrate.lock import locked
from sophia_cli.migrate.moves import BACK, FORTH, Move, Way, left, moves, stuck, way_of

_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Written:
    """What a run did: the files that are new now, and those that were left with the reason.

    `run` is None where nothing was written: then nothing is kept either.
    """

    run: Run | None
    files: tuple[str, ...]
    skipped: dict[str, str]


def write(
    root: Path,
    changes: Iterable[Change],
    sites: Iterable[dict[str, Any]],
    *,
    dry_run: bool,
    trial: dict[str, Any] | None = None,
    asked: dict[str, Any] | None = None,
) -> Written:
    """Write the changes and keep the way back. Raises SophiaError; then no file is changed.

    A run with a `trial` stays unfinished until `keep` or `rollback` ends it. Raises Interrupted,
    which says how far it got, when Ctrl-C is pressed.
    """
    changes = list(changes)
    if not dry_run:
        _refuse_waiting(root)
    if dry_run or not changes:
        return Written(None, (), {})
    with _alone(root):
        _refuse_unfinished(root)  # once more, now that nobody else writes
        there = {c.path: "written by another run meanwhile" for c in changes if _is_there(root, c)}
        changes = [change for change in changes if change.path not in there]
        if not changes:
            return Written(None, (), there)
        try:
            run = journal.start(root, changes, sites, trial, asked)
        except OSError as error:
            raise SophiaError(
                f"the journal cannot be written: {error.strerror}",
                f"free some space, then:  {_again(asked)}",
            ) from error
        written = _finish(root, run, FORTH)
        return replace(written, skipped={**there, **written.skipped})


def _is_there(root: Path, change: Change) -> bool:
    """Whether a file is already what it is to become."""
    try:
        return (root / change.path).read_bytes() == change.after and not change.removed
    except (FileNotFoundError, NotADirectoryError):
        return change.removed
    except OSError:
        return False


def resume(root: Path) -> Written:
    """Finish the run, or the rollback, that was cut short. Raises SophiaError.

    One that was cut short while it was checked is given back as it is: all of it is written.
    """
    with _alone(root):
        run = journal.unfinished(root)
        if run is None:
            raise SophiaError("no run was cut short", "sophia migrate status")
        if run.state is State.CHECKING:
            return Written(run, tuple(entry.path for entry in run.written), {})
        return _finish(root, run, way_of(run.state))


def keep(root: Path, name: str, trial: dict[str, Any]) -> Run:
    """End a run that was checked, with its files as they are now.

    Raises SophiaError where it is not waiting for that any more.
    """
    with _alone(root):
        run = journal.find(root, name)
        if run.state is not State.CHECKING:
            raise SophiaError(f"run {run.name} is {run.state} meanwhile", "sophia migrate status")
        run = _adopt(root, run)
        return journal.mark(root, run, State.DONE, trial={**trial, "kept": True})


def rollback(root: Path, name: str = "", *, force: bool = False) -> Written:
    """Put every file of a run back, byte for byte; the newest run where none is named.

    With `force` also files that were changed since: what they are now is kept with the run.
    Raises SophiaError, and changes nothing, when a file is neither as the run left it nor as it
    was, when its old bytes are no longer kept, or when later runs need what it wrote.
    """
    with _alone(root):
        run = journal.find(root, name) if name else _newest(root)
        if run.state is State.UNDONE:
            raise SophiaError(f"run {run.name} is undone already", "sophia migrate status")
        if run.state is not State.UNDOING:
            refuse_held(root, run)
            run = _adopt(root, run, copies=True) if force else run
            _refuse_stuck(root, run)
        for entry in run.written:
            if state_of(root, entry) == BACK.start:
                journal.blob(root, run, entry.before)
        return _finish(root, journal.mark(root, run, State.UNDOING), BACK)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Hold the tree's lock; Ctrl-C leaves nothing staged and says how far it got."""
    with locked(journal.prepare(root)):
        try:
            yield
        except KeyboardInterrupt:
            raise _cut_short(root) from None


def _cut_short(root: Path) -> Interrupted:
    found = journal.cut_short(root)
    if found is None:
        return Interrupted("interrupted: no run is half done", "sophia migrate status")
    _clean(root, found.run)
    if _abandon(root, found.run, way_of(found.run.state)):
        return Interrupted("interrupted: nothing was changed", "sophia migrate")
    return Interrupted(f"interrupted: {found.words}", found.ways_on)


def _newest(root: Path) -> Run:
    kept = [run for run in journal.runs(root) if run.state is not State.UNDONE]
    if not kept:
        raise SophiaError("there is no run to undo", "sophia migrate")
    return kept[-1]


def _refuse_waiting(root: Path) -> None:
    """One that another process is about to finish is not cut short: that is said instead."""
    if journal.unfinished(root) is not None:
        with _alone(root):
            _refuse_unfinished(root)


def _refuse_unfinished(root: Path) -> None:
    found = journal.cut_short(root)
    if found is not None:
        raise SophiaError(found.words, found.ways_on)


def _refuse_stuck(root: Path, run: Run) -> None:
    blocked = stuck(root, run, BACK)
    if not blocked:
        return
    count = counted(len(blocked), "file")
    lines = [f"{path}: {reason}" for path, reason in blocked.items()]
    lines.append("put them back as the run left them, then roll back again")
    if changed(root, run):
        lines.append("or, with a copy of what they are now kept beside the journal:")
        lines.append(f"sophia migrate rollback {run.name} --force")
    raise SophiaError(
        f"run {run.name} cannot be undone: {count} not as the run left it; nothing was changed",
        "\n".join(lines),
    )


def _adopt(root: Path, run: Run, *, copies: bool = False) -> Run:
    try:
        return adopt(root, run, copies=copies)
    except OSError as error:
        raise SophiaError(
            f"nothing was changed: what the files are now cannot be kept: {error.strerror}",
            f"free some space, then:  sophia migrate rollback {run.name}",
        ) from error


def _finish(root: Path, run: Run, way: Way) -> Written:
    """Bring every file of a run to where it should be, in two steps: stage all, rename all."""
    reasons, staged = _stage_all(root, run, way)
    renamed: list[Move] = []
    for whole in staged:
        if whole[0].entry.path in left(run.written, reasons) and whole[0].goal == way.end:
            continue  # what only follows, when all else turned out to stay
        reasons |= _rename_whole(root, run, whole)
        renamed += whole
    _clean(root, run)
    for folder in sorted({(root / move.entry.path).parent for move in renamed}):
        with suppress(FileNotFoundError, NotADirectoryError):
            sync_folder(folder)
    return _close(root, run, way, left(run.written, reasons))


def _close(root: Path, run: Run, way: Way, skipped: dict[str, str]) -> Written:
    """Note in the journal what came of a run; one that wrote nothing is forgotten."""
    files = tuple(entry.path for entry in run.written if entry.path not in skipped)
    if way is FORTH and _abandon(root, run, way):
        return Written(None, (), skipped)
    at_end = {entry.path for entry in run.written if state_of(root, entry) == way.end}
    stayed = {path: reason for path, reason in skipped.items() if path not in at_end}
    try:
        if way is FORTH:
            done = journal.mark(root, run, run.rest, stayed)
        else:
            done = journal.mark(root, run, State.UNDONE)
    except OSError as error:
        raise SophiaError(
            f"the files are in place, but the journal does not say so yet: {error.strerror}",
            "free some space, then:  sophia migrate resume",
        ) from error
    return Written(done, files, skipped)


def _abandon(root: Path, run: Run, way: Way) -> bool:
    """Take a run's beginning back where no file was moved yet; whether that is so."""
    if any(state_of(root, entry) == way.end for entry in run.written):
        return False
    if way is FORTH:
        journal.drop(root, run)
    else:
        with suppress(OSError):  # a full disk: then it stays unfinished, and can be resumed
            journal.mark(root, run, run.rest)
    return True


def _stage_all(root: Path, run: Run, way: Way) -> tuple[dict[str, str], list[list[Move]]]:
    """Stage what is to be moved; gives the files that cannot be, with the reason, and the others.

    Raises SophiaError on a full disk, with nothing changed.
    """
    reasons = stuck(root, run, way)
    while True:
        _clean(root, run)
        staging = moves(root, run, way, reasons)
        try:
            for move in chain.from_iterable(staging):
                _stage(root, run, move)
        except SophiaError:  # bytes that are no longer kept
            _clean(root, run)
            raise
        except OSError as error:
            if error.errno in _FULL:
                raise _full(root, run, way, f"{error.strerror}: {move.entry.path}") from error
            reasons[move.entry.path] = f"cannot be written: {error.strerror}"
        else:
            return reasons, staging


def _full(root: Path, run: Run, way: Way, words: str) -> SophiaError:
    _clean(root, run)
    command = f"sophia migrate rollback {run.name}" if way is BACK else _again(run.asked)
    if not _abandon(root, run, way):
        command = "sophia migrate resume"
    return SophiaError(f"nothing was changed: {words}", f"free some space, then:  {command}")


def _again(asked: Mapping[str, Any] | None) -> str:
    """The command that began a run, as the one that was typed can be repeated."""
    return str((asked or {}).get("again", "sophia migrate --apply"))


def _rename_whole(root: Path, run: Run, whole: list[Move]) -> dict[str, str]:
    """Rename the files of a group; when one cannot be, those before it are put back."""
    for place, move in enumerate(whole):
        reason = _rename(root, run, move)
        if reason:
            back = [_put_back(root, run, other) for other in whole[:place]]
            return {move.entry.path: reason, **{p: r for p, r in back if r}}
    return {}


def _put_back(root: Path, run: Run, move: Move) -> tuple[str, str]:
    """Undo one rename; the file and why that could not be done ("" where it was)."""
    other = Move(move.entry, FORTH.start if move.goal == FORTH.end else FORTH.end)
    try:
        _stage(root, run, other)
        reason = _rename(root, run, other)
    except OSError as error:
        reason = str(error.strerror)
    return move.entry.path, f"could not be put back: {reason}" if reason else ""


def _temporary(root: Path, run: Run, entry: Entry) -> Path:
    target = root / entry.path
    return target.with_name(f".{target.name}.sophia-{run.name}")


def _stage(root: Path, run: Run, move: Move) -> None:
    """Put the new bytes beside the file, with its mode and owner, and on the disk."""
    if not move.digest:  # it goes: there is nothing to stage
        return
    data = journal.blob(root, run, move.digest)
    target = root / move.entry.path
    kept = target.stat() if target.exists() else None
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(root, run, move.entry)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fchmod(file.fileno(), stat.S_IMODE(kept.st_mode) if kept else move.entry.mode)
        if kept:
            _keep_owner(file.fileno(), kept)
        os.fsync(file.fileno())


def _keep_owner(handle: int, kept: os.stat_result) -> None:
    now = os.fstat(handle)
    if (now.st_uid, now.st_gid) != (kept.st_uid, kept.st_gid):
        try:
            os.fchown(handle, kept.st_uid, kept.st_gid)
        except PermissionError:  # only root gives files away; the group may still be ours to set
            return


def _rename(root: Path, run: Run, move: Move) -> str:
    """Put the staged file in its target's place, unless that changed meanwhile; then say so."""
    temporary = _temporary(root, run, move.entry)
    if state_of(root, move.entry) in (None, move.goal):
        return "changed while the run was writing"
    try:
        if move.digest:
            temporary.replace(root / move.entry.path)
        else:
            (root / move.entry.path).unlink()
    except OSError as error:
        return f"cannot be written: {error.strerror}"
    return ""


def _clean(root: Path, run: Run) -> None:
    """Remove what is staged: a run that is resumed stages anew."""
    for entry in run.entries:
        if link_on(root, entry.path) is None:
            with suppress(OSError):
                _temporary(root, run, entry).unlink(missing_ok=True)
