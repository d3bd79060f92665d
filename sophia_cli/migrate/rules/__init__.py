"""The rules, in the order in which they run: constructors before what they carry."""

from __future__ import annotations

from sophia_cli.migrate.rules import anthropic_client, calls, markdown, openai_client, wrapper
from sophia_cli.migrate.scan import Rule

RULES: tuple[Rule, ...] = (
    openai_client.find,
    anthropic_client.find,
    calls.find,
    wrapper.find,
    markdown.find,
)
# Bytes, in lower case, without which a file cannot hold a site.
WORDS: tuple[bytes, ...] = (
    b"openai",
    b"anthropic",
    b"completions.create",
    b"completions.parse",
    b"completions.stream",
    b"messages.create",
    b"messages.stream",
    b"responses.create",
    b"responses.parse",
    b"responses.stream",
    b"embeddings.create",
)
