"""`sophia migrate cleanup`: old services that nothing refers to any more go."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Any

import typer

from sophia_cli.commands.migrate.asked import Asked, Exclude, Packs
from sophia_cli.commands.options import Json, NoColor, Root
from sophia_cli.migrate.cleanup import Cleanup, Leftover, clean_up
from sophia_cli.output import Output

_HEAD = 8


def cleanup(
    apply: Annotated[bool, typer.Option("--apply", help="Remove what the dry run shows.")] = False,
    also: Annotated[
        list[str] | None, typer.Option("--also", help="Remove this proposed module too (path).")
    ] = None,
    exclude: Exclude = None,
    pack: Packs = None,
    allow_dirty: Annotated[
        bool, typer.Option("--allow-dirty", help="Also files with uncommitted changes.")
    ] = False,
    root: Root = None,
    as_json: Json = False,
    no_color: NoColor = False,
) -> None:
    """Remove old services that nothing refers to. Example: sophia migrate cleanup"""
    output = Output(as_json=as_json, color=not no_color)
    asked = Asked(root, apply, exclude=exclude, pack=pack, allow_dirty=allow_dirty)
    options = asked.options()
    again = _again(asked, also or ())
    kept = {**(options.asked or {}), "again": again}
    found = clean_up(replace(options, asked=kept), also or ())
    _show(output, found, asked, again)
    output.envelope("migrate cleanup", _data(found))
    if found.written is not None and found.written.skipped:
        raise typer.Exit(1)


def _show(output: Output, found: Cleanup, asked: Asked, again: str) -> None:
    written = found.written
    count = len(found.free) if written is None else len(written.files)
    noun = "old service" if count == 1 else "old services"
    verb = "can go: nothing refers to them" if written is None else "removed"
    output.line(f"{count} {noun} {verb.replace('them', 'it') if count == 1 else verb}.")
    for item in found.free:
        output.line(f"  {item.path}  {item.service}")
    for path, reason in (written.skipped if written else {}).items():
        output.line(f"  left alone  {path}: {reason}")
    for item in found.held:
        _show_held(output, item)
    _show_proposed(output, found, asked)
    for path, name in found.unused:
        output.line(f"By hand: {name} in {path} is imported nowhere any more")
    if found.advice:
        output.line(f"By hand: {found.advice}")
    if written is not None and written.run is not None:
        output.line(f"Undo:  {asked.command('rollback', written.run.name)}")
    elif written is None and found.free:
        output.line("Nothing was changed.")
        output.line(f"Next:  {again}")
    else:
        output.line("Nothing was changed.")


def _again(asked: Asked, also: Iterable[str]) -> str:
    """The command that removes what was found."""
    named = [word for path in also for word in ("--also", shlex.quote(path))]
    dirty = ("--allow-dirty",) if asked.allow_dirty else ()
    return asked.command("cleanup", "--apply", *named, *dirty)


def _show_proposed(output: Output, found: Cleanup, asked: Asked) -> None:
    rows = [(item.path, item.reason) for item in found.proposed]
    if rows:
        output.line("No pack declares these. They may go too, where you know of no other use:")
        output.places(rows)
        output.line(f"  one of them:  {asked.command('cleanup', '--apply', '--also', 'PATH')}")


def _show_held(output: Output, item: Leftover) -> None:
    output.line(f"  {item.path}  {item.service}  stays, it is named in")
    rows = [(reference.place, reference.how) for reference in item.references[:_HEAD]]
    output.places(rows, indent=4)
    if len(item.references) > _HEAD:
        output.line(f"    ... {len(item.references) - _HEAD:,} more are in:  --json")


def _data(found: Cleanup) -> dict[str, Any]:
    run = found.written.run if found.written else None
    return {
        "free": [{"path": item.path, "service": item.service} for item in found.free],
        "held": [
            {
                "path": item.path,
                "service": item.service,
                "references": [{"place": r.place, "how": r.how} for r in item.references],
            }
            for item in found.held
        ],
        "proposed": [{"path": item.path, "reason": item.reason} for item in found.proposed],
        "unused": [{"manifest": path, "dependency": name} for path, name in found.unused],
        "advice": found.advice or None,
        "run": run.name if run else None,
        "skipped": found.written.skipped if found.written else {},
    }
