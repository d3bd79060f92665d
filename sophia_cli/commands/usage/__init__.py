"""`sophia usage`: what was called, what it cost, what to change."""

from __future__ import annotations

from sophia_cli.commands.options import App
from sophia_cli.commands.usage.run import run

_COMMANDS = {"show": "sophia_cli.commands.usage.show:show"}

app = App(_COMMANDS, invoke_without_command=True)
app.callback()(run)
