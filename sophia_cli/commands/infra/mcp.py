"""`sophia infra mcp`: SonarQube for assistants that speak the Model Context Protocol."""

from __future__ import annotations

import os
import re
from enum import StrEnum
from typing import Annotated

import typer

from sophia_cli.commands.infra.asked import Name
from sophia_cli.commands.options import Json, Root
from sophia_cli.output import Output
from sophia_cli.surroundings import here


class ClientName(StrEnum):
    """Whose file."""

    CLAUDE = "claude"
    CURSOR = "cursor"
    VSCODE = "vscode"


_WORDS = {
    "added": "added",
    "there": "as it was",
    "other": "left alone: its entry `sonarqube` is another",
}


def mcp(
    client: Annotated[
        list[ClientName] | None,
        typer.Option("--client", help="Only these (default: those that the project has)."),
    ] = None,
    token: Annotated[
        str, typer.Option("--token", metavar="VARIABLE", help="The variable that holds the token.")
    ] = "SONARQUBE_TOKEN",
    write: Annotated[
        bool, typer.Option("--write", help="The assistant may change issues.")
    ] = False,
    root: Root = None,
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Add SonarSource's MCP server to the client files of this project; what is in them stays.

    Example:  sophia infra mcp --client cursor
    """
    from sophia_cli.errors import UsageError
    from sophia_cli.infra.mcp import add_entry, clients_of, entry
    from sophia_cli.infra.stack import find

    # A token is of small letters: one that was typed here by mistake must not reach a file.
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", token):
        raise UsageError("--token takes the name of a variable, not its value", "SONARQUBE_TOKEN")
    output = Output(as_json=as_json)
    folder = here(root)
    stack = find(folder, name, os.environ)
    found = [
        add_entry(folder, one, entry(stack, one, token, writes=write))
        for one in clients_of(folder, tuple(client or ()))
    ]
    output.envelope("infra mcp", [{"file": one.client.file, "state": one.state} for one in found])
    for one in found:
        output.line(f"  {one.client.file:<18} {_WORDS[one.state]}")
    output.line(f"It takes a user token:  {stack.url('sonarqube')}/account/security")
    output.line(f"Next:  export {token}=...  and start the client again")
