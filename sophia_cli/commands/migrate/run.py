"""`sophia migrate`: the dry run, and the run that writes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from sophia_cli.commands.migrate.asked import (
    Asked,
    Class,
    Exclude,
    Include,
    NoCache,
    Only,
    Packs,
    Part,
    Shims,
    Since,
    Timeout,
    Verify,
    look,
)
from sophia_cli.commands.options import Json, NoColor, Quiet, Root
from sophia_cli.migrate.limits import TRIAL
from sophia_cli.output import Output


def run(
    context: typer.Context,
    apply: Annotated[bool, typer.Option("--apply", help="Write what the dry run shows.")] = False,
    kind: Annotated[Class, typer.Option("--class", help="review: safe and review.")] = Class.SAFE,
    include: Include = None,
    exclude: Exclude = None,
    pack: Packs = None,
    only: Only = None,
    changed_since: Since = "",
    batch: Part = "",
    shim: Shims = False,
    verify: Verify = None,
    verify_timeout: Timeout = TRIAL,
    allow_dirty: Annotated[
        bool, typer.Option("--allow-dirty", help="Also files with uncommitted changes.")
    ] = False,
    patch: Annotated[bool, typer.Option("--patch", help="Print the patch.")] = False,
    no_cache: NoCache = False,
    root: Root = None,
    as_json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Find every LLM call here and show what would change.

    Example: sophia migrate, then sophia migrate --apply
    """
    if context.invoked_subcommand is not None:
        return
    # the other commands come this way too
    from sophia_cli.commands.migrate.rollout import roll_out
    from sophia_cli.commands.migrate.screens import show_report

    output = Output(as_json=as_json, quiet=quiet, color=not no_color)
    asked = Asked(
        root, apply, kind, include, exclude, pack, allow_dirty, no_cache,
        only, changed_since, batch, verify, verify_timeout, shim,
    )  # fmt: skip
    options, trial = asked.options(), asked.trial()
    if apply and (trial is not None or options.choice.batch):
        roll_out(output, asked, options, trial)
        return
    report = look(options, output)
    if patch and not as_json:
        sys.stdout.buffer.write(report.patch)
        return
    show_report(output, report, asked)
    data = report.data() | ({"patch": report.patch.decode("utf-8", "replace")} if patch else {})
    output.envelope("migrate", data)
    if report.skipped:
        raise typer.Exit(1)
