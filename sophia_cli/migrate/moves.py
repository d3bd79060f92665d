"""Which files of a run move, and which stay with the reason: a group moves whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sophia_cli.migrate.journal import Entry, Run, State, state_of
from sophia_cli.migrate.links import link_on, refused


@dataclass(frozen=True)
class Way:
    """The direction in which a run goes: the state its files come from, and the one they get."""

    start: str
    end: str


FORTH, BACK = Way("before", "after"), Way("after", "before")


def way_of(state: State) -> Way:
    return BACK if state is State.UNDOING else FORTH


@dataclass(frozen=True)
class Move:
    """One file and the state that it gets."""

    entry: Entry
    goal: str

    @property
    def digest(self) -> str:
        return self.entry.after if self.goal == FORTH.end else self.entry.before


def stuck(root: Path, run: Run, way: Way) -> dict[str, str]:
    """The files that cannot be moved as things are, each with the reason."""
    reasons = {entry.path: _reason(root, entry, way) for entry in run.written}
    return {path: reason for path, reason in reasons.items() if reason}


def _reason(root: Path, entry: Entry, way: Way) -> str:
    path, state, link = root / entry.path, state_of(root, entry), link_on(root, entry.path)
    if link is not None:
        return refused(root, link)
    if state is None:
        return "changed meanwhile" if path.exists() else "deleted meanwhile"
    if state == way.end:
        return ""
    if not path.exists():
        return _no_room(path.parent)
    if not path.stat().st_mode & stat.S_IWUSR or not os.access(path, os.W_OK):
        return "read-only"
    return "" if os.access(path.parent, os.W_OK) else "its folder is read-only"


def _no_room(folder: Path) -> str:
    """Why a file that was removed cannot come back to a folder."""
    above = next(parent for parent in (folder, *folder.parents) if parent.exists())
    return "" if above.is_dir() and os.access(above, os.W_OK) else "its folder is read-only"


def wholes(entries: Iterable[Entry]) -> list[list[Entry]]:
    """The files of each group, joined where groups share one; what only follows comes last."""
    grouped: list[tuple[set[str], list[Entry]]] = []
    single: list[list[Entry]] = []
    for entry in sorted(entries, key=lambda entry: entry.follows):
        names, members = set(entry.groups), [entry]
        if not names:
            single.append(members)
            continue
        apart = []
        for other in grouped:
            if names.isdisjoint(other[0]):
                apart.append(other)
            else:
                names, members = names | other[0], [*other[1], *members]
        grouped = [*apart, (names, members)]
    return [*(members for _, members in grouped), *single]


def left(entries: Iterable[Entry], reasons: Mapping[str, str]) -> dict[str, str]:
    """All files that are left alone: those with a reason, and what moves only together with them."""
    entries, found = list(entries), dict(reasons)
    for whole in wholes(entries):
        first = next((entry.path for entry in whole if entry.path in reasons), None)
        if first is not None:
            words = f"it moves only together with {first}"
            found = {entry.path: words for entry in whole} | found
    if all(entry.path in found for entry in entries if not entry.follows):
        words = "what needs it is left alone"
        found = {entry.path: words for entry in entries} | found
    return found


def moves(root: Path, run: Run, way: Way, reasons: Mapping[str, str]) -> list[list[Move]]:
    """What is to be done for each group; a file whose group stays after all goes back."""
    stays = left(run.written, reasons)
    found = []
    for whole in wholes(run.written):
        goal = way.start if whole[0].path in stays else way.end
        found.append(
            [
                Move(entry, goal)
                for entry in whole
                if entry.path not in reasons and state_of(root, entry) != goal
            ]
        )
    return [whole for whole in found if whole]
