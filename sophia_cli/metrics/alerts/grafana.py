"""The same alerts for Grafana's own alerting: a file for its folder `provisioning/alerting`.

On request only: who loads both is told of everything twice. Each rule asks Prometheus and fires on
whatever comes back, as Grafana's own import of Prometheus rules does it; no answer is no alert.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from sophia_cli.metrics.alerts.alert import Alert
from sophia_cli.metrics.alerts.prometheus import alerts_of, told_by
from sophia_cli.metrics.alerts.targets import Targets
from sophia_cli.metrics.alerts.yaml import yaml_of

SOURCE = "sophia-prometheus"  # the data source that `sophia infra up` makes
FOLDER, GROUP = "sophia", "sophia-alerts"
_LONGEST_UID = 40
_EXPRESSION = "__expr__"
_HEAD = """\
# Made by `sophia metrics alerts --grafana` of the targets and budgets in sophia.toml: edit those.
# Grafana reads it from its folder provisioning/alerting when it starts.
"""


def provisioning_text(targets: Targets) -> str:
    """The file."""
    rules = [_rule(alert, targets.grafana) for alert in alerts_of(targets)]
    group = {"orgId": 1, "name": GROUP, "folder": FOLDER, "interval": "1m", "rules": rules}
    return _HEAD + yaml_of({"apiVersion": 1, "groups": [group]})


def _rule(alert: Alert, grafana: str) -> dict[str, Any]:
    told = told_by(alert, grafana)
    return {
        "uid": uid_of(alert.name),
        "title": alert.name,
        "condition": "fires",
        "data": [
            _step("query", {"expr": alert.expr, "instant": True, "range": False}, SOURCE),
            _step("math", {"type": "math", "expression": "is_number($query) || is_inf($query)"}),
            _step("fires", _threshold("math")),
        ],
        "noDataState": "OK",
        "execErrState": "Error",
        "for": alert.wait,
        "labels": {"severity": alert.severity},
        # Its `$value` is a text about all steps.
        "annotations": {
            name: text.replace("$value", "$values.query.Value") for name, text in told.items()
        },
    }


def _step(name: str, model: dict[str, Any], source: str = _EXPRESSION) -> dict[str, Any]:
    asks = source != _EXPRESSION
    return {
        "refId": name,
        **({"relativeTimeRange": {"from": 600, "to": 0}} if asks else {}),
        "datasourceUid": source,
        "model": {
            "refId": name,
            "datasource": {"type": "prometheus" if asks else _EXPRESSION, "uid": source},
            **model,
        },
    }


def _threshold(step: str) -> dict[str, Any]:
    condition = {"evaluator": {"type": "gt", "params": [0]}}
    return {"type": "threshold", "expression": step, "conditions": [condition]}


def uid_of(name: str) -> str:
    """A rule's uid: its name in small letters, shortened where Grafana takes no more."""
    words = re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=[a-z])(?=[A-Z0-9])", "-", name).lower())
    if len(words) <= _LONGEST_UID:
        return words
    return f"{words[:31]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
