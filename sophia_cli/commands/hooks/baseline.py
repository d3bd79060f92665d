"""`sophia hooks baseline`: the findings that may stay, as a file to commit."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from sophia_cli.commands.hooks.run import File
from sophia_cli.commands.options import Json, NoColor, Quiet, Root
from sophia_cli.errors import SophiaError
from sophia_cli.hooks.baseline import counted, write_baseline
from sophia_cli.hooks.compare import Allowed
from sophia_cli.hooks.run import Ran, Wanted
from sophia_cli.hooks.run import run as judge
from sophia_cli.hooks.tools import TOOLS
from sophia_cli.output import Output


def baseline(
    accept_new: Annotated[
        bool, typer.Option("--accept-new", help="Also findings that are new since the last time.")
    ] = False,
    file: File = None,
    root: Root = None,
    as_json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Write down the findings that may stay: all of them the first time, only fewer afterwards.

    Example: sophia hooks baseline, then commit the file; sophia hooks run --all in CI
    """
    output = Output(as_json=as_json, quiet=quiet, color=not no_color)
    with output.progress("Judging files") as advance:
        ran = judge(Wanted((root or Path()).resolve(), whole=True, baseline=file), advance)
    if ran.held.errors:
        raise SophiaError(ran.held.errors[0].message, ran.held.errors[0].mend)
    first = ran.known.path is None
    allowed = counted(ran.held.found if first or accept_new else ran.held.compared.stay)
    if first or allowed != ran.known.allowed:
        write_baseline(ran.baseline, allowed)
    _show(output, ran, allowed)
    if ran.held.compared.new and not first and not accept_new:
        raise typer.Exit(1)


def _show(output: Output, ran: Ran, allowed: Allowed) -> None:
    new = len(ran.held.compared.new) if ran.known.path else 0
    total, before = sum(allowed.values()), ran.known.total
    tools: Counter[str] = Counter()
    for (tool, *_), count in allowed.items():
        tools[tool] += count
    data = {
        "baseline": str(ran.baseline),
        "allowed": total,
        "before": before if ran.known.path else None,
        "tools": {name: tools[name] for name in TOOLS},
        "new": new,
    }
    output.envelope("hooks baseline", data)
    words = f"{total:,} findings may stay"
    if ran.known.path:
        words += f", {before:,} could before" if total != before else ", as before"
    output.text(f"{words}: {_shown(ran.baseline)}")
    output.table(("", "findings"), [(name, tools[name]) for name in TOOLS if tools[name]])
    if new and total <= before:
        output.line()
        output.text(f"{new:,} are new and not among them:  sophia hooks run --all")
        output.text("To let them stay too:  sophia hooks baseline --accept-new")


def _shown(file: Path) -> str:
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)
