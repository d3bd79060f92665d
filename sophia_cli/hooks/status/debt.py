"""How much the baseline lets stay, by tool and folder, and what it let stay before."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sophia_cli.errors import SophiaError
from sophia_cli.hooks import clone as clones
from sophia_cli.hooks.baseline import NAME, allowed_in, read_baseline
from sophia_cli.hooks.compare import Allowed
from sophia_cli.process import run


@dataclass(frozen=True)
class Row:
    """One tool or folder: findings that may stay `now`, and that might when the history begins."""

    name: str
    now: int
    then: int


@dataclass(frozen=True)
class Point:
    """The total on the day of a commit."""

    day: str
    total: int


@dataclass(frozen=True)
class Debt:
    """What may stay. `since` is the day of the oldest commit of the baseline, empty before there is one.

    `trend` has the total of each of its commits, oldest first.
    """

    path: str
    now: int
    then: int
    since: str
    tools: tuple[Row, ...]
    folders: tuple[Row, ...]
    trend: tuple[Point, ...]


def debt(root: Path) -> Debt | None:
    """The debt of a clone; None where it has no baseline. Raises SophiaError for one that cannot be read."""
    top = clones.look(root).root
    baseline = read_baseline(top / NAME)
    if baseline.path is None:
        return None
    history = _history(top)
    first = history[0][1] if history else {}
    return Debt(
        NAME,
        baseline.total,
        sum(first.values()),
        history[0][0] if history else "",
        _rows(baseline.allowed, first, lambda tool, path: tool),
        _rows(baseline.allowed, first, lambda tool, path: _folder(path)),
        tuple(Point(day, sum(allowed.values())) for day, allowed in history),
    )


def _rows(now: Allowed, then: Allowed, name: Callable[[str, str], str]) -> tuple[Row, ...]:
    """The totals by some name, most first."""
    counts: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for count, allowed in zip(counts, (now, then), strict=True):
        for (tool, _, path, _), number in allowed.items():
            count[name(tool, path)] += number
    names = sorted({*counts[0], *counts[1]}, key=lambda one: (-counts[0][one], one))
    return tuple(Row(one, counts[0][one], counts[1][one]) for one in names)


def _folder(path: str) -> str:
    """The two folders at the top of a path."""
    return "/".join(path.split("/")[:-1][:2]) or "."


def _history(top: Path) -> list[tuple[str, Allowed]]:
    """What each commit of the baseline allowed, oldest first; one that cannot be read is left out."""
    log = run(["git", "log", "--reverse", "--format=%H %ct", "--", NAME], cwd=top)
    found = []
    for line in log.stdout.splitlines() if not log.code else ():
        commit, _, moment = line.partition(" ")
        said = run(["git", "show", f"{commit}:{NAME}"], cwd=top)
        with suppress(ValueError, SophiaError):
            day = f"{datetime.fromtimestamp(int(moment), UTC):%Y-%m-%d}"
            found.append((day, allowed_in(json.loads(said.stdout))))
    return found
