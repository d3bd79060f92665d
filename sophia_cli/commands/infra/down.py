"""`sophia infra down`: stop the servers; the data stays."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from sophia_cli.commands.infra.asked import Name, Yes
from sophia_cli.commands.options import Json, Root
from sophia_cli.errors import UsageError
from sophia_cli.output import Output
from sophia_cli.surroundings import here

if TYPE_CHECKING:
    from sophia_cli.infra.stack import Stack


def down(
    root: Root = None,
    name: Name = "",
    volumes: Annotated[
        bool, typer.Option("--volumes", help="Remove the data and its secrets too.")
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Stop and remove the containers of the stack. Data and secrets stay, unless --volumes says otherwise.

    Example:  sophia infra down
    """
    from sophia_cli.infra.down import down as stop
    from sophia_cli.infra.stack import find

    output = Output(as_json=as_json)
    stack = find(here(root), name, os.environ)
    if volumes and not yes:
        _ask(output, stack)
    stopped = stop(stack, os.environ, volumes=volumes)
    output.envelope(
        "infra down",
        {
            "stack": stack.name,
            "servers": list(stopped.servers),
            "data_removed": stopped.data_removed,
        },
    )
    if stopped.servers:
        output.line(f"Stopped: {', '.join(stopped.servers)}.")
    else:
        output.line("Nothing was running.")
    if stopped.data_removed:
        output.line("The data and the secrets are removed.")
    else:
        output.line("The data is kept.  Next:  sophia infra up")


def _ask(output: Output, stack: Stack) -> None:
    """The name of the stack, typed: nobody removes data by a habit of pressing `y`."""
    if not sys.stdin.isatty():
        raise UsageError("--volumes removes all data, and there is nobody to ask", "add --yes")
    output.note(f"This removes all data of the stack `{stack.name}`: projects, analyses, metrics.")
    output.note("Type its name to go on:")
    if sys.stdin.readline().strip() != stack.name:
        raise UsageError("that is not its name: nothing was removed", "sophia infra down")
