"""Files of SQL that ask Cortex for a model: told like the SQL in strings, never edited."""

from __future__ import annotations

from sophia_cli.migrate.rules.cortex_sql import called, name_of, reason_for
from sophia_cli.migrate.scan import Scan
from sophia_cli.migrate.site import Site, Use, Verdict
from sophia_cli.migrate.sql import aside


def find(scan: Scan) -> None:
    """Add a site for each call of a model in a file of SQL."""
    for path, data in scan.queries.items():
        text = data.decode("utf-8-sig", "replace")
        spans = None
        for found in called(text):
            spans = aside(text) if spans is None else spans
            if any(start <= found.start() < end for start, end in spans):
                continue
            name = name_of(found)
            scan.sites.append(
                Site(
                    rule="cortex_sql",
                    verdict=Verdict.REPORT,
                    reason=reason_for(name),
                    path=path,
                    line=text.count("\n", 0, found.start()) + 1,
                    column=found.start() - text.rfind("\n", 0, found.start()),
                    provider="cortex",
                    operation=name,
                    model=found[3],
                    use=Use(streaming=False),
                    category=scan.category(path),
                )
            )
