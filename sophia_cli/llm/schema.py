"""Whether a value fits a JSON schema, in the part of JSON Schema that models are asked with.

Checked: types, enum, const, properties, required, additionalProperties, items, prefixItems, anyOf,
oneOf, allOf, references within the schema, and bounds of numbers, texts and lists. Anything else
(such as `format`) is left to the model.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: _is_number(value),
    "integer": lambda value: _is_number(value) and value == int(value),
}
TYPES = frozenset(_TYPES)
# Keyword -> the type it is about, what is measured, and whether that keeps the limit.
_Limit = tuple[str, Callable[[Any], Any], Callable[[Any, Any], bool]]
_LIMITS: Mapping[str, _Limit] = {
    "minimum": ("number", lambda value: value, operator.ge),
    "maximum": ("number", lambda value: value, operator.le),
    "exclusiveMinimum": ("number", lambda value: value, operator.gt),
    "exclusiveMaximum": ("number", lambda value: value, operator.lt),
    "minLength": ("string", len, operator.ge),
    "maxLength": ("string", len, operator.le),
    "minItems": ("array", len, operator.ge),
    "maxItems": ("array", len, operator.le),
    "pattern": ("string", lambda value: value, lambda text, pattern: _matches(text, pattern)),
}


def fault_of(value: Any, schema: Schema) -> str:
    """The first thing about a value that the schema does not allow, by its place; empty if it fits.

    The words never hold the value itself, so they may be written down.
    """
    try:
        return next(_faults(value, schema, schema, "the answer"), "")
    except RecursionError:
        return "the answer is nested too deeply, or its schema refers to itself without end"


def resolve(schema: Schema, root: Schema) -> Schema:
    """What a schema's `$ref` points to; the schema itself where it has none that can be followed."""
    seen = 0
    while isinstance(reference := schema.get("$ref"), str) and seen < 20:
        seen += 1
        found: Any = root
        for part in reference.lstrip("#").split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, Mapping) else None
        if not isinstance(found, Mapping):
            return {}
        schema = found
    return schema


def _faults(value: Any, schema: Any, root: Schema, place: str) -> Iterator[str]:
    if schema is False:
        yield f"{place} is not allowed"
    if not isinstance(schema, Mapping):
        return
    if "$ref" in schema:
        yield from _faults(value, resolve(schema, root), root, place)
    yield from _simple_faults(value, schema, place)
    for part in schema.get("allOf", ()):
        yield from _faults(value, part, root, place)
    for union in ("anyOf", "oneOf"):
        choices = schema.get(union)
        fitting = (not any(_faults(value, part, root, place)) for part in choices or ())
        if choices and not any(fitting):
            yield f"{place} is none of the forms that are allowed"
    if isinstance(value, dict):
        yield from _object_faults(value, schema, root, place)
    if isinstance(value, list):
        firsts = schema.get("prefixItems", ())
        for at, item in enumerate(value):
            part = firsts[at] if at < len(firsts) else schema.get("items", True)
            yield from _faults(item, part, root, f"{place}[{at}]")


def _simple_faults(value: Any, schema: Schema, place: str) -> Iterator[str]:
    kinds = schema.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_TYPES[kind](value) for kind in kinds if kind in _TYPES):
        yield f"{place} is not of the type {' or '.join(kinds)}"
        return
    if "enum" in schema and not any(_same(value, choice) for choice in schema["enum"]):
        yield f"{place} is none of the values that are allowed"
    if "const" in schema and not _same(value, schema["const"]):
        yield f"{place} is not the value that is demanded"
    for name, (kind, measure, allows) in _LIMITS.items():
        if name in schema and _TYPES[kind](value) and not allows(measure(value), schema[name]):
            yield f"{place} breaks {name} {schema[name]}"


def _object_faults(
    value: Mapping[str, Any], schema: Schema, root: Schema, place: str
) -> Iterator[str]:
    properties: Schema = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{place} has no '{name}'"
    others: Any = (
        True if "patternProperties" in schema else schema.get("additionalProperties", True)
    )
    for name, item in value.items():
        if name in properties:
            yield from _faults(item, properties[name], root, f"{place}.{name}")
        elif others is False:
            yield f"{place} has a property that the schema does not name"
        else:
            yield from _faults(item, others, root, f"{place}.*")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e400


def _same(value: Any, other: Any) -> bool:
    """Equal as JSON is: `true` is not 1."""
    return isinstance(value, bool) == isinstance(other, bool) and bool(value == other)


def _matches(text: str, pattern: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:  # JavaScript's expressions can say more than Python's
        return True
