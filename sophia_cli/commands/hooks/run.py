"""`sophia hooks run`: the gate on request, over more than what is staged."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sophia_cli.commands.options import Json, NoColor, Quiet, Root
from sophia_cli.errors import SophiaError, UsageError
from sophia_cli.files import put
from sophia_cli.hooks.run import Ran, Wanted, run_data
from sophia_cli.hooks.run import run as judge
from sophia_cli.hooks.tools import TOOLS
from sophia_cli.hooks.words import rows, stays, summary
from sophia_cli.output import Output

_MOST = 40  # rows on the screen


class ToolName(StrEnum):
    """The tools that a run can be narrowed to."""

    RUFF = "ruff"
    BLACK = "black"
    BANDIT = "bandit"
    ESLINT = "eslint"


Only = Annotated[
    list[ToolName] | None, typer.Option("--tool", help="Only this tool (again for more).")
]
File = Annotated[
    Path | None, typer.Option("--baseline", help="The old findings (default: at the top).")
]


def run(
    whole: Annotated[
        bool, typer.Option("--all", help="Every file, held against the baseline.")
    ] = False,
    changed: Annotated[
        bool, typer.Option("--changed", help="What the last commit has not (the default).")
    ] = False,
    since: Annotated[
        str, typer.Option("--since", help="What was changed since the branch left that commit.")
    ] = "",
    tool: Only = None,
    sarif: Annotated[
        Path | None, typer.Option("--sarif", help="All findings as SARIF, into that file.")
    ] = None,
    baseline: File = None,
    root: Root = None,
    as_json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Run Ruff, Black, Bandit and ESLint, and fail for findings that are new.

    Example: sophia hooks run --since origin/main
    """
    if sum((whole, changed, bool(since))) > 1:
        raise UsageError("--all, --changed and --since exclude each other", "take one of them")
    if baseline and not whole:
        raise UsageError("--baseline is for --all", "sophia hooks run --all --baseline FILE")
    output = Output(as_json=as_json, quiet=quiet, color=not no_color)
    tools = tuple(str(one) for one in tool or ())
    wanted = Wanted((root or Path()).resolve(), whole, since, tools, baseline)
    with output.progress("Judging files") as advance:
        ran = judge(wanted, advance)
    if sarif:
        _write_sarif(ran, sarif)
    output.envelope("hooks run", run_data(ran))
    _show(output, ran, wanted)
    if not ran.held.passed:
        raise typer.Exit(1)


def _write_sarif(ran: Ran, file: Path) -> None:
    from sophia_cli.hooks.sarif import make_sarif

    try:
        put(file, make_sarif(ran.held).encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise SophiaError(
            f"{file} cannot be written: {error.strerror}", "name another with --sarif"
        ) from error


def _show(output: Output, ran: Ran, wanted: Wanted) -> None:
    held = ran.held
    output.text(f"{summary(held)}.")
    if held.files and wanted.whole:
        _show_tools(output, ran, wanted)
    if held.compared.new:
        output.line()
        new = list(rows(held))
        output.places(new[:_MOST])
        if len(new) > _MOST:
            output.line(f"  ... {len(new) - _MOST:,} more are in:  sophia hooks run --json")
        elif not wanted.whole:
            for line in stays(held):
                output.text(line, indent=2)
    for error in held.errors:
        output.line()
        output.text(f"{error.message}:  {error.mend}")
    if wanted.whole and held.compared.new:
        output.line()
        _show_next(output, ran)


def _show_tools(output: Output, ran: Ran, wanted: Wanted) -> None:
    new = Counter(one.tool for one in ran.held.compared.new)
    old = Counter(one.tool for one in ran.held.compared.stay)
    names = [name for name in TOOLS if name in wanted.asked.options.tools]
    output.line()
    output.table(("", "new", "older"), [(name, new[name], old[name]) for name in names])


def _show_next(output: Output, ran: Ran) -> None:
    if ran.known.path is None:
        output.text("There is no baseline. To let these stay, and no more:  sophia hooks baseline")
    else:
        output.text("To let them stay:  sophia hooks baseline --accept-new")
