"""What was asked, whichever wire format carried it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sophia_cli.llm.simulator.refusal import Refusal

CHARS_PER_TOKEN = 4
_IMAGE_TOKENS = 85  # what OpenAI counts for an image of low detail
_AUTO, _NONE, _REQUIRED = "auto", "none", "required"


@dataclass(frozen=True)
class Turn:
    """One message: who spoke, its text, how many parts are not text, whether a tool answers."""

    role: str
    text: str
    others: int = 0
    from_tool: bool = False


@dataclass(frozen=True)
class Tool:
    """A function that may be called."""

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Prompt:
    """A question in no provider's format.

    `choice` is auto, none, required or the name of the tool that must be called. `schema` is
    None for free text; an empty one means any JSON object. `limit` counts tokens.
    """

    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...] = ()
    choice: str = _AUTO
    several_tools: bool = True
    schema: Mapping[str, Any] | None = None
    limit: int | None = None
    stops: tuple[str, ...] = field(default=())

    @property
    def tokens(self) -> int:
        """The estimate for the whole question, tools among it."""
        said = sum(count_tokens(turn.text) + _IMAGE_TOKENS * turn.others for turn in self.turns)
        return said + sum(count_tokens(f"{tool.name}{tool.schema}") for tool in self.tools)


def count_tokens(text: str) -> int:
    """About four characters a token; the same text always counts the same."""
    return -(-len(text) // CHARS_PER_TOKEN)


def prompt_of(operation: str, body: Mapping[str, Any]) -> Prompt:
    """Read the question of a body. Raises Refusal naming what is missing or of the wrong type."""
    if operation in ("messages", "count_tokens"):
        return _of_messages(body, needs_limit=operation == "messages")
    return _of_responses(body) if operation == "responses" else _of_chat(body)


def _of_chat(body: Mapping[str, Any]) -> Prompt:
    form = _mapping(body.get("response_format"))
    schema: Mapping[str, Any] | None = {} if form.get("type") in ("json_object", "json") else None
    if form.get("type") == "json_schema":
        schema = _mapping(_mapping(form.get("json_schema")).get("schema"))
    elif form.get("schema"):  # Cortex puts it beside the type
        schema = _mapping(form["schema"])
    limits = ("max_completion_tokens", "max_tokens", "max_output_tokens")
    return Prompt(
        turns=_turns(body.get("messages"), "messages"),
        tools=tuple(
            _tool(_mapping(item.get("function")), "parameters") for item in _list(body, "tools")
        ),
        choice=_choice(body.get("tool_choice")),
        several_tools=body.get("parallel_tool_calls") is not False,
        schema=schema,
        limit=_limit(body, limits),
        stops=_strings(body.get("stop")),
    )


def _of_messages(body: Mapping[str, Any], needs_limit: bool) -> Prompt:
    if needs_limit and body.get("max_tokens") is None:
        raise Refusal(400, "max_tokens: Field required", "missing", "max_tokens")
    form = _mapping(_mapping(body.get("output_config")).get("format")) or _mapping(
        body.get("output_format")
    )
    choice = _mapping(body.get("tool_choice"))
    system = _turn({"role": "system", "content": body.get("system")})
    return Prompt(
        turns=((system,) if system.text else ()) + _turns(body.get("messages"), "messages"),
        tools=tuple(_tool(item, "input_schema") for item in _list(body, "tools")),
        choice=_choice(choice),
        several_tools=choice.get("disable_parallel_tool_use") is not True,
        schema=_mapping(form.get("schema")) if form else None,
        limit=_limit(body, ("max_tokens",)),
        stops=_strings(body.get("stop_sequences")),
    )


def _of_responses(body: Mapping[str, Any]) -> Prompt:
    asked = body.get("input")
    turns = _turns(
        [{"role": "user", "content": asked}] if isinstance(asked, str) else asked, "input"
    )
    system = _turn({"role": "system", "content": body.get("instructions")})
    form = _mapping(_mapping(body.get("text")).get("format"))
    schema = {"json_object": {}, "json_schema": _mapping(form.get("schema"))}.get(
        str(form.get("type"))
    )
    tools = [item for item in _list(body, "tools") if item.get("type") == "function"]
    return Prompt(
        turns=((system,) if system.text else ()) + turns,
        tools=tuple(_tool(item, "parameters") for item in tools),
        choice=_choice(body.get("tool_choice")),
        several_tools=body.get("parallel_tool_calls") is not False,
        schema=schema,
        limit=_limit(body, ("max_output_tokens",)),
    )


def _turns(messages: Any, name: str) -> tuple[Turn, ...]:
    if not isinstance(messages, list) or not messages:
        raise Refusal(400, f"'{name}' must be a list with at least one message.", "missing", name)
    if not all(isinstance(message, Mapping) for message in messages):
        raise Refusal(400, f"Every entry of '{name}' must be an object.", "invalid_type", name)
    return tuple(_turn(message) for message in messages)


def _turn(message: Mapping[str, Any]) -> Turn:
    content = message.get("content", message.get("output"))
    parts = content if isinstance(content, list) else [content]
    texts, others, from_tool = [], 0, False
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, Mapping) and part.get("type") == "tool_result":
            from_tool = True
            texts.append(_turn(part).text)
        elif isinstance(part, Mapping) and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif part is not None:
            others += 1
    from_tool = (
        from_tool or message.get("role") == "tool" or message.get("type") == "function_call_output"
    )
    return Turn(str(message.get("role", "")), "\n".join(texts), others, from_tool)


def _tool(item: Mapping[str, Any], schema: str) -> Tool:
    return Tool(str(item.get("name", "")), _mapping(item.get(schema)))


def _choice(value: Any) -> str:
    """One word for both vendors' ways to say which tool must be called."""
    if isinstance(value, str):
        return value if value in (_NONE, _REQUIRED) else _AUTO
    choice = _mapping(value)
    if choice.get("type") == "any":
        return _REQUIRED
    if choice.get("type") == _NONE:
        return _NONE
    return str(choice.get("name") or _mapping(choice.get("function")).get("name") or _AUTO)


def _limit(body: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    for name in names:
        value = body.get(name)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise Refusal(
                400, f"'{name}' must be a whole number of at least 1.", "invalid_value", name
            )
        return value
    return None


def _list(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = body.get(name)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _strings(value: Any) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(text for text in values if isinstance(text, str) and text)
