"""Calls of home-made services that a rule pack declares become calls of the target."""

from __future__ import annotations

from sophia_cli.migrate.scan import Scan


def find(scan: Scan) -> None:
    """Add the sites of all services that the packs declare."""
    if scan.packs:
        # a fifth of all that a scan imports, and most trees declare no service
        from sophia_cli.migrate.rules.wrapper.rule import find_services

        find_services(scan)
