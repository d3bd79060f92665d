"""`sophia llm`: the service, by hand."""

from __future__ import annotations

import typer

from sophia_cli.commands.llm import cache, keys
from sophia_cli.commands.llm.ask import ask
from sophia_cli.commands.llm.prices import prices
from sophia_cli.commands.llm.route import route
from sophia_cli.commands.llm.sim import sim

app = typer.Typer(
    help="The service that every LLM call goes through.",
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(ask)
app.command()(prices)
app.command()(route)
app.command()(sim)
app.add_typer(keys.app, name="keys")
app.add_typer(cache.app, name="cache")
