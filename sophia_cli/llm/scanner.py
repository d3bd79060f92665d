"""Reads usage, errors and the end of an event stream while its bytes go through.

Only events that can matter are parsed; comments such as `: OPENROUTER PROCESSING` are skipped.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from sophia_cli.llm.call import Usage
from sophia_cli.llm.failure import Failure, from_event
from sophia_cli.llm.usage import finish_of, model_of, read_usage

_BOUNDARY = re.compile(rb"\r\n\r\n|\n\r?\n|\r\r")
_LINE = re.compile(rb"\r\n|\n|\r")
_INTERESTING = re.compile(
    rb'"(?:usage|error|stop_reason)"\s*:\s*[^n\s]|"finish_reason"\s*:\s*"|"(?:object|type)"\s*:\s*"error"'
    rb'|"type"\s*:\s*"(?:message_|response\.(?:completed|incomplete|failed)")'
)
_BOM = b"\xef\xbb\xbf"  # readers of event streams take it away
_LAST_EVENTS = ("message_stop", "response.completed", "response.incomplete")


class Copy(Protocol):
    """Takes what goes through, chunk by chunk."""

    def add(self, chunk: bytes) -> None: ...


class Scanner:
    """Fed the chunks of a stream in order; what it learnt stands in its attributes.

    With `drop_usage` the one event that holds nothing but usage is taken out of what goes
    through, because the caller did not ask for it. With `keep_events` every event is parsed
    and put into `events`. A `copy` gets the bytes that go through.
    """

    def __init__(
        self, *, drop_usage: bool = False, keep_events: bool = False, copy: Copy | None = None
    ) -> None:
        self.drop_usage = drop_usage
        self.events: deque[Mapping[str, Any]] | None = deque() if keep_events else None
        self.started = False
        self.finished = False
        self.failure: Failure | None = None
        self.usage: Usage | None = None
        self.finish_reason = ""
        self.model = ""
        self._copy = copy
        self._buffer = b""
        self._at_start = True

    def feed(self, chunk: bytes) -> bytes:
        """Take a chunk, give back what may go on: the chunk itself unless usage is dropped."""
        read = chunk
        if self._at_start and chunk:
            self._at_start = False
            read = chunk.removeprefix(_BOM)
        # Only the end of what was searched before can be the beginning of a boundary.
        begin = max(len(self._buffer) - 4, 0)
        self._buffer += read
        passed = b""
        while match := _BOUNDARY.search(self._buffer, begin):
            event, self._buffer = self._buffer[: match.end()], self._buffer[match.end() :]
            begin = 0
            if self._read(event) or not self.drop_usage:
                passed += event
        passed = passed if self.drop_usage else chunk
        if self._copy is not None:
            self._copy.add(passed)
        return passed

    def end(self) -> bytes:
        """The stream is over: read what is left. Gives back what `feed` held back."""
        rest, self._buffer = self._buffer, b""
        keep = self._read(rest) if rest.strip() else True
        rest = rest if self.drop_usage and keep else b""
        if self._copy is not None and rest:
            self._copy.add(rest)
        return rest

    def _read(self, event: bytes) -> bool:
        """Learn from one event; False when it is the usage that nobody asked for."""
        data = _data_of(event)
        if data is None:
            return True
        if data == b"[DONE]":
            self.finished = True
            return True
        if self.started and self.events is None and not _INTERESTING.search(data):
            return True
        return self._learn(data)

    def _learn(self, data: bytes) -> bool:
        event = _object(data)
        if event is None:
            return True
        usage = _usage_in(event)
        if usage:
            self.usage = _merge(self.usage, usage)
        if error := _error_in(event):
            self.failure = from_event(error)
            return True
        self.model = self.model or model_of(event)
        self.started = True
        if self.events is not None:
            self.events.append(event)
        self._read_end(event)
        return not (usage and event.get("choices") == [])

    def _read_end(self, event: Mapping[str, Any]) -> None:
        last = event.get("type") in _LAST_EVENTS
        # Anthropic says why it stopped in a delta, OpenAI's Responses API in the whole answer.
        holder = event.get("response") if last else event.get("delta")
        reason = finish_of(event) or (finish_of(holder) if isinstance(holder, Mapping) else "")
        if reason:
            self.finish_reason = reason
        # Anthropic's stop_reason comes before message_stop; OpenAI's finish_reason may be the last word.
        if last or (reason and "choices" in event):
            self.finished = True


def events_in(stream: bytes) -> Iterator[bytes]:
    """A whole stream cut after each of its events."""
    begin = 0
    for match in _BOUNDARY.finditer(stream):
        yield stream[begin : match.end()]
        begin = match.end()
    if begin < len(stream):
        yield stream[begin:]


def parse_event(event: bytes) -> Mapping[str, Any] | None:
    """The object that an event holds; None for a comment, for `[DONE]` and for anything else."""
    data = _data_of(event)
    return None if data is None else _object(data)


def _data_of(event: bytes) -> bytes | None:
    lines = [line[5:].lstrip(b" ") for line in _LINE.split(event) if line.startswith(b"data:")]
    return b"\n".join(lines).strip() if lines else None


def _object(data: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _error_in(event: Mapping[str, Any]) -> Any:
    if event.get("type") == "response.failed":
        response = event.get("response")
        said = response.get("error") if isinstance(response, Mapping) else None
        return said or {"message": "the response failed"}
    itself = event.get("object") == "error" or event.get("type") == "error"
    return event.get("error") or (event if itself else None)


def _usage_in(event: Mapping[str, Any]) -> Usage | None:
    for holder in (event, event.get("message"), event.get("response")):
        if isinstance(holder, Mapping) and (usage := read_usage(holder)):
            return usage
    return None


def _merge(earlier: Usage | None, later: Usage) -> Usage:
    """Anthropic says input tokens first and output tokens last; the larger figure is the final one."""
    if earlier is None:
        return later
    largest = {name: max(count, getattr(later, name)) for name, count in _counts(earlier)}
    return Usage(
        **largest,
        cost_nano=later.cost_nano if later.cost_nano is not None else earlier.cost_nano,
    )


def _counts(usage: Usage) -> list[tuple[str, int]]:
    return [(name, count) for name, count in vars(usage).items() if name != "cost_nano"]
