"""`sophia infra restore`: a backup put back, and proved."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sophia_cli.commands.infra.asked import Name, must_type_name, passphrase
from sophia_cli.commands.infra.steps import teller, took
from sophia_cli.commands.options import Json, Quiet, Root
from sophia_cli.errors import UsageError
from sophia_cli.output import Output
from sophia_cli.surroundings import here

if TYPE_CHECKING:
    from sophia_cli.infra.archive import Archive
    from sophia_cli.infra.restore import Restored


def restore(
    file: Annotated[Path | None, typer.Argument(help="The backup.")] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Put back what was before a restore that was cut off.")
    ] = False,
    yes: Annotated[
        str, typer.Option("--yes", metavar="NAME", help="The stack's name, instead of being asked.")
    ] = "",
    without_secrets: Annotated[
        bool, typer.Option("--without-secrets", help="Leave those of the backup sealed.")
    ] = False,
    without_grafana: Annotated[
        bool, typer.Option("--without-grafana", help="Leave Grafana's data as it is.")
    ] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", min=1, help="Seconds until the servers must answer.")
    ] = 600,
    root: Root = None,
    name: Name = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Put a backup back, start the stack, and compare what SonarQube holds; if it differs, undo all of it.

    Example:  sophia infra restore shop.tar
    """
    output = Output(as_json=as_json, quiet=quiet)
    if (file is None) != undo:
        raise UsageError("name a backup, or --undo", "sophia infra restore FILE")
    if file is None:
        _undo(output, here(root), name, timeout)
        return
    from sophia_cli.infra.archive import read
    from sophia_cli.infra.backup import SECRETS
    from sophia_cli.infra.restore import restore as put_back
    from sophia_cli.infra.restore import stack_of
    from sophia_cli.infra.restore import without_grafana as leave_grafana

    archive = read(file.absolute())
    if without_grafana:
        archive = leave_grafana(archive)
    stack = stack_of(archive, here(root), name, os.environ)
    _must_be_meant(output, archive, yes)
    sealed = SECRETS in archive.parts and not without_secrets
    word = passphrase(os.environ, twice=False) if sealed else ""
    done = put_back(archive, stack, os.environ, word, timeout, teller(output))
    output.envelope("infra restore", _data(done))
    if done.counts:
        output.text(
            f"SonarQube holds what it held at {done.made}: {done.counts.projects} projects"
            f" with {done.counts.issues} issues, all measures the same."
        )
    else:
        output.text(f"The stack is as it was at {done.made}.")
    if not done.secrets:
        output.text("Tokens are new, and so are passwords that were not kept here any more.")
    output.line(f"Restored in {took(done.seconds)}.  Next:  sophia infra status")


def _undo(output: Output, root: Path, name: str, timeout: float) -> None:
    from sophia_cli.infra.restore import undo
    from sophia_cli.infra.stack import home_of, named_of

    home = home_of(named_of(root.resolve(), name, os.environ), os.environ)
    stack = undo(home, os.environ, timeout, teller(output))
    output.envelope("infra restore", {"stack": home.name, "undone": True, "is_there": bool(stack)})
    output.line(
        f"The stack `{home.name}` is as it was before.  Next:  sophia infra status"
        if stack
        else f"There was no stack `{home.name}` before, and there is none now."
    )


def _must_be_meant(output: Output, archive: Archive, yes: str) -> None:
    name = archive.about.stack
    if yes and yes != name:
        raise UsageError(f"the backup is of `{name}`, not of `{yes}`", f"--yes {name}")
    if not yes:
        warning = f"the data of the stack `{name}` is replaced by that of {archive.about.made}"
        must_type_name(name, warning=warning, output=output, nobody=f"add --yes {name}")


def _data(done: Restored) -> dict[str, object]:
    return {
        "stack": done.stack.name,
        "made": done.made,
        "counts": asdict(done.counts) if done.counts else None,
        "secrets": list(done.secrets),
        "seconds": round(done.seconds, 1),
    }
