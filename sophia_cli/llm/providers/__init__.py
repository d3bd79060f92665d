"""The providers: what each kind speaks, how it is addressed and signed in to."""

from __future__ import annotations

from sophia_cli.llm.providers import compatible, cortex, openrouter, portkey, simulated
from sophia_cli.llm.providers.base import Kind, Option, Provider

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        cortex.CORTEX,
        portkey.PORTKEY,
        openrouter.OPENROUTER,
        compatible.OPENAI,
        compatible.ANTHROPIC,
        simulated.SIMULATOR,
    )
}

__all__ = ["KINDS", "Kind", "Option", "Provider"]
