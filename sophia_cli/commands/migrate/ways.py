"""What to type next."""

from __future__ import annotations

from sophia_cli.output import WIDTH, Output


def show_ways(output: Output, label: str, *commands: str) -> None:
    """Commands to choose from, in one line where they fit."""
    line = f"{label}  {'      or      '.join(commands)}"
    if len(line) <= WIDTH:
        output.line(line)
        return
    for place, command in enumerate(commands):
        output.line(f"{'or'.rjust(len(label)) if place else label}  {command}")
