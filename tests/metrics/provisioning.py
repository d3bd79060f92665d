"""A file of alert rules, read as strictly as Grafana's own provisioning reads it, and holds rules when it saves them.

Made after `pkg/services/provisioning/alerting` and `pkg/services/ngalert/models` of Grafana 10 to 13. More is
refused here than there: keys that Grafana passes over, and steps that fail when a rule is first evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

EXPRESSION = "__expr__"
_BASE = 10  # seconds; an interval is so many times that
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_UID = re.compile(r"[a-zA-Z0-9_-]{1,40}")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_TITLE = 190  # characters
_FILE = {"apiVersion", "groups", "deleteRules", "contactPoints", "policies", "templates"}
_GROUP = {"orgId", "name", "folder", "interval", "rules"}
_RULE = {
    "uid", "title", "condition", "data", "dashboardUid", "panelId", "noDataState", "execErrState", "for",
    "annotations", "labels", "isPaused", "notification_settings",
}  # fmt: skip
_STEP = {"refId", "queryType", "relativeTimeRange", "datasourceUid", "model"}
# `KeepLast` came with 11.
_NO_DATA, _ERROR = {"Alerting", "NoData", "OK"}, {"Alerting", "Error", "OK"}
_PARAMS = {"gt": 1, "lt": 1, "eq": 1, "ne": 1, "within_range": 2, "outside_range": 2}


class Refused(Exception):
    """Grafana would not take it, or would fail at it."""


@dataclass(frozen=True)
class Rule:
    """One rule as it is saved; `wait` in seconds."""

    uid: str
    title: str
    folder: str
    wait: int
    no_data: str
    steps: tuple[Mapping[str, Any], ...]
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


def read(text: str, sources: Collection[str], environ: Mapping[str, str]) -> tuple[Rule, ...]:
    """The rules of a file. Raises Refused; `sources` are the uids of the data sources that are there."""
    file = yaml.safe_load(text)
    _keys("file", file, _FILE)
    if file.get("apiVersion") != 1:
        raise Refused("file: apiVersion is not 1")
    found = tuple(
        rule for group in file.get("groups", []) for rule in _group(group, sources, environ)
    )
    for name, key in (("uid", lambda one: one.uid), ("title", lambda one: (one.folder, one.title))):
        if len({key(one) for one in found}) != len(found):
            raise Refused(f"file: a {name} is there twice")
    return found


def _keys(where: str, value: Any, known: set[str]) -> None:
    if not isinstance(value, dict):
        raise Refused(f"{where}: no object")
    if more := sorted(set(value) - known):
        raise Refused(f"{where}: {', '.join(more)} unknown")


def _filled(environ: Mapping[str, str]) -> Callable[[Any], str]:
    """How a text is read: `$NAME` and `${NAME}` are variables of the environment, `$$` is a dollar."""

    def fill(value: Any) -> str:
        def variable(found: re.Match[str]) -> str:
            return environ.get(found[1] or found[2], "")

        parts = str("" if value is None else value).split("$$")
        return "$".join(re.sub(r"\$(?:\{(\w+)\}|(\w+))", variable, part) for part in parts)

    return fill


def _seconds(where: str, text: str) -> int:
    found = _DURATION.fullmatch(text)
    if not text or not found:
        raise Refused(f"{where}: {text!r} is no duration")
    return sum(int(number or 0) * unit for number, unit in zip(found.groups(), (86400, 3600, 60, 1), strict=True))  # fmt: skip


def _group(group: Any, sources: Collection[str], environ: Mapping[str, str]) -> Iterator[Rule]:
    _keys("group", group, _GROUP)
    fill = _filled(environ)
    for key in ("name", "folder"):
        if not fill(group.get(key)).strip():
            raise Refused(f"group: it has no {key}")
    interval = _seconds("group", fill(group.get("interval")))
    if interval <= 0 or interval % _BASE:
        raise Refused(f"group: interval {interval} s is no multiple of {_BASE} s")
    for rule in group.get("rules", []):
        yield _rule(rule, fill(group["folder"]), sources, fill)


def _rule(rule: Any, folder: str, sources: Collection[str], fill: Callable[[Any], str]) -> Rule:
    _keys("rule", rule, _RULE)
    title, uid = fill(rule.get("title")), fill(rule.get("uid"))
    if not title or len(title) > _TITLE:
        raise Refused("rule: it has no title, or one that is too long")
    if not _UID.fullmatch(uid):
        raise Refused(f"{title}: {uid!r} is no uid")
    for key, choices in (("noDataState", _NO_DATA), ("execErrState", _ERROR)):
        if fill(rule.get(key)) not in choices:
            raise Refused(f"{title}: {rule.get(key)!r} is no {key}")
    labels = {name: fill(value) for name, value in rule.get("labels", {}).items()}
    annotations = dict(rule.get("annotations", {}))  # as they are: `$` is of their templates
    for name, value in (*labels.items(), *annotations.items()):
        if not _LABEL.fullmatch(name) or not isinstance(value, str):
            raise Refused(f"{title}: {name} is no label or no text")
    steps = tuple(_steps(title, rule.get("data"), sources, fill))
    names = [step["refId"] for step in steps]
    if fill(rule.get("condition")) not in names:
        raise Refused(f"{title}: its condition is none of its steps")
    for name, value in annotations.items():
        _template(f"{title}: {name}", value, names)
    wait = _seconds(title, fill(rule.get("for")))
    return Rule(uid, title, folder, wait, fill(rule["noDataState"]), steps, labels, annotations)


def _steps(
    title: str, data: Any, sources: Collection[str], fill: Callable[[Any], str]
) -> Iterator[Mapping[str, Any]]:
    if not isinstance(data, list) or not data:
        raise Refused(f"{title}: it has no data")
    before: list[str] = []
    for step in data:
        _keys(title, step, _STEP)
        name, source, model = fill(step.get("refId")), fill(step.get("datasourceUid")), step.get("model")  # fmt: skip
        if not name or name in before:
            raise Refused(f"{title}: a step has no refId, or another's")
        if not isinstance(model, dict) or model.get("refId") != name:
            raise Refused(f"{title}: {name} has no model of its own")
        if model.get("datasource", {}).get("uid") != source:
            raise Refused(f"{title}: {name} names two data sources")
        if source == EXPRESSION:
            _expression(f"{title}: {name}", model, before)
        else:
            _query(f"{title}: {name}", step, source, sources)
        before.append(name)
        yield {"refId": name, "datasourceUid": source, "model": model}


def _query(where: str, step: Mapping[str, Any], source: str, sources: Collection[str]) -> None:
    if source not in sources:
        raise Refused(f"{where}: there is no data source {source!r}")
    model, span = step["model"], step.get("relativeTimeRange") or {}
    ends = [span.get("from"), span.get("to")]
    if any(type(end) is not int for end in ends) or ends[0] <= ends[1]:
        raise Refused(f"{where}: invalid relative time range {span}")
    if not str(model.get("expr") or "").strip() or model.get("instant") is not True:
        raise Refused(f"{where}: it asks for nothing, or for more than a moment")


def _expression(where: str, model: Mapping[str, Any], before: list[str]) -> None:
    kind, text = model.get("type"), str(model.get("expression") or "")
    if kind == "math":
        asked = re.findall(r"\$\{?(\w+)\}?", text)
    elif kind == "threshold":
        asked = [text.lstrip("$")]
        conditions = model.get("conditions") or []
        if len(conditions) != 1:
            raise Refused(f"{where}: a threshold has one condition")
        evaluator = conditions[0].get("evaluator", {})
        if len(evaluator.get("params", [])) < _PARAMS.get(evaluator.get("type"), 3):
            raise Refused(f"{where}: {evaluator} compares with nothing")
    else:
        raise Refused(f"{where}: {kind!r} is no expression that is expected here")
    if not asked or set(asked) - set(before):
        raise Refused(f"{where}: it is of no step before it")


def _template(where: str, text: str, steps: list[str]) -> None:
    """What a text names: labels, and values by their step."""
    if re.search(r"\$\{|\$__", text):
        raise Refused(f"{where}: a newer Grafana takes it for a variable of its environment")
    for name in re.findall(r"\$(\w+)", text):
        if name not in ("labels", "values"):
            raise Refused(f"{where}: ${name} is not of a template")
    for name, part in re.findall(r"\$values(?:\.(\w+))?(?:\.(\w+))?", text):
        if name not in steps or part != "Value":
            raise Refused(f"{where}: $values.{name}.{part} is no figure")
