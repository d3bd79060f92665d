"""What later runs rely on: a run is undone after those that need what it wrote, or took what it used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sophia_cli.errors import SophiaError
from sophia_cli.migrate import journal
from sophia_cli.migrate.dependency import owners_of
from sophia_cli.migrate.journal import Entry, Run, State, state_of
from sophia_cli.migrate.shims.mark import is_shim

_CODE = (".py", ".ipynb")
_TARGET = b"sophia_cli"


@dataclass(frozen=True)
class Hold:
    """A file that cannot go back before a later run is undone, and why."""

    path: str
    run: Run
    words: str


def refuse_held(root: Path, run: Run) -> None:
    """Raises SophiaError, with the runs to undo first, where later ones stand on this one."""
    found = list(_holds(root, run))
    if not found:
        return
    first = _first(root, run)
    names = " ".join(other.name for other in first)
    lines = [f"{hold.path}: {hold.words}" for hold in found]
    raise SophiaError(
        f"run {run.name} cannot be undone before {_listed(first)}; nothing was changed",
        "\n".join([*lines, f"sophia migrate rollback {names} {run.name}"]),
    )


def _first(root: Path, run: Run) -> list[Run]:
    """All that have to be undone before a run, the newest first."""
    found: dict[str, Run] = {}
    waiting = [run]
    while waiting:
        for hold in _holds(root, waiting.pop()):
            if hold.run.name not in found:
                found[hold.run.name] = hold.run
                waiting.append(hold.run)
    return sorted(found.values(), key=lambda other: -other.number)


def _listed(runs: list[Run]) -> str:
    names = [run.name for run in runs]
    return f"run {names[0]}" if len(names) == 1 else f"runs {', '.join(names)}"


def _holds(root: Path, run: Run) -> Iterator[Hold]:
    later = [
        other
        for other in journal.runs(root)
        if other.number > run.number and other.state is not State.UNDONE
    ]
    yield from _written_over(root, run, later)
    for other in later:
        yield from _required(root, run, other)
        yield from _taken(root, run, other)


def _written_over(root: Path, run: Run, later: list[Run]) -> Iterator[Hold]:
    """Files that are as a later run left them."""
    for entry in run.written:
        others = [
            (other, found) for other in later for found in other.written if found.path == entry.path
        ]
        if others and not state_of(root, entry) and state_of(root, others[-1][1]) == "after":
            for other, found in others:
                verb = "removed" if found.removed else "wrote"
                yield Hold(entry.path, other, f"run {other.name} {verb} it after this one")


def _required(root: Path, run: Run, other: Run) -> Iterator[Hold]:
    """The requirement, where files of the later run import what it brings."""
    for entry in run.written:
        if not entry.follows or state_of(root, entry) != "after":
            continue
        user = next(
            (path for path in _importing(root, other) if entry.path in owners_of(root, path)), ""
        )
        if user:
            words = f"{user}, which run {other.name} wrote, needs the requirement in it"
            yield Hold(entry.path, other, words)


def _importing(root: Path, run: Run) -> Iterator[str]:
    for entry in run.written:
        if entry.path.endswith(_CODE) and _TARGET in _now(root, entry):
            yield entry.path


def _now(root: Path, entry: Entry) -> bytes:
    try:
        return (root / entry.path).read_bytes()
    except OSError:
        return b""


def _taken(root: Path, run: Run, other: Run) -> Iterator[Hold]:
    """Files whose old code names a module that the later run took away, or left a shim of."""
    for gone in other.written:
        shim = not gone.removed and is_shim(_now(root, gone))
        if not (gone.removed or shim) or state_of(root, gone) != "after":
            continue
        verb = "made a shim" if shim else "removed"
        stem = re.compile(rf"(?<!\w){re.escape(PurePosixPath(gone.path).stem)}(?!\w)".encode())
        for entry in run.written:
            if entry.path == gone.path or not entry.path.endswith(_CODE):
                continue
            if stem.search(journal.blob(root, run, entry.before)):
                words = f"it names {gone.path}, which run {other.name} {verb}"
                yield Hold(entry.path, other, words)
