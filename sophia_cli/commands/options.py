"""Options that several commands share, so that they read the same everywhere, and hold wherever they stand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from sophia_cli.errors import UsageError
from sophia_cli.output import Notes, Output

Json = Annotated[bool, typer.Option("--json", help="The result as one JSON envelope on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colour, also on a terminal.")]
Root = Annotated[
    Path | None, typer.Option("--root", help="The folder to work on (default: this one).")
]

_SHARED = {"root": "--root", "as_json": "--json", "quiet": "--quiet", "no_color": "--no-color"}
# A command that does not have them says nothing that they would keep back.
_HOLD_ANYWAY = ("quiet", "no_color")


class Command(TyperCommand):
    """A command, with the notes of the parts that it calls shown as its own."""

    def invoke(self, ctx: Any) -> Any:
        _hear(ctx)
        return super().invoke(ctx)


class Group(TyperGroup):
    """Words that a command follows: an option before it holds for the command, or is refused."""

    def invoke(self, ctx: Any) -> Any:
        _hear(ctx)
        return super().invoke(ctx)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        if name and command:
            ctx.default_map = {name: _handed_down(ctx, name, command)}
        return name, command, rest


class App(typer.Typer):
    """A Typer application all of whose commands and groups are those above.

    Help is plain: half the start-up time of rich help, and easy to compare whole in tests.
    """

    def __init__(self, **settings: Any) -> None:
        names = {"help_option_names": ["-h", "--help"]}
        super().__init__(cls=Group, rich_markup_mode=None, context_settings=names, **settings)

    def command(self, *words: Any, **settings: Any) -> Callable[[Any], Any]:
        return super().command(*words, **{"cls": Command, **settings})


def _handed_down(ctx: typer.Context, name: str, command: Any) -> dict[str, Any]:
    """What was said before a command, as its defaults: what is said nearer to it goes before."""
    given = {
        param.name: (ctx.params[param.name], param.opts[0])
        for param in ctx.command.params
        if param.name and _is_given(ctx, param.name)
    }
    said = ctx.default_map or {}
    inherited = {key: (said[key], option) for key, option in _SHARED.items() if key in said}
    takes = {param.name for param in command.params}
    if isinstance(command, Group):
        takes.update(_SHARED)
    values = {}
    for key, (value, option) in {**inherited, **given}.items():
        if key not in takes and key not in _HOLD_ANYWAY:
            path = f"{ctx.command_path} {name}"
            raise UsageError(f"{path.removeprefix('sophia ')} takes no {option}", f"{path} --help")
        values[key] = value
    return values


def _is_given(ctx: typer.Context, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _hear(ctx: typer.Context) -> None:
    """From here on what `sophia_cli` logs is a note of this command, unless it is to be quiet."""
    said = {**(ctx.default_map or {}), **ctx.params}
    Notes.hear(Output(quiet=bool(said.get("quiet"))))
