"""What a rule says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: the rule's name, where (a panel, a variable, or nothing), and what."""

    rule: str
    where: str
    words: str
