"""`sophia infra logs`: what the servers said."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from sophia_cli.commands.infra.asked import Name
from sophia_cli.commands.options import Json, Root
from sophia_cli.output import Output
from sophia_cli.surroundings import here


def logs(
    server: Annotated[str, typer.Argument(help="Only this one's.")] = "",
    tail: Annotated[int, typer.Option("--tail", min=1, help="The last lines of each.")] = 100,
    root: Root = None,
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Show the last lines of the servers' logs, without secrets.

    Example:  sophia infra logs sonarqube --tail 20
    """
    from sophia_cli.infra.logs import read_logs
    from sophia_cli.infra.stack import find

    output = Output(as_json=as_json)
    text = read_logs(find(here(root), name, os.environ), server, tail, os.environ)
    output.envelope("infra logs", text.splitlines())
    output.stream(text)
