"""The tools by their names, in the order in which their findings are told."""

from __future__ import annotations

from sophia_cli.hooks.tools.bandit import BANDIT
from sophia_cli.hooks.tools.black import BLACK
from sophia_cli.hooks.tools.eslint import ESLINT
from sophia_cli.hooks.tools.ruff import RUFF
from sophia_cli.hooks.tools.tool import Tool

TOOLS: dict[str, Tool] = {tool.name: tool for tool in (RUFF, BLACK, BANDIT, ESLINT)}

__all__ = ["TOOLS", "Tool"]
