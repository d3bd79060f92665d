"""`sophia metrics status`: by which way the totals go out, and whether they arrive."""

from __future__ import annotations

import os
from dataclasses import asdict
from datetime import UTC, datetime

import typer

from sophia_cli.commands.options import Json, Root
from sophia_cli.output import Output
from sophia_cli.surroundings import here


def status(root: Root = None, as_json: Json = False) -> None:
    """Say where the totals of the ledger go, and when they last arrived. Exit 1 where they do not.

    Example:  sophia metrics status
    """
    from sophia_cli.llm.config import load_config
    from sophia_cli.metrics.state import state_of

    output = Output(as_json=as_json)
    state = state_of(load_config(os.environ, here(root)))
    output.envelope("metrics status", asdict(state))
    output.line(f"Ledger: {state.ledger}")
    if state.way == "scrape":
        output.line(f"Exported by process {state.process} at {state.place}")
    elif state.way == "write":
        output.line(f"Written by the processes themselves to {state.place}")
        output.line(f"Last write: {_moment(state.last_write)}")
    else:
        output.line("Its totals go nowhere.")
        output.line("Next:  sophia infra up   or   sophia metrics serve")
    if state.problem:
        output.line(f"{state.problem}.")
        output.line("Next:  sophia infra status")
        raise typer.Exit(1)


def _moment(seconds: float | None) -> str:
    if seconds is None:
        return "none yet; calls of processes that begin from now on are"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
