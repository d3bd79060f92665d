"""`sophia llm`: the service, by hand."""

from __future__ import annotations

from sophia_cli.commands.llm import cache, keys
from sophia_cli.commands.llm.ask import ask
from sophia_cli.commands.llm.budgets import budgets
from sophia_cli.commands.llm.prices import prices
from sophia_cli.commands.llm.route import route
from sophia_cli.commands.llm.sim import sim
from sophia_cli.commands.options import App, Json, NoColor, Quiet, Root

app = App(no_args_is_help=True)
app.command()(ask)
app.command()(budgets)
app.command()(prices)
app.command()(route)
app.command()(sim)
app.add_typer(keys.app, name="keys")
app.add_typer(cache.app, name="cache")


@app.callback()
def before(
    root: Root = None, as_json: Json = False, quiet: Quiet = False, no_color: NoColor = False
) -> None:
    """The service that every LLM call goes through."""
