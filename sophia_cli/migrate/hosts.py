"""Whose host an address names: the providers that code talks to without an SDK."""

from __future__ import annotations

import re

HOSTS = {
    "api.openai.com": "openai",
    "api.anthropic.com": "anthropic",
    "openrouter.ai": "openrouter",
    "api.portkey.ai": "portkey",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral",
    "api.cohere.ai": "cohere",
    "api.cohere.com": "cohere",
    "generativelanguage.googleapis.com": "google",
    "api.x.ai": "xai",
    "api.together.xyz": "together",
    "api.together.ai": "together",
    "api.deepseek.com": "deepseek",
    "api.perplexity.ai": "perplexity",
    "api.fireworks.ai": "fireworks",
    "api.cerebras.ai": "cerebras",
    "api.sambanova.ai": "sambanova",
    "api.deepinfra.com": "deepinfra",
    "api.ai21.com": "ai21",
    "api.replicate.com": "replicate",
    "api-inference.huggingface.co": "huggingface",
    "router.huggingface.co": "huggingface",
    "integrate.api.nvidia.com": "nvidia",
    "models.github.ai": "github",
}
_SUFFIXES = {".openai.azure.com": "azure", ".snowflakecomputing.com": "cortex"}
# Where no model answers: accounts, files, bills.
_ASIDE = re.compile(
    r"/(?:oauth|auth|files|uploads|keys?|credits|usage|billing|organizations?|health|status)(?:[/?]|$)",
    re.IGNORECASE,
)
# Where models answer, whoever's; the others are common enough to need a model in the body.
_CHAT = re.compile(r"(?:^|/)chat/completions$", re.IGNORECASE)
_ANSWERS = re.compile(r"/v1/(?:messages|responses|completions|embeddings)$", re.IGNORECASE)
_HIDDEN = ("{}", "v1", "chat")  # a host that cannot be seen, or a path behind a base address
_PUBLIC = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}$", re.IGNORECASE)  # no number, no hole, no name alone
_HOST = re.compile(r"^\s*(?:https?://)?(?:[^/@\s]*@)?([^/:?#\s]+)", re.IGNORECASE)


def provider_at(address: str | None) -> str:
    """The provider that a URL or a host name leads to; "" for anybody else.

    Nobody where the path is one of accounts, files or bills. Of a Snowflake account only the Cortex interface counts, its SQL interface is no model.
    """
    found = _HOST.match(address or "")
    if not found or _ASIDE.search(address or ""):
        return ""
    host = found.group(1).lower()
    provider = HOSTS.get(host) or next(
        (name for suffix, name in _SUFFIXES.items() if host.endswith(suffix)), ""
    )
    if provider == "cortex" and "/api/v2/cortex" not in (address or ""):
        return ""
    return provider


def reads_like_one(address: str, with_model: bool) -> bool:
    """Whether an address ends as those of models do: of a host that is only known at run time, or of anybody's.

    What stands for itself on this machine or in a test's network is no provider.
    """
    found = _HOST.match(address)
    path = address.partition("?")[0].rstrip("/")
    if found and found.group(1) not in _HIDDEN:
        return bool(_PUBLIC.match(found.group(1)) and _CHAT.search(path))
    return bool(_CHAT.search(path) or (with_model and _ANSWERS.search(path)))


def path_of(address: str) -> str:
    """Host and path of a URL, without what may hold a secret."""
    return re.sub(r"^\s*https?://(?:[^/@]*@)?", "", address).partition("?")[0].strip()
