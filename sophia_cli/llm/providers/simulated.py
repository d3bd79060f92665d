"""The simulator as a provider: every format, every model name, no key, no network."""

from __future__ import annotations

from sophia_cli.llm.call import Labels
from sophia_cli.llm.providers.base import Kind, Option, Provider

# A name that can never be resolved: requests to it are answered in process.
BASE_URL = "http://simulator.invalid"


def _any_model(provider: Provider, model: str) -> str | None:
    return model


def _no_key(provider: Provider, labels: Labels, call_id: str) -> dict[str, str]:
    return {"Authorization": "Bearer simulated", "x-api-key": "simulated"}


SIMULATOR = Kind(
    name="simulator",
    base_url=BASE_URL,
    key_env="",
    url_env="",
    paths={
        "chat": "/v1/chat/completions",
        "messages": "/v1/messages",
        "responses": "/v1/responses",
        "embeddings": "/v1/embeddings",
    },
    defaults={
        "data": "small",
        "primary": "small",
        "cheap": "small",
        "embeddings": "small-embedding",
    },
    model_name=_any_model,
    headers=_no_key,
    options=(
        Option("seed", int, "the same seed gives the same answers"),
        Option("faults", list, 'what goes wrong, such as `"429:ratio=0.1"`'),
    ),
    needs_key=False,
    keeps_responses=True,
)
