"""Which process it is: a number alone is given again, and that of a container's first process always is."""

from __future__ import annotations

import os
import secrets
from functools import cache
from pathlib import Path

_OVER = ("Z", "X", "x")  # states of a process, as proc(5) has them

_own = [secrets.token_hex(4)]


def _begin_anew() -> None:
    _own[0] = secrets.token_hex(4)


os.register_at_fork(after_in_child=_begin_anew)


def own_birth() -> str:
    """What tells this process from every other that had or will have its number."""
    return f"{_began(_told(os.getpid()))}.{_own[0]}"


def is_alive(pid: int, born: str = "") -> bool:
    """Whether a process of this machine runs; with its birth, whether it is still that one."""
    if pid == os.getpid():
        return not born or born == own_birth()
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass
    told = _told(pid)
    if told and told[0] in _OVER:  # killed, and nobody has asked how it ended
        return False
    said, now = born.partition(".")[0], _began(told)
    return not (said and now) or said == now


def _began(told: list[str]) -> str:
    """When it began, in which run of the machine; empty where nobody tells."""
    return f"{_run_of_machine()}-{told[19]}" if len(told) > 19 else ""


def _told(pid: int) -> list[str]:
    """What the system says of a process, from its state on (proc(5)); nothing where it does not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return []
    # The name of the program comes first in brackets, and may itself hold some.
    return text.rpartition(")")[2].split()


@cache
def _run_of_machine() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
    except (OSError, ValueError):
        return ""
