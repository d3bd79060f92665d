"""`sophia migrate`: find every LLM call, show what would change, change it."""

from __future__ import annotations

from sophia_cli.commands.migrate.run import run
from sophia_cli.commands.options import App

_COMMANDS = {
    name: f"sophia_cli.commands.migrate.{name}:{name}"
    for name in ("scan", "show", "report", "check", "rollback", "resume", "status", "cleanup")
}
_PACKS = {name: f"sophia_cli.commands.migrate.packs:{name}" for name in ("packs", "test")}

app = App(_COMMANDS | _PACKS, invoke_without_command=True)
app.callback()(run)
