"""Alerts as provisioning of Grafana: read as Grafana reads them, and the same as those of Prometheus."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import alerting
from provisioning import Refused, read

from sophia_cli.infra.boards import FOLDER_TITLE, SOURCE
from sophia_cli.metrics.alerts.grafana import provisioning_text
from sophia_cli.metrics.alerts.prometheus import alerts_of
from sophia_cli.metrics.alerts.targets import Targets, load_targets

ENVIRON = {
    "HOME": "/root",
    "labels": "no",
    "values": "no",
    "query": "no",
}  # what must not be filled in
BUDGETS = """
[budgets.all]
limit = 75.0
warn = [0.5, 0.8, 1.0]
[budgets."we.ird|\\"name $HOME ${HOME}"]
limit = 0.3
per = "day"
each = "team"
"""


def targets(folder: Path, text: str = BUDGETS) -> Targets:
    (folder / "sophia.toml").write_text(text)
    return load_targets({}, folder)


def file(folder: Path) -> Any:
    return yaml.safe_load(provisioning_text(targets(folder)))


@pytest.mark.parametrize("text", ["", BUDGETS, "[alerts]\nsuccess = 0.9\nleast_calls = 1\n"])
def test_grafana_takes_every_rule(tmp_path: Path, text: str) -> None:
    found = targets(tmp_path, text)
    assert "folder provisioning/alerting" in provisioning_text(found)
    rules = read(provisioning_text(found), {SOURCE}, ENVIRON)
    assert [rule.title for rule in rules] == [alert.name for alert in alerts_of(found)]
    for rule, alert in zip(rules, alerts_of(found), strict=True):
        assert rule.steps[0]["model"]["expr"] == alert.expr
        assert (rule.folder, rule.labels) == (FOLDER_TITLE, {"severity": alert.severity})
        assert rule.wait == int(alert.wait[:-1]) * {"m": 60, "h": 3600}[alert.wait[-1]]
        assert rule.no_data == "OK"  # as in Prometheus, no answer is no alert
        assert set(rule.annotations) == {"summary", "description", "runbook", "link"}
        assert rule.annotations["link"] == f"{found.grafana}/d/{alert.board}"


def test_what_it_asks_is_of_the_model_of_grafanas_own_kit(tmp_path: Path) -> None:
    """Read into the kit's types and written again it is the same: no key is misspelt, none of another type."""
    for rule in file(tmp_path)["groups"][0]["rules"]:
        for step in rule["data"]:
            made = alerting.Query.from_json(copy.deepcopy(step))
            again = yaml.safe_load(JSONEncoder(sort_keys=True).encode(made))
            assert {key: again.get(key) for key in step} == step
    enough = {"from": 600, "to": 0}
    assert alerting.RelativeTimeRange.from_json(enough).from_val == 600


def rule(file: Any) -> Any:
    return file["groups"][0]["rules"][0]


FAULTS: dict[str, tuple[Callable[[Any], object], str]] = {
    "another version": (lambda file: file.update(apiVersion=2), "file: apiVersion is not 1"),
    "a key": (lambda file: rule(file).update(dasboard="x"), "rule: dasboard unknown"),
    "no name": (lambda file: file["groups"][0].pop("name"), "group: it has no name"),
    "no folder": (lambda file: file["groups"][0].update(folder=" "), "group: it has no folder"),
    "a folder of the environment": (
        lambda file: file["groups"][0].update(folder="$NOBODY"),
        "group: it has no folder",
    ),
    "no interval": (lambda file: file["groups"][0].pop("interval"), "group: '' is no duration"),
    "an odd interval": (
        lambda file: file["groups"][0].update(interval="15s"),
        "group: interval 15 s is no multiple of 10 s",
    ),
    "no title": (
        lambda file: rule(file).pop("title"),
        "rule: it has no title, or one that is too long",
    ),
    "a long uid": (
        lambda file: rule(file).update(uid="x" * 41),
        f"SophiaErrorsFast: '{'x' * 41}' is no uid",
    ),
    "a uid twice": (
        lambda file: rule(file).update(uid=file["groups"][0]["rules"][1]["uid"]),
        "file: a uid is there twice",
    ),
    "a title twice": (
        lambda file: rule(file).update(title=file["groups"][0]["rules"][1]["title"]),
        "file: a title is there twice",
    ),
    "no duration": (
        lambda file: rule(file).update({"for": "soon"}),
        "SophiaErrorsFast: 'soon' is no duration",
    ),
    "a state of no data": (
        lambda file: rule(file).update(noDataState="Ok"),
        "SophiaErrorsFast: 'Ok' is no noDataState",
    ),
    "a state of errors": (
        lambda file: rule(file).update(execErrState="NoData"),
        "SophiaErrorsFast: 'NoData' is no execErrState",
    ),
    "no data": (lambda file: rule(file).update(data=[]), "SophiaErrorsFast: it has no data"),
    "a condition": (
        lambda file: rule(file).update(condition="A"),
        "SophiaErrorsFast: its condition is none of its steps",
    ),
    "a source": (
        lambda file: [
            rule(file)["data"][0].update(datasourceUid="p"),
            rule(file)["data"][0]["model"]["datasource"].update(uid="p"),
        ],
        "SophiaErrorsFast: query: there is no data source 'p'",
    ),
    "two sources": (
        lambda file: rule(file)["data"][0].update(datasourceUid="p"),
        "SophiaErrorsFast: query names two data sources",
    ),
    "a range": (
        lambda file: rule(file)["data"][0].update(relativeTimeRange={"from": 0, "to": 0}),
        "SophiaErrorsFast: query: invalid relative time range {'from': 0, 'to': 0}",
    ),
    "no range": (
        lambda file: rule(file)["data"][0].pop("relativeTimeRange"),
        "SophiaErrorsFast: query: invalid relative time range {}",
    ),
    "a range of curves": (
        lambda file: rule(file)["data"][0]["model"].update(instant=False),
        "SophiaErrorsFast: query: it asks for nothing, or for more than a moment",
    ),
    "a step": (
        lambda file: rule(file)["data"][1]["model"].update(expression="is_number($other)"),
        "SophiaErrorsFast: math: it is of no step before it",
    ),
    "a threshold": (
        lambda file: rule(file)["data"][2]["model"]["conditions"][0]["evaluator"].update(params=[]),
        "SophiaErrorsFast: fires: {'type': 'gt', 'params': []} compares with nothing",
    ),
    "a value": (
        lambda file: rule(file)["annotations"].update(summary="{{ $value }}"),
        "SophiaErrorsFast: summary: $value is not of a template",
    ),
    "a figure": (
        lambda file: rule(file)["annotations"].update(summary="{{ $values.A.Value }}"),
        "SophiaErrorsFast: summary: $values.A.Value is no figure",
    ),
    "a braced name": (
        lambda file: rule(file)["annotations"].update(summary="${HOME}"),
        "SophiaErrorsFast: summary: a newer Grafana takes it for a variable of its environment",
    ),
    "a label": (
        lambda file: rule(file)["labels"].update({"sev-erity": "x"}),
        "SophiaErrorsFast: sev-erity is no label or no text",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_grafana_would_not_take(tmp_path: Path, name: str) -> None:
    change, words = FAULTS[name]
    found = file(tmp_path)
    change(found)
    with pytest.raises(Refused) as caught:
        read(yaml.safe_dump(found, sort_keys=False), {SOURCE}, ENVIRON)
    assert str(caught.value) == words
