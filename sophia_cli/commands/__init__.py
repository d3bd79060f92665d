"""The commands: parse, one call, show the result. No work here."""

from __future__ import annotations

from sophia_cli.commands.app import call, words_of

__all__ = ["call", "words_of"]
