"""What `up` tells the servers once they answer, and `status` reads of them, on the stand-ins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from grafana_server import Grafana, grafana
from sonar_server import Sonar, sonar

from sophia_cli.infra.login import ADMIN, Login
from sophia_cli.infra.provide import lacking, provide
from sophia_cli.infra.servers import NAMES
from sophia_cli.infra.sonarqube import SonarQube
from sophia_cli.infra.stack import Stack
from sophia_cli.infra.vault import FOLDER, Vault

BOARDS = ("cost", "latency", "overview", "reliability", "routing")  # what ships


@pytest.fixture
def servers() -> Iterator[tuple[Sonar, Grafana]]:
    with sonar() as quality, grafana() as metrics:
        yield quality, metrics


def stack_of(home: Path, servers: tuple[Sonar, Grafana]) -> Stack:
    ports = {
        name: int(urlsplit(one.url).port or 0)
        for name, one in zip(("sonarqube", "grafana"), servers, strict=True)
    }
    (home / "shop").mkdir()
    return Stack("sophia-shop", home / "shop", home, NAMES, {**ports, "prometheus": 9090})


def test_once_everything_and_then_nothing(tmp_path: Path, servers: tuple[Sonar, Grafana]) -> None:
    stack = stack_of(tmp_path, servers)
    vault = Vault(tmp_path / FOLDER)
    servers[1].states = ["HTML", "ok"]
    made = [words.partition(" until ")[0] for words in provide(stack, 20)]
    assert made == [
        "the administrator's password of SonarQube",
        "project `shop`",
        "quality gate `sophia`",
        "gate of `shop`",
        "analysis token",
        "sonar-project.properties",
        "the administrator's password of Grafana",
        "data source `sophia-prometheus`",
        "folder `sophia`",
        *(f"board `sophia-{name}`" for name in BOARDS),
        "Grafana's token",
    ]
    kept = [vault.get(name) for name in ("sonarqube", "grafana")]
    assert [one and one.value for one in kept] == [one.password for one in servers]
    assert [list(lacking(stack, name, vault)) for name in NAMES] == [[]] * len(NAMES)
    for one in servers:
        one.seen.clear()
    hashed = servers[0].hashed
    assert list(provide(stack, 20)) == []
    assert [one.written for one in servers] == [[], []]
    assert (servers[0].hashed - hashed, servers[0].sessions) == (
        1,
        {},
    )  # one password, no session left


def test_a_session_that_the_server_forgot_is_made_up_for(
    tmp_path: Path, servers: tuple[Sonar, Grafana]
) -> None:
    server = servers[0]
    with SonarQube(server.url, Login(ADMIN, server.password)) as asked:
        asked.create_project("one", "One")
        server.sessions.clear()  # as a restart does
        asked.create_project("two", "Two")
        asked.change_password(Login(ADMIN, server.password), "correct horse 9!")
        asked.become(Login(ADMIN, "correct horse 9!"))
        asked.create_project("three", "Three")
    assert (list(server.projects), server.sessions) == (["one", "two", "three"], {})


def test_what_is_lacking_is_told_and_not_made(
    tmp_path: Path, servers: tuple[Sonar, Grafana]
) -> None:
    stack = stack_of(tmp_path, servers)
    vault = Vault(tmp_path / FOLDER)
    list(provide(stack, 20))
    servers[0].gates["sophia"]["new_coverage"] = ["LT", "10"]
    servers[1].sources.clear()
    for one in servers:
        one.seen.clear()
    assert list(lacking(stack, "sonarqube", vault)) == ["condition new_coverage LT 80"]
    assert list(lacking(stack, "grafana", vault)) == ["data source `sophia-prometheus`"]
    assert [one.written for one in servers] == [[], []]
