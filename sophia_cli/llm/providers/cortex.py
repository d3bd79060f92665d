"""Snowflake Cortex over REST: the model comes to the data, nothing leaves the warehouse.

Wire facts: chat and Anthropic messages under `/api/v2/cortex/v1`, embeddings under
`/api/v2/cortex/inference:embed` with a list within a list (Snowflake's REST documentation).
"""

from __future__ import annotations

import json
import re
from typing import Any

from sophia_cli.llm.call import Labels
from sophia_cli.llm.providers.base import Body, Kind, Option, Provider, vendor_of
from sophia_cli.llm.providers.snowflake import TOKEN_TYPES, token_of

_DATED = re.compile(r"-(\d{8}|latest)$")
# organisation-account, or an older locator such as xy12345.us-east-1
ACCOUNT = re.compile(r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$")


def base_url_of(account: str) -> str:
    """The REST address of an account; underscores become dashes, as TLS host names want it."""
    return f"https://{account.lower().replace('_', '-')}.snowflakecomputing.com"


def _warehouse_name(provider: Provider, model: str) -> str | None:
    vendor = vendor_of(model)
    if vendor == "openai":
        return f"openai-{model}"
    return _DATED.sub("", model) if vendor in ("anthropic", "") else None


def _headers(provider: Provider, labels: Labels, call_id: str) -> dict[str, str]:
    token, token_type = token_of(provider)
    return {
        "Authorization": f"Bearer {token}",
        "X-Snowflake-Authorization-Token-Type": token_type,
        "Accept": "application/json, text/event-stream",
        "anthropic-version": "2023-06-01",
    }


def _shape(operation: str, model: str, body: Body) -> Body:
    if operation == "embeddings":
        text = body.get("input", [])
        return {"model": body["model"], "text": [text] if isinstance(text, str) else text}
    if operation == "chat" and "max_tokens" in body:
        body = dict(body)
        body["max_completion_tokens"] = body.pop("max_tokens")
    return body


def _openai_embeddings(operation: str, body: bytes) -> bytes:
    """Give Cortex' embeddings OpenAI's shape; other answers have it already."""
    if operation != "embeddings":
        return body
    reply: dict[str, Any] = json.loads(body)
    data = reply.get("data")
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        return body
    rows = [_flat(row, index) for index, row in enumerate(data)]
    return json.dumps({**reply, "object": "list", "data": rows}).encode()


def _flat(row: dict[str, Any], index: int) -> dict[str, Any]:
    vector = row.get("embedding")
    if isinstance(vector, list) and vector and isinstance(vector[0], list):
        vector = vector[0]
    return {"object": "embedding", "index": row.get("index", index), "embedding": vector}


CORTEX = Kind(
    name="cortex",
    base_url="",
    key_env="SNOWFLAKE_PAT",
    url_env="SNOWFLAKE_HOST_URL",
    paths={
        "chat": "/api/v2/cortex/v1/chat/completions",
        "messages": "/api/v2/cortex/v1/messages",
        "embeddings": "/api/v2/cortex/inference:embed",
    },
    defaults={
        "data": "openai-gpt-5",
        "primary": "openai-gpt-5",
        "cheap": "llama3.1-8b",
        "embeddings": "snowflake-arctic-embed-l-v2.0",
    },
    model_name=_warehouse_name,
    headers=_headers,
    shape_body=_shape,
    adapt_reply=_openai_embeddings,
    options=(
        Option("account", str, "organisation-account, else `SNOWFLAKE_ACCOUNT`", plain=True),
        Option("token_type", str, "what the variable of `api_key_env` holds", allowed=TOKEN_TYPES),
        Option("private_key_path", str, "key pair, else `SNOWFLAKE_PRIVATE_KEY_PATH`"),
        Option("user", str, "whose key pair it is, else `SNOWFLAKE_USER`"),
    ),
    keeps_local=True,
)
