"""All boards that ship, as their files."""

from __future__ import annotations

from sophia_cli.dashboards.boards import cost, latency, overview, reliability, routing
from sophia_cli.dashboards.builder.board import text_of

BOARDS = (overview.BOARD, cost.BOARD, latency.BOARD, reliability.BOARD, routing.BOARD)


def texts() -> dict[str, str]:
    """Text of each board by the name of its file; the same each time."""
    return {f"{board.uid.removeprefix('sophia-')}.json": text_of(board.build()) for board in BOARDS}
