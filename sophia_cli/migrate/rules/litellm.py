"""litellm's functions and its Router."""

from __future__ import annotations

from sophia_cli.migrate.rules.family import Family

_CALLS = (
    *("completion", "text_completion", "embedding", "responses", "moderation", "transcription"),
    *("speech", "image_generation", "rerank", "batch_completion"),
)
_NAMED = ("completion", "text_completion", "embedding", "transcription", "speech", "rerank")

LITELLM = Family(
    rule="litellm",
    provider="litellm",
    packages=("litellm",),
    advice="litellm picks the provider: the service's complete() does that, call it instead",
    clients={"Router": None, "LiteLLM": None},
    functions=frozenset(
        {
            *_CALLS,
            *(f"a{name}" for name in _CALLS if name != "batch_completion"),
            "completion_with_retries",
            "acompletion_with_retries",
            "batch_completion_models",
        }
    ),
    first=frozenset(f"{wait}{name}" for wait in ("", "a") for name in _NAMED),
    operations=frozenset(
        {*_CALLS, *(f"a{name}" for name in _CALLS), "abatch_completion", "chat.completions.create"}
    ),
)
