"""`sophia migrate rollback`: what a run wrote goes back."""

from __future__ import annotations

from typing import Annotated

import typer

from sophia_cli.commands.migrate import screens
from sophia_cli.commands.migrate.asked import folder_of
from sophia_cli.commands.options import Json, NoColor, Root
from sophia_cli.migrate import write
from sophia_cli.output import Output


def rollback(
    run: Annotated[str, typer.Argument(help="The run; the newest where none is named.")] = "",
    root: Root = None,
    as_json: Json = False,
    no_color: NoColor = False,
) -> None:
    """Put the files of a run back, byte for byte. Example: sophia migrate rollback 7c1e"""
    output = Output(as_json=as_json, color=not no_color)
    written = write.rollback(folder_of(root), run)
    screens.show_written(output, written, "migrate rollback")
    if written.skipped:
        raise typer.Exit(1)
