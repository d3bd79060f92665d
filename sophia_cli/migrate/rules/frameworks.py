"""Frameworks that make clients of their own, or wrap those that they are given."""

from __future__ import annotations

from sophia_cli.migrate.rules.family import Family

# What instructor's client has, which is followed as the client that it wraps.
INSTRUCTED = frozenset(
    f"{front}{name}"
    for front in ("", "chat.completions.", "messages.", "responses.")
    for name in ("create", "create_with_completion", "create_partial", "create_iterable")
)

_WRAPPERS = ("bedrock", "cerebras", "cohere", "fireworks", "gemini", "genai", "litellm", "mistral")
_MODELS = {
    **{"OpenAIChatModel": "openai", "OpenAIResponsesModel": "openai", "OpenAIModel": "openai"},
    **{"AnthropicModel": "anthropic", "GoogleModel": "google", "GeminiModel": "google"},
    **{"GroqModel": "groq", "MistralModel": "mistral", "CohereModel": "cohere"},
    **{"BedrockConverseModel": "bedrock", "OpenRouterModel": "openrouter"},
    **{"SnowflakeModel": "cortex", "OllamaModel": "ollama", "XaiModel": "xai"},
    **{"CerebrasModel": "cerebras", "HuggingFaceModel": "huggingface"},
}
_REQUESTS = ("model_request", "model_request_sync", "model_request_stream")

INSTRUCTOR = Family(
    rule="instructor",
    provider="instructor",
    packages=("instructor",),
    advice="instructor's client: from_openai(OpenAI(http_client=openai_http_client())) stays one",
    clients=dict.fromkeys(
        ("from_provider", *(f"from_{name}" for name in (*_WRAPPERS, "vertexai", "writer", "xai")))
    ),
    operations=INSTRUCTED,
    first=frozenset({"from_provider"}),
)
DSPY = Family(
    rule="dspy",
    provider="dspy",
    packages=("dspy",),
    advice="dspy's model: a class built on dspy.BaseLM can call the service",
    clients=dict.fromkeys(("LM", "Embedder", "OpenAI", "AzureOpenAI", "Claude", "Cohere", "GROQ")),
    operations=frozenset({"forward", "aforward"}),
    first=frozenset({"LM", "Embedder", "OpenAI", "Claude", "Cohere"}),
)
PYDANTIC_AI = Family(
    rule="pydantic_ai",
    provider="pydantic_ai",
    packages=("pydantic_ai",),
    advice="pydantic_ai: OpenAIProvider takes an AsyncOpenAI(http_client=openai_async_http_client())",
    clients=dict.fromkeys(("Agent", *_MODELS)),
    functions=frozenset((*_REQUESTS, "model_request_stream_sync")),
    operations=frozenset(
        ("run", "run_sync", "run_stream", "run_stream_sync", "run_stream_events", "iter")
    ),
    vendors=_MODELS,
    first=frozenset({"Agent", *_MODELS, *_REQUESTS, "model_request_stream_sync"}),
)
