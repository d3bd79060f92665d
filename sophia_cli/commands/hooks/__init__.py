"""`sophia hooks`: quality checks in front of every commit."""

from __future__ import annotations

from sophia_cli.commands.options import App, Json, NoColor, Quiet, Root

_HERE = "sophia_cli.commands.hooks"
_COMMANDS = ("install", "status", "run", "baseline", "update", "ci", "uninstall")
app = App({name: f"{_HERE}.{name}:{name}" for name in _COMMANDS}, no_args_is_help=True)


@app.callback()
def before(
    root: Root = None, as_json: Json = False, quiet: Quiet = False, no_color: NoColor = False
) -> None:
    """Quality checks in front of every commit: what is new is stopped, what is old stays."""
