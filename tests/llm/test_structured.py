"""Answers that must have a form: what is asked of the model, what comes back, what is refused."""

from __future__ import annotations

import enum
import json
from typing import Any, Literal

import pytest
from partners import completion, piece, provider, reply, stream
from pydantic import BaseModel, Field

from sophia_cli.llm import CallFailed, LLMError
from sophia_cli.llm.form import as_strict, form_of
from sophia_cli.llm.schema import fault_of
from sophia_cli.llm.simulator.digest import Digest
from sophia_cli.llm.simulator.schema import fill


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Wheel(BaseModel):
    size: int = Field(ge=1)


class Car(BaseModel):
    """A car."""

    name: str
    colour: Colour = Field(description="as painted")
    wheels: list[Wheel]
    spare: Wheel | None = None
    kind: Literal["old", "new"] = "new"


class Loose(BaseModel):
    prices: dict[str, float]


class Handmade:
    """Not of pydantic: says its schema and takes its fields."""

    def __init__(self, name: str) -> None:
        if name == "nobody":
            raise RuntimeError(name)
        self.name = name

    @staticmethod
    def model_json_schema() -> dict[str, Any]:
        return {"type": "object", "properties": {"name": {"type": "string"}}}


POINT = {
    "type": "object",
    "properties": {"x": {"type": "integer"}, "y": {"type": "number"}},
    "required": ["x", "y"],
    "additionalProperties": False,
}
OPEN_POINT = {name: value for name, value in POINT.items() if name != "additionalProperties"}


def asked(form: Any) -> Any:
    return form_of(form).wire["json_schema"]


UNTOUCHED: list[Any] = [
    {"type": "json_object"},
    {"type": "text"},
    {"type": "json", "schema": POINT},
    {"type": "json_schema"},
]


@pytest.mark.parametrize("form", UNTOUCHED)
def test_what_the_provider_alone_knows_is_sent_as_it_is(
    simulated: Any, service: Any, form: Any
) -> None:
    assert form_of(form) is None
    server = simulated()
    answer = service(provider("p", f"{server.url}/v1")).complete_response_sync(
        "hi", response_format=form
    )
    assert answer.parsed is None
    assert json.loads(server.requests[0].body)["response_format"] == form


def test_a_schema_is_sent_in_openai_s_form() -> None:
    assert asked(POINT) == {"name": "answer", "schema": POINT, "strict": True}
    assert asked(OPEN_POINT) == {"name": "answer", "schema": OPEN_POINT, "strict": False}
    assert asked({**POINT, "title": "A point!"})["name"] == "A_point_"
    theirs = {"type": "json_schema", "json_schema": {"name": "n", "schema": OPEN_POINT}}
    assert form_of(theirs).wire is theirs  # type: ignore[union-attr]


def test_a_class_is_asked_for_strictly_where_that_can_be() -> None:
    wheel = {
        "title": "Wheel",
        "type": "object",
        "properties": {"size": {"minimum": 1, "title": "Size", "type": "integer"}},
        "required": ["size"],
        "additionalProperties": False,
    }
    colour = {"title": "Colour", "type": "string", "enum": ["red", "blue"]}
    assert asked(Car) == {
        "name": "Car",
        "strict": True,
        "schema": {
            "$defs": {"Colour": colour, "Wheel": wheel},
            "description": "A car.",
            "title": "Car",
            "type": "object",
            "properties": {
                "name": {"title": "Name", "type": "string"},
                "colour": {**colour, "description": "as painted"},
                "wheels": {"items": {"$ref": "#/$defs/Wheel"}, "title": "Wheels", "type": "array"},
                "spare": {"anyOf": [{"$ref": "#/$defs/Wheel"}, {"type": "null"}]},
                "kind": {
                    "default": "new",
                    "enum": ["old", "new"],
                    "title": "Kind",
                    "type": "string",
                },
            },
            "required": ["name", "colour", "wheels", "spare", "kind"],
            "additionalProperties": False,
        },
    }
    assert asked(Loose) == {"name": "Loose", "strict": False, "schema": Loose.model_json_schema()}


NOT_STRICT: list[Any] = [
    {"type": "object"},
    {"type": "object", "properties": {}, "additionalProperties": True},
    {"type": "object", "properties": {"a": {"oneOf": [{"type": "string"}]}}},
    {"type": "object", "properties": {"a": {"type": "object"}}},
    {"type": "object", "properties": {}, "patternProperties": {"^a": {}}},
]


@pytest.mark.parametrize("schema", NOT_STRICT)
def test_what_cannot_be_said_strictly(schema: Any) -> None:
    assert as_strict(schema) is None
    assert asked(schema) == {"name": "answer", "schema": schema, "strict": False}


REFUSED: list[Any] = [
    {},
    {"properties_": 1},
    7,
    "json",
    int,
    Car(name="x", colour="red", wheels=[]),
]


@pytest.mark.parametrize("form", REFUSED)
def test_what_is_no_form_is_refused_before_anything_is_sent(
    simulated: Any, service: Any, form: Any
) -> None:
    server = simulated()
    with pytest.raises(LLMError, match="response_format"):
        service(provider("p", server.url)).complete_text_sync("hi", response_format=form)
    assert server.requests == []


async def test_the_value_is_there_sync_and_async(simulated: Any, service: Any) -> None:
    server = simulated()
    opened = service(provider("p", f"{server.url}/v1"))
    car = opened.complete_response_sync("hi", response_format=Car).parsed
    assert isinstance(car, Car) and car.wheels
    assert (await opened.complete_response("hi", response_format=Car)).parsed == car
    point = opened.complete_response_sync("hi", response_format=POINT).parsed
    assert set(point) == {"x", "y"}
    theirs = {"type": "json_schema", "json_schema": {"name": "n", "schema": POINT}}
    assert set(opened.complete_response_sync("hi", response_format=theirs).parsed) == {"x", "y"}
    await opened.aclose()


def answered(scripted: Any, service: Any, text: str, form: Any, **more: Any) -> Any:
    opened = service(provider("p", scripted(reply(completion(text, **more))).url), attempts=3)
    return opened, opened.complete_response_sync("hi", response_format=form, on_error="return")


GOOD: list[tuple[str, Any, Any]] = [
    ('{"x": 1, "y": 2.5}', POINT, {"x": 1, "y": 2.5}),
    ('  {"x": 1.0, "y": 2}\n', POINT, {"x": 1, "y": 2}),
    ('```json\n{"x": 1, "y": 2}\n```', POINT, {"x": 1, "y": 2}),
    ("```\n[1]\n```\n", {"type": "array"}, [1]),
    ('{"prices": {"a": 1}}', Loose, Loose(prices={"a": 1})),
    ('"red"', {"enum": ["red"]}, "red"),
    ("null", {"type": ["string", "null"]}, None),
]


@pytest.mark.parametrize(("text", "form", "value"), GOOD)
def test_an_answer_that_fits(scripted: Any, service: Any, text: str, form: Any, value: Any) -> None:
    _, answer = answered(scripted, service, text, form)
    assert (answer.parsed, answer.error, answer.content) == (value, None, text)


def test_a_class_that_is_not_of_pydantic(scripted: Any, service: Any) -> None:
    _, answer = answered(scripted, service, '{"name": "Zoë"}', Handmade)
    assert answer.parsed.name == "Zoë"
    _, answer = answered(scripted, service, '{"name": "nobody"}', Handmade)
    assert answer.error == "p answered 200: not as asked (RuntimeError)"


BAD: list[tuple[str, Any, str]] = [
    ("certainly! secret", POINT, "the answer is not JSON"),
    ("", POINT, "the answer is not JSON"),
    ("[" * 100_000, POINT, "the answer is not JSON"),
    ('{"x": "secret", "y": 1}', POINT, "the answer.x is not of the type integer"),
    ('{"x": 1}', POINT, "the answer has no 'y'"),
    ('{"x": true, "y": 1}', POINT, "the answer.x is not of the type integer"),
    ('{"x": 1, "y": NaN}', POINT, "the answer.y is not of the type number"),
    (
        '{"x": 1, "y": 1, "secret": 2}',
        POINT,
        "the answer has a property that the schema does not name",
    ),
    ("[]", Car, "not as asked (model_type)"),
    (
        '{"name": "secret", "colour": "red", "wheels": [{"size": "secret"}]}',
        Car,
        "the answer's wheels.0.size is not as asked (int_parsing)",
    ),
    ('{"prices": {"secret": "x"}}', Loose, "the answer's prices.secret is not as asked"),
]


@pytest.mark.parametrize(("text", "form", "words"), BAD)
def test_an_answer_that_does_not_fit(
    scripted: Any, service: Any, text: str, form: Any, words: str
) -> None:
    opened, answer = answered(scripted, service, text, form)
    assert answer.parsed is None and words in answer.error
    with pytest.raises(CallFailed, match="answered 200") as error:
        opened.complete_text_sync("hi", response_format=form)
    assert (error.value.kind, error.value.attempts) == ("bad_response", 1)
    rows = opened.engine.ledger.read("SELECT outcome, error_kind, tokens_out, error FROM calls")
    assert [row[:3] for row in rows] == [("error", "bad_response", 2)] * 2
    assert "prices" in words or "secret" not in rows[0][3]


def test_cut_off_refused_or_calling_a_tool(scripted: Any, service: Any) -> None:
    cut = {"message": {"content": '{"x": 1'}, "finish_reason": "length"}
    _, answer = answered(scripted, service, "", POINT, choices=[cut])
    assert answer.error.endswith("the answer is not JSON: it was cut off at its limit of tokens")
    no = {"message": {"content": None, "refusal": "secret"}, "finish_reason": "stop"}
    _, answer = answered(scripted, service, "", POINT, choices=[no])
    assert answer.error == "p answered 200: the model refused to answer"
    calls = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    tool = {"message": {"content": None, "tool_calls": calls}, "finish_reason": "tool_calls"}
    _, answer = answered(scripted, service, "", POINT, choices=[tool])
    assert (answer.error, answer.parsed, len(answer.tool_calls)) == (None, None, 1)


def test_a_stream_says_at_its_end_what_it_held(scripted: Any, service: Any) -> None:
    server = scripted(
        stream(piece('{"x": 1, '), piece('"y": 2}', "stop")), stream(piece("{", "stop"))
    )
    opened = service(provider("p", server.url))
    with_value = opened.stream_sync("hi", response_format=POINT)
    assert next(iter(with_value)) == '{"x": 1, '
    assert (with_value.response.parsed, with_value.response.error) == (None, None)
    whole = opened.stream_sync("hi", response_format=POINT)
    assert "".join(whole) == "{"
    assert (whole.response.parsed, whole.response.error) == (None, "the answer is not JSON")
    with_value.close()


FITS: list[tuple[Any, Any]] = [
    (3, {"type": "integer", "minimum": 3, "maximum": 3}),
    ("aß", {"minLength": 2, "maxLength": 2, "pattern": "^a"}),
    ("x", {"pattern": r"\p{L}"}),
    (["a", 1, 2], {"prefixItems": [{"type": "string"}], "items": {"type": "number"}}),
    ({"a": 1}, {"patternProperties": {"^a": {}}, "additionalProperties": False}),
    ({"a": {"a": {}}}, {"additionalProperties": {"$ref": "#"}, "type": "object"}),
    (1, {"const": 1}),
    (5, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
    (5, {"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": "integer"}}}),
    ("2026", {"format": "date"}),
    ({}, True),
]


@pytest.mark.parametrize(("value", "schema"), FITS)
def test_a_value_that_fits_its_schema(value: Any, schema: Any) -> None:
    assert fault_of(value, schema) == ""


FAULTS: list[tuple[Any, Any, str]] = [
    (2, {"minimum": 3}, "the answer breaks minimum 3"),
    (3, {"exclusiveMaximum": 3}, "the answer breaks exclusiveMaximum 3"),
    ("abc", {"maxLength": 2}, "the answer breaks maxLength 2"),
    ("b", {"pattern": "^a"}, "the answer breaks pattern ^a"),
    ([1], {"minItems": 2}, "the answer breaks minItems 2"),
    ([1, "a"], {"items": {"type": "integer"}}, "the answer[1] is not of the type integer"),
    (True, {"const": 1}, "the answer is not the value that is demanded"),
    ("c", {"enum": ["a", "b"]}, "the answer is none of the values that are allowed"),
    (None, {"anyOf": [{"type": "string"}]}, "the answer is none of the forms that are allowed"),
    ({"a": 1}, {"allOf": [{"required": ["b"]}]}, "the answer has no 'b'"),
    ({"a": {"b": 1}}, {"additionalProperties": {"$ref": "#"}, "type": "object"}, "of the type"),
    (1, {"$ref": "#"}, "refers to itself without end"),
    (1, {"allOf": [{"$ref": "#"}]}, "refers to itself without end"),
    (1.5, {"type": "integer"}, "is not of the type integer"),
]


@pytest.mark.parametrize(("value", "schema", "words"), FAULTS)
def test_a_value_that_does_not_fit_its_schema(value: Any, schema: Any, words: str) -> None:
    assert words in fault_of(value, schema)


@pytest.mark.parametrize("model", [Car, Loose, Wheel])
@pytest.mark.parametrize("seed", range(20))
def test_what_the_simulator_draws_fits(model: Any, seed: int) -> None:
    schema = as_strict(model.model_json_schema()) or model.model_json_schema()
    value = fill(schema, Digest.of(seed, "a", "b", "c"))
    assert fault_of(value, schema) == ""
    assert model.model_validate(value)
