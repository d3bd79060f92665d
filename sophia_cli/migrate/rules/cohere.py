"""The cohere package, of both of its interfaces."""

from __future__ import annotations

from sophia_cli.migrate.rules.family import Family

_CALLS = ("chat", "chat_stream", "generate", "generate_stream", "embed", "rerank", "classify")

COHERE = Family(
    rule="cohere",
    provider="cohere",
    packages=("cohere",),
    advice="cohere's client: call the service in its place",
    clients={
        **{"Client": False, "ClientV2": False, "AsyncClient": True, "AsyncClientV2": True},
        **{"BedrockClient": False, "SagemakerClient": False},
    },
    operations=frozenset({*_CALLS, "summarize", *(f"v2.{name}" for name in _CALLS)}),
)
