"""How far a change of a stack is, for whoever waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sophia_cli.output import Output

if TYPE_CHECKING:
    from sophia_cli.infra.up import Step

_HINTS = {"sonarqube": "its first start takes about 2 minutes"}


def teller(output: Output) -> Callable[[Step], None]:
    """One line on stderr for each step."""

    def tell(step: Step) -> None:
        hint = _HINTS.get(step.server, "") if step.phase != "ready" else ""
        seconds = f"{step.seconds:4.0f} s"
        words = f"  {step.server:<13} {step.phase:<26} {seconds}"
        output.note(f"{words}   ({hint})" if hint and step.phase == "starting" else words)

    return tell


def took(seconds: float) -> str:
    """Such as `1 min 58 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
