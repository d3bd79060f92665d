"""`sophia llm keys`: keys that are set, tested and listed, and never shown."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Annotated

import typer

from sophia_cli.commands.options import App, Json, Root
from sophia_cli.errors import UsageError
from sophia_cli.output import Output
from sophia_cli.surroundings import here

# A key on the command line would be read by every user of the machine, and said again by the parser.
_NOT_A_WORD_MORE = {"allow_extra_args": True, "ignore_unknown_options": True}

app = App(help="The keys of providers: set, tested, listed masked.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="A provider, or a variable such as SNOWFLAKE_PAT.")]


@app.command(name="set", context_settings=_NOT_A_WORD_MORE)
def put(context: typer.Context, name: Name, root: Root = None, as_json: Json = False) -> None:
    """Keep a key: typed without an echo, or one line from a pipe.

    Example:  sophia llm keys set openrouter
    """
    from sophia_cli.keys import set_key

    if context.args:
        raise UsageError(
            "a key is never an argument: other users could read it",
            "sophia llm keys set NAME   (it asks; replace a key that was typed here)",
        )
    output = Output(as_json=as_json)
    stored = set_key(name, os.environ, here(root))
    output.envelope("llm keys set", asdict(stored))
    output.line(f"The key of {name} is kept in {stored.place}.")
    if stored.shared:
        output.text(f"It is the key of {', '.join(stored.shared)} too.")
    if stored.shadowed:
        output.line(f"Another in the environment goes before it:  unset {stored.shadowed}")
    output.line("Next:  sophia llm keys test")


@app.command()
def test(
    name: Annotated[str, typer.Argument(help="Only this provider's.")] = "",
    call: Annotated[
        bool, typer.Option("--call", help="Also where that costs a call of a few tokens.")
    ] = False,
    root: Root = None,
    as_json: Json = False,
) -> None:
    """Try the keys out with requests that cost nothing; exits 1 unless all of them are taken.

    A key is refused, or its provider failed or could not be reached, which says nothing of the key.

    Example:  sophia llm keys test openrouter
    """
    from sophia_cli.keys import check_keys

    output = Output(as_json=as_json)
    checks = list(check_keys(name, os.environ, here(root), call=call))
    output.envelope("llm keys test", [asdict(check) for check in checks])
    width = max(len(check.provider) for check in checks)
    for check in checks:
        words = f": {check.words}" if check.words else ""
        said = f"{check.provider.ljust(width)}  {check.state}{words}"
        output.text(said, indent=2, hang=width + 2)
        output.text(check.mend, indent=4)
    if any(check.is_trouble for check in checks):
        raise typer.Exit(1)


@app.command(name="list")
def show(root: Root = None, as_json: Json = False) -> None:
    """Which keys are there, masked, and where each comes from. Example:  sophia llm keys list"""
    from sophia_cli.keys import list_keys

    output = Output(as_json=as_json)
    keys = list_keys(os.environ, here(root))
    output.envelope("llm keys list", [asdict(key) for key in keys])
    if keys:
        rows = [(key.provider, key.key, key.source) for key in keys]
        output.table(("provider", "key", "source"), rows)
    else:
        output.line("No key is set.")
        output.line("Next:  sophia llm keys set openrouter")


@app.command()
def remove(name: Name, root: Root = None, as_json: Json = False) -> None:
    """Take a key out of the file or the keyring. Example:  sophia llm keys remove openrouter"""
    from sophia_cli.keys import remove_key

    output = Output(as_json=as_json)
    stored = remove_key(name, os.environ, here(root))
    output.envelope("llm keys remove", asdict(stored))
    if stored.was_there:
        output.line(f"The key of {name} is taken out of {stored.place}.")
    else:
        output.line(f"No key of {name} was kept in {stored.place}.")
    if stored.was_there and stored.shared:
        output.text(f"It was the key of {', '.join(stored.shared)} too.")
    if stored.shadowed:
        output.line(f"One is left in the environment:  unset {stored.shadowed}")
