"""Portkey: the primary models, each behind a provider slug of the Portkey workspace."""

from __future__ import annotations

import json
from urllib.parse import quote

from sophia_cli.llm.call import Labels
from sophia_cli.llm.providers.base import Kind, Option, Provider, rename_limit, vendor_of
from sophia_cli.llm.secret import Secret

LONGEST_METADATA = 128  # characters of a value; Portkey refuses more (its guide to metadata)

_TARGETS = ("virtual_key", "config", "provider")  # each says who answers


def _with_slug(provider: Provider, model: str) -> str | None:
    """`gpt-5` is `@openai/gpt-5`; the slug of a vendor may be named in `slugs`."""
    # Who answers is said already, and a gateway of one's own knows no slugs.
    if model.startswith("@") or not provider.options.keys().isdisjoint(_TARGETS):
        return model
    vendor = vendor_of(model)
    slugs: dict[str, str] = dict(provider.options.get("slugs", {}))
    return f"@{slugs.get(vendor, vendor)}/{model}" if vendor else None


def _headers(provider: Provider, labels: Labels, call_id: str) -> dict[str, str]:
    """The key, the trace (a session's calls are one), metadata, and who is to answer behind Portkey."""
    headers = {"x-portkey-api-key": provider.secret.value if provider.secret else ""}
    headers["x-portkey-trace-id"] = _plain(labels.session) or call_id
    if metadata := _metadata(labels):
        headers["x-portkey-metadata"] = json.dumps(metadata)
    for option in (*_TARGETS, "custom_host"):
        if option in provider.options:
            said = provider.options[option]
            text = said.value if isinstance(said, Secret) else str(said)
            headers[f"x-portkey-{option.replace('_', '-')}"] = text
    return headers


def _metadata(labels: Labels) -> dict[str, str]:
    """What the call says of itself in text, then its labels, which nothing else may stand for."""
    own = {name: value for name, value in labels.metadata.items() if isinstance(value, str)}
    known = {
        "_user": labels.user,
        "service": labels.service,
        "team": labels.team,
        "task": labels.task,
        "data_class": labels.data_class,
    }
    said = {**own, **{name: value for name, value in known.items() if value}}
    return {str(name): value[:LONGEST_METADATA] for name, value in said.items()}


def _plain(text: str) -> str:
    """The text as a header can carry it."""
    return text if text.isascii() and text.isprintable() else quote(text, errors="replace")


PORTKEY = Kind(
    name="portkey",
    base_url="https://api.portkey.ai/v1",
    key_env="PORTKEY_API_KEY",
    url_env="PORTKEY_BASE_URL",
    paths={
        "chat": "/chat/completions",
        "messages": "/messages",
        "responses": "/responses",
        "embeddings": "/embeddings",
    },
    defaults={
        "data": "@openai/gpt-5.2",
        "primary": "@openai/gpt-5.2",
        "cheap": "@openai/gpt-5-mini",
        "embeddings": "@openai/text-embedding-3-small",
    },
    model_name=_with_slug,
    headers=_headers,
    shape_body=rename_limit,
    options=(
        Option("slugs", dict, "vendor to slug, where `gpt-5` is not `@openai/gpt-5`", plain=True),
        Option("virtual_key", str, "virtual key that stands for a provider's own", plain=True),
        Option("config", str, "id of a config saved there", plain=True),
        Option("provider", str, "provider of Portkey's that answers", plain=True),
        Option("custom_host", str, "where a gateway of your own sends calls to", plain=True),
        Option(
            "virtual_keys", dict, "`virtual_key` by service, or `env:NAME` for each", plain=True
        ),
        Option("configs", dict, "`config` by service, or `env:NAME` for each", plain=True),
    ),
    keeps_responses=True,
    check="/models",
)
