"""`sophia migrate show`: the sites of one class, or what a run did."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from sophia_cli.commands.migrate import screens
from sophia_cli.commands.migrate.asked import (
    Asked,
    Exclude,
    Include,
    NoCache,
    Only,
    Packs,
    Part,
    Shims,
    Since,
    asked_of,
    folder_of,
    look,
)
from sophia_cli.commands.options import Json, NoColor, Root
from sophia_cli.errors import UsageError
from sophia_cli.migrate import journal
from sophia_cli.output import Output


def show(
    what: Annotated[
        str, typer.Argument(help="safe, review, report-only, carried, done, noted or run:ID")
    ],
    include: Include = None,
    exclude: Exclude = None,
    pack: Packs = None,
    no_cache: NoCache = False,
    only: Only = None,
    changed_since: Since = "",
    batch: Part = "",
    shim: Shims = False,
    root: Root = None,
    as_json: Json = False,
    no_color: NoColor = False,
) -> None:
    """List the sites of one class, or what a run did. Example: sophia migrate show safe"""
    output = Output(as_json=as_json, color=not no_color)
    asked = Asked(
        root,
        include=include,
        exclude=exclude,
        pack=pack,
        no_cache=no_cache,
        only=only,
        changed_since=changed_since,
        batch=batch,
        shim=shim,
    )
    if what.startswith("run:"):
        kept = journal.find(folder_of(root), what.removeprefix("run:"))
        screens.show_run(output, kept, asked_of(root, kept))
        output.envelope("migrate show", screens.run_data(kept))
        return
    if what not in screens.CLASSES:
        raise UsageError(
            f"there is no class {what}", f"one of: {', '.join(screens.CLASSES)}, run:ID"
        )
    report = look(replace(asked.options(), keep_patch=False), output)
    sites = screens.select(report, what)
    screens.show_sites(output, what, sites, asked)
    output.envelope("migrate show", screens.sites_data(sites))
