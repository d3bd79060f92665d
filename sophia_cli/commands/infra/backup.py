"""`sophia infra backup`: what the stack knows, in one file."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sophia_cli.commands.infra.asked import Name, passphrase
from sophia_cli.commands.options import Json, Quiet, Root
from sophia_cli.output import Output
from sophia_cli.surroundings import here

if TYPE_CHECKING:
    from sophia_cli.infra.backup import Saved


def backup(
    file: Annotated[
        Path | None, typer.Argument(help="The new file (default: in the stack's own folder).")
    ] = None,
    secrets: Annotated[
        bool,
        typer.Option(
            "--secrets",
            help="With its secrets, sealed under SOPHIA_BACKUP_PASSPHRASE or a passphrase that is asked for.",
        ),
    ] = False,
    root: Root = None,
    name: Name = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write the database, plugins, metrics and boards of the stack into one archive, which `restore` proves.

    Example:  sophia infra backup --secrets
    """
    from sophia_cli.infra.backup import backup as make
    from sophia_cli.infra.backup import default_path
    from sophia_cli.infra.stack import find

    output = Output(as_json=as_json, quiet=quiet)
    stack = find(here(root), name, os.environ)
    word = passphrase(os.environ, twice=True) if secrets else ""
    path = file.absolute() if file else default_path(stack)
    saved = make(stack, path, os.environ, word, lambda what: output.note(f"Reading {what}"))
    output.envelope("infra backup", {**asdict(saved), "path": str(saved.path)})
    _show(output, saved)


def _show(output: Output, saved: Saved) -> None:
    from sophia_cli.infra.sizes import size

    output.line(f"{size(saved.size)} in {saved.path}")
    output.table(("part", "size"), [(name, size(bytes_)) for name, bytes_ in saved.parts.items()])
    if saved.counts:
        output.text(f"{saved.counts.projects} projects with {saved.counts.issues} issues.")
    if saved.secrets:
        output.line("The secrets are in it, sealed.")
    else:
        output.line("The secrets are not in it: a restore makes new ones where there are none.")
    output.line(f"Next:  sophia infra restore {saved.path}")
