"""What the commands of `sophia hooks` are asked before they write, and how they show it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sophia_cli.errors import UsageError
from sophia_cli.output import Output

if TYPE_CHECKING:
    from sophia_cli.hooks.record import Written

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Write without asking.")]
Plan = Annotated[bool, typer.Option("--plan", help="Show what would change, and change nothing.")]
_LABEL = 14


def row(output: Output, label: str, words: str) -> None:
    """A label and what belongs to it, on as many lines as it needs; nothing for no words."""
    if words:
        output.text(f"{label:<{_LABEL}}{words}", indent=2, hang=_LABEL)


def show_difference(output: Output, files: Sequence[Written]) -> None:
    """The diff of some files, between empty lines; nothing for no files."""
    from sophia_cli.hooks.difference import difference

    if files:
        output.line()
        for line in difference(files):
            output.line(line)
        output.line()


def agreed(output: Output, question: str, *, yes: bool, command: str) -> bool:
    """Whether the user says yes. Raises UsageError where there is nobody to ask."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError("nothing was changed: there is nobody to ask here", f"{command} --yes")
    output.note(f"{question} [y/N]")
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    output.line("Nothing was changed.")
    return False


def files_data(files: Sequence[Written]) -> list[dict[str, Any]]:
    """Files for the envelope: what becomes of each."""
    states = {(True, False): "added", (False, True): "removed"}
    return [
        {
            "path": one.path,
            "state": states.get((one.before is None, one.after is None), "changed"),
        }
        for one in files
    ]
