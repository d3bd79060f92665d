"""Checks of a machine or of a clone, as `infra up` and the doctors show them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sophia_cli.output import Output

if TYPE_CHECKING:
    from sophia_cli.checked import Check


def show_checks(output: Output, checks: Iterable[Check], *, mends: bool = False) -> None:
    """One after the other, with a word for those that are not well, and the mend where that is asked for."""
    for check in checks:
        mark = "" if check.state == "ok" else f"{check.state}: "
        output.text(f"{check.name:<13} {mark}{check.words}", indent=2, hang=14)
        for line in check.mend.splitlines() if mends else ():
            output.line(f"                  {line}")
