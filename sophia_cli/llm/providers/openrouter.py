"""OpenRouter: experimental and cost-optimised models, one key for all of them."""

from __future__ import annotations

import re

from sophia_cli.llm.providers.base import Kind, Provider, vendor_of

_CLAUDE = re.compile(r"^(claude-[a-z]+-\d+)-(\d{1,2})(?:-\d{8}|-latest)?$")
_DATED = re.compile(r"-(\d{8}|latest)$")


def _with_vendor(provider: Provider, model: str) -> str | None:
    """`gpt-5` is `openai/gpt-5` there, `claude-sonnet-4-5-20250929` is `anthropic/claude-sonnet-4.5`."""
    vendor = vendor_of(model)
    if "/" in model or not vendor:
        return model if "/" in model else None
    if vendor == "anthropic":
        model = _CLAUDE.sub(r"\1.\2", model)
        model = _DATED.sub("", model)
    return f"{vendor}/{model}"


OPENROUTER = Kind(
    name="openrouter",
    base_url="https://openrouter.ai/api/v1",
    key_env="OPENROUTER_API_KEY",
    url_env="OPENROUTER_BASE_URL",
    paths={"chat": "/chat/completions", "messages": "/messages", "embeddings": "/embeddings"},
    defaults={
        "data": "openai/gpt-5.2",
        "primary": "openai/gpt-5.2",
        "cheap": "deepseek/deepseek-v3.2",
        "embeddings": "openai/text-embedding-3-small",
    },
    model_name=_with_vendor,
    stream_usage=False,  # usage is always in the last chunk; asking for it is a deprecated no-op
)
