"""Tags for the catalogue. Callers bring the client, so that a batch can share one."""

from __future__ import annotations

import json

from openai import OpenAI

SCHEMA = {
    "type": "object",
    "properties": {"tags": {"type": "array", "items": {"type": "string"}}},
    "required": ["tags"],
    "additionalProperties": False,
}


def tag(client: OpenAI, text: str) -> list[str]:
    """Tags for one description, sorted; none when the model sends no list."""
    completion = client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": f"Tag this product: {text}"}],
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "tags", "schema": SCHEMA, "strict": True},
        },
    )
    found = json.loads(completion.choices[0].message.content or "{}")
    return sorted(found.get("tags", []))


def tag_all(texts: list[str]) -> dict[str, list[str]]:
    """Tags for a whole batch, through one client."""
    client = OpenAI(max_retries=1)
    return {text: tag(client, text) for text in texts}
