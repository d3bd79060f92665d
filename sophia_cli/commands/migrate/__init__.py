"""`sophia migrate`: find every LLM call, show what would change, change it."""

from __future__ import annotations

from sophia_cli.commands.migrate.check import check
from sophia_cli.commands.migrate.cleanup import cleanup
from sophia_cli.commands.migrate.packs import packs, test
from sophia_cli.commands.migrate.report import report
from sophia_cli.commands.migrate.resume import resume
from sophia_cli.commands.migrate.rollback import rollback
from sophia_cli.commands.migrate.run import run
from sophia_cli.commands.migrate.scan import scan
from sophia_cli.commands.migrate.show import show
from sophia_cli.commands.migrate.status import status
from sophia_cli.commands.options import App

app = App(invoke_without_command=True)
app.callback()(run)
app.command()(scan)
app.command()(show)
app.command()(report)
app.command()(check)
app.command()(rollback)
app.command()(resume)
app.command()(status)
app.command()(cleanup)
app.command()(packs)
app.command()(test)
