"""A call that is left as it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sophia_cli.migrate.site import Reason, join_reasons


class Left(Exception):
    """The call is left as it is; the reason says why."""

    def __init__(self, code: str, words: str, also: tuple[Reason, ...] = ()) -> None:
        super().__init__(words)
        self.reason = Reason(code, words, also)


@dataclass(frozen=True)
class Noted:
    """What speaks for leaving a call: all of it, so that a person meets it at once."""

    reasons: list[Reason] = field(default_factory=list)

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Go on behind what is inside, and keep why that left the call."""
        try:
            yield
        except Left as left:
            self.reasons.extend(left.reason.every)

    def settle(self) -> None:
        """Raises Left where there was a reason."""
        if self.reasons:
            reason = join_reasons(self.reasons)
            raise Left(reason.code, reason.words, reason.also)
