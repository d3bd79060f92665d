"""A plausible value for a JSON schema, drawn from a hash."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sophia_cli.llm.simulator.digest import Digest
from sophia_cli.llm.simulator.refusal import Refusal

_MOST_ITEMS, _MOST_VALUES, _LONGEST_TEXT = 100, 5_000, 10_000
_DEEPEST = 6  # a schema that refers to itself ends here, where it allows that
_ABYSS = 12  # and here where it does not
_FORMATS = {
    "date": "2026-01-02",
    "date-time": "2026-01-02T03:04:05Z",
    "time": "03:04:05Z",
    "duration": "P1D",
    "email": "simulated@example.com",
    "hostname": "simulated.example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/simulated",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def fill(schema: Mapping[str, Any], digest: Digest) -> Any:
    """A value that fits the schema's types, enums, bounds and required properties.

    Raises Refusal where the schema says something that makes no sense.
    """
    try:
        return _Filler(schema, digest).value(schema, "value", 0)
    except (TypeError, ValueError, AttributeError, KeyError, ArithmeticError):
        raise Refusal(400, "The JSON schema is not valid.", "invalid_schema") from None


class _Filler:
    """Walks one schema; holds its root for `$ref`."""

    def __init__(self, root: Mapping[str, Any], digest: Digest) -> None:
        self._root = root
        self._digest = digest
        self._made = 0

    def value(self, schema: Any, path: str, depth: int) -> Any:
        if not isinstance(schema, Mapping):
            return f"simulated {_name(path)}"
        self._made += 1
        if self._made > _MOST_VALUES:  # one that refers to itself in several places
            depth = _ABYSS
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][self._digest.number(path, len(schema["enum"]))]
        for union in ("anyOf", "oneOf"):
            if schema.get(union):
                return self._one_of(schema[union], path, depth)
        kind = _kind(schema, depth)
        if kind == "object":
            return self._object(schema, path, depth)
        if kind == "array":
            return self._array(schema, path, depth)
        if kind in ("integer", "number"):
            return self._number(schema, path, kind)
        if kind == "boolean":
            return bool(self._digest.number(path, 2))
        return None if kind == "null" else _text(schema, path)

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        for _ in range(_DEEPEST):
            if "$ref" in schema:
                schema = self._target(str(schema["$ref"]))
            elif schema.get("allOf"):
                schema = self._merged(schema)
            else:
                break
        return schema

    def _target(self, reference: str) -> Mapping[str, Any]:
        found: Any = self._root
        for part in reference.lstrip("#/").split("/") if reference not in ("#", "") else []:
            found = found.get(part.replace("~1", "/").replace("~0", "~")) if found else None
        return found if isinstance(found, Mapping) else {}

    def _merged(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        merged: dict[str, Any] = {key: value for key, value in schema.items() if key != "allOf"}
        for part in schema["allOf"]:
            part = self._resolved(part)
            properties = {**merged.get("properties", {}), **part.get("properties", {})}
            required = [*merged.get("required", []), *part.get("required", [])]
            merged.update(part)
            merged.update({"properties": properties, "required": required} if properties else {})
        return merged

    def _one_of(self, choices: list[Any], path: str, depth: int) -> Any:
        ends = [c for c in choices if isinstance(c, Mapping) and c.get("type") == "null"]
        others = [c for c in choices if c not in ends] or ends
        return self.value((ends or others)[0] if depth >= _DEEPEST else others[0], path, depth)

    def _object(self, schema: Mapping[str, Any], path: str, depth: int) -> dict[str, Any]:
        properties: Mapping[str, Any] = schema.get("properties") or {}
        required = schema.get("required") or ()
        if depth >= _ABYSS:
            return {}
        return {
            name: self.value(part, f"{path}.{name}", depth + 1)
            for name, part in properties.items()
            if depth < _DEEPEST or name in required
        }

    def _array(self, schema: Mapping[str, Any], path: str, depth: int) -> list[Any]:
        parts: list[Any] = schema.get("prefixItems") or []
        if parts:
            return [self.value(part, f"{path}.{at}", depth + 1) for at, part in enumerate(parts)]
        if depth >= _ABYSS:
            return []
        fewest = min(int(schema.get("minItems", 0)), _MOST_ITEMS)
        most = int(schema.get("maxItems", max(2, fewest)))
        count = fewest if depth >= _DEEPEST else max(fewest, min(2, most))
        return [self.value(schema.get("items"), f"{path}.{at}", depth + 1) for at in range(count)]

    def _number(self, schema: Mapping[str, Any], path: str, kind: str) -> float:
        step = schema.get("multipleOf") or 1
        low, high = _bounds(schema, step)
        value = low + self._digest.number(path, int((high - low) / step) + 1) * step
        return int(value) if kind == "integer" else float(value)


def _bounds(schema: Mapping[str, Any], step: float) -> tuple[float, float]:
    """The smallest and the largest multiple of `step` that are allowed, at most 100 steps apart.

    A range without any multiple (a number between 0 and 1) is narrowed to its middle.
    """
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if low is None:
        low = 0 if high is None or high > 0 else high - 100 * step
    if high is None:
        high = low + 100 * step
    first = math.ceil(low / step) * step
    last = math.floor(high / step) * step
    first += step if first == schema.get("exclusiveMinimum") else 0
    last -= step if last == schema.get("exclusiveMaximum") else 0
    if first > last:
        return (low + high) / 2, (low + high) / 2
    return first, min(last, first + 100 * step)


def _kind(schema: Mapping[str, Any], depth: int) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        named = [name for name in kind if name != "null"]
        return "null" if not named or (depth >= _DEEPEST and "null" in kind) else str(named[0])
    if kind:
        return str(kind)
    guesses = (
        ("properties", "object"),
        ("items", "array"),
        ("prefixItems", "array"),
        ("minimum", "number"),
        ("maximum", "number"),
    )
    return next((guess for key, guess in guesses if key in schema), "string")


def _text(schema: Mapping[str, Any], path: str) -> str:
    text = _FORMATS.get(str(schema.get("format")), f"simulated {_name(path)}")
    text = text.ljust(min(int(schema.get("minLength", 0)), _LONGEST_TEXT), ".")
    return text[: int(schema["maxLength"])] if "maxLength" in schema else text


def _name(path: str) -> str:
    return next((part for part in reversed(path.split(".")) if not part.isdigit()), "value")
