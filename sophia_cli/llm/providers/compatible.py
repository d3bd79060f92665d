"""OpenAI, Anthropic, and every endpoint that speaks like OpenAI (Ollama, vLLM, a company gateway)."""

from __future__ import annotations

from sophia_cli.llm.call import Labels
from sophia_cli.llm.providers.base import Kind, Provider, bearer, rename_limit, vendor_of

ANTHROPIC_VERSION = "2023-06-01"


def _own_models(provider: Provider, model: str) -> str | None:
    # api.openai.com serves OpenAI's models; any other endpoint may serve whatever it was given.
    if provider.base_url.startswith(OPENAI.base_url) and vendor_of(model) not in ("openai", ""):
        return None
    return model


def _claude_only(provider: Provider, model: str) -> str | None:
    return model if vendor_of(model) == "anthropic" else None


def _anthropic_headers(provider: Provider, labels: Labels, call_id: str) -> dict[str, str]:
    # /messages reads x-api-key, the OpenAI-style path reads the bearer; each ignores the other.
    key = provider.secret.value if provider.secret else ""
    return {**bearer(provider), "x-api-key": key, "anthropic-version": ANTHROPIC_VERSION}


OPENAI = Kind(
    name="openai",
    base_url="https://api.openai.com/v1",
    key_env="OPENAI_API_KEY",
    url_env="OPENAI_BASE_URL",
    paths={
        "chat": "/chat/completions",
        "responses": "/responses",
        "embeddings": "/embeddings",
    },
    defaults={
        "data": "gpt-5.2",
        "primary": "gpt-5.2",
        "cheap": "gpt-5-mini",
        "embeddings": "text-embedding-3-small",
    },
    model_name=_own_models,
    shape_body=rename_limit,
    keeps_responses=True,
    check="/models",
)

ANTHROPIC = Kind(
    name="anthropic",
    base_url="https://api.anthropic.com",
    key_env="ANTHROPIC_API_KEY",
    url_env="ANTHROPIC_BASE_URL",
    paths={"chat": "/v1/chat/completions", "messages": "/v1/messages"},
    defaults={
        "data": "claude-sonnet-4-6",
        "primary": "claude-sonnet-4-6",
        "cheap": "claude-haiku-4-5",
    },
    model_name=_claude_only,
    headers=_anthropic_headers,
    check="/v1/models",
)
