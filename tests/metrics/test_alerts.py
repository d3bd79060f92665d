"""Alerts: made of targets and budgets, each with its tests."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from sophia_cli.infra.compose import configurations
from sophia_cli.infra.stack import Stack
from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.metrics.families import BY_NAME, FAMILIES
from sophia_cli.metrics.alerts.alert import literal, percent, selector
from sophia_cli.metrics.alerts.grafana import uid_of
from sophia_cli.metrics.alerts.prometheus import (
    alerts_of,
    check,
    groups_of,
    promtool_tests,
    rules_text,
)
from sophia_cli.metrics.alerts.targets import Targets, load_targets
from sophia_cli.metrics.alerts.yaml import yaml_of

BUDGETS = """
[budgets.all]
limit = 75.0
[budgets.team]
limit = 0.3
per = "day"
each = "team"
[budgets.user]
limit = 3
each = "user"
[budgets."we.ird|\\"name"]
limit = 7
warn = [0.333]
[budgets.nothing]
limit = 0
"""
ODD = """
[alerts]
success = 0.9
p95 = 0.01
fallbacks = 0.0
silent = 12.5
cache_drop = 0.9
least_calls = 1
grafana = "https://grafana.internal/"
"""
SERIES = {name: family for family in FAMILIES for name in family.series}
needs_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="there is no promtool")


def targets(folder: Path, text: str = BUDGETS) -> Targets:
    (folder / "sophia.toml").write_text(text)
    return load_targets({}, folder)


def test_without_settings_there_are_defaults_and_no_alerts_about_money(tmp_path: Path) -> None:
    names = [alert.name for alert in alerts_of(targets(tmp_path, ""))]
    assert names == [
        "SophiaErrorsFast",
        "SophiaErrorsSlow",
        "SophiaLatency",
        "SophiaProviderSilent",
        "SophiaFallbacks",
        "SophiaUnpriced",
        "SophiaCacheCollapse",
        "SophiaExporterAbsent",
        "SophiaLedgerUnreadable",
    ]


def test_budgets_warn_at_their_own_shares(tmp_path: Path) -> None:
    found = {alert.name: alert for alert in alerts_of(targets(tmp_path))}
    money = [name for name in found if "Budget" in name]
    assert money == [
        "SophiaBudget33_3",
        "SophiaBudget50To80",
        "SophiaBudget80To100",
        "SophiaBudget100",
        "SophiaBudgetForecastDay",
        "SophiaBudgetForecastMonth",
    ]
    pattern = 'budget=~"all|team/.*|user"'
    assert found["SophiaBudget50To80"].expr == (
        f"(max by (budget) (sophia_llm_budget_spent_usd{{{pattern}}}"
        f" + sophia_llm_budget_unknown_usd{{{pattern}}})"
        f" / max by (budget) (sophia_llm_budget_limit_usd{{{pattern}}}) >= 0.5) < 0.8\n"
        "and max by (budget)"
        f" (sophia_llm_budget_period_end_timestamp_seconds{{{pattern}}}) > time()"
    )
    assert [found[name].severity for name in money[1:4]] == ["info", "warning", "critical"]


@needs_promtool
@pytest.mark.parametrize("text", [BUDGETS, BUDGETS + ODD], ids=["usual", "odd"])
def test_promtool_finds_nothing_and_each_alert_fires_and_is_quiet(
    text: str, tmp_path: Path
) -> None:
    assert check(targets(tmp_path, text)) == ""


@needs_promtool
def test_a_test_that_expects_another_text_fails(tmp_path: Path) -> None:
    found = targets(tmp_path, "")
    (tmp_path / "sophia-rules.yml").write_text(rules_text(found))
    wrong = promtool_tests(found).replace(
        "75% of all LLM calls failed", "99% of all LLM calls failed"
    )
    wrong = wrong.replace("58% of all LLM calls failed", "99% of all LLM calls failed")
    test = yaml.safe_load(wrong)
    test["tests"] = test["tests"][:1]
    (tmp_path / "test.yml").write_text(yaml_of(test))
    done = subprocess.run(
        ["promtool", "test", "rules", tmp_path / "test.yml"], capture_output=True, check=False
    )
    assert done.returncode == 1


def test_every_alert_has_both_tests_a_runbook_and_a_link_to_a_board_that_ships(
    tmp_path: Path,
) -> None:
    boards = {path.stem for path in (Path(__file__).parents[2] / "dashboards").glob("*.json")}
    found = alerts_of(targets(tmp_path))
    tests = yaml.safe_load(promtool_tests(targets(tmp_path)))["tests"]
    cases = [one["alert_rule_test"][0] for one in tests]
    for alert in found:
        own = [bool(case["exp_alerts"]) for case in cases if case["alertname"] == alert.name]
        assert own == [True, False], alert.name
        assert alert.runbook.startswith("sophia ")
        assert alert.board.removeprefix("sophia-") in boards
        assert len(alert.summary) + len(alert.description) < 300


def test_alerts_name_declared_metrics_and_their_labels_only(tmp_path: Path) -> None:
    for alert in alerts_of(targets(tmp_path)):
        for name, labels in re.findall(r"\b(sophia_\w+)(?:\{(.*?)\})?", alert.expr):
            known = {*SERIES[name].labels, "job", "le"}
            assert set(re.findall(r"(\w+)[=!]~?\"", labels)) <= known, alert.name


def test_every_ratio_has_a_least_number_of_calls(tmp_path: Path) -> None:
    for alert in alerts_of(targets(tmp_path, "[alerts]\nleast_calls = 77\n")):
        if " / sum(increase(" in alert.expr or "histogram_quantile" in alert.expr:
            assert ">= 77" in alert.expr, alert.name


def test_every_series_that_is_written_is_carried_on() -> None:
    rules = groups_of(Targets())[0]["rules"]
    assert {rule["record"] for rule in rules} == set(SERIES)
    for rule in rules:
        assert rule["expr"] == f'{rule["record"]}{{job="sophia-ledger"}}'


def test_the_rules_of_a_stack_are_those_of_its_project(tmp_path: Path) -> None:
    found = targets(tmp_path)
    stack = Stack("s", tmp_path, tmp_path, ("prometheus", "grafana"), {"grafana": 3001})
    rules = yaml.safe_load(configurations(stack)["rules"])
    assert [group["name"] for group in rules["groups"]] == [
        "stack",
        "sophia-ledger",
        "sophia-alerts",
    ]
    told = rules["groups"][2]["rules"]
    assert [rule["alert"] for rule in told] == [alert.name for alert in alerts_of(found)]
    assert told[0]["annotations"]["link"] == "http://localhost:3001/d/sophia-reliability"


def test_a_long_name_has_a_short_uid() -> None:
    assert uid_of("SophiaErrorsFast") == "sophia-errors-fast"
    assert len(uid_of("Sophia" + "Word" * 20)) == 40


@pytest.mark.parametrize(
    "text, words",
    [
        ("success = 1.0", "success cannot be 1.0"),
        ("success = 0.1", "success must be a number of at least 0.5"),
        ("p95 = 90", "p95 cannot be 90.0"),
        ("fallbacks = 2", "fallbacks cannot be 2.0"),
        ("least_calls = 0", "least_calls must be a whole number of at least 1"),
        ('grafana = "here"', "grafana cannot be 'here'"),
        ("other = 1", "[alerts] has no key 'other'"),
    ],
)
def test_targets_that_are_none(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        targets(tmp_path, f"[alerts]\n{text}\n")
    assert words in error.value.message


@pytest.mark.parametrize(
    "value",
    [
        {"a": {"b": [1, 2.5, "x y", {"c": None, "d": True}], "e": []}, "f": "no", "g": "1m"},
        [["a"], [], {}, {"k": [{"x": "- a: b", "y": "#"}]}],
        {"text": "one\ntwo: three\n  four", "quote": 'a "b" \\ c', "t": "é: {{ $value }}"},
    ],
)
def test_what_is_written_as_yaml_is_read_back_the_same(value: Any) -> None:
    assert yaml.safe_load(yaml_of(value)) == value


def test_words_of_queries() -> None:
    assert selector("a") == "a"
    assert selector("a", b="c", d="~e|f", g="!~h", i='"') == r'a{b="c",d=~"e|f",g!~"h",i="\""}'
    assert literal("a.b|c") == r"a\.b\|c"
    assert [percent(share) for share in (0.5, 0.3333, 1.01)] == ["50%", "33.33%", "101%"]
    assert set(BY_NAME) == {family.name for family in FAMILIES}
