"""Options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="The result as one JSON envelope on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colour, also on a terminal.")]
Root = Annotated[
    Path | None, typer.Option("--root", help="The folder to work on (default: this one).")
]
