"""`sophia usage`: the report of the last days."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sophia_cli.commands.options import Json, NoColor, Quiet, Root
from sophia_cli.errors import UsageError
from sophia_cli.output import Output
from sophia_cli.surroundings import here
from sophia_cli.usage.groups import By

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sophia_cli.llm.ledger import Ledger
    from sophia_cli.usage.kinds import Tell
    from sophia_cli.usage.report import Report
    from sophia_cli.usage.span import Span

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

    if csv is not None and html is not None and csv.absolute() == html.absolute():
        raise UsageError(f"--csv and --html both name {csv}", "name two files")
    output = Output(as_json=as_json, quiet=quiet, color=not no_color)
    span = read_span(since, time.time())
    config = load_config(os.environ, here(root))
    found = None
    with books(config) as ledger:
        if ledger is not None:
            with reading(output, ledger, span, 1) as tell:
                found = report(ledger, config, span, by, tell)
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


@contextmanager
def reading(output: Output, ledger: Ledger, span: Span, times: int) -> Iterator[Tell]:
    """A bar while the calls of a span are read so many times; yields what to tell of each page."""
    from sophia_cli.llm.ledger.history import count_between

    count = count_between(ledger, str(span.first), str(span.last))
    with output.progress("Reading calls", times * count) as tell:
        yield tell


def _write(found: Report, csv: Path | None, html: Path | None) -> list[dict[str, Any]]:
    from sophia_cli.exports import write_over
    from sophia_cli.usage import page, table

    files: list[dict[str, Any]] = []
    for path, mark, make, what in (
        (csv, table.MARK, table.make_csv, "the table"),
        (html, page.MARK, page.make_html, "the report"),
    ):
        if path is not None:
            count = write_over(path, make(found), mark)
            files.append({"file": str(path), "what": what, "bytes": count})
    return files
