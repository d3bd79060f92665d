"""The rules, in the order in which they run: constructors before what they carry."""

from __future__ import annotations

from sophia_cli.migrate.rules import (
    anthropic_client,
    calls,
    cortex_sql,
    exceptions,
    markdown,
    notebook,
    openai_client,
    patches,
    raw_http,
    sdks,
    templates,
    wrapper,
)
from sophia_cli.migrate.scan import Rule

_CODE: tuple[Rule, ...] = (
    openai_client.find,
    anthropic_client.find,
    sdks.find,
    calls.find,
    raw_http.find,
    cortex_sql.find,
    exceptions.find,
    patches.find,
    wrapper.find,
    templates.find,
)
RULES: tuple[Rule, ...] = (*_CODE, notebook.find, markdown.over(_CODE))
# Bytes, in lower case, without which a file cannot hold a site.
WORDS: tuple[bytes, ...] = (
    b"openai",
    b"anthropic",
    b"completions.create",
    b"completions.parse",
    b"completions.stream",
    b"messages.create",
    b"messages.stream",
    b"responses.create",
    b"responses.parse",
    b"responses.stream",
    b"embeddings.create",
    b"langchain",
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
)
