"""`sophia hooks status`: a doctor for the hooks of this clone, and how much is left to mend in the code."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from sophia_cli.commands.checks import show_checks
from sophia_cli.commands.options import Json, Root
from sophia_cli.output import Output
from sophia_cli.surroundings import here

if TYPE_CHECKING:
    from sophia_cli.hooks.status.debt import Debt

_FOLDERS = 8


def status(root: Root = None, as_json: Json = False) -> None:
    """Look at the hooks of this clone and at what they let stay; exits 1 when something must be mended.

    Example:  sophia hooks status
    """
    from sophia_cli.hooks.status.debt import debt
    from sophia_cli.hooks.status.examine import examine

    output = Output(as_json=as_json)
    folder = here(root)
    checks = list(examine(folder, os.environ))
    owed = debt(folder)
    data = {"checks": [asdict(one) for one in checks], "debt": asdict(owed) if owed else None}
    output.envelope("hooks status", data)
    show_checks(output, checks, mends=True)
    if owed:
        _show_debt(output, owed)
    bad = sum(one.state == "fail" for one in checks)
    output.line()
    output.line(f"{bad} of {len(checks)} checks failed." if bad else "Nothing must be mended.")
    if bad:
        raise typer.Exit(1)


def _show_debt(output: Output, owed: Debt) -> None:
    """What the baseline allows, and what it allowed when it was first committed."""
    output.line()
    output.text(f"{_findings(owed.now)} may stay{_since(owed)}.")
    header = ("", "now", f"on {owed.since}" if owed.since else "", "")
    for title, rows in (("tool", owed.tools), ("folder", owed.folders)):
        shown = [
            (
                one.name,
                one.now,
                one.then if owed.since else "",
                _change(one.now, one.then) if owed.since else "",
            )
            for one in rows[:_FOLDERS]
        ]
        output.line()
        output.table((title, *header[1:]), shown)
        if len(rows) > _FOLDERS:
            output.line(f"  ... {len(rows) - _FOLDERS} more folders: --json has them all")


def _since(owed: Debt) -> str:
    if not owed.since:
        return f", as {owed.path} says"
    if owed.now == owed.then:
        return f", as on {owed.since}"
    word = "fewer" if owed.now < owed.then else "more"
    return f", {abs(owed.now - owed.then):,} {word} than on {owed.since}"


def _change(now: int, then: int) -> str:
    return f"{now - then:+,}" if now != then else "="


def _findings(count: int) -> str:
    return f"{count:,} old finding{'' if count == 1 else 's'}"
