"""`sophia hooks update`: newer versions for the pins of the hooks, also of those inside local ones."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sophia_cli.commands.hooks.asked import Yes, agreed
from sophia_cli.commands.hooks.trials import show_trials, trial_data
from sophia_cli.commands.options import Json, Quiet, Root
from sophia_cli.output import Output
from sophia_cli.surroundings import here

if TYPE_CHECKING:
    from sophia_cli.hooks.update.pin import Pin
    from sophia_cli.hooks.update.plan import Move
    from sophia_cli.hooks.update.trial import Trial
    from sophia_cli.hooks.update.update import Apart, Update


def update(
    packages: Annotated[
        list[str] | None, typer.Argument(metavar="[PACKAGE]...", help="Only these.")
    ] = None,
    cooldown_days: Annotated[
        int | None,
        typer.Option("--cooldown-days", min=0, help="How many days a release must be old (7)."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 when a pin is behind.")
    ] = False,
    sync: Annotated[
        bool, typer.Option("--sync", help="Move the same pins in pyproject.toml and the like too.")
    ] = False,
    trial: Annotated[
        bool,
        typer.Option("--trial/--no-trial", help="Run both versions first, and show what is new."),
    ] = True,
    yes: Yes = False,
    root: Root = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Raise the pins of every hook to the newest versions that fit together and have been out for a week.

    Example:  sophia hooks update --check
    """
    from sophia_cli.hooks.settings import load_settings
    from sophia_cli.hooks.update.plan import Asked, packages_of
    from sophia_cli.hooks.update.update import pins_of, propose, top_of, write

    output = Output(as_json=as_json, quiet=quiet)
    folder = top_of(here(root))
    days = (
        load_settings(folder, os.environ).cooldown_days if cooldown_days is None else cooldown_days
    )
    config, pins = pins_of(folder)
    asked = Asked(folder, days, tuple(packages or ()))
    wanted = packages_of(asked.looked_at(pins))
    with output.progress("Asking the registries", len(wanted)) as advance:
        found = propose(asked, config, lambda: advance(1))
    _show(output, found, sync=sync)
    trials = _tried(output, found, pins) if trial and found.behind and not check else []
    written: list[str] = []
    todo = bool(found.behind) or (sync and any(one.can_move for one in found.apart))
    command = "sophia hooks update"
    if todo and not check and agreed(output, "Write it?", yes=yes, command=command):
        written = write(found, sync=sync)
    output.envelope("hooks update", _data(found, trials, written))
    _show_end(output, found, written, check=check, sync=sync)
    if found.unknown or (check and todo):
        raise typer.Exit(1)


def _tried(output: Output, found: Update, pins: Sequence[Pin]) -> list[Trial]:
    from sophia_cli.hooks.update.trial import bumps, try_out

    wanted, others = bumps(found.config, pins, found.moves)
    with output.progress("Trying old and new versions", 2 * len(wanted)) as advance:
        trials = try_out(found.path.parent, found.config, wanted, lambda: advance(1))
    show_trials(output, trials, others)
    return trials


def _show(output: Output, found: Update, *, sync: bool) -> None:
    shown: set[tuple[str, ...]] = set()
    width = max((len(_name(move)) for move in found.moves), default=0)
    for move in found.moves:
        words = _words(move)
        row = (_name(move), *words)
        if row in shown:
            continue
        shown.add(row)
        first, *rest = words
        output.text(f"{_name(move):<{width}}  {first}", indent=2, hang=width + 2)
        for text in rest:
            output.text(text, indent=width + 4, hang=2)
    for one in found.loose:
        output.text(f"{one.text}  left alone: {one.why} (line {one.line})", indent=2)
    if found.behind:
        output.line()
        _show_diff(output, found)
    _show_apart(output, found.apart, sync=sync)


def _name(move: Move) -> str:
    from sophia_cli.hooks.update.packages import short_name

    return short_name(move.pin) + move.pin.extras


def _words(move: Move) -> list[str]:
    """Where a pin goes, and why not further."""
    if move.trouble:
        return [
            f"{_short(move.pin.version)}  not known: {move.trouble.message}",
            *move.trouble.mend.splitlines(),
        ]
    words = [_short(move.pin.version)]
    if move.moves:
        words = [f"{_short(move.pin.version)} -> {_short(move.tag or move.to)}"]
    elif not move.held and not move.note:
        words = [f"{_short(move.pin.version)}  is the newest"]
    if move.held:
        words.append(f"not {move.held.version}: {move.held.why}")
    if move.note:
        words.append(move.note)
    return words


def _short(version: str) -> str:
    return version[:12] if len(version) == 40 else version


def _show_diff(output: Output, found: Update) -> None:
    from difflib import unified_diff

    name = found.path.name
    before, after = (text.splitlines() for text in (found.config.text, found.text))
    for line in unified_diff(before, after, f"a/{name}", f"b/{name}", lineterm="", n=0):
        output.line(line)


def _show_apart(output: Output, apart: Sequence[Apart], *, sync: bool) -> None:
    if not apart:
        return
    output.line()
    output.line("Elsewhere in the project:")
    for one in apart:
        place = one.place
        says = {"exact": "pins", "range": "takes", "locked": "has"}[place.how]
        end = " and moves too" if sync and one.can_move else ""
        output.text(
            f"{place.where} {says} {place.name} {place.version}, the hooks {one.wanted}{end}",
            indent=2,
        )
        if place.mend:
            output.line(f"      {place.mend}")


def _show_end(
    output: Output, found: Update, written: Sequence[str], *, check: bool, sync: bool
) -> None:
    output.line()
    total, behind = len(found.moves), len(found.behind)
    if written:
        output.text(f"Written: {', '.join(written)}. Next:  pre-commit run --all-files")
    elif behind and check:
        verb, them = ("is", "it") if behind == 1 else ("are", "them")
        output.text(f"{behind} of {total} pins {verb} behind. Raise {them}:  sophia hooks update")
    elif behind:
        pass
    elif not total:
        output.line("No version is pinned here.")
    elif not found.unknown:
        output.text(f"All {total} pins are as new as they can be.")
    if not sync and any(one.can_move for one in found.apart):
        output.text("The pins of the project move too with:  sophia hooks update --sync")
    if found.unknown:
        output.text(f"{len(found.unknown)} of {total} pins could not be looked at.")


def _data(found: Update, trials: Sequence[Trial], written: Sequence[str]) -> dict[str, Any]:
    return {
        "pins": [
            {
                "kind": move.pin.kind,
                "name": move.pin.name,
                "hook": move.pin.hook,
                "line": move.pin.line,
                "version": move.pin.version,
                "to": move.to,
                "tag": move.tag or None,
                "held": asdict(move.held) if move.held else None,
                "note": move.note or None,
                "error": move.trouble.message if move.trouble else None,
            }
            for move in found.moves
        ],
        "left_alone": [asdict(one) for one in found.loose],
        "elsewhere": [
            {
                "path": one.place.path,
                "line": one.place.line,
                "name": one.place.name,
                "says": one.place.version,
                "how": one.place.how,
                "wanted": one.wanted,
            }
            for one in found.apart
        ],
        "trials": [trial_data(one) for one in trials],
        "written": list(written),
    }
