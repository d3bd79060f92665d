"""`up --plan`, where servers are elsewhere: they are asked, and changed in nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from engine_server import engine, program
from grafana_server import Grafana
from sonar_server import Sonar
from theirs import TOKENS

from sophia_cli.checked import Check
from sophia_cli.infra import credentials
from sophia_cli.infra.plan import Plan, look_ahead
from sophia_cli.infra.up import Asked, NotReady

NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, token in TOKENS.items():
        monkeypatch.setenv(credentials.VARIABLES[name], token)


def plan(folder: Path, checks: list[Check], **urls: str) -> Plan:
    """What `up` with these servers elsewhere and none here would do."""
    (folder / "shop").mkdir(exist_ok=True)
    with engine() as made:
        environ = {
            **os.environ,
            "PATH": program(folder / "bin"),
            "DOCKER_HOST": made.url,
            "XDG_STATE_HOME": str(folder / "state"),
        }
        asked = Asked(folder / "shop", profiles=("quality",), attached=urls)
        return look_ahead(asked, environ, checks.append)


def words(checks: list[Check], *names: str) -> list[str]:
    return [f"{one.state} {one.name}: {one.words}" for one in checks if one.name in names]


def test_servers_elsewhere_are_asked_what_they_lack(
    tmp_path: Path, quality: Sonar, metrics: Grafana, given: None
) -> None:
    checks: list[Check] = []
    found = plan(tmp_path, checks, sonarqube=quality.url, grafana=metrics.url)
    assert words(checks, *TOKENS) == [
        f"ok sonarqube: {quality.url} is ready",
        f"ok grafana: {metrics.url} is ready",
    ]
    assert [one.partition(" until ")[0] for one in found.changes] == [
        "SonarQube: project `shop`",
        "Grafana: folder `sophia`",
    ]
    assert found.servers == {} and not found.is_empty
    assert (quality.written, metrics.written) == ([], [])
    assert not (tmp_path / "state").exists()


def test_one_that_would_refuse_is_why_it_would_fail(
    tmp_path: Path, quality: Sonar, metrics: Grafana
) -> None:
    checks: list[Check] = []
    with pytest.raises(NotReady) as caught:
        plan(tmp_path, checks, sonarqube=quality.url, grafana=metrics.url)
    assert caught.value.message == f"there are no credentials for SonarQube at {quality.url}"
    assert [one.state for one in checks] == ["fail", "fail"]


def test_one_that_does_not_answer_is_told_nothing(tmp_path: Path, given: None) -> None:
    checks: list[Check] = []
    found = plan(tmp_path, checks, sonarqube=NOBODY)
    assert words(checks, *TOKENS) == [
        f"warn sonarqube: {NOBODY} does not answer: it is told nothing"
    ]
    assert found.is_empty


def test_one_that_is_starting_is_told_later(tmp_path: Path, quality: Sonar, given: None) -> None:
    quality.states = ["STARTING"]
    found = plan(tmp_path, [], sonarqube=quality.url)
    assert found.changes == ("SonarQube: what it lacks of this project, once it runs",)
