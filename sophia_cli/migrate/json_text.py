"""A JSON text with the place of every value: what is not edited keeps its bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from json import JSONDecodeError, JSONDecoder

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = JSONDecoder()


@dataclass(frozen=True)
class Value:
    """A value from `start` to `end` of its text: what a string says, the parts of a list or an object.

    A number, true, false and null have the content None: nobody asks for them here.
    """

    start: int
    end: int
    content: str | list[Value] | dict[str, Value] | None

    def at(self, *keys: str) -> Value | None:
        """What stands under keys of objects in objects."""
        found: Value | None = self
        for key in keys:
            inner = found.content if found is not None else None
            found = inner.get(key) if isinstance(inner, dict) else None
        return found

    def items(self, *keys: str) -> list[Value]:
        """The list that stands under the keys; empty where there is none."""
        found = self.at(*keys)
        return found.content if found is not None and isinstance(found.content, list) else []

    def text(self, *keys: str) -> str:
        """The string that stands under the keys; empty where there is none."""
        found = self.at(*keys)
        return found.content if found is not None and isinstance(found.content, str) else ""


def read_json(text: str) -> Value:
    """The value of a whole text. Raises ValueError with line and reason in words."""
    try:
        _DECODER.decode(text)
        return _value(text, _skip(text, 0))
    except JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}: it is not valid JSON: {error.msg}") from None
    except RecursionError:
        raise ValueError("its JSON is nested too deeply") from None


def _value(text: str, start: int) -> Value:
    """The value that begins here; the text is known to be valid."""
    match text[start]:
        case "{":
            return _object(text, start)
        case "[":
            return _list(text, start)
    content, end = _DECODER.raw_decode(text, start)
    return Value(start, end, content if isinstance(content, str) else None)


def _object(text: str, start: int) -> Value:
    fields: dict[str, Value] = {}
    at = _skip(text, start + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)  # past the colon
        fields[name] = _value(text, at)
        at = _next(text, fields[name].end)
    return Value(start, at + 1, fields)


def _list(text: str, start: int) -> Value:
    items: list[Value] = []
    at = _skip(text, start + 1)
    while text[at] != "]":
        items.append(_value(text, at))
        at = _next(text, items[-1].end)
    return Value(start, at + 1, items)


def _next(text: str, at: int) -> int:
    """Past white space, and past a comma if there is one."""
    at = _skip(text, at)
    return _skip(text, at + 1) if text[at] == "," else at


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None
    return found.end()
