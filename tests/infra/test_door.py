"""The first password of a server, closed once; and a new one that is never lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from grafana_server import Grafana as GrafanaStand
from grafana_server import grafana
from sonar_server import Sonar, sonar

from sophia_cli.errors import SophiaError
from sophia_cli.infra import door
from sophia_cli.infra.grafana import Grafana
from sophia_cli.infra.login import ADMIN, Login
from sophia_cli.infra.sonarqube import SonarQube
from sophia_cli.infra.vault import Vault

Stand = Sonar | GrafanaStand


@pytest.fixture(params=["sonarqube", "grafana"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(name: str) -> Iterator[Stand]:
    with sonar() if name == "sonarqube" else grafana() as made:
        yield made


@pytest.fixture
def asked(name: str, server: Stand) -> Iterator[SonarQube | Grafana]:
    with SonarQube(server.url) if name == "sonarqube" else Grafana(server.url) as made:
        yield made


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "secrets")


def test_a_server_with_the_kept_password_is_left_as_it_is(
    server: Stand, asked: SonarQube | Grafana, name: str, vault: Vault
) -> None:
    server.password = vault.make(name).value
    assert door.close(asked, name, vault) is False
    assert server.written == []


def test_the_password_that_all_know_is_changed_once(
    server: Stand, asked: SonarQube | Grafana, name: str, vault: Vault
) -> None:
    assert door.close(asked, name, vault) is True
    kept = vault.get(name)
    assert kept and server.password == kept.value != "admin"
    assert door.close(asked, name, vault) is False
    assert len(server.written) == 1


def test_a_password_that_is_neither_is_told(
    server: Stand, asked: SonarQube | Grafana, name: str, vault: Vault
) -> None:
    server.password = "somebody else's"
    with pytest.raises(SophiaError, match="does not take the administrator's password") as caught:
        door.close(asked, name, vault)
    assert caught.value.mend == f"give it the right one:  sophia infra secrets set {name}"
    assert (server.written, vault.names()) == ([], ())


@pytest.mark.parametrize("taken", [True, False])
def test_a_rotation_that_was_killed_is_taken_up(
    server: Stand, asked: SonarQube | Grafana, name: str, vault: Vault, taken: bool
) -> None:
    before, after = "the-old-password-1A", "the-new-password-1A"
    vault.keep(name, before)
    vault.keep(f"{name}-next", after)
    server.password = after if taken else before
    assert door.close(asked, name, vault) is False
    kept = vault.get(name)
    assert kept and kept.value == server.password
    assert vault.names() == (name,)


def test_another_password_is_kept_when_the_server_has_it(
    server: Stand, asked: SonarQube | Grafana, name: str, vault: Vault
) -> None:
    before = vault.make(name)
    server.password = before.value
    door.renew(asked, name, Login(ADMIN, before.value), vault)
    kept = vault.get(name)
    assert kept and kept.value == server.password != before.value
    assert vault.names() == (name,)


def test_a_refused_one_is_beside_the_old_one(
    server: Stand, asked: SonarQube | Grafana, name: str, vault: Vault
) -> None:
    before = vault.make(name)
    with pytest.raises(SophiaError):
        door.renew(asked, name, Login(ADMIN, "wrong"), vault)
    assert vault.get(name) == before
    assert vault.names() == (name, f"{name}-next")
