"""Which data source a board asks: the one that its variable names, or one that is mapped to what is there."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sophia_cli.dashboards.model import all_panels, items, marks, targets, variables
from sophia_cli.errors import SophiaError

PROMETHEUS = "prometheus"
SOURCE = "sophia-prometheus"  # the uid of what `sophia infra up` makes
_BUILT_IN = ("-- Grafana --", "-- Mixed --", "-- Dashboard --", "grafana", "-1")


def mapped(
    board: Mapping[str, Any],
    there: Callable[[], Sequence[Mapping[str, Any]]],
    chosen: str,
    values: Mapping[str, str],
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A copy of a board that asks sources of this server, and what was mapped, in words.

    `there` gives the server's sources, asked only where a board needs to know; `chosen` is the uid or
    the name of one, `values` those of `__inputs` by name. Raises SophiaError where it cannot be told
    which is meant.
    """
    made: dict[str, Any] = copy.deepcopy(dict(board))
    inputs = {str(one.get("name")): one for one in items(made.pop("__inputs", None))}
    for name in ("__requires", "__elements"):
        made.pop(name, None)
    told = _constants(inputs, values)
    wanted: list[tuple[dict[str, Any], str]] = []
    for part in _parts(made):
        asked = _foreign(part.get("datasource", ""), inputs)
        if asked is not None:
            wanted.append((part, asked))
    if wanted:
        uid = _choose(there, chosen)
        known = {str(one.get("uid")) for one in there()} if not chosen else set()
        said: dict[str, None] = {}
        for part, name in wanted:
            if name in known:
                continue
            part["datasource"] = {"type": PROMETHEUS, "uid": uid}
            said[f"data source `{name or 'of its default'}` is now `{uid}`"] = None
        return _replaced(made, told), tuple(said)
    return _replaced(made, told), ()


def _parts(board: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for panel in all_panels(board):
        if panel.get("type") not in ("row", "text", "dashlist", "news"):
            yield panel  # type: ignore[misc]
        for target in targets(panel):
            if "datasource" in target:
                yield target  # type: ignore[misc]
    yield from (one for one in marks(board))  # type: ignore[misc]
    yield from (one for one in variables(board) if one.get("type") == "query")  # type: ignore[misc]


def _foreign(source: object, inputs: Mapping[str, Any]) -> str | None:
    """The name by which a part asks a source that this server need not have; None where it is fine."""
    kind = PROMETHEUS
    if isinstance(source, Mapping):
        kind = str(source.get("type") or PROMETHEUS)
        source = source.get("uid")
    name = str(source or "")
    bare = name.strip("${}")
    if kind != PROMETHEUS or name in _BUILT_IN or (name.startswith("$") and bare not in inputs):
        return None
    if bare in inputs and str(inputs[bare].get("pluginId") or PROMETHEUS) != PROMETHEUS:
        return None
    return name


def _choose(there: Callable[[], Sequence[Mapping[str, Any]]], chosen: str) -> str:
    found = [one for one in there() if one.get("type") == PROMETHEUS]
    if chosen:
        named = [one for one in found if chosen in (one.get("uid"), one.get("name"))]
        if not named:
            names = ", ".join(str(one.get("uid")) for one in found) or "none"
            raise SophiaError(
                f"there is no Prometheus data source `{chosen}`", f"there are: {names}"
            )
        return str(named[0]["uid"])
    preferred = [one for one in found if one.get("uid") == SOURCE] or found
    if len(preferred) != 1:
        names = ", ".join(str(one.get("uid")) for one in found)
        if not names:
            raise SophiaError("there is no Prometheus data source for the board", "sophia infra up")
        raise SophiaError(
            "it cannot be told which data source is meant", f"--source, one of: {names}"
        )
    return str(preferred[0]["uid"])


def _constants(inputs: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, str]:
    told = {}
    for name, one in inputs.items():
        if one.get("type") != "datasource":
            value: object = values.get(name, one.get("value"))
            if value is None:
                raise SophiaError(
                    f"the board asks for a value of `{name}`", f"--input {name}=VALUE"
                )
            told[name] = str(value)
    return told


def _replaced(value: Any, told: Mapping[str, str]) -> Any:
    """`${NAME}` of the inputs that are no data source, wherever it stands."""
    if not told:
        return value
    if isinstance(value, str):
        for name, text in told.items():
            value = value.replace(f"${{{name}}}", text)
        return value
    if isinstance(value, list):
        return [_replaced(one, told) for one in value]
    if isinstance(value, dict):
        return {key: _replaced(one, told) for key, one in value.items()}
    return value
