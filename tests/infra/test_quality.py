"""What SonarQube is told of a project: each thing once, and only where it differs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sonar_server import Sonar, sonar

from sophia_cli.errors import SophiaError
from sophia_cli.infra.login import ADMIN, Login
from sophia_cli.infra.quality import (
    TOKEN_SECRET,
    Wanted,
    changes,
    wait,
)
from sophia_cli.infra.settings import Settings
from sophia_cli.infra.sonarqube import SonarQube
from sophia_cli.infra.vault import Vault

WANTED = Wanted("shop", "Shop", "sophia", Settings().conditions)


def provide(server: Sonar, vault: Vault, wanted: Wanted = WANTED) -> list[str]:
    made = []
    with SonarQube(server.url, Login(ADMIN, server.password)) as asked:
        for change in changes(asked, wanted, vault):
            assert change.make
            change.make()
            made.append(change.words)
    return made


def look(server: Sonar, vault: Vault, wanted: Wanted = WANTED) -> list[str]:
    with SonarQube(server.url, Login(ADMIN, server.password)) as asked:
        return [change.words for change in changes(asked, wanted, vault)]


@pytest.mark.parametrize(
    "states",
    [["UP"], ["HTML", "HTML", "STARTING", "UP"], ["STARTING", "DB_MIGRATION_RUNNING", "UP"]],
    ids=" ".join,
)
def test_waits_through_every_state_that_ends(states: list[str]) -> None:
    with sonar(states=states) as server, SonarQube(server.url) as asked:
        wait(asked, 20)
        assert server.states == ["UP"]
        assert server.written == []


@pytest.mark.parametrize(
    ("states", "words", "mend"),
    [
        (["DB_MIGRATION_NEEDED"], "waits for its database to be migrated", "sophia infra upgrade"),
        (["DOWN"], "is down", "sophia infra logs sonarqube"),
        (["STARTING"], "is starting", "sophia infra logs sonarqube"),
    ],
)
def test_does_not_wait_for_what_never_comes(states: list[str], words: str, mend: str) -> None:
    with sonar(states=states) as server, SonarQube(server.url) as asked:
        with pytest.raises(SophiaError) as caught:
            wait(asked, 0.1)
        assert caught.value.message == f"SonarQube at {server.url} {words}"
        assert caught.value.mend == mend


def test_a_server_that_refuses_connections_is_waited_for(tmp_path: Path) -> None:
    with SonarQube("http://127.0.0.1:9") as asked, pytest.raises(SophiaError, match="is starting"):
        wait(asked, 0.1)


def test_everything_is_made_once_and_then_nothing(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "secrets")
    with sonar() as server:
        until = (date.today() + timedelta(days=90)).isoformat()
        assert provide(server, vault) == [
            "project `shop`",
            "quality gate `sophia`",
            "gate of `shop`",
            f"analysis token until {until}",
        ]
        token = server.tokens["sophia shop"]
        assert token["type"] == "PROJECT_ANALYSIS_TOKEN"
        kept = vault.get(TOKEN_SECRET)
        assert kept and kept.value.startswith("sqp_")
        server.seen.clear()
        assert provide(server, vault) == []
        assert server.written == []


def test_looking_changes_nothing_and_tells_what_can_be_seen(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "secrets")
    with sonar() as server:
        assert look(server, vault) == ["project `shop`"]
        assert (server.written, vault.names()) == ([], ())


def test_what_was_changed_by_hand_is_seen_and_put_right(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "secrets")
    with sonar() as server:
        provide(server, vault)
        del server.gates["sophia"]["new_violations"]
        server.gates["sophia"]["new_coverage"] = ["LT", "10"]
        server.projects["shop"].update(gate="Sonar way", new=("NUMBER_OF_DAYS", "30"))
        drift = [
            "condition new_violations GT 0",
            "condition new_coverage LT 80",
            "gate of `shop`",
            "new code: previous version",
        ]
        assert look(server, vault) == drift
        assert provide(server, vault) == drift
        assert look(server, vault) == []


def test_a_gate_has_the_conditions_that_are_wanted(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "secrets")
    wanted = replace(WANTED, conditions=(("new_coverage", "LT", "60"), ("coverage", "LT", "50")))
    with sonar() as server:
        assert provide(server, vault, wanted)[2:6] == [
            "no condition new_violations",
            "no condition new_duplicated_lines_density",
            "no condition new_security_hotspots_reviewed",
            "condition new_coverage LT 60",
        ]
        assert server.gates["sophia"] == {
            "new_coverage": ["LT", "60"], "coverage": ["LT", "50"]
        }  # fmt: skip
        # One that somebody has added is nobody's to remove.
        server.gates["sophia"]["new_bugs"] = ["GT", "0"]
        assert provide(server, vault, wanted) == []


@pytest.mark.parametrize("lost", ["value", "token", "expired"])
def test_a_token_that_cannot_be_used_is_made_anew(tmp_path: Path, lost: str) -> None:
    vault = Vault(tmp_path / "secrets")
    with sonar() as server:
        provide(server, vault)
        before = vault.get(TOKEN_SECRET)
        if lost == "value":
            vault.forget(TOKEN_SECRET)
        elif lost == "token":
            server.tokens.clear()
        else:
            soon = (date.today() + timedelta(days=7)).isoformat()
            server.tokens["sophia shop"]["expirationDate"] = f"{soon}T00:00:00+0000"
        assert [words[:14] for words in provide(server, vault)] == ["analysis token"]
        assert vault.get(TOKEN_SECRET) != before
        assert provide(server, vault) == []


def test_a_webhook_is_made_and_a_refused_one_is_told(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "secrets")
    with sonar() as server:
        wanted = replace(WANTED, webhook="http://hooks.internal/sonar")
        assert "webhook" in provide(server, vault, wanted)
        assert provide(server, vault, wanted) == []
        wanted = replace(WANTED, webhook="http://hooks.internal/another")
        assert provide(server, vault, wanted) == ["webhook"]
        assert [one["url"] for one in server.hooks["shop"].values()] == [wanted.webhook]
        with pytest.raises(SophiaError) as caught:
            provide(server, vault, replace(WANTED, webhook="http://localhost:1/?key=hidden"))
        assert caught.value.message == (
            "SonarQube takes no webhook to localhost:1:"
            " Invalid URL: loopback and wildcard addresses are not allowed for webhooks."
        )
        assert caught.value.mend == (
            "in sophia.toml, [infra] webhook: another machine's name, or this one's address in the network"
        )


def test_a_quality_profile_is_copied_and_given_to_the_project(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "secrets")
    wanted = replace(WANTED, profiles={"py": "Company way", "js": "Sonar way"})
    with sonar() as server:
        assert provide(server, vault, wanted)[3:5] == [
            "quality profile `Company way`",
            "quality profile of `shop`: Company way",
        ]
        assert server.profiles == {"py": ["Sonar way", "Company way"], "js": ["Sonar way"]}
        assert server.projects["shop"]["profiles"] == {"py": "Company way"}
        assert provide(server, vault, wanted) == []
        server.projects["shop"]["profiles"].clear()
        assert look(server, vault, wanted) == ["quality profile of `shop`: Company way"]


def test_new_code_is_set_once(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "secrets")
    wanted = replace(WANTED, new_code=("NUMBER_OF_DAYS", "30"))
    with sonar() as server:
        assert "new code: number of days 30" in provide(server, vault, wanted)
        assert provide(server, vault, wanted) == []


def test_a_language_that_is_none_is_told(tmp_path: Path) -> None:
    with sonar() as server, pytest.raises(SophiaError) as caught:
        provide(server, Vault(tmp_path), replace(WANTED, profiles={"python": "Company way"}))
    assert caught.value.message == (
        f"SonarQube at {server.url} knows no language `python`:"
        " Value of parameter 'language' (python) must be one of: [js, py]"
    )


def test_what_the_server_refuses_is_said_with_its_words(tmp_path: Path) -> None:
    with sonar() as server, SonarQube(server.url) as asked:
        with pytest.raises(SophiaError) as caught:
            asked.change_password(Login(ADMIN, "admin"), "short")
        assert caught.value.message == (
            "SonarQube answered 400 to /api/users/change_password: "
            "Password must be at least 12 characters long"
        )
        with pytest.raises(SophiaError) as caught:
            asked.gates()
        assert caught.value.message == "SonarQube answered 401 to /api/qualitygates/list"
