"""Azure's inference package, whose clients have the same names for both ways to wait."""

from __future__ import annotations

from sophia_cli.migrate.rules.family import Family

AZURE_INFERENCE = Family(
    rule="azure_inference",
    provider="azure",
    packages=("azure.ai.inference",),
    advice="Azure's inference client: call the service in its place",
    clients=dict.fromkeys(
        ("ChatCompletionsClient", "EmbeddingsClient", "ImageEmbeddingsClient", "load_client")
    ),
    operations=frozenset({"complete", "embed"}),
)
