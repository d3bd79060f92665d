"""One call as the ledger has it: its attempts, and the decision that sent it where it went."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sophia_cli.errors import SophiaError
from sophia_cli.llm.ledger import Attempt, Ledger
from sophia_cli.llm.ledger.history import attempts_of, calls_named
from sophia_cli.llm.ledger.record import OK
from sophia_cli.usage.routes import Recorded, read_route


@dataclass(frozen=True)
class OneCall:
    """The row of a call by the names of its columns, its requests, and the decision where it was kept."""

    row: dict[str, Any]
    attempts: tuple[Attempt, ...]
    route: Recorded | None

    @property
    def when(self) -> str:
        moment = datetime.fromtimestamp(self.row["started_ns"] / 1e9, UTC)
        return f"{moment:%Y-%m-%d %H:%M:%S} UTC"

    def data(self) -> dict[str, Any]:
        """For other programs; `route` as it was written down."""
        row = {**self.row, "attempts": [one._asdict() for one in self.attempts]}
        row["route"] = json.loads(self.row["route"]) if self.route else self.row["route"] or None
        return row


def find_call(ledger: Ledger, name: str) -> OneCall:
    """The call of that id, or of the only id that begins so. Raises SophiaError, LLMError."""
    found = calls_named(ledger, name) if name else []
    if not found:
        raise SophiaError(
            f"no call '{name}' is in the ledger", "sophia usage shows ids of its dearest calls"
        )
    if len(found) > 1:
        ids = ", ".join(row["id"] for row in found)
        raise SophiaError(f"several calls begin with '{name}': {ids}, ...", "give more of the id")
    row = found[0]
    attempts = tuple(attempts_of(ledger, row["id"]))
    if not attempts and row["outcome"] == OK and row["attempts"] == 1:
        # An answer at the first request is all in its call's row.
        place = (row["provider"], row["model"])
        attempts = (Attempt(1, *place, OK, "", row["status"], row["latency_us"]),)
    return OneCall(row, attempts, read_route(row["route"]))
