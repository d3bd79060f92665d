"""What is known of the world at the moment a call is routed: data for a pure decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Candidate = tuple[str, str]  # provider, model


@dataclass(frozen=True)
class Outlook:
    """Empty is a quiet day: everybody answers, nothing is spent, no latency is known.

    `resting` says why a candidate is not asked at present (its circuit breaker is open), `latency`
    is the median of its answers in seconds, `left` what each budget account still holds, in
    nano-USD, by the account's name; an account that is not in it is untouched. Where it is not
    `thorough`, accounts that are not in it are not looked at: they are when money is put aside.
    """

    resting: Mapping[Candidate, str] = field(default_factory=dict)
    latency: Mapping[Candidate, float] = field(default_factory=dict)
    left: Mapping[str, int] = field(default_factory=dict)
    thorough: bool = True


QUIET = Outlook(thorough=False)
