"""`sophia migrate`: find every LLM call, show what would change, change it."""

from __future__ import annotations

import typer

app = typer.Typer(
    rich_markup_mode=None,
    invoke_without_command=True,
    help="Find every LLM call and show what would change.",
)


@app.callback()
def migrate() -> None:
    """Find every LLM call and show what would change."""
