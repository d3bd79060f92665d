"""The content of an answer, before a wire format carries it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sophia_cli.llm.simulator.digest import Digest
from sophia_cli.llm.simulator.prompt import CHARS_PER_TOKEN, Prompt, Tool, count_tokens
from sophia_cli.llm.simulator.schema import fill

_ECHOED_WORDS = 12
_PIECE = re.compile(r"\s*\S+|\s+")
_REMARKS = (
    "No model was asked and nothing was looked up.",
    "It costs nothing and means nothing.",
    "The same question gets the same answer again.",
    "It is here so that everything around it can be tried.",
    "A configured provider would have answered instead.",
    "Its words come from a template and not from a model.",
)


@dataclass(frozen=True)
class ToolCall:
    """One function that the answer asks to be called."""

    id: str
    name: str
    arguments: Mapping[str, Any]

    @property
    def json(self) -> str:
        """The arguments as text."""
        return json.dumps(self.arguments, ensure_ascii=False)


@dataclass(frozen=True)
class Draft:
    """An answer in no provider's format. `finish` is stop, length or tool_calls.

    `stop` is the stop sequence that ended it, None if none did.
    """

    text: str
    calls: tuple[ToolCall, ...]
    finish: str
    stop: str | None
    tokens_in: int
    tokens_out: int

    @property
    def pieces(self) -> tuple[str, ...]:
        """The text as it is streamed: a word at a time."""
        return tuple(_PIECE.findall(self.text))


def draft(prompt: Prompt, digest: Digest) -> Draft:
    """Answer a prompt: by tool calls where they are wanted, by JSON or by text otherwise."""
    calls = tuple(_call(tool, index, digest) for index, tool in enumerate(_wanted(prompt)))
    if calls:
        tokens = sum(count_tokens(call.name + call.json) for call in calls)
        return Draft("", calls, "tool_calls", None, prompt.tokens, tokens)
    text, finish, stop = _shortened(_text(prompt, digest), prompt)
    return Draft(text, (), finish, stop, prompt.tokens, count_tokens(text))


def _wanted(prompt: Prompt) -> tuple[Tool, ...]:
    if prompt.choice == "none":
        return ()
    if prompt.choice not in ("auto", "required"):
        return tuple(tool for tool in prompt.tools if tool.name == prompt.choice)[:1]
    last = prompt.turns[-1]
    said = last.text.lower()
    mentioned = () if last.from_tool else tuple(t for t in prompt.tools if _mentions(said, t.name))
    if prompt.choice == "required":
        mentioned = mentioned or prompt.tools[:1]
    return mentioned if prompt.several_tools else mentioned[:1]


def _mentions(said: str, name: str) -> bool:
    spellings = {name.lower(), name.lower().replace("_", " ")} - {""}
    return any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", said) for word in spellings)


def _call(tool: Tool, index: int, digest: Digest) -> ToolCall:
    arguments = fill(tool.schema, Digest(digest.raw(f"arguments {index}"))) if tool.schema else {}
    name = digest.hex(f"call {index}")
    return ToolCall(name, tool.name, arguments if isinstance(arguments, dict) else {})


def _text(prompt: Prompt, digest: Digest) -> str:
    said = _last_said(prompt)
    if prompt.schema is not None:
        value = fill(prompt.schema, digest) if prompt.schema else {"simulated": True, "echo": said}
        return json.dumps(value, ensure_ascii=False)
    verb = "The tool returned" if prompt.turns[-1].from_tool else "You wrote"
    echo = f'{verb}: "{said}". ' if said else ""
    remark = _REMARKS[digest.number("remark", len(_REMARKS))]
    return f"This is a simulated answer, sample {digest.hex('sample', 6)}. {echo}{remark}"


def _last_said(prompt: Prompt) -> str:
    """The first words of what was said last by the user or by a tool."""
    spoken = [turn for turn in prompt.turns if turn.role == "user" or turn.from_tool]
    words = (spoken or list(prompt.turns))[-1].text.split()
    return " ".join(words[:_ECHOED_WORDS]) + (" ..." if len(words) > _ECHOED_WORDS else "")


def _shortened(text: str, prompt: Prompt) -> tuple[str, str, str | None]:
    found = [(text.find(stop), stop) for stop in prompt.stops if stop in text]
    stop = None
    if found:
        position, stop = min(found)
        text = text[:position]
    if prompt.limit is not None and count_tokens(text) > prompt.limit:
        return text[: prompt.limit * CHARS_PER_TOKEN], "length", None
    return text, "stop", stop
