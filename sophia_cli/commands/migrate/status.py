"""`sophia migrate status`: the runs that the journal keeps."""

from __future__ import annotations

from sophia_cli.commands.migrate import screens
from sophia_cli.commands.migrate.asked import Asked, folder_of
from sophia_cli.commands.options import Json, NoColor, Root
from sophia_cli.migrate import journal
from sophia_cli.output import Output


def status(root: Root = None, as_json: Json = False, no_color: NoColor = False) -> None:
    """List the runs that are kept here. Example: sophia migrate status"""
    output = Output(as_json=as_json, color=not no_color)
    runs = journal.runs(folder_of(root))
    screens.show_status(output, runs, Asked(root))
    output.envelope("migrate status", [screens.run_data(run) for run in runs])
