"""Portkey: the primary models, each behind a provider slug of the Portkey workspace."""

from __future__ import annotations

import json
from typing import Any

from sophia_cli.llm.call import Labels
from sophia_cli.llm.providers.base import Kind, Provider, rename_limit, vendor_of


def _with_slug(provider: Provider, model: str) -> str | None:
    """`gpt-5` is `@openai/gpt-5`; the slug of a vendor may be named in `slugs`."""
    if model.startswith("@") or "virtual_key" in provider.options or "config" in provider.options:
        return model
    vendor = vendor_of(model)
    slugs: dict[str, str] = dict(provider.options.get("slugs", {}))
    return f"@{slugs.get(vendor, vendor)}/{model}" if vendor else None


def _headers(provider: Provider, labels: Labels, call_id: str) -> dict[str, str]:
    known = {"_user": labels.user, "service": labels.service, "task": labels.task}
    metadata: dict[str, Any] = {name: value for name, value in known.items() if value}
    headers = {"x-portkey-api-key": provider.secret.value if provider.secret else ""}
    headers["x-portkey-trace-id"] = call_id
    if metadata:
        headers["x-portkey-metadata"] = json.dumps(metadata)
    for option in ("virtual_key", "config", "provider"):
        if option in provider.options:
            headers[f"x-portkey-{option.replace('_', '-')}"] = str(provider.options[option])
    return headers


PORTKEY = Kind(
    name="portkey",
    base_url="https://api.portkey.ai/v1",
    key_env="PORTKEY_API_KEY",
    url_env="PORTKEY_BASE_URL",
    paths={"chat": "/chat/completions", "messages": "/messages", "embeddings": "/embeddings"},
    defaults={
        "data": "@openai/gpt-5.2",
        "primary": "@openai/gpt-5.2",
        "cheap": "@openai/gpt-5-mini",
        "embeddings": "@openai/text-embedding-3-small",
    },
    model_name=_with_slug,
    headers=_headers,
    shape_body=rename_limit,
    options=("slugs", "virtual_key", "config", "provider"),
)
