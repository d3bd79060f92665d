"""`sophia migrate report`: how far the migration is, on the screen or as a file for others."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sophia_cli.commands.migrate.asked import Asked, Exclude, Include, Packs, looking
from sophia_cli.commands.migrate.ways import show_ways
from sophia_cli.commands.options import Json, NoColor, Quiet, Root
from sophia_cli.counted import counted
from sophia_cli.errors import SophiaError, UsageError
from sophia_cli.files import put
from sophia_cli.migrate.pipeline import survey
from sophia_cli.migrate.survey import Survey, Tally, percent
from sophia_cli.output import Output

_LONGEST = 22  # characters of a name, so that the figures beside it fit


class Format(StrEnum):
    """What a report is written as."""

    MARKDOWN = "markdown"
    JSON = "json"
    SARIF = "sarif"
    HTML = "html"


def report(
    form: Annotated[
        Format | None, typer.Option("--format", help="A document instead of the screen.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--output", help="Where it goes (default: stdout).")
    ] = None,
    include: Include = None,
    exclude: Exclude = None,
    pack: Packs = None,
    root: Root = None,
    as_json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Say how far the migration is, by owner and by part, and show every site.

    Example: sophia migrate report --format html --output report.html
    """
    from sophia_cli.migrate.reports import FORMATS

    if file is not None and form is None:
        raise UsageError("--output needs a --format", f"one of: {', '.join(Format)}")
    if form is not None and as_json and file is None:
        raise UsageError("--json and --format both ask for stdout", "add --output FILE")
    output = Output(as_json=as_json, quiet=quiet, color=not no_color)
    asked = Asked(root, include=include, exclude=exclude, pack=pack)
    options = asked.options()
    if file is not None:
        _refuse_others(file)
    with looking(output) as advance:
        found = survey(options, advance)
    if form is None:
        _show(output, found, asked)
        output.envelope("migrate report", found.data())
        return
    text = FORMATS[form](found).encode("utf-8", "replace")
    if file is None:
        sys.stdout.buffer.write(text)
        return
    _write(file, text)
    output.line(f"{file}: {form} report of {len(found.sites):,} sites, {len(text):,} bytes.")
    output.envelope("migrate report", {"file": str(file), "format": str(form), "bytes": len(text)})


def _refuse_others(file: Path) -> None:
    """A slip of the pen must not cost a source file: only a report is written over."""
    from sophia_cli.migrate.reports import MARK

    if not file.exists():
        return
    try:
        with file.open("rb") as there:
            head = there.read(4096)
    except OSError as error:
        raise SophiaError(f"{file} cannot be read: {error.strerror}", "name another") from None
    if head and MARK.encode() not in head:
        raise SophiaError(
            f"{file} is there, and no report of sophia's", "name another, or remove it"
        )


def _write(file: Path, text: bytes) -> None:
    try:
        put(file, text)
    except OSError as error:
        raise SophiaError(
            f"{file} cannot be written: {error.strerror}", "name another with --output"
        ) from error


def _show(output: Output, found: Survey, asked: Asked) -> None:
    total = found.total
    if not total.sites:
        output.line("No LLM call was found in source files.")
    else:
        sites, files = _of(total.done, total.sites, "sites"), _of(
            total.files_done, total.files, "files"
        )
        output.line(f"{sites} and {files} are on the service.")
    if found.aside:
        output.line(
            f"Not counted: {counted(len(found.aside), 'site')} in tests, archives and pages."
        )
    if found.unseen:
        output.line(f"Not looked at: {counted(len(found.unseen), 'file')}.")
    for name, tallies in (("owner", found.by_owner), ("part", found.by_part)):
        if tallies:
            output.line()
            output.table(
                (name, "sites", "done", "%", "files", "done", "%", "safe", "review", "by hand"),
                [_row(one) for one in tallies],
            )
    if not found.counted:
        return
    output.line()
    page = asked.command("report", "--format", "html")
    show_ways(output, "Next:", asked.command(), page)


def _row(one: Tally) -> tuple[object, ...]:
    name = one.name if len(one.name) <= _LONGEST else f"{one.name[: _LONGEST - 3]}..."
    files = (one.files, one.files_done, percent(one.files_done, one.files))
    left = (one.safe, one.review, one.by_hand)
    return (name, one.sites, one.done, percent(one.done, one.sites), *files, *left)


def _of(part: int, whole: int, noun: str) -> str:
    return f"{part:,} of {whole:,} {noun} ({percent(part, whole)} %)"
