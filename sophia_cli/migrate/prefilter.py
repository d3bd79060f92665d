"""The search in bytes before anything is parsed: a file that holds none of the words holds no site.

It imports no rule, so that files can be read while the rules are imported.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby, takewhile

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


class Prefilter:
    """Words by how they begin: most files hold none of those that begin alike."""

    def __init__(self, words: Iterable[bytes]) -> None:
        alike = [tuple(found) for _, found in groupby(sorted(words), lambda word: word[:3])]
        self._groups = tuple((_front(words[0], words[-1]), words) for words in alike)

    def finds(self, lower: bytes) -> bool:
        """Whether one of the words is in a file's bytes, which are in lower case."""
        return any(
            front in lower and any(word in lower for word in words) for front, words in self._groups
        )


def _front(first: bytes, last: bytes) -> bytes:
    """What two words begin with."""
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return first[: len(list(alike))]
