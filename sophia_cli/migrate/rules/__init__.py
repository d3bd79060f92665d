"""The rules, in the order in which they run: constructors before what they carry."""

from __future__ import annotations

from sophia_cli.migrate.hosts import HOSTS
from sophia_cli.migrate.rules import (
    anthropic_client,
    calls,
    clients,
    cortex_sql,
    curl,
    exceptions,
    markdown,
    module_settings,
    notebook,
    openai_client,
    patches,
    raw_http,
    sdks,
    sql_files,
    templates,
    wrapper,
)
from sophia_cli.migrate.scan import Rule

_CODE: tuple[Rule, ...] = (
    openai_client.find,
    anthropic_client.find,
    clients.find,
    sdks.find,
    calls.find,
    raw_http.find,
    curl.find,
    cortex_sql.find,
    module_settings.find,
    exceptions.find,
    patches.find,
    wrapper.find,
    templates.find,
)
RULES: tuple[Rule, ...] = (*_CODE, notebook.find, sql_files.find, markdown.over(_CODE))
# Those that find what makes clients, without what clients do.
MAKERS: tuple[Rule, ...] = (openai_client.find, anthropic_client.find, sdks.SDKS.find_makers)
# What the names of SDKs begin with.
PACKAGES = frozenset({"openai", "anthropic"}) | sdks.SDKS.tops
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
