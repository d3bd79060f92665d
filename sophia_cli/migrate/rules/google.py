"""Google's SDKs for Gemini: google-genai, the older google-generativeai, and that of Vertex."""

from __future__ import annotations

from sophia_cli.migrate.rules.family import Family

_CALLS = ("generate_content", "generate_content_stream", "embed_content", "generate_images")
_OLDER = ("generate_content", "generate_content_async", "start_chat")

GOOGLE = Family(
    rule="google",
    provider="google",
    packages=("google.genai", "google.generativeai", "vertexai"),
    advice="Google's client: call the service in its place",
    clients={"Client": None, "GenerativeModel": None, "TextEmbeddingModel": None},
    functions=frozenset({"embed_content", "generate_text", "generate_embeddings"}),
    first=frozenset({"GenerativeModel"}),
    operations=frozenset(
        {
            *(f"{front}models.{name}" for front in ("", "aio.") for name in _CALLS),
            *("chats.create", "aio.chats.create"),
            *_OLDER,
        }
    ),
    telling={
        "models.generate_content": frozenset({"contents"}),
        "models.generate_content_stream": frozenset({"contents"}),
    },
)
