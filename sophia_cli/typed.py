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
    try:
        return unseen(prompt).strip()
    except OSError:
        return ""


def unseen(prompt: str) -> str:
    """What is typed without an echo. Raises OSError where the terminal cannot hide it, or has gone."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(prompt)
        except (getpass.GetPassWarning, EOFError) as error:
            raise OSError(str(error)) from error
