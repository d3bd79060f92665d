"""The mistralai package, of version 1 and of before."""

from __future__ import annotations

from sophia_cli.migrate.rules.family import Family

_ADVICE = "mistralai's client: call the service in its place"
_NEW = ("complete", "stream", "parse", "complete_async", "stream_async", "parse_async")

MISTRAL = Family(
    rule="mistral",
    provider="mistral",
    packages=("mistralai",),
    advice=_ADVICE,
    clients={"Mistral": None},
    operations=frozenset(
        {
            *(f"{part}.{name}" for part in ("chat", "fim", "agents") for name in _NEW),
            *("embeddings.create", "embeddings.create_async", "ocr.process", "ocr.process_async"),
        }
    ),
)
BEFORE = Family(
    rule="mistral",
    provider="mistral",
    packages=("mistralai",),
    advice=_ADVICE,
    clients={"MistralClient": False, "MistralAsyncClient": True},
    operations=frozenset(("chat", "chat_stream", "completion", "completion_stream", "embeddings")),
)
