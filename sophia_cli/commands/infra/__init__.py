"""`sophia infra`: quality and metrics servers of a project."""

from __future__ import annotations

from sophia_cli.commands.infra import secrets
from sophia_cli.commands.infra.backup import backup
from sophia_cli.commands.infra.bundle import bundle
from sophia_cli.commands.infra.doctor import doctor
from sophia_cli.commands.infra.down import down
from sophia_cli.commands.infra.export import export
from sophia_cli.commands.infra.lock import lock
from sophia_cli.commands.infra.logs import logs
from sophia_cli.commands.infra.mcp import mcp
from sophia_cli.commands.infra.restore import restore
from sophia_cli.commands.infra.scan import scan
from sophia_cli.commands.infra.status import status
from sophia_cli.commands.infra.up import up
from sophia_cli.commands.infra.upgrade import upgrade
from sophia_cli.commands.options import App, Json, NoColor, Quiet, Root

app = App(no_args_is_help=True)
app.command()(up)
app.command()(scan)
app.command()(status)
app.command()(logs)
app.command()(doctor)
app.command()(down)
app.command()(lock)
app.command()(backup)
app.command()(restore)
app.command()(upgrade)
app.command()(bundle)
app.command()(export)
app.command()(mcp)
app.add_typer(secrets.app, name="secrets")


@app.callback()
def before(
    root: Root = None, as_json: Json = False, quiet: Quiet = False, no_color: NoColor = False
) -> None:
    """SonarQube, Prometheus, Alertmanager and Grafana for a project, on this machine or elsewhere."""
