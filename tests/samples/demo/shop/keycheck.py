"""Which of the configured keys still work. Run by hand, so it takes no short cuts."""

from __future__ import annotations

import functools
from collections.abc import Iterable

import openai

# The same settings for every key; only the key differs.
client_for = functools.partial(openai.OpenAI, timeout=5, max_retries=0)


def working(keys: Iterable[str]) -> list[str]:
    """The keys that may list models."""
    good = []
    for key in keys:
        try:
            client_for(api_key=key).models.list()
        except openai.OpenAIError:
            continue
        good.append(key)
    return good


def supports(name: str) -> bool:
    """Whether the installed SDK has this client, such as `AzureOpenAI`."""
    return getattr(openai, name, None) is not None
