"""SDKs whose clients read like openai's: portkey_ai, groq and others that speak its dialect."""

from __future__ import annotations

from sophia_cli.migrate.rules.family import Family

_CALLS = frozenset(
    {
        "chat.completions.create",
        "completions.create",
        "responses.create",
        "embeddings.create",
        "moderations.create",
        "images.generate",
        "audio.transcriptions.create",
        "audio.translations.create",
        "audio.speech.create",
    }
)

PORTKEY = Family(
    rule="portkey",
    provider="portkey",
    packages=("portkey_ai",),
    advice="portkey's client: the pack portkey gives it http_client, all else stays",
    clients={"Portkey": False, "AsyncPortkey": True},
    operations=_CALLS | {"prompts.completions.create"},
)
GROQ = Family(
    rule="groq",
    provider="groq",
    packages=("groq",),
    advice="groq's client: OpenAI(http_client=openai_http_client()) reads the same",
    clients={"Groq": False, "AsyncGroq": True, "Client": False, "AsyncClient": True},
    operations=_CALLS,
)
