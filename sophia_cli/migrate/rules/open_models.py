"""SDKs of those who run models of many makers: ollama, replicate, huggingface_hub, crewai, llama_index."""

from __future__ import annotations

from sophia_cli.migrate.rules.family import Family

_OLLAMA = frozenset({"chat", "generate", "embed", "embeddings"})
_REPLICATE = frozenset({"run", "stream", "async_run", "async_stream"})
_MODELS = {
    **{"OpenAI": "openai", "OpenAIResponses": "openai", "AzureOpenAI": "azure"},
    **{"Anthropic": "anthropic", "OpenAILike": "", "OpenRouter": "openrouter", "Ollama": "ollama"},
    **{"Groq": "groq", "MistralAI": "mistral", "Cohere": "cohere", "DeepSeek": "deepseek"},
    **{"Gemini": "google", "GoogleGenAI": "google", "Vertex": "google", "LiteLLM": "litellm"},
    **{"Bedrock": "bedrock", "BedrockConverse": "bedrock", "Perplexity": "perplexity"},
    **{"TogetherLLM": "together", "Fireworks": "fireworks", "Cerebras": "cerebras"},
    **{"HuggingFaceInferenceAPI": "huggingface", "Replicate": "replicate"},
}

OLLAMA = Family(
    rule="ollama",
    provider="ollama",
    packages=("ollama",),
    advice="ollama's client: call the service in its place",
    clients={"Client": False, "AsyncClient": True},
    functions=_OLLAMA,
    operations=_OLLAMA,
)
REPLICATE = Family(
    rule="replicate",
    provider="replicate",
    packages=("replicate",),
    advice="replicate's client: call the service in its place",
    clients={"Client": None},
    functions=_REPLICATE,
    operations=_REPLICATE,
    first=_REPLICATE,
)
HUGGINGFACE = Family(
    rule="huggingface",
    provider="huggingface",
    packages=("huggingface_hub",),
    advice="huggingface_hub's client: call the service in its place",
    clients={"InferenceClient": False, "AsyncInferenceClient": True},
    operations=frozenset({"chat_completion", "text_generation", "chat.completions.create"}),
)
CREWAI = Family(
    rule="crewai",
    provider="crewai",
    packages=("crewai",),
    advice="crewai's model: a class built on crewai.BaseLLM can call the service",
    clients={"LLM": None},
    operations=frozenset({"call"}),
    first=frozenset({"LLM"}),
)
LLAMA_INDEX = Family(
    rule="llama_index",
    provider="llama_index",
    packages=("llama_index.llms",),
    advice="llama_index's model: a class built on CustomLLM can call the service",
    clients=dict.fromkeys(_MODELS),
    operations=frozenset(
        f"{front}{name}"
        for front in ("", "stream_", "a", "astream_")
        for name in ("complete", "chat")
    ),
    vendors=_MODELS,
)
