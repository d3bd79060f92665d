"""`sophia migrate rollback`: what runs wrote goes back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sophia_cli.commands.migrate import screens
from sophia_cli.commands.migrate.asked import asked_of, folder_of
from sophia_cli.commands.options import Json, NoColor, Root
from sophia_cli.migrate import journal, write
from sophia_cli.migrate.drift import COPIES
from sophia_cli.migrate.write import Written
from sophia_cli.output import Output


def rollback(
    run: Annotated[
        list[str] | None, typer.Argument(help="The runs; the newest where none is named.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also files changed since; a copy of them is kept.")
    ] = False,
    root: Root = None,
    as_json: Json = False,
    no_color: NoColor = False,
) -> None:
    """Put the files of runs back, byte for byte. Example: sophia migrate rollback 7c1e"""
    output = Output(as_json=as_json, color=not no_color)
    folder = folder_of(root)
    done, asked = [], asked_of(root, None)
    for name in journal.newest_first(folder, run) if run else [""]:
        done.append(write.rollback(folder, name, force=force))
        asked = asked_of(root, done[-1].run)
        screens.show_written(output, done[-1])
        _show_copies(output, folder, done[-1])
    screens.show_way_on(output, done[-1], asked)
    data = [screens.written_data(written) for written in done]
    output.envelope("migrate rollback", data if run and len(run) > 1 else data[0])
    if any(written.skipped for written in done):
        raise typer.Exit(1)


def _show_copies(output: Output, root: Path, written: Written) -> None:
    """Where that is which files were when they were put back by force."""
    if written.run is not None and (journal.home(root) / written.run.name / COPIES).is_dir():
        output.line(f"What was changed since is kept: .sophia/migrate/{written.run.name}/{COPIES}")
