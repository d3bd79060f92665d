"""Syntax that this Python does not read and a newer one does."""

from __future__ import annotations

import re
import sys

_MENDED = (3, 12)
# What 3.11 says of f-strings that 3.12 reads (PEP 701); it says so of some that no Python reads too.
_FORMAT = re.compile(
    r"f-string: (?:unmatched '[\[(]'|expecting '}'|expressions nested too deeply)"
    r"|f-string expression part cannot include"
)
_BROKEN_FORMAT = re.compile(r"(?i)(?:f|rf|fr)(['\"])(?!\1\1)[^{\n]*\{[^}\n]*$")
_TYPED = re.compile(r"\s*(?:(?:async\s+)?def|class)\s+\w+\s*\[|\s*type\s+\w+\s*(?:\[.*\]\s*)?=")


def newer_reads(error: SyntaxError) -> str:
    """With which Python to try again, in words; "" where that would not help."""
    if sys.version_info >= _MENDED:
        return ""
    line = error.text or ""
    if _TYPED.match(line):
        return "run sophia with Python 3.12+, which reads it"
    rest = line[(error.offset or 1) - 1 :]
    across = error.msg.startswith("unterminated string") and _BROKEN_FORMAT.match(rest)
    if across or _FORMAT.match(error.msg):
        return "run sophia with Python 3.12+, which reads more f-strings"
    return ""
