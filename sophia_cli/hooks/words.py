"""What people are told of a judgement, as rows and lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sophia_cli.counted import counted
from sophia_cli.hooks.finding import FORMAT, Finding
from sophia_cli.hooks.hold import Held

Row = tuple[str, str, str]


def rows(held: Held) -> Iterator[Row]:
    """A row for each new finding: where it is, its rule, and what the tool says."""
    for finding in held.compared.new:
        yield (f"{finding.place}:{finding.column}", rule(finding), finding.message)


def rule(finding: Finding) -> str:
    """The rule with its tool; Black has only one."""
    return finding.tool if finding.rule == FORMAT else f"{finding.tool} {finding.rule}"


def stays(held: Held) -> Iterator[str]:
    """How many older findings the files with new ones have."""
    touched = dict.fromkeys(finding.path for finding in held.compared.new)
    old = Counter(finding.path for finding in held.compared.stay)
    for path in touched:
        if old[path]:
            yield f"({_older(old[path])} in {path} {'stay' if old[path] > 1 else 'stays'})"


def summary(held: Held) -> str:
    """One line: how much is new, and how much is not."""
    new, old = held.compared.new, len(held.compared.stay)
    files = len({finding.path for finding in new})
    judged = f"{counted(len(held.files), 'file')} judged"
    found = f"{counted(len(new), 'new finding')} in {counted(files, 'file')}"
    if not new:
        found = "not by all tools" if held.errors else "nothing new"
    return f"{judged}: {found}" + (f"; {_older(old)} stay{'' if old > 1 else 's'}" if old else "")


def _older(count: int) -> str:
    return counted(count, "older finding")
