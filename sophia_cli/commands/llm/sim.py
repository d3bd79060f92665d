"""`sophia llm sim`: simulated providers on loopback."""

from __future__ import annotations

from typing import Annotated

import typer

from sophia_cli.commands.llm.options import as_usage
from sophia_cli.commands.options import Json
from sophia_cli.errors import SophiaError
from sophia_cli.output import Output

# What its answers cost is booked as if they were the provider's: who was asked is what the
# configuration says, never what a header of the answer says. A provider that could call itself
# simulated would be outside all budgets; and prices and budgets are tried out with this server.
_TRY = """\
  try:  OPENAI_API_KEY=simulated OPENAI_BASE_URL={}/v1 \\
        SOPHIA_LEDGER=simulated.sqlite3 sophia llm ask hello
Its calls are booked under the name and at the price of the provider that it
plays: in the ledger that counts unless SOPHIA_LEDGER names another, as above."""


def sim(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on loopback; 0 takes a free one.")
    ] = 8899,
    seed: Annotated[int, typer.Option(help="The same seed gives the same answers.")] = 0,
    fault: Annotated[
        list[str] | None, typer.Option(help='Such as "429:ratio=0.1"; may be repeated.')
    ] = None,
    as_json: Json = False,
) -> None:
    """Serve simulated answers on loopback, in the formats of all providers, until Ctrl-C.

    Example:  sophia llm sim --port 8899 --fault 503:ratio=0.2
    """
    from threading import Event

    from sophia_cli.llm.errors import ConfigError
    from sophia_cli.llm.simulator import Fault, Simulator
    from sophia_cli.llm.simulator.server import serve

    output = Output(as_json=as_json)
    try:
        faults = tuple(Fault.parse(text) for text in fault or [])
    except ConfigError as error:
        raise as_usage(error) from None
    try:
        started = serve(Simulator(seed=seed, faults=faults), port=port)
    except OSError as error:
        words = f"port {port} cannot be opened: {error.strerror}"
        raise SophiaError(words, "sophia llm sim --port 0") from None
    with started as server:
        output.envelope("llm sim", {"url": server.url, "seed": seed})
        output.line(f"simulated providers at {server.url}")
        for line in _TRY.format(server.url).splitlines():
            output.line(line)
        Event().wait()
