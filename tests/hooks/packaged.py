"""The packages of npm and PyPI that the hooks pin, fetched once for all tests; where that fails, why."""

from __future__ import annotations

import os
import sys
from functools import cache

from gated import CACHE

from sophia_cli.errors import SophiaError
from sophia_cli.hooks import pins
from sophia_cli.hooks.packages import node_modules


def node_words() -> list[str]:
    """The words that give the gate its ESLint; none where npm cannot fetch it here, and why is said."""
    return [f"--node={pin.requirement}" for pin in pins.NODE] if _fetched() else []


@cache
def _fetched() -> bool:
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(CACHE)
    try:
        node_modules([pin.requirement for pin in pins.NODE])
    except SophiaError as error:
        sys.stderr.write(f"without ESLint: {error.message}\n")
        return False
    finally:
        if before is not None:
            os.environ["XDG_CACHE_HOME"] = before
    return True
