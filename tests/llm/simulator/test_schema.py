from __future__ import annotations

from typing import Any

import pytest

from sophia_cli.llm.simulator.digest import Digest
from sophia_cli.llm.simulator.refusal import Refusal
from sophia_cli.llm.simulator.schema import fill

DIGEST = Digest.of("schema")


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, "simulated value"),
        ({"type": "string", "format": "date"}, "2026-01-02"),
        ({"type": "string", "minLength": 18}, "simulated value..."),
        ({"type": "string", "maxLength": 9}, "simulated"),
        ({"const": 5}, 5),
        ({"enum": ["only"]}, "only"),
        ({"type": "null"}, None),
        ({"type": ["null", "string"]}, "simulated value"),
        ({"type": "integer", "minimum": 3, "maximum": 3}, 3),
        ({"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5}, 4),
        ({"type": "integer", "minimum": 4, "maximum": 9, "multipleOf": 5}, 5),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, 0.5),
        ({"type": "integer", "maximum": -7, "minimum": -7}, -7),
        ({"type": "array", "items": {"const": 1}}, [1, 1]),
        ({"type": "array", "items": {"const": 1}, "minItems": 3}, [1, 1, 1]),
        ({"type": "array", "items": {"const": 1}, "maxItems": 1}, [1]),
        ({"prefixItems": [{"const": 1}, {"type": "string"}]}, [1, "simulated value"]),
        ({"properties": {"city": {"type": "string"}}}, {"city": "simulated city"}),
        ({"type": "array"}, ["simulated value", "simulated value"]),
        ({"type": "array", "items": {"type": "boolean"}, "maxItems": 0}, []),
        ({"type": "object"}, {}),
        ({"allOf": [{"$ref": "#/$defs/n"}], "$defs": {"n": {"const": 8}}}, 8),
        ({"anyOf": [{"type": "null"}, {"const": 2}]}, 2),
        ({"$ref": "#/$defs/n", "$defs": {"n": {"const": 8}}}, 8),
        ({"$ref": "#/$defs/missing"}, "simulated value"),
        (
            {"allOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"b": {"const": 2}}}]},
            {"a": 1, "b": 2},
        ),
    ],
)
def test_a_value_that_fits(schema: dict[str, Any], value: Any) -> None:
    assert fill(schema, DIGEST) == value


@pytest.mark.parametrize("low", [-250, -1, 0, 2.5, 1e6])
@pytest.mark.parametrize("width", [0, 0.25, 1, 40, 1e9])
def test_numbers_stay_within_their_bounds(low: float, width: float) -> None:
    schema = {"type": "number", "minimum": low, "maximum": low + width}
    assert low <= fill(schema, DIGEST) <= low + width


def test_a_schema_that_refers_to_itself_ends() -> None:
    node = {
        "type": "object",
        "properties": {
            "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
            "children": {"type": "array", "items": {"$ref": "#"}},
        },
        "required": ["next", "children"],
    }
    value, depth = fill(node, DIGEST), 0
    while value["next"] is not None:
        value, depth = value["next"], depth + 1
    assert depth == 5


def test_lists_without_an_end_get_one() -> None:
    node = {"type": "array", "items": {"$ref": "#"}, "minItems": 3}
    value, depth = fill(node, DIGEST), 0
    while value:
        value, depth = value[0], depth + 1
    assert depth <= 12


def test_a_schema_that_refers_to_itself_everywhere_ends_as_well() -> None:
    names = [f"p{number}" for number in range(20)]
    node = {"type": "object", "properties": {n: {"$ref": "#"} for n in names}, "required": names}
    assert list(fill(node, DIGEST)) == names


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minimum": "low"},
        {"type": "array", "minItems": "many"},
        {"enum": 5},
        {"properties": [1]},
    ],
)
def test_a_schema_that_makes_no_sense(schema: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as caught:
        fill(schema, DIGEST)
    assert (caught.value.status, caught.value.message) == (400, "The JSON schema is not valid.")
