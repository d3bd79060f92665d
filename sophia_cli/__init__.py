"""sophia: one service for a code base's LLM calls.

`sophia_cli.llm` is the half that applications import; the rest is the command line.
"""

__version__ = "0.1.0"
