"""`sophia metrics serve`: an exporter over the ledger."""

from __future__ import annotations

import os
import signal
from threading import Event
from typing import Annotated

import typer

from sophia_cli.commands.options import Json, Root
from sophia_cli.output import Output
from sophia_cli.surroundings import here


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on; another lets others read it.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 9464,
    root: Root = None,
    as_json: Json = False,
) -> None:
    """Export the ledger's totals to a Prometheus that scrapes, until Ctrl-C or SIGTERM.

    Reads running totals, no rows: a scrape takes as long with a million calls. One ledger has one
    way out: this refuses where processes write its totals themselves, and they stop while it runs.

    Example:  sophia metrics serve --port 9464
    """
    from sophia_cli.llm.config import load_config
    from sophia_cli.metrics.exporter import serve as export

    output = Output(as_json=as_json)
    config = load_config(os.environ, here(root))
    ends = Event()
    signal.signal(signal.SIGTERM, lambda number, frame: ends.set())
    with export(config, host, port) as url:
        output.envelope("metrics serve", {"url": url, "ledger": str(config.ledger)})
        output.line(f"{config.ledger} is exported at {url}")
        output.line("  scrape_configs:")
        output.line("    - job_name: sophia")
        target = url.removeprefix("http://").partition("/")[0]
        output.line(f'      static_configs: [{{targets: ["{target}"]}}]')
        ends.wait()
