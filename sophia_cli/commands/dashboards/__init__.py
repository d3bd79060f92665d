"""`sophia dashboards`: boards of Grafana."""

from __future__ import annotations

from sophia_cli.commands.options import App, Json, NoColor, Quiet, Root

_COMMANDS = "sophia_cli.commands.dashboards"
_LATER = {
    "import": f"{_COMMANDS}.bring:bring",
    **{
        name: f"{_COMMANDS}.{name}:{name}"
        for name in ("diff", "rollback", "export", "lint", "preview")
    },
}

app = App(_LATER, no_args_is_help=True)


@app.callback()
def before(
    root: Root = None, as_json: Json = False, quiet: Quiet = False, no_color: NoColor = False
) -> None:
    """Boards of Grafana: brought in, compared, checked, drawn."""
