"""How large a call is before it is sent: about, and at worst. Nothing is serialised that was parsed.

Text is counted in bytes of UTF-8: no tokenizer makes more tokens than bytes, and four bytes a token
is the usual English average. What counts an image differs by twenty times between models.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sophia_cli.llm.call import EMBEDDINGS, OTHER, RESPONSES, Call

BYTES_PER_TOKEN = 4
TOKENS_PER_MESSAGE = 4  # role and separators, in every chat format that is published
IMAGE_TOKENS = 1_500
# OpenAI's guide to vision: gpt-4o-mini counts 2,833 and 5,667 for each of up to eight tiles.
WORST_IMAGE_TOKENS = 50_000
# Anthropic writes instructions of up to 530 tokens of its own where tools are given.
WORST_TOOL_PROMPT = 600
MOST_OUTPUT = 16_384
# The largest window of OpenAI's models, for one whose own is not known.
WORST_CONTEXT = 1_050_000

_IMAGES = frozenset({"image_url", "image", "input_image"})
# Where text stands in a body, besides the messages; of Anthropic, of OpenAI's Responses, of embeddings.
_TEXTS = ("system", "instructions", "input", "prompt")
_DEFINITIONS = ("tools", "functions", "response_format", "text")
# What a vendor keeps and reads to the model once more; also a stored prompt, named by its id.
_KEPT_THERE = ("previous_response_id", "conversation")
_LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens")


@dataclass(frozen=True)
class Estimate:
    """Tokens before the call: `tokens_in` is about what is sent, `worst_in` and `worst_out` the most.

    `limit` is what the call itself allows for its answer (0: it says nothing). `tools`,
    `json_schema` and `images` are what a model must be able to take; `models` may answer too, as
    OpenRouter reads its body. With `history` the model is read more than what is sent, nobody here
    knows how much: at worst its whole context window.
    """

    tokens_in: int = 0
    worst_in: int = 0
    worst_out: int = 0
    limit: int = 0
    tools: bool = False
    json_schema: bool = False
    images: int = 0
    models: tuple[str, ...] = ()
    history: bool = False

    @property
    def plain(self) -> bool:
        """Whether any model can take it, as far as capabilities go."""
        return not (self.tools or self.json_schema or self.images)

    @property
    def note(self) -> str:
        """What its worst case counts that cannot be seen; empty where all is seen."""
        return "what it goes on from counts as a full context window" if self.history else ""


class _Tally:
    """Bytes and images of a body, added up."""

    __slots__ = ("images", "tokens", "weight")

    def __init__(self) -> None:
        self.weight = 0
        self.tokens = 0
        self.images = 0

    def add(self, found: Any) -> None:
        """Text, and everything within lists and tables that is text; however deep it is nested."""
        waiting = [found]
        while waiting:
            value = waiting.pop()
            if isinstance(value, str):
                self.weight += _size(value)
            elif isinstance(value, Mapping):
                if value.get("type") in _IMAGES:
                    self.images += 1
                else:
                    waiting.extend(value.values())
            elif isinstance(value, list | tuple):
                waiting.extend(value)
            elif isinstance(value, int | float):  # embeddings may be asked for by token numbers
                self.tokens += 1


def estimate(call: Call, most_output: int = MOST_OUTPUT) -> Estimate:
    """The size of a call. `most_output` tokens is taken for its answer where the call sets no limit."""
    body, tally, count = call.body, _Tally(), 1
    for name, value in body.items():
        if name == "messages" and isinstance(value, list | tuple):
            count += len(value)
            for message in value:
                _add_message(tally, message)
        elif name in _TEXTS:
            tally.add(value)
        elif name in _DEFINITIONS:
            _add_definition(tally, value)
    models = body.get("models")
    tools = bool(body.get("tools") or body.get("functions"))
    overhead = TOKENS_PER_MESSAGE * count + tally.tokens
    limit = _limit(body)
    return Estimate(
        tokens_in=tally.weight // BYTES_PER_TOKEN + overhead + tally.images * IMAGE_TOKENS,
        worst_in=tally.weight
        + overhead
        + tally.images * WORST_IMAGE_TOKENS
        + tools * WORST_TOOL_PROMPT,
        worst_out=0 if call.operation == EMBEDDINGS else limit or most_output,
        limit=limit,
        tools=tools,
        json_schema=_wants_schema(body),
        images=tally.images,
        models=tuple(map(str, models)) if isinstance(models, list | tuple) else (),
        history=call.operation in (RESPONSES, OTHER) and _goes_on(body),
    )


def _add_message(tally: _Tally, message: Any) -> None:
    if not isinstance(message, Mapping):
        return
    for name, value in message.items():
        if name == "role":
            continue
        if type(value) is str and value.isascii():
            tally.weight += len(value)
        else:
            tally.add(value)


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _add_definition(tally: _Tally, value: Any) -> None:
    try:
        tally.weight += len(json.dumps(value))
    except (TypeError, ValueError, RecursionError):  # it will be refused where it is sent
        tally.add(value)


def _limit(body: Mapping[str, Any]) -> int:
    for name in _LIMITS:
        value = body.get(name)
        if isinstance(value, int) and value > 0:
            answers = body.get("n")
            return value * answers if isinstance(answers, int) and answers > 1 else value
    return 0


def _goes_on(body: Mapping[str, Any]) -> bool:
    prompt = body.get("prompt")
    return isinstance(prompt, Mapping) or any(body.get(name) for name in _KEPT_THERE)


def _wants_schema(body: Mapping[str, Any]) -> bool:
    """Whether the answer must keep to a schema; `json_object` is not one."""
    wanted = body.get("response_format")
    if wanted is None and isinstance(body.get("text"), Mapping):
        wanted = body["text"].get("format")
    return isinstance(wanted, Mapping) and wanted.get("type") == "json_schema"
