"""`sophia usage`: the report of the last days."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sophia_cli.commands.options import Json, NoColor, Quiet, Root
from sophia_cli.output import Output
from sophia_cli.surroundings import here
from sophia_cli.usage.groups import By

if TYPE_CHECKING:
    from sophia_cli.usage.report import Report

SINCE = "30d"
Since = Annotated[
    str, typer.Option("--since", metavar="7d|DATE", help="Days until today, or the first day.")
]
Csv = Annotated[Path | None, typer.Option("--csv", help="Write the table to this file.")]
Html = Annotated[Path | None, typer.Option("--html", help="Write all of it as one offline page.")]
NOTHING = "No call was made yet: there is no ledger at {place}."
FIRST = 'Next:  sophia llm ask "hello"'


def run(
    context: typer.Context,
    since: Since = SINCE,
    by: Annotated[By, typer.Option("--by", help="What the table's rows are.")] = By.MODEL,
    csv: Csv = None,
    html: Html = None,
    root: Root = None,
    as_json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """What was called, what it cost, what to change.

    Example:  sophia usage --since 7d --by task
    """
    if context.invoked_subcommand is not None:
        return
    from sophia_cli.commands.usage.screens import show_report
    from sophia_cli.llm.config import load_config
    from sophia_cli.usage.books import books
    from sophia_cli.usage.report import report
    from sophia_cli.usage.span import read_span

    output = Output(as_json=as_json, quiet=quiet, color=not no_color)
    span = read_span(since, time.time())
    config = load_config(os.environ, here(root))
    with books(config) as ledger:
        found = report(ledger, config, span, by) if ledger else None
    if found is None:
        output.envelope("usage", None)
        output.text(NOTHING.format(place=config.ledger))
        output.line(FIRST)
        return
    files = _write(found, csv, html)
    output.envelope("usage", {**found.data(), **({"files": files} if files else {})})
    if not files:
        show_report(output, found)
    for file in files:
        output.line(f"{file['file']}: {file['what']}, {file['bytes']:,} bytes.")


def _write(found: Report, csv: Path | None, html: Path | None) -> list[dict[str, Any]]:
    from sophia_cli.usage import page, table
    from sophia_cli.usage.exports import write_over

    files: list[dict[str, Any]] = []
    for path, mark, make, what in (
        (csv, table.MARK, table.make_csv, "the table"),
        (html, page.MARK, page.make_html, "the report"),
    ):
        if path is not None:
            count = write_over(path, make(found), mark)
            files.append({"file": str(path), "what": what, "bytes": count})
    return files
