"""Options that several commands share, so that they read the same everywhere, and hold wherever they stand."""

from __future__ import annotations

import os
from collections import UserDict
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_group

from sophia_cli.errors import UsageError
from sophia_cli.output import Notes, Output

Json = Annotated[bool, typer.Option("--json", help="The result as one JSON envelope on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colour, also on a terminal.")]
Root = Annotated[
    Path | None, typer.Option("--root", help="The folder to work on (default: this one).")
]

_SHARED = {
    "root": ("--root",),
    "as_json": ("--json",),
    "quiet": ("--quiet", "-q"),
    "no_color": ("--no-color",),
}
_SAID = "sophia_cli.said"  # what was said with options that a command takes without declaring them


class Command(TyperCommand):
    """A command that takes the shared options, and shows the notes of the parts that it calls as its own.

    One that does not declare `--json` has nothing to show as data: it is refused there.
    """

    def __init__(self, *words: Any, **settings: Any) -> None:
        super().__init__(*words, **settings)
        _take_shared(self, but="as_json")

    def invoke(self, ctx: Any) -> Any:
        _hear(ctx)
        return super().invoke(ctx)


class Group(TyperGroup):
    """Words that a command follows: an option before it holds for the command, or is refused.

    `later` says where the commands stand that are imported when somebody asks for them.
    """

    later: Mapping[str, str] = {}

    def __init__(self, *words: Any, **settings: Any) -> None:
        super().__init__(*words, **settings)
        self.commands = Commands(self.commands, self.later)
        _take_shared(self)

    def invoke(self, ctx: Any) -> Any:
        _hear(ctx)
        return super().invoke(ctx)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        if name and command:
            ctx.default_map = {name: _handed_down(ctx, name, command)}
        return name, command, rest


class Commands(UserDict[str, Any]):
    """Commands by their names. Those that are named as `module:name` are imported when they are asked for."""

    def __init__(self, commands: Mapping[str, Any], later: Mapping[str, str]) -> None:
        super().__init__({**later, **commands})

    def __getitem__(self, name: str) -> Any:
        found = super().__getitem__(name)
        if isinstance(found, str):
            found = self[name] = _made(name, found)
        return found


def _made(name: str, place: str) -> Any:
    module, _, attribute = place.partition(":")
    found = getattr(import_module(module), attribute)
    around = App()
    if isinstance(found, typer.Typer):
        around.add_typer(found, name=name)
    else:
        around.command(name)(found)
    return get_group(around).commands[name]


class App(typer.Typer):
    """A Typer application all of whose commands and groups are those above.

    `later` are commands and groups by their names, each as `module:name`: half the time of a short
    command would go into importing all the others. Help is plain: half the start-up time of rich
    help, and easy to compare whole in tests.
    """

    def __init__(self, later: Mapping[str, str] | None = None, **settings: Any) -> None:
        names = {"help_option_names": ["-h", "--help"]}
        group = type("Group", (Group,), {"later": later or {}})
        super().__init__(cls=group, rich_markup_mode=None, context_settings=names, **settings)

    def command(self, *words: Any, **settings: Any) -> Callable[[Any], Any]:
        return super().command(*words, **{"cls": Command, **settings})


def _take_shared(command: Any, *, but: str = "") -> None:
    """Let a command take the shared options that it does not declare: they hold, wherever they stand.

    It is not called with them. One that looks at no folder has nothing that `--root` would change.
    """
    declared = {param.name for param in command.params}
    for name, words in _SHARED.items():
        if name not in declared and name != but:
            flag: dict[str, Any] = {} if name == "root" else {"is_flag": True, "default": False}
            command.params.append(
                TyperOption(
                    param_decls=[name, *words],
                    callback=_keep,
                    expose_value=False,
                    hidden=True,
                    **flag,
                )
            )


def _keep(ctx: Any, param: Any, value: Any) -> Any:
    ctx.meta.setdefault(_SAID, {})[ctx.command_path, param.name] = value
    return value


def _value(ctx: Any, name: str) -> Any:
    return ctx.params.get(name, ctx.meta.get(_SAID, {}).get((ctx.command_path, name)))


def _handed_down(ctx: typer.Context, name: str, command: Any) -> dict[str, Any]:
    """What was said before a command, as its defaults: what is said nearer to it goes before."""
    given = {
        param.name: (_value(ctx, param.name), param.opts[0])
        for param in ctx.command.params
        if param.name and _is_given(ctx, param.name)
    }
    said = ctx.default_map or {}
    inherited = {key: (said[key], words[0]) for key, words in _SHARED.items() if key in said}
    takes = {param.name for param in command.params}
    values = {}
    for key, (value, option) in {**inherited, **given}.items():
        if key not in takes:
            path = f"{ctx.command_path} {name}"
            raise UsageError(f"{path.removeprefix('sophia ')} takes no {option}", f"{path} --help")
        values[key] = value
    return values


def _is_given(ctx: typer.Context, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _hear(ctx: Any) -> None:
    """From here on what `sophia_cli` logs is a note of this command, unless it is to be quiet.

    A command need not hand `--quiet` and `--no-color` on to its output, nor to programs that it starts.
    """
    said = ctx.default_map or {}
    if _value(ctx, "no_color") or said.get("no_color"):
        os.environ["NO_COLOR"] = "1"
    Notes.hear(Output(quiet=bool(_value(ctx, "quiet") or said.get("quiet"))))
