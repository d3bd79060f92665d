"""What the commands of `sophia infra` are asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from sophia_cli.errors import UsageError

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
