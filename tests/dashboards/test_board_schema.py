"""The boards held against the schema of Grafana's own kit: its types are generated from it, in the release pinned."""

from __future__ import annotations

import copy
import enum
import json
import sys
import types
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins

from sophia_cli.dashboards.builder.board import model

FILES = sorted((Path(__file__).parents[2] / "dashboards").glob("*.json"))
register_default_plugins()


def faults(board: Any) -> list[str]:
    """Keys that the schema does not have, keys that it must have, and values of another type than it says."""
    given = {key: value for key, value in copy.deepcopy(board).items() if key != "id"}
    try:
        made = model.Dashboard.from_json(copy.deepcopy(given))
        again = json.loads(JSONEncoder(sort_keys=True).encode(made))
    except (TypeError, ValueError, AttributeError) as error:
        return [f"it cannot be read: {error}"]
    return [*_apart(given, again, ""), *_wrong(made, model.Dashboard, "")]


def _apart(given: Any, again: Any, where: str) -> Iterator[str]:
    """Read into the kit's types and written again, a board is the same."""
    if isinstance(given, dict) and isinstance(again, dict):
        for key in sorted({*given, *again}):
            if key not in again:
                yield f"{where}.{key} is unknown"
            elif key in given:
                yield from _apart(given[key], again[key], f"{where}.{key}")
            elif (key, again[key]) != (
                "placement",
                "inControlsMenu",
            ):  # Grafana before 12 has no such
                yield f"{where}.{key} is missing"
    elif isinstance(given, list) and isinstance(again, list) and len(given) == len(again):
        for at, (one, other) in enumerate(zip(given, again, strict=True)):
            yield from _apart(one, other, f"{where}.{at}")
    elif given != again:
        yield f"{where} is {given!r}"


def _wrong(value: Any, hint: Any, where: str) -> Iterator[str]:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if isinstance(value, dict) and hasattr(hint, "from_json"):
        value = hint.from_json(value)  # the kit leaves some parts as they came
    if origin in (typing.Union, types.UnionType):
        told = [list(_wrong(value, one, where)) for one in args]
        if all(told):  # what is wrong inside of it, else that it is none of them
            here = f"{where} is {value!r}"
            yield from next((found for found in told if here not in found), [here])
    elif origin is list and isinstance(value, list):
        for at, one in enumerate(value):
            yield from _wrong(one, args[0], f"{where}.{at}")
    elif origin is dict and isinstance(value, dict):
        for key, one in value.items():
            yield from _wrong(one, args[1], f"{where}.{key}")
    elif not _fits(value, hint, origin, args):
        yield f"{where} is {value!r}"
    elif hasattr(value, "to_json"):
        hints = typing.get_type_hints(type(value), vars(sys.modules[type(value).__module__]))
        for name, one in hints.items():
            yield from _wrong(getattr(value, name), one, f"{where}.{name}")


def _fits(value: Any, hint: Any, origin: Any, args: tuple[Any, ...]) -> bool:
    if hint is Any or hint is object:
        return True
    if origin is typing.Literal:
        return value in args
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return value in [one.value for one in hint] or isinstance(value, hint)
    if hint in (int, float):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(hint, type) and isinstance(value, hint)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_board_that_ships_fits(path: Path) -> None:
    assert faults(json.loads(path.read_text())) == []


def curves(board: Any) -> Any:
    return next(one for one in board["panels"] if one["type"] == "timeseries")


FAULTS: dict[str, tuple[Callable[[Any], object], str]] = {
    "a wrapper": (lambda board: board.update(dashboard={}), ".dashboard is unknown"),
    "a key of the board": (lambda board: board.update(timezones="utc"), ".timezones is unknown"),
    "no templating": (lambda board: board.pop("templating"), ".templating is missing"),
    "a key of a panel": (
        lambda board: curves(board).update(yaxes=[]),
        ".panels.7.yaxes is unknown",
    ),
    "a key of a query": (
        lambda board: curves(board)["targets"][0].update(exp="up"),
        ".panels.7.targets.0.exp is unknown",
    ),
    "no placement of a legend": (
        lambda board: curves(board)["options"]["legend"].pop("placement"),
        ".panels.7.options.legend.placement is missing",
    ),
    "a legend of another kind": (
        lambda board: curves(board)["options"]["legend"].update(displayMode="wide"),
        ".panels.7.options.legend.display_mode is 'wide'",
    ),
    "a title that is a number": (
        lambda board: curves(board).update(title=7),
        ".panels.7.title is 7",
    ),
    "a place in words": (
        lambda board: curves(board)["gridPos"].update(x="left"),
        ".panels.7.grid_pos.x is 'left'",
    ),
    "a type of variable": (
        lambda board: board["templating"]["list"][0].update(type="source"),
        ".templating.list_val.0.type_val is 'source'",
    ),
    "a refresh of variables": (
        lambda board: board["templating"]["list"][1].update(refresh=3),
        ".templating.list_val.1.refresh is 3",
    ),
    "a step without a colour": (
        lambda board: curves(board)["fieldConfig"]["defaults"]["thresholds"]["steps"][0].pop(
            "color"
        ),
        ".panels.7.fieldConfig.defaults.thresholds.steps.0.color is missing",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_does_not_fit(name: str) -> None:
    change, words = FAULTS[name]
    board = json.loads(FILES[0].read_text())
    change(board)
    assert words in faults(board)
