"""Rules and their tests as files of Prometheus."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sophia_cli.llm.metrics.families import FAMILIES
from sophia_cli.llm.metrics.writer import JOB
from sophia_cli.metrics.alerts.alert import Alert, Case, selector
from sophia_cli.metrics.alerts.calls import alerts_about_calls
from sophia_cli.metrics.alerts.money import alerts_about_money
from sophia_cli.metrics.alerts.targets import Targets
from sophia_cli.metrics.alerts.yaml import yaml_of
from sophia_cli.process import run

RULES, ALERTS, TESTS = "sophia-rules.yml", "sophia-alerts.yml", "sophia-rules-test.yml"
_HEAD = "# Made by `sophia metrics alerts` of the targets and budgets in sophia.toml: edit those.\n"


def alerts_of(targets: Targets) -> tuple[Alert, ...]:
    """Every alert of these targets."""
    return (*alerts_about_calls(targets), *alerts_about_money(targets))


def groups_of(targets: Targets) -> list[dict[str, Any]]:
    """The groups of a rule file: series that are carried on, and alerts.

    What processes write has gaps as long as nobody calls, and Prometheus forgets a series after five
    minutes: each rule of the first group says again what was last written, until the series ends.
    """
    kept = [
        {"record": name, "expr": selector(name, job=JOB)}
        for family in FAMILIES
        for name in family.series
    ]
    rules = [_rule(alert, targets.grafana) for alert in alerts_of(targets)]
    return [
        {"name": "sophia-ledger", "interval": "15s", "rules": kept},
        {"name": "sophia-alerts", "rules": rules},
    ]


def rules_text(targets: Targets) -> str:
    """The rule file."""
    return _HEAD + yaml_of({"groups": groups_of(targets)})


def promtool_tests(targets: Targets, rules: str = RULES) -> str:
    """Tests for promtool of that file: each alert fires once where it should, and once does not."""
    tests = [
        _test(alert, case, targets.grafana)
        for alert in alerts_of(targets)
        for case in (alert.fires, alert.quiet)
    ]
    return _HEAD + yaml_of({"rule_files": [rules], "evaluation_interval": "1m", "tests": tests})


def told_by(alert: Alert, grafana: str) -> dict[str, str]:
    """What an alert tells: in one line, in more, what to type, and where to look."""
    return {
        "summary": alert.summary,
        "description": alert.description,
        "runbook": alert.runbook,
        "link": f"{grafana}/d/{alert.board}",
    }


def check(targets: Targets) -> str:
    """Have promtool judge rules and tests; gives what it found, nothing where all is well.

    Raises ProgramNotFound where there is no promtool, TimedOut.
    """
    with TemporaryDirectory() as folder:
        place = Path(folder)
        (place / RULES).write_text(rules_text(targets), encoding="utf-8")
        # Tests are of the alerts: to say each series again, four times a minute, would take a minute.
        alone = {"groups": groups_of(targets)[1:]}
        (place / ALERTS).write_text(yaml_of(alone), encoding="utf-8")
        (place / TESTS).write_text(promtool_tests(targets, ALERTS), encoding="utf-8")
        for words in (("check", "rules", RULES), ("test", "rules", TESTS)):
            done = run(["promtool", *words], cwd=place, timeout=120)
            if done.code:
                return (done.stderr or done.stdout).strip()
    return ""


def _rule(alert: Alert, grafana: str) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expr,
        **({"for": alert.wait} if alert.wait != "0m" else {}),
        "labels": {"severity": alert.severity},
        "annotations": told_by(alert, grafana),
    }


def _test(alert: Alert, case: Case, grafana: str) -> dict[str, Any]:
    fired: list[dict[str, Any]] = []
    if case.says:
        said = told_by(alert, grafana) | {"summary": case.says}
        for label, value in case.labels.items():
            said["runbook"] = said["runbook"].replace(f"{{{{ $labels.{label} }}}}", value)
        labels = {"severity": alert.severity, **case.labels}
        fired = [{"exp_labels": labels, "exp_annotations": said}]
    look = {"eval_time": f"{case.minute}m", "alertname": alert.name, "exp_alerts": fired}
    samples = [{"series": name, "values": values} for name, values in case.series.items()]
    return {"interval": "1m", "input_series": samples, "alert_rule_test": [look]}
