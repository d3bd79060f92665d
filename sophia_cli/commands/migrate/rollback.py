"""`sophia migrate rollback`: what runs wrote goes back."""

from __future__ import annotations

from typing import Annotated

import typer

from sophia_cli.commands.migrate import screens
from sophia_cli.commands.migrate.asked import Asked, folder_of
from sophia_cli.commands.options import Json, NoColor, Root
from sophia_cli.migrate import journal, write
from sophia_cli.output import Output


def rollback(
    run: Annotated[
        list[str] | None, typer.Argument(help="The runs; the newest where none is named.")
    ] = None,
    root: Root = None,
    as_json: Json = False,
    no_color: NoColor = False,
) -> None:
    """Put the files of runs back, byte for byte. Example: sophia migrate rollback 7c1e"""
    output = Output(as_json=as_json, color=not no_color)
    folder = folder_of(root)
    done = []
    for name in journal.newest_first(folder, run) if run else [""]:
        done.append(write.rollback(folder, name))
        screens.show_written(output, done[-1])
    screens.show_way_on(output, done[-1], Asked(root))
    data = [screens.written_data(written) for written in done]
    output.envelope("migrate rollback", data if run and len(run) > 1 else data[0])
    if any(written.skipped for written in done):
        raise typer.Exit(1)
