"""The command tree of `sophia`."""

from __future__ import annotations

import typer
from typer.exceptions import TyperException
from typer.main import get_command

from sophia_cli.commands import llm, migrate
from sophia_cli.commands.front import show_front_door
from sophia_cli.commands.options import Json, NoColor, Root
from sophia_cli.errors import UsageError
from sophia_cli.output import Output

# Plain help: half the start-up time of rich help, and easy to compare whole in tests.
app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(llm.app, name="llm")
app.add_typer(migrate.app, name="migrate")


@app.callback()
def front(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", "-V", help="Show the version and stop."),
    as_json: Json = False,
    no_color: NoColor = False,
    root: Root = None,
) -> None:
    """One service for your LLM calls, quality gates for the rest."""
    if context.invoked_subcommand is None:
        show_front_door(Output(as_json=as_json, color=not no_color), root)


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
        raise UsageError(error.format_message(), _help_for(arguments)) from None
    if result == 130:
        raise KeyboardInterrupt
    return result if isinstance(result, int) else 0


def _help_for(arguments: list[str]) -> str:
    groups = [word for word in arguments[:1] if word in ("llm", "migrate")]
    return " ".join(["sophia", *groups, "--help"])
