"""The form an answer must have: what a model is told of it, and how its answer is read.

`response_format` may be a JSON schema, OpenAI's own form of it, or a class that can say its schema
(`model_json_schema()`, as pydantic's models do); nothing of pydantic is imported here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sophia_cli.llm.errors import LLMError
from sophia_cli.llm.schema import TYPES, Schema, fault_of, resolve

_SCHEMA_WORDS = ("$ref", "$defs", "properties", "anyOf", "oneOf", "allOf", "enum", "const")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]+")
# Models that are only told of a schema like to put their JSON into a fence.
_FENCED = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Form:
    """What was asked for. `wire` is the request's `response_format`, `build` makes the caller's type of JSON."""

    wire: Mapping[str, Any]
    schema: Schema
    build: Callable[[str], Any] | None = None

    def read(self, text: str) -> Any:
        """The value that an answer's text holds. Raises ValueError, in words that do not quote it."""
        fenced = _FENCED.match(text)
        text = fenced.group(1) if fenced else text
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            raise ValueError("the answer is not JSON") from None
        if self.build is None:
            if words := fault_of(value, self.schema):
                raise ValueError(words)
            return value
        try:
            return self.build(text)
        except Exception as error:  # whatever the caller's class raises: the answer is none of it
            raise ValueError(_words_of(error)) from error


def form_of(asked: Any) -> Form | None:
    """The form that a `response_format` asks for; None where the provider alone knows it (`json_object`).

    Raises LLMError for what is none.
    """
    if isinstance(asked, Mapping):
        return _from_mapping(asked)
    describe = getattr(asked, "model_json_schema", None)
    if isinstance(asked, type) and callable(describe):
        schema: Schema = describe()
        strict = as_strict(schema)
        build: Any = getattr(asked, "model_validate_json", None)
        build = build or (lambda text: asked(**json.loads(text)))
        wire = _wire(asked.__name__, schema if strict is None else strict, strict is not None)
        return Form(wire, schema, build)
    raise LLMError(
        f"response_format cannot be {asked!r}",
        "allowed: a JSON schema, OpenAI's own form of one, a class with model_json_schema()",
    )


def _from_mapping(asked: Mapping[str, Any]) -> Form | None:
    kind = asked.get("type")
    if isinstance(kind, str) and kind not in TYPES:
        inner = asked.get("json_schema")
        schema = inner.get("schema") if isinstance(inner, Mapping) else None
        found = kind == "json_schema" and isinstance(schema, Mapping)
        return Form(asked, schema) if found else None  # type: ignore[arg-type]
    if kind is None and not any(word in asked for word in _SCHEMA_WORDS):
        raise LLMError(
            "response_format is no JSON schema: it has no type",
            'such as {"type": "object", "properties": {...}, "required": [...]}',
        )
    return Form(_wire(str(asked.get("title", "")), asked, as_strict(asked) == asked), asked)


def _wire(name: str, schema: Schema, strict: bool) -> Mapping[str, Any]:
    """OpenAI's form of a schema: its name of at most 64 plain characters."""
    name = _NOT_IN_NAMES.sub("_", name)[:64] or "answer"
    return {
        "type": "json_schema",
        "json_schema": {"name": name, "schema": dict(schema), "strict": strict},
    }


def as_strict(schema: Schema) -> dict[str, Any] | None:
    """The schema as OpenAI's strict mode wants it; None where it cannot be said that way.

    There every object names all its properties, all are required, nothing else is allowed, and a
    reference stands alone (OpenAI: Structured Outputs, supported schemas).
    """
    try:
        found = _strict(schema, schema)
    except _NotStrict:
        return None
    return found if isinstance(found, dict) else None


class _NotStrict(Exception):
    """A schema leaves open what strict mode wants to know."""


def _strict(schema: Any, root: Schema) -> Any:
    if isinstance(schema, list):
        return [_strict(part, root) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    if "$ref" in schema and len(schema) > 1:
        beside = {name: value for name, value in schema.items() if name != "$ref"}
        return _strict({**resolve(schema, root), **beside}, root)
    if len(schema.get("allOf", ())) == 1:
        beside = {name: value for name, value in schema.items() if name != "allOf"}
        return _strict({**schema["allOf"][0], **beside}, root)
    if any(word in schema for word in ("oneOf", "allOf", "patternProperties", "not")):
        raise _NotStrict
    found = {name: _strict_part(name, part, root) for name, part in schema.items()}
    if found.get("default", 0) is None:
        del found["default"]
    if "properties" in found or found.get("type") == "object":
        if schema.get("additionalProperties", False) is not False or "properties" not in found:
            raise _NotStrict
        found |= {"required": list(found["properties"]), "additionalProperties": False}
    return found


def _strict_part(name: str, part: Any, root: Schema) -> Any:
    if name in ("properties", "$defs", "definitions") and isinstance(part, Mapping):
        return {key: _strict(inner, root) for key, inner in part.items()}
    return _strict(part, root) if name in ("items", "anyOf") else part


def _words_of(error: Exception) -> str:
    """What a class did not like, without what it was given: pydantic's errors say where and which rule."""
    listed = getattr(error, "errors", None)
    try:
        first = listed()[0] if callable(listed) else None
        place = ".".join(map(str, first["loc"])) if first else ""
        rule = first["type"] if first else type(error).__name__
    except (TypeError, LookupError):
        place, rule = "", type(error).__name__
    return f"the answer's {place} is not as asked ({rule})" if place else f"not as asked ({rule})"
