"""Which provider and model may take a call, in which order, and why: a pure function."""

from __future__ import annotations

from sophia_cli.llm.routing.decision import Decision, Verdict
from sophia_cli.llm.routing.route import decide, decide_again, half_configured, keeps_origin

__all__ = ["Decision", "Verdict", "decide", "decide_again", "half_configured", "keeps_origin"]
