"""Product texts: one that is stored, one that is shown while it is written."""

from __future__ import annotations

from collections.abc import Iterator

from anthropic import Anthropic

MODEL = "claude-sonnet-5-5"
VOICE = "You write for a shop. Plain words, no superlatives."

_writer = Anthropic(max_retries=1)


def describe(product: str) -> str:
    """A description for the catalogue."""
    message = _writer.messages.create(
        model=MODEL,
        max_tokens=300,
        system=VOICE,
        messages=[{"role": "user", "content": f"Describe {product}."}],
    )
    return "".join(block.text for block in message.content if block.type == "text")


def preview(product: str) -> Iterator[str]:
    """The same, piece by piece, for the editor's screen."""
    with _writer.messages.stream(
        model=MODEL,
        max_tokens=300,
        system=VOICE,
        messages=[{"role": "user", "content": f"Describe {product}."}],
    ) as stream:
        yield from stream.text_stream
