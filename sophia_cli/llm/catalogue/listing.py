"""Under which vendor and name the catalogue lists what a provider calls by a name of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from sophia_cli.llm.providers import Provider
from sophia_cli.llm.providers.base import vendor_of

# The vendors' own endpoints. Whatever else speaks like OpenAI serves models of its own under
# whatever name: a `gpt-4` on somebody's machine costs nothing of what OpenAI's does.
_HOSTS = {
    "api.openai.com": "openai",
    "api.anthropic.com": "anthropic",
    "generativelanguage.googleapis.com": "google",
    "openrouter.ai": "openrouter",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral",
    "api.cohere.ai": "cohere",
    "api.cohere.com": "cohere",
    "api.deepseek.com": "deepseek",
    "api.x.ai": "x-ai",
    "api.together.xyz": "together",
    "api.fireworks.ai": "fireworks",
    "api.perplexity.ai": "perplexity",
    "api.cerebras.ai": "cerebras",
    "api.moonshot.ai": "moonshotai",
    "api.z.ai": "zai",
    "api.minimax.io": "minimax",
    "api.voyageai.com": "voyageai",
}
# Portkey's own words for a vendor (its list of integrations) beside those of the catalogue.
_SLUGS = {
    "vertex-ai": "google",
    "gemini": "google",
    "azure-openai": "azure",
    "bedrock": "aws",
    "mistral-ai": "mistral",
    "together-ai": "together",
    "fireworks-ai": "fireworks",
    "perplexity-ai": "perplexity",
    "moonshot": "moonshotai",
    "voyage": "voyageai",
    "xai": "x-ai",
}
# How OpenRouter names the makers, where the catalogue has another word.
_MAKERS = {"mistralai": "mistral", "z-ai": "zai"}


@dataclass(frozen=True)
class Listing:
    """A place in the catalogue.

    `vendor` made the model, and `model` is the vendor's name of it. Where somebody else runs it, by
    a price list of his own, `host` and `name` say who and under which name. `assumed`: the vendor
    was told by the model's name alone.
    """

    vendor: str
    model: str
    host: str = ""
    name: str = ""
    assumed: bool = False

    @property
    def priced(self) -> tuple[str, str]:
        """Whose prices count, and the name in that list."""
        return (self.host, self.name) if self.host else (self.vendor, self.model)


def listing_of(provider: Provider, model: str) -> Listing | None:
    """Where a provider's model is listed; None where no vendor's list is about it."""
    find = _FINDERS.get(provider.kind)
    return find(provider, model) if find and model else None


def _at_its_endpoint(provider: Provider, model: str) -> Listing | None:
    vendor = _HOSTS.get(urlsplit(provider.base_url).hostname or "")
    return Listing(vendor, model) if vendor else None


def _at_openrouter(provider: Provider, model: str) -> Listing | None:
    maker, _, name = model.lower().partition("/")
    return Listing(_MAKERS.get(maker, maker), name, "openrouter", model) if name else None


def _at_portkey(provider: Provider, model: str) -> Listing | None:
    slug, name = str(provider.options.get("provider", "")), model
    if model.startswith("@"):
        slug, _, name = model.partition("/")
    slug = slug.lstrip("@")
    if not name:
        return None
    if not slug:  # a virtual key or a config says where it goes: not to us
        vendor = vendor_of(name)
        return Listing(vendor, name, assumed=True) if vendor else None
    vendor = _vendor_of_slug(slug, provider.options.get("slugs", {}))
    if vendor == "openrouter":
        return _at_openrouter(provider, name)
    return Listing(vendor, name) if vendor else None


def _vendor_of_slug(slug: str, slugs: Mapping[str, str]) -> str:
    """The vendor behind a slug of the Portkey workspace; empty where nobody has said it."""
    named = next((vendor for vendor, given in slugs.items() if given == slug), slug)
    known = {*_HOSTS.values(), *_SLUGS.values()}
    return _SLUGS.get(named, named if named in known else "")


def _at_cortex(provider: Provider, model: str) -> Listing | None:
    name = model.lower().removeprefix("openai-")
    return Listing(vendor_of(name), name, "cortex", model.lower())


_FINDERS = {
    "openai": _at_its_endpoint,
    "anthropic": _at_its_endpoint,
    "openrouter": _at_openrouter,
    "portkey": _at_portkey,
    "cortex": _at_cortex,
}
