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


def path_of(address: str) -> str:
    """Host and path of a URL, without what may hold a secret."""
    return re.sub(r"^\s*https?://(?:[^/@]*@)?", "", address).partition("?")[0].strip()
