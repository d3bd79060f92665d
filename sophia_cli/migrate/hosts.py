"""Whose host an address names: the providers that code talks to without an SDK."""

from __future__ import annotations

import re

_HOSTS = {
    "api.openai.com": "openai",
    "api.anthropic.com": "anthropic",
    "openrouter.ai": "openrouter",
    "api.portkey.ai": "portkey",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral",
    "api.cohere.ai": "cohere",
    "api.cohere.com": "cohere",
    "generativelanguage.googleapis.com": "google",
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
_HOST = re.compile(r"^\s*(?:https?://)?(?:[^/@\s]*@)?([^/:?#\s]+)", re.IGNORECASE)


def provider_at(address: str | None) -> str:
    """The provider that a URL or a host name leads to; "" for anybody else.

    Nobody where the path is one of accounts, files or bills. Of a Snowflake account only the Cortex interface counts, its SQL interface is no model.
    """
    found = _HOST.match(address or "")
    if not found or _ASIDE.search(address or ""):
        return ""
    host = found.group(1).lower()
    provider = _HOSTS.get(host) or next(
        (name for suffix, name in _SUFFIXES.items() if host.endswith(suffix)), ""
    )
    if provider == "cortex" and "/api/v2/cortex" not in (address or ""):
        return ""
    return provider


def reads_like_one(address: str, with_model: bool) -> bool:
    """Whether an address whose host is only known at run time ends as those of models do."""
    found = _HOST.match(address)
    if found and found.group(1) not in _HIDDEN:
        return False
    path = address.partition("?")[0].rstrip("/")
    return bool(_CHAT.search(path) or (with_model and _ANSWERS.search(path)))


def path_of(address: str) -> str:
    """Host and path of a URL, without what may hold a secret."""
    return re.sub(r"^\s*https?://(?:[^/@]*@)?", "", address).partition("?")[0].strip()
