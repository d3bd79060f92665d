"""The search in bytes before anything is parsed: a file that holds none of the words holds no site.

It imports no rule, so that files can be read while the rules are imported.
"""

from __future__ import annotations

from collections.abc import Iterable

from sophia_cli.migrate.hosts import HOSTS

# What the names above find of the hosts too.
_NAMED = ("openai", "anthropic", "openrouter", "portkey", "groq", "mistral", "generativ")
# Bytes, in lower case, without which a file cannot hold a site.
WORDS: tuple[bytes, ...] = (
    b"openai",
    b"anthropic",
    b"completions.create",
    b"chat/completions",
    b"generatecontent",
    b"v1/messages",
    b"v1/responses",
    b"v1/completions",
    b"v1/embeddings",
    b"completions.parse",
    b"completions.stream",
    b"messages.create",
    b"messages.stream",
    b"responses.create",
    b"responses.parse",
    b"responses.stream",
    b"embeddings.create",
    b"create_with_completion",
    b"threads.runs.",
    b"langchain",
    b"instructor",
    b"dspy",
    b"pydantic_ai",
    b"azure.ai.inference",
    b"litellm",
    b"openrouter",
    b"portkey",
    b"groq",
    b"mistral",
    b"import cohere",
    b"from cohere",
    b"cohere.",
    b"generativ",
    b"genai",
    b"vertexai",
    b"modelid=",
    b"bedrock-runtime",
    b"cortex",
    b"ai_complete",
    b"ai_classify",
    b"ai_extract",
    b"ai_embed",
    b"ai_filter",
    b"ai_agg",
    b"ai_sent",
    b"ai_summarize",
    b"ai_simil",
    b"ai_trans",
    b"ai_parse",
    b"ai_redact",
    b"ollama",
    b"import replicate",
    b"from replicate",
    b"inferenceclient",
    b"crewai",
    b"llama_index",
    *(host.encode() for host in HOSTS if not any(known in host for known in _NAMED)),
    b"sophia_cli.llm",
)


# What many of them hold, so that one search stands for all of these; it must be rare elsewhere.
_SIGNS = (
    b"completion",
    b"cohere",
    b"replicate",
    b"huggingface",
    b".ai",
    b"deep",
    b"llama",
    b"ai_",
    b"embeddings",
    b"messages.",
    b"responses.",
    b"v1/",
    b"router",
    b"infer",
)
_LOWER = bytes(range(256)).lower()
# A third of most code, which no sign needs.
_NOISE = bytes(code for code in range(128) if not chr(code).isalnum() and code not in b"_-./=")


class Prefilter:
    """Looks for signs in what is left of a file without its noise, and for the words where one is there."""

    def __init__(self, words: Iterable[bytes]) -> None:
        groups: dict[bytes, list[bytes]] = {}
        for word in words:
            sign = next((sign for sign in _SIGNS if sign in word), _squeeze(word))
            groups.setdefault(sign, []).append(word)
        self._groups = tuple(groups.items())

    def finds(self, data: bytes) -> bool:
        """Whether one of the words is in a file's bytes, in upper or lower case."""
        squeezed, lower = _squeeze(data), b""
        for sign, words in self._groups:
            if sign in squeezed:
                lower = lower or data.lower()
                if any(word in lower for word in words):
                    return True
        return False


def _squeeze(data: bytes) -> bytes:
    return data.translate(_LOWER, _NOISE)
