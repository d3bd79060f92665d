"""`sophia migrate`: find every LLM call, show what would change, change it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sophia_cli.commands import migrate_screens as screens
from sophia_cli.commands.options import App, Json, NoColor, Quiet, Root
from sophia_cli.errors import UsageError
from sophia_cli.migrate import journal
from sophia_cli.migrate.packfile import load_packs
from sophia_cli.migrate.pipeline import Options, migrate
from sophia_cli.migrate.plan import Choice
from sophia_cli.migrate.report import Report
from sophia_cli.migrate.write import Written, resume, rollback
from sophia_cli.output import Output
from sophia_cli.settings import load_settings

app = App(invoke_without_command=True)


class Class(StrEnum):
    """Which sites --apply rewrites."""

    SAFE = "safe"
    REVIEW = "review"


Include = Annotated[
    list[str] | None, typer.Option("--include", help="Edit these tests or archives too (glob).")
]
Exclude = Annotated[list[str] | None, typer.Option("--exclude", help="Never look at these (glob).")]
Packs = Annotated[
    list[Path] | None, typer.Option("--pack", help="How calls of your own service move (TOML).")
]


@app.callback()
def run(
    context: typer.Context,
    apply: Annotated[bool, typer.Option("--apply", help="Write what the dry run shows.")] = False,
    kind: Annotated[Class, typer.Option("--class", help="review: safe and review.")] = Class.SAFE,
    include: Include = None,
    exclude: Exclude = None,
    pack: Packs = None,
    allow_dirty: Annotated[
        bool, typer.Option("--allow-dirty", help="Also files with uncommitted changes.")
    ] = False,
    patch: Annotated[bool, typer.Option("--patch", help="Print the patch.")] = False,
    root: Root = None,
    as_json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Find every LLM call here and show what would change.

    Example: sophia migrate, then sophia migrate --apply
    """
    if context.invoked_subcommand is not None:
        return
    output = Output(as_json=as_json, quiet=quiet, color=not no_color)
    options = _options(_Asked(root, apply, kind, include, exclude, pack, allow_dirty))
    report = _migrate(options, output)
    if patch and not as_json:
        sys.stdout.buffer.write(report.patch)
        return
    screens.show_report(output, report)
    data = report.data() | ({"patch": report.patch.decode("utf-8", "replace")} if patch else {})
    output.envelope("migrate", data)
    if report.skipped:
        raise typer.Exit(1)


@app.command()
def show(
    what: Annotated[str, typer.Argument(help="safe, review, report-only, carried, done or run:ID")],
    include: Include = None,
    exclude: Exclude = None,
    pack: Packs = None,
    root: Root = None,
    as_json: Json = False,
    no_color: NoColor = False,
) -> None:
    """List the sites of one class, or what a run did. Example: sophia migrate show safe"""
    output = Output(as_json=as_json, color=not no_color)
    if what.startswith("run:"):
        kept = journal.find(_root(root), what.removeprefix("run:"))
        screens.show_run(output, kept)
        output.envelope("migrate show", screens.run_data(kept))
        return
    if what not in screens.CLASSES:
        raise UsageError(
            f"there is no class {what}", f"one of: {', '.join(screens.CLASSES)}, run:ID"
        )
    asked = _Asked(root, include=include, exclude=exclude, pack=pack)
    report = _migrate(_options(asked), output)
    sites = screens.select(report, what)
    screens.show_sites(output, what, sites)
    output.envelope("migrate show", screens.sites_data(sites))


@app.command(name="rollback")
def undo(
    run: Annotated[str, typer.Argument(help="The run; the newest where none is named.")] = "",
    root: Root = None,
    as_json: Json = False,
    no_color: NoColor = False,
) -> None:
    """Put the files of a run back, byte for byte. Example: sophia migrate rollback 7c1e"""
    output = Output(as_json=as_json, color=not no_color)
    _show_written(output, rollback(_root(root), run), "migrate rollback")


@app.command(name="resume")
def go_on(root: Root = None, as_json: Json = False, no_color: NoColor = False) -> None:
    """Finish a run that was cut short. Example: sophia migrate resume"""
    output = Output(as_json=as_json, color=not no_color)
    _show_written(output, resume(_root(root)), "migrate resume")


def _show_written(output: Output, written: Written, command: str) -> None:
    screens.show_written(output, written, command)
    if written.skipped:
        raise typer.Exit(1)


@app.command()
def status(root: Root = None, as_json: Json = False, no_color: NoColor = False) -> None:
    """List the runs that are kept here. Example: sophia migrate status"""
    output = Output(as_json=as_json, color=not no_color)
    runs = journal.runs(_root(root))
    screens.show_status(output, runs)
    output.envelope("migrate status", [screens.run_data(run) for run in runs])


@dataclass(frozen=True)
class _Asked:
    """What was typed."""

    root: Path | None
    apply: bool = False
    kind: Class = Class.SAFE
    include: list[str] | None = None
    exclude: list[str] | None = None
    pack: list[Path] | None = None
    allow_dirty: bool = False


def _options(asked: _Asked) -> Options:
    folder = _root(asked.root)
    settings = load_settings(folder)
    choice = Choice(
        review=asked.kind is Class.REVIEW,
        include=(*settings.include, *(asked.include or ())),
        exclude=(*settings.exclude, *(asked.exclude or ())),
    )
    packs = load_packs((*settings.packs, *(asked.pack or ())))
    return Options(folder, asked.apply, choice, packs, asked.allow_dirty)


def _root(root: Path | None) -> Path:
    folder = (root or Path.cwd()).absolute()
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", "name one with --root")
    return folder


def _migrate(options: Options, output: Output) -> Report:
    with output.progress("Looking at files") as advance:
        return migrate(options, advance)
