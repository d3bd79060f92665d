"""`sophia metrics`: the ledger's metrics, how they get out, and the alerts made of them."""

from __future__ import annotations

from sophia_cli.commands.metrics.alerts import alerts
from sophia_cli.commands.metrics.serve import serve
from sophia_cli.commands.metrics.show import show
from sophia_cli.commands.metrics.status import status
from sophia_cli.commands.options import App, Json, NoColor, Quiet, Root

app = App(no_args_is_help=True)
app.command()(show)
app.command()(status)
app.command()(serve)
app.command()(alerts)


@app.callback()
def before(
    root: Root = None, as_json: Json = False, quiet: Quiet = False, no_color: NoColor = False
) -> None:
    """Metrics of all calls, out of the ledger: by remote write, or by an exporter."""
