"""Whose host an address names: the providers that code talks to without an SDK."""

from __future__ import annotations

import re
from collections.abc import Container

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
_CHAT = re.compile(r"(?:^|/)chat/completions$|:(?:stream)?generateContent$", re.IGNORECASE)
_ANSWERS = re.compile(r"/v1/(?:messages|responses|completions|embeddings)$", re.IGNORECASE)
# What a model is asked, by the end of the path: with a model beside it nobody else's request.
_ASKED = {
    **{"messages": "messages", "responses": "input", "completions": "prompt"},
    **{"embeddings": "input", "api/chat": "messages", "api/generate": "prompt"},
}
# A header that only one vendor's interface has, and the end of the path that it is sent to.
VERSION = "anthropic-version"
_VERSIONED = re.compile(r"(?:^|/)v1/messages$", re.IGNORECASE)
_HIDDEN = ("{}", "v1", "chat")  # a host that cannot be seen, or a path behind a base address
_HOLES = "{}/: "
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


def reads_like_one(address: str, fields: Container[str]) -> bool:
    """Whether a request reads like one to a model: by how its address ends, and by the `fields` of its
    body and its headers.

    Its host may only be known at run time, or be anybody's; what stands for itself on this machine
    or in a test's network is no provider.
    """
    found = _HOST.match(address)
    path = path_of(address).rstrip("/")
    hidden = not found or found.group(1) in _HIDDEN
    if found and not hidden and not _PUBLIC.match(found.group(1)):
        return False
    if _CHAT.search(path) or (VERSION in fields and _VERSIONED.search(path)):
        return True
    if "model" not in fields:
        return False
    if not path.strip(_HOLES):  # all of it is only known at run time
        return "messages" in fields
    asked = next((name for end, name in _ASKED.items() if f"/{path}".endswith(f"/{end}")), None)
    return (hidden and bool(_ANSWERS.search(path))) or asked in fields


def path_of(address: str) -> str:
    """Host and path of a URL, without what may hold a secret."""
    return re.sub(r"^\s*https?://(?:[^/@]*@)?", "", address).partition("?")[0].strip()
