"""`sophia migrate resume`: a run that was cut short comes to its end."""

from __future__ import annotations

import typer

from sophia_cli.commands.migrate import screens
from sophia_cli.commands.migrate.asked import asked_of, folder_of
from sophia_cli.commands.migrate.rollout import check_again
from sophia_cli.commands.options import Json, NoColor, Root
from sophia_cli.migrate import journal, write
from sophia_cli.migrate.journal import State
from sophia_cli.output import Output


def resume(root: Root = None, as_json: Json = False, no_color: NoColor = False) -> None:
    """Finish a run that was cut short. Example: sophia migrate resume"""
    output = Output(as_json=as_json, color=not no_color)
    folder = folder_of(root)
    asked = asked_of(root, journal.unfinished(folder))
    written = write.resume(folder)
    if written.run is not None and written.run.state is State.CHECKING:
        check_again(output, folder, written.run, asked)
        return
    screens.show_written(output, written)
    screens.show_way_on(output, written, asked)
    output.envelope("migrate resume", screens.written_data(written))
    if written.skipped:
        raise typer.Exit(1)
