"""`sophia metrics show`: what a scrape would say."""

from __future__ import annotations

import os

from sophia_cli.commands.options import Json, Root
from sophia_cli.output import Output
from sophia_cli.surroundings import here


def show(root: Root = None, as_json: Json = False) -> None:
    """Print the metrics in Prometheus' text format, as a file for node_exporter too.

    Example:  sophia metrics show | grep budget
    """
    from sophia_cli.llm.config import load_config
    from sophia_cli.metrics.state import written_out

    output = Output(as_json=as_json)
    text = written_out(load_config(os.environ, here(root)))
    output.envelope("metrics show", {"text": text})
    output.stream(text)
