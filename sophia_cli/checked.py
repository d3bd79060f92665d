"""One thing that was looked at, and how it is: what preflights and doctors are made of."""

from __future__ import annotations

from dataclasses import dataclass

OK, WARN, FAIL = "ok", "warn", "fail"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: `state` is ok, warn or fail; `mend` are the commands that put it right."""

    name: str
    state: str
    words: str
    mend: str = ""
