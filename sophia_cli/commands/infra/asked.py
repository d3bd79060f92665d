"""What the commands of `sophia infra` are asked."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from sophia_cli.errors import SophiaError, UsageError
from sophia_cli.output import Output
from sophia_cli.typed import unseen

Name = Annotated[
    str, typer.Option("--name", help="The stack (default: sophia- and the folder's name).")
]
Yes = Annotated[bool, typer.Option("--yes", help="Go on without asking.")]


def pairs(option: str, values: Sequence[str] | None) -> dict[str, str]:
    """`name=value`, as it was typed several times. Raises UsageError."""
    found = {}
    for text in values or ():
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise UsageError(f"{option} takes SERVER=VALUE, not `{text}`", "sophia infra up --help")
        found[name] = value
    return found


def ports(values: Sequence[str] | None) -> dict[str, int]:
    """Ports by server. Raises UsageError."""
    found = {}
    for name, text in pairs("--port", values).items():
        if not text.isdigit() or not 1 <= int(text) <= 65_535:
            raise UsageError(f"`{text}` is no port", "a number from 1 to 65535")
        found[name] = int(text)
    return found


def passphrase(environ: Mapping[str, str], *, twice: bool) -> str:
    """The passphrase of a backup's secrets: from the environment, else typed unseen. Raises SophiaError."""
    from sophia_cli.infra.sealed import VARIABLE

    if found := environ.get(VARIABLE, ""):
        return found
    if not sys.stdin.isatty():
        raise UsageError("secrets need a passphrase, and there is nobody to ask", f"set {VARIABLE}")
    try:
        word = unseen("Passphrase of the secrets (it is not shown): ")
        again = unseen("The same again: ") if twice else word
    except OSError as error:
        raise SophiaError("no passphrase can be typed here", f"set {VARIABLE}") from error
    if not word or word != again:
        raise UsageError("the two are not the same, or empty: nothing was written", "try again")
    return word


def must_type_name(name: str, *, warning: str, output: Output, nobody: str) -> None:
    """The name of the stack, typed: nobody removes data by a habit of pressing `y`.

    `nobody` is the mend where there is no terminal. Raises UsageError.
    """
    if not sys.stdin.isatty():
        raise UsageError(f"{warning}, and there is nobody to ask", nobody)
    output.note(f"{warning}.")
    output.note("Type its name to go on:")
    if sys.stdin.readline().strip() != name:
        raise UsageError("that is not its name: nothing was changed", "sophia infra status")
