"""`sophia infra` with servers that exist already, as it is typed, on an engine that only says that it is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_server import Engine, engine, program
from grafana_server import Account, grafana
from shell import Said, sophia
from sonar_server import Sonar, sonar

TOKEN = "squ_0123456789"
NOBODY = "http://127.0.0.1:9"
DISK = "  disk: the engine's disk cannot be read from here\n"  # it is reached over TCP


@pytest.fixture
def docker() -> Iterator[Engine]:
    with engine() as made:
        yield made


@pytest.fixture
def server() -> Iterator[Sonar]:
    with sonar(password="theirs", user_tokens=(TOKEN,)) as made:
        yield made


def infra(folder: Path, docker: Engine, *words: str, **given: str) -> Said:
    shop = folder / "shop"
    shop.mkdir(exist_ok=True)
    return sophia(
        "infra",
        *words,
        cwd=shop,
        PATH=program(folder / "bin"),
        DOCKER_HOST=docker.url,
        XDG_STATE_HOME=str(folder / "state"),
        **given,
    )


def up(folder: Path, docker: Engine, url: str, *words: str, **given: str) -> Said:
    return infra(folder, docker, "up", "--profile", "quality", "--sonar-url", url, *words, **given)


def test_what_would_be_made_there_is_planned_and_then_made(
    tmp_path: Path, docker: Engine, server: Sonar
) -> None:
    given = {"SOPHIA_SONARQUBE_TOKEN": TOKEN}
    said = up(tmp_path, docker, server.url, "--plan", **given)
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        f"{DISK}  sonarqube     {server.url}\n"
        "  SonarQube: project `shop`\n"
        "Nothing was changed.  Next:  sophia infra up\n"
    )
    assert server.written == []
    said = up(tmp_path, docker, server.url, **given)
    assert said.code == 0
    # It is not ours: there is no password of it to be shown.
    assert said.out.splitlines()[1] == f"  SonarQube     {server.url}"
    again = up(tmp_path, docker, server.url, "--plan", **given)
    assert again.out == f"{DISK}  sonarqube     {server.url}\nNothing would change.\n"


def test_why_it_would_fail_is_said_before(tmp_path: Path, docker: Engine, server: Sonar) -> None:
    said = up(tmp_path, docker, server.url, "--plan", SOPHIA_SONARQUBE_TOKEN="squ_wrong")
    words = f"SonarQube at {server.url} does not take the credentials that it was given"
    assert said.code == 1
    assert said.err.splitlines()[0] == f"sophia: {words}"
    assert said.out.endswith("Nothing was started.\n")
    assert not (tmp_path / "state").exists()


def test_one_that_does_not_answer(tmp_path: Path, docker: Engine) -> None:
    said = up(tmp_path, docker, NOBODY)
    assert said.code == 0
    assert said.out.startswith(
        f"  sonarqube: {NOBODY} does not answer: it is told nothing\n"
        f"{DISK}  SonarQube     {NOBODY}\n"
    )
    said = infra(tmp_path, docker, "status")
    assert (said.code, said.err) == (1, "")
    assert said.out == (
        "sophia-shop: 0 of 1 servers are ready\n"
        "\n"
        "  server     state        version  address\n"
        f"  SonarQube  unreachable           {NOBODY}\n"
        "  SonarQube: does not answer\n"
        "\n"
        "Next:  sophia infra doctor\n"
    )
    said = infra(tmp_path, docker, "doctor")
    assert f"  sonarqube     fail: {NOBODY} does not answer: it is told nothing\n" in said.out


def test_a_board_that_a_hand_changed_is_left_by_every_command_and_said(
    tmp_path: Path, docker: Engine
) -> None:
    token = "glsa_0123456789abcdef"
    given = {"SOPHIA_GRAFANA_TOKEN": token}
    with grafana() as server:
        server.accounts[1] = Account("ci", "Admin", {1: ("ci", token, None)})
        words = ("up", "--profile", "quality", "--sonar-url", NOBODY, "--grafana-url", server.url)
        said = infra(tmp_path, docker, *words, **given)
        assert (said.code, len(server.boards)) == (0, 5)
        held = server.boards["sophia-cost"]
        held["dashboard"] = {**held["dashboard"], "title": "Mine", "version": 2}
        held["versions"].append({"data": held["dashboard"], "message": "mine"})
        server.seen.clear()
        left = (
            "  board `sophia-cost` changed in Grafana by admin, version 2: left as it is; the\n"
            "    file's instead:  sophia dashboards import sophia-cost --force\n"
        )
        said = infra(tmp_path, docker, "up", "--plan", **given)
        assert (said.code, said.err) == (0, "")
        assert said.out.endswith(f"  grafana       {server.url}\n{left}Nothing would change.\n")
        said = infra(tmp_path, docker, "up", **given)
        assert said.code == 0 and f"  Grafana       {server.url}\n{left}Up in " in said.out
        said = infra(tmp_path, docker, "status", **given)
        assert f"{left}\nNext:  sophia infra doctor\n" in said.out and "drift" not in said.out
        assert server.written == []
        said = infra(tmp_path, docker, "up", "--json", **given)
        assert [one[:19] for one in said.json["data"]["left"]] == ["board `sophia-cost`"]
        # The other command says and does the same, and takes ours where it is told to.
        elsewhere = ("--grafana-url", server.url)
        for more, code in (((), 1), (("--force",), 0)):
            import_ = ("dashboards", "import", "sophia-cost", *elsewhere, *more)
            assert sophia(*import_, cwd=tmp_path, **given).code == code
        said = infra(tmp_path, docker, "up", "--plan", **given)
        assert said.out.endswith(f"  grafana       {server.url}\nNothing would change.\n")
