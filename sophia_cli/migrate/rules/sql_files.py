"""Files of SQL that ask Cortex for a model: told like the SQL in strings, never edited."""

from __future__ import annotations

from sophia_cli.migrate.rules.cortex_sql import called, reason_for
from sophia_cli.migrate.scan import Scan
from sophia_cli.migrate.site import Site, Use, Verdict
from sophia_cli.migrate.sql import decoded, statements


def find(scan: Scan) -> None:
    """Add a site for each call of a model in a file of SQL."""
    for path, data in scan.queries.items():
        text = decoded(data)
        if "\0" in text:
            scan.modules.broken[path] = "it is neither UTF-8 nor UTF-16 that says so"
            continue
        for call in called(text, statements(text)):
            scan.sites.append(
                Site(
                    rule="cortex_sql",
                    verdict=Verdict.REPORT,
                    reason=reason_for(call.name),
                    path=path,
                    line=text.count("\n", 0, call.start) + 1,
                    column=call.start - text.rfind("\n", 0, call.start),
                    provider="cortex",
                    operation=call.name,
                    model=call.model,
                    use=Use(streaming=False),
                    category=scan.category(path),
                )
            )
