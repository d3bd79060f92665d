"""Who answers `sophia llm ask` in tests, and what is left of it afterwards."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

from sophia_cli.llm.simulator import Fault, Simulator
from sophia_cli.llm.simulator.server import SimulatorServer, serve

KEY = "sk-or-0123456789abf3a1"


def keyed(url: str) -> dict[str, str]:
    return {"OPENROUTER_API_KEY": KEY, "OPENROUTER_BASE_URL": f"{url}/api/v1"}


def faulty(fault: str) -> SimulatorServer:
    return serve(Simulator(faults=[Fault.parse(fault)]))


def rows(home: Path) -> list[Any]:
    connection = sqlite3.connect(home / "state" / "sophia" / "ledger.sqlite3")
    try:
        return connection.execute(
            "SELECT outcome, error_kind, task, provider FROM calls"
        ).fetchall()
    finally:
        connection.close()


def masked(text: str) -> str:
    """Without what differs from run to run: latency and call id."""
    return re.sub(r"\d+\.\d\d s( · |\n  )call \w+", "T s · call ID", text)
