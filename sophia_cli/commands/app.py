"""The command tree of `sophia`."""

from __future__ import annotations

from typing import Any

import typer
from typer.exceptions import TyperException
from typer.main import get_command

from sophia_cli import __version__
from sophia_cli.commands.options import App, Json, NoColor, Quiet, Root
from sophia_cli.errors import UsageError
from sophia_cli.output import Output

_PARTS = ("llm", "migrate", "infra", "hooks", "dashboards", "metrics", "usage")
_GROUPS = {name: f"sophia_cli.commands.{name}:app" for name in _PARTS}

app = App(_GROUPS, add_completion=False, invoke_without_command=True)


def _show_version(asked: bool) -> None:
    if asked:
        Output().line(f"sophia {__version__}")
        raise typer.Exit


@app.callback()
def front(
    context: typer.Context,
    version: bool = typer.Option(
        False,
        "--version",
        "-V",
        help="Show the version and stop.",
        callback=_show_version,
        is_eager=True,
    ),
    as_json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
    root: Root = None,
) -> None:
    """One service for your LLM calls, quality gates for the rest."""
    if context.invoked_subcommand is None:
        from sophia_cli.commands.front import show_front_door

        show_front_door(Output(as_json=as_json, quiet=quiet, color=not no_color), root)


def call(arguments: list[str]) -> int:
    """Run one command line and return its exit code. Raises the errors of the tool's own tree."""
    command = get_command(app)
    try:
        result = command.main(args=arguments, prog_name="sophia", standalone_mode=False)
    except typer.Exit as stop:
        if stop.exit_code == 130:  # what Typer makes of Ctrl-C
            raise KeyboardInterrupt from None
        return stop.exit_code
    except SystemExit:  # what Typer makes of a pipe whose reader went away
        raise BrokenPipeError from None
    except typer.Abort:
        raise KeyboardInterrupt from None
    except TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # Typer keeps its class to itself
            Output().note(error.format_message())
            return UsageError.exit_code
        words = ["sophia", *words_of(arguments), "--help"]
        raise UsageError(error.format_message(), " ".join(words)) from None
    if result == 130:
        raise KeyboardInterrupt
    return result if isinstance(result, int) else 0


def words_of(arguments: list[str]) -> list[str]:
    """The words that name the command, such as `migrate show`, wherever options stand between them."""
    command: Any = get_command(app)
    words: list[str] = []
    rest = iter(arguments)
    for word in rest:
        commands = getattr(command, "commands", {})
        if word == "--" or not commands:
            break
        if word in _with_value(command):
            next(rest, None)
        elif word in commands:
            command = commands[word]
            words.append(word)
        elif not word.startswith("-"):
            break
    return words


def _with_value(command: Any) -> set[str]:
    options = [param for param in command.params if param.param_type_name == "option"]
    return {name for option in options if not option.is_flag for name in option.opts}
