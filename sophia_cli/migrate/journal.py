"""What runs did to a tree: `.sophia/migrate/RUN/manifest.json` and the bytes before and after."""

from __future__ import annotations

import json
import re
import shutil
import stat
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any

from sophia_cli.errors import SophiaError
from sophia_cli.files import put, sync_folder
from sophia_cli.migrate.change import Change
from sophia_cli.migrate.index import digest
from sophia_cli.migrate.links import link_on

FOLDER = ".sophia"
_VERSION = 2
_READ = (1, _VERSION)
ABSENT = ""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_FOREIGN = frozenset({"..", ".git", FOLDER})


class State(StrEnum):
    """How far a run is. `writing`, `checking` and `undoing` are unfinished."""

    WRITING = "writing"
    CHECKING = "checking"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


@dataclass(frozen=True)
class Entry:
    """One file of a run: the digests of its bytes before and after; `skipped` says why it was left.

    Files that share one of `groups` are written together or not at all; one that `follows` is
    written only where another is. An `after` of "" is a file that goes; `mode` brings it back.
    """

    path: str
    before: str
    after: str
    skipped: str = ""
    groups: tuple[str, ...] = ()
    follows: bool = False
    mode: int = 0o644

    @property
    def removed(self) -> bool:
        return self.after == ABSENT


@dataclass(frozen=True)
class Run:
    """One run as the journal has it.

    `trial` is the project's command, and what it said so far; `asked` is what the run was told to
    look at, as it was typed.
    """

    name: str
    number: int
    state: State
    entries: tuple[Entry, ...]
    sites: tuple[dict[str, Any], ...] = ()
    trial: dict[str, Any] | None = None
    asked: dict[str, Any] | None = None

    @property
    def unfinished(self) -> bool:
        return self.state in (State.WRITING, State.CHECKING, State.UNDOING)

    @property
    def rest(self) -> State:
        """The state in which it is once all of it is written."""
        waiting = self.trial is not None and not self.trial.get("kept")
        return State.CHECKING if waiting else State.DONE

    @property
    def written(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if not entry.skipped)


def home(root: Path) -> Path:
    """The folder of the journal."""
    return root / FOLDER / "migrate"


def prepare(root: Path) -> Path:
    """Make the journal's folder; git ignores it. Raises SophiaError where it cannot be written."""
    folder = home(root)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ignore = root / FOLDER / ".gitignore"
        if not ignore.exists():
            put(ignore, b"*\n")
    except OSError as error:
        raise SophiaError(
            f"{folder} cannot be written: {error.strerror}", "free or unlock it"
        ) from error
    return folder


def runs(root: Path) -> list[Run]:
    """All runs, oldest first. Raises SophiaError for a journal that cannot be read."""
    found = [_load(path) for path in sorted(home(root).glob("*/manifest.json"))]
    return sorted(found, key=lambda run: run.number)


def left_by_runs(root: Path) -> dict[str, str]:
    """The digest of each file as the last run that wrote it left it: such a file is not dirty."""
    done = [run for run in runs(root) if run.state is State.DONE]
    return {entry.path: entry.after for run in done for entry in run.written}


def unfinished(root: Path) -> Run | None:
    """The run that was cut short, if there is one."""
    return next((run for run in runs(root) if run.unfinished), None)


def find(root: Path, name: str) -> Run:
    """One run by its name or the beginning of it. Raises SophiaError."""
    found = [run for run in runs(root) if run.name.startswith(name)]
    if len(found) != 1:
        words = "no run" if not found else "more than one run"
        raise SophiaError(f"{words} is called {name}", "sophia migrate status")
    return found[0]


def newest_first(root: Path, names: Iterable[str]) -> list[str]:
    """Runs in the order in which they are undone, each once. Raises SophiaError."""
    found = {run.name: run for run in (find(root, name) for name in names)}
    return sorted(found, key=lambda name: -found[name].number)


def _load(path: Path) -> Run:
    try:
        data = json.loads(path.read_bytes())
        if data["version"] not in _READ:
            raise _foreign(path, data["version"])
        entries = tuple(_entry(**entry) for entry in data["entries"])
        return Run(
            name=path.parent.name,
            number=data["number"],
            state=State(data["state"]),
            entries=entries,
            sites=tuple(data["sites"]),
            trial=data.get("trial"),
            asked=data.get("asked"),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SophiaError(
            f"{path} cannot be read: {error}", "restore it from a backup, or remove its folder"
        ) from error


def _foreign(path: Path, version: object) -> SophiaError:
    words = f"{path} has version {version} of the journal, this sophia reads up to {_VERSION}"
    return SophiaError(words, "use the sophia that wrote it, or a newer one")


def _entry(path: str, before: str, after: str, **more: Any) -> Entry:
    """One file of a manifest. Raises ValueError for one that no run of ours has written."""
    parts = PurePosixPath(path)
    known = parts.as_posix() == path and not parts.is_absolute() and "\0" not in path
    if not known or not parts.name or not _FOREIGN.isdisjoint(parts.parts):
        raise ValueError(f"it names {path!r}, which is no file of this tree")
    for name in (before, after) if after != ABSENT else (before,):
        if not _DIGEST.fullmatch(name):
            raise ValueError(f"{name!r} is no digest")
    return Entry(path, before, after, **{**more, "groups": tuple(more.get("groups", ()))})


def state_of(root: Path, entry: Entry) -> str | None:
    """`before` or `after`, as the file is now; None for anything else, also behind a link."""
    if link_on(root, entry.path) is not None:
        return None
    try:
        now = digest((root / entry.path).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        now = ABSENT
    except OSError:
        return None
    return "before" if now == entry.before else "after" if now == entry.after else None


@dataclass(frozen=True)
class CutShort:
    """A run that did not come to its end, and how many of its files are where it brings them."""

    run: Run
    moved: int

    @property
    def words(self) -> str:
        if self.run.state is State.CHECKING:
            reason = (self.run.trial or {}).get("reason")
            worse = f"made things worse ({reason}) and was not put back" if reason else ""
            return f"run {self.run.name} is written, but {worse or 'was not checked to the end'}"
        verb = "put back" if self.run.state is State.UNDOING else "written"
        return f"run {self.run.name} was cut short, {self.moved} of {len(self.run.written)} files {verb}"

    @property
    def ways_on(self) -> str:
        """The commands that take it to an end."""
        return f"sophia migrate resume      or      sophia migrate rollback {self.run.name}"

    def data(self) -> dict[str, Any]:
        """The same for --json."""
        files = {"moved": self.moved, "files": len(self.run.written)}
        return {"run": self.run.name, "state": str(self.run.state), **files}


def cut_short(root: Path) -> CutShort | None:
    """The run that was cut short, if there is one, and how far it got. Raises SophiaError."""
    run = unfinished(root)
    if run is None:
        return None
    end = "before" if run.state is State.UNDOING else "after"
    return CutShort(run, sum(state_of(root, entry) == end for entry in run.written))


def start(
    root: Path,
    changes: Iterable[Change],
    sites: Iterable[dict[str, Any]],
    trial: dict[str, Any] | None = None,
    asked: dict[str, Any] | None = None,
) -> Run:
    """Keep the bytes before and after, then the list of them: only now may a file be touched."""
    changes = list(changes)
    entries = tuple(
        Entry(
            change.path,
            digest(change.before),
            ABSENT if change.removed else digest(change.after),
            groups=change.groups,
            follows=change.follows,
            mode=_mode(root / change.path),
        )
        for change in changes
    )
    earlier = runs(root)
    number = max((run.number for run in earlier), default=0) + 1
    name = _name(entries, number, {run.name for run in earlier})
    run = Run(name, number, State.WRITING, entries, tuple(sites), trial, asked)
    blobs = home(root) / name / "blobs"
    try:
        blobs.mkdir(parents=True, exist_ok=True)
        for change in changes:
            for data in (change.before,) if change.removed else (change.before, change.after):
                if not (blobs / digest(data)).exists():
                    put(blobs / digest(data), data)
        save(root, run)
    except (OSError, KeyboardInterrupt):
        drop(root, run)
        raise
    return run


def _mode(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:  # gone meanwhile: then it is not moved either
        return 0o644


def drop(root: Path, run: Run) -> None:
    """Forget a run that changed nothing; its list goes first, so that it is never half there."""
    folder = home(root) / run.name
    (folder / "manifest.json").unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _name(entries: tuple[Entry, ...], number: int, taken: set[str]) -> str:
    """A short name that depends on what the run does and on nothing else."""
    text = json.dumps([number, [asdict(entry) for entry in entries]])
    whole = digest(text.encode())
    return next(whole[:length] for length in range(4, 65) if whole[:length] not in taken)


def save(root: Path, run: Run) -> None:
    """Replace the manifest of a run."""
    data = {
        "version": _VERSION,
        "number": run.number,
        "state": run.state,
        "entries": [asdict(entry) for entry in run.entries],
        "sites": list(run.sites),
        "trial": run.trial,
        "asked": run.asked,
    }
    put(home(root) / run.name / "manifest.json", json.dumps(data, indent=1).encode())
    sync_folder(home(root))


def blob(root: Path, run: Run, name: str) -> bytes:
    """Kept bytes by their digest. Raises SophiaError when they are not what they were."""
    path = home(root) / run.name / "blobs" / name
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SophiaError(
            f"{path} cannot be read: {error.strerror}", "restore it from a backup"
        ) from error
    if digest(data) != name:
        raise SophiaError(f"{path} is damaged", "restore it from a backup")
    return data


def mark(
    root: Path,
    run: Run,
    state: State,
    skipped: dict[str, str] | None = None,
    trial: dict[str, Any] | None = None,
) -> Run:
    """Note how far a run is, which of its files were left, and what its trial said."""
    skipped = skipped or {}
    entries = tuple(replace(e, skipped=skipped.get(e.path, e.skipped)) for e in run.entries)
    changed = replace(run, state=state, entries=entries, trial=trial or run.trial)
    save(root, changed)
    return changed
