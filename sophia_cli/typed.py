"""What is typed or piped in and must not be seen."""

from __future__ import annotations

import getpass
import sys
import warnings


def hidden_line(prompt: str) -> str:
    """A line from the terminal, without an echo, or one of what is piped in; empty where there is none."""
    if sys.stdin is None:
        return ""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(prompt).strip()
        except (getpass.GetPassWarning, EOFError, OSError):
            return ""
