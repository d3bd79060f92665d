"""`sophia infra upgrade`: newer servers with the same data, or the ones of before."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from sophia_cli.commands.infra.asked import Name, pairs
from sophia_cli.commands.infra.steps import teller, took
from sophia_cli.commands.options import Json, Quiet, Root
from sophia_cli.output import Output
from sophia_cli.surroundings import here

if TYPE_CHECKING:
    from sophia_cli.infra.upgrade import Upgraded


def upgrade(
    image: Annotated[
        list[str] | None,
        typer.Option("--image", metavar="SERVER=IMAGE", help="Another image than the lock's."),
    ] = None,
    timeout: Annotated[
        float, typer.Option("--timeout", min=1, help="Seconds for the migration of the database.")
    ] = 3600,
    root: Root = None,
    name: Name = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Back up, start the images of the lock, migrate the database and compare; if anything fails, go back by itself.

    Example:  sophia infra upgrade
    """
    from sophia_cli.infra.stack import find
    from sophia_cli.infra.upgrade import upgrade as renew

    output = Output(as_json=as_json, quiet=quiet)
    stack = find(here(root), name, os.environ)
    done = renew(stack, pairs("--image", image), os.environ, timeout, teller(output))
    output.envelope("infra upgrade", _data(done))
    _show(output, done)


def _show(output: Output, done: Upgraded) -> None:
    if not done.images and not done.migrated:
        output.line("Every server runs the image that it should: nothing was changed.")
        return
    for server, (before, now) in done.images.items():
        output.line(f"  {server:<13} {before} -> {now}")
    if done.migrated:
        before = f" from {done.versions[0]}" if done.versions[0] else ""
        output.line(f"SonarQube's database is migrated{before} to {done.versions[1]}.")
    if done.counts:
        output.text(
            f"It holds what it held: {done.counts.projects} projects with {done.counts.issues} issues,"
            " all measures the same."
        )
    output.line(f"Upgraded in {took(done.seconds)}.")
    if done.backup:
        output.line(f"The way back:  sophia infra restore {done.backup}")


def _data(done: Upgraded) -> dict[str, object]:
    return {
        "stack": done.stack.name,
        "images": {name: {"before": old, "now": new} for name, (old, new) in done.images.items()},
        "version": {"before": done.versions[0], "now": done.versions[1]},
        "migrated": done.migrated,
        "counts": asdict(done.counts) if done.counts else None,
        "backup": str(done.backup) if done.backup else None,
        "seconds": round(done.seconds, 1),
    }
