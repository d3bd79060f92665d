"""`sophia usage`: what was called, what it cost, what to change."""

from __future__ import annotations

from sophia_cli.commands.options import App
from sophia_cli.commands.usage.run import run

_COMMANDS = {
    name: f"sophia_cli.commands.usage.{name}:{name}"
    for name in ("show", "replay", "advise", "reconcile")
}

app = App(_COMMANDS, invoke_without_command=True)
app.callback()(run)
