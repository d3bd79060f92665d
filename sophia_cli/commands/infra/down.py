"""`sophia infra down`: stop the servers; the data stays."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from sophia_cli.commands.infra.asked import Name, Yes, must_type_name
from sophia_cli.commands.options import Json, Root
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
    _withdraw(stack)
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


def _withdraw(stack: Stack) -> None:
    """Processes write the totals of their ledger nowhere any more."""
    from sophia_cli.llm.errors import LLMError
    from sophia_cli.metrics.state import withdraw

    if stack.url("prometheus"):
        with suppress(LLMError, OSError):  # what is wrong with the settings is no reason to stay up
            withdraw(os.environ, stack.root, stack.url("prometheus"))


def _ask(output: Output, stack: Stack) -> None:
    """Whether there is to be a backup first, then the stack's name, typed."""
    mend = "sophia infra backup --secrets\nthen, here:  add --yes"
    warning = f"all data of the stack `{stack.name}` is removed: projects, analyses, metrics"
    if sys.stdin.isatty():
        output.note("Make a backup first? [Y/n]")
        if sys.stdin.readline().strip().lower() not in ("n", "no"):
            _back_up(output, stack)
    must_type_name(stack.name, warning=warning, output=output, nobody=mend)


def _back_up(output: Output, stack: Stack) -> None:
    from sophia_cli.infra.backup import backup, default_path

    path = default_path(stack)
    backup(stack, path, os.environ, "", lambda what: output.note(f"Reading {what}"))
    output.note(f"The backup, without secrets:  {path}")
