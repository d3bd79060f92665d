"""Embeddings: unit vectors from a hash; texts that share words lie nearer to each other."""

from __future__ import annotations

import base64
import math
import re
import struct
from collections.abc import Mapping
from typing import Any

from sophia_cli.llm.simulator.ask import Ask
from sophia_cli.llm.simulator.chat import openrouter_cost
from sophia_cli.llm.simulator.digest import Digest
from sophia_cli.llm.simulator.prompt import count_tokens
from sophia_cli.llm.simulator.refusal import Refusal

_SIZES = (
    ("text-embedding-3-large", 3072),
    ("text-embedding", 1536),
    ("arctic-embed-l", 1024),
    ("arctic-embed-m", 768),
    ("e5-base", 768),
    ("MiniLM", 384),
)
_DEFAULT_SIZE = 1024
_LARGEST = 8192
_WORD = re.compile(r"\w+")


def embeddings(ask: Ask, with_usage: bool) -> dict[str, Any]:
    """OpenAI's answer: floats, or base64 of little-endian 32-bit floats where that is asked for."""
    texts = _inputs(ask.body.get("input"), "input")
    size = _size(ask.model, ask.body.get("dimensions"))
    as_base64 = ask.body.get("encoding_format") == "base64"
    rows = []
    for index, text in enumerate(texts):
        packed = _packed(text, size)
        row = base64.b64encode(packed).decode() if as_base64 else _floats(packed)
        rows.append({"object": "embedding", "index": index, "embedding": row})
    answer = {"object": "list", "data": rows, "model": ask.model}
    return {**answer, "usage": _usage(ask, texts)} if with_usage else answer


def cortex_embeddings(ask: Ask, with_usage: bool) -> dict[str, Any]:
    """Snowflake's answer: each vector is a list within a list."""
    texts = _inputs(ask.body.get("text"), "text")
    size = _size(ask.model, None)
    vectors = [_floats(_packed(text, size)) for text in texts]
    rows = [
        {"object": "embedding", "index": at, "embedding": [row]} for at, row in enumerate(vectors)
    ]
    answer = {"object": "list", "data": rows, "model": ask.model}
    tokens = sum(map(count_tokens, texts))
    return {**answer, "usage": {"total_tokens": tokens}} if with_usage else answer


def _inputs(value: Any, name: str) -> list[str]:
    """The texts; lists of token numbers are taken as the text of their digits."""
    values = [value] if isinstance(value, str) or _is_tokens(value) else value
    if not isinstance(values, list) or not values:
        raise Refusal(400, f"'{name}' must be a text or a list with at least one.", "missing", name)
    if not all(isinstance(item, str) or _is_tokens(item) for item in values):
        raise Refusal(400, f"Every entry of '{name}' must be a text.", "invalid_type", name)
    return [item if isinstance(item, str) else " ".join(map(str, item)) for item in values]


def _is_tokens(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(type(item) is int for item in value)


def _size(model: str, asked: Any) -> int:
    if asked is None:
        return next((size for part, size in _SIZES if part in model), _DEFAULT_SIZE)
    if type(asked) is not int or not 1 <= asked <= _LARGEST:
        raise Refusal(
            400, f"'dimensions' must be from 1 to {_LARGEST}.", "invalid_value", "dimensions"
        )
    return asked


def _packed(text: str, size: int) -> bytes:
    """Each word adds 16 signed strokes at places that its hash names."""
    vector = [0.0] * size
    for word in _WORD.findall(text.lower()) or [text]:
        strokes = Digest.of("word", word).raw("a") + Digest.of("word", word).raw("b")
        for at in range(0, len(strokes), 4):
            number = int.from_bytes(strokes[at : at + 4], "big")
            vector[(number >> 1) % size] += 1.0 if number & 1 else -1.0
    length = math.sqrt(sum(value * value for value in vector))
    if not length:  # strokes that met and cancelled each other
        vector[0] = length = 1.0
    return struct.pack(f"<{size}f", *(value / length for value in vector))


def _floats(packed: bytes) -> list[float]:
    return list(struct.unpack(f"<{len(packed) // 4}f", packed))


def _usage(ask: Ask, texts: list[str]) -> Mapping[str, Any]:
    tokens = sum(map(count_tokens, texts))
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {**usage, **openrouter_cost(ask, tokens, 0)}
