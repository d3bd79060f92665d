"""`sophia infra`, as it is typed, where no Docker is needed to answer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from shell import Said, sophia

from sophia_cli.infra import stack as stacks
from sophia_cli.infra.up import Asked, settle

COMPOSE = """#!/bin/sh
case "$1 $2" in
  "context inspect") echo '[{"Endpoints": {"docker": {"Host": "unix://%s/no.sock"}}}]';;
  *) exit 1;;
esac
"""


def infra(folder: Path, *words: str, path: str = "", stdin: str = "") -> Said:
    return sophia(
        "infra",
        *words,
        cwd=folder,
        stdin=stdin,
        XDG_STATE_HOME=str(folder / "state"),
        PATH=path or os.environ["PATH"],
        DOCKER_HOST="",
    )


def test_without_docker(tmp_path: Path) -> None:
    said = infra(tmp_path, "up", path=str(tmp_path))
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        "sophia: docker is not installed\n" "        https://docs.docker.com/engine/install/\n"
    )


def test_without_an_engine(tmp_path: Path) -> None:
    program = tmp_path / "docker"
    program.write_text(COMPOSE % tmp_path)
    program.chmod(0o755)
    said = infra(tmp_path, "up", path=f"{tmp_path}:/bin:/usr/bin")
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        f"sophia: no Docker engine answers at unix://{tmp_path}/no.sock\n"
        "        start it:  sudo systemctl start docker   (or Docker Desktop)\n"
    )


def test_the_doctor_says_what_is_missing(tmp_path: Path) -> None:
    said = infra(tmp_path, "doctor", path=str(tmp_path))
    assert (said.code, said.err) == (1, "")
    assert said.out == (
        "  secrets       0, read by this user alone\n"
        "  docker        fail: docker is not installed\n"
        "                  https://docs.docker.com/engine/install/\n"
        "\n"
        "1 of 2 checks failed.\n"
    )


def test_the_doctor_asks_servers_elsewhere(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path / "state")}
    urls = {"grafana": "http://127.0.0.1:9"}
    stack = settle(Asked(tmp_path, "shop", ("metrics",), attached=urls), environ)
    stacks.save(stack)
    said = infra(tmp_path, "doctor", "--name", "shop", path=str(tmp_path))
    assert (said.code, said.err) == (1, "")
    assert said.out.splitlines()[1:3] == [
        "  grafana       fail: http://127.0.0.1:9 does not answer: it is told nothing",
        "                  once it answers:  sophia infra up",
    ]


@pytest.mark.parametrize(
    "words", [("status",), ("logs",), ("down",), ("scan",), ("secrets", "show")]
)
def test_without_a_stack(tmp_path: Path, words: tuple[str, ...]) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    said = infra(shop, *words)
    assert (said.code, said.out) == (1, "")
    assert said.err == "sophia: there is no stack `sophia-shop`\n        sophia infra up\n"
    assert infra(shop, *words, "--json").json["error"] == {
        "message": "there is no stack `sophia-shop`",
        "mend": "sophia infra up",
    }


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--port", "9001"), "--port takes SERVER=VALUE, not `9001`"),
        (("--port", "sonarqube=0"), "`0` is no port"),
        (("--port", "sonarqube=x"), "`x` is no port"),
        (("--port", "postgresql=5432"), "`postgresql` has no port"),
        (("--image", "sonarqube=Not one"), "`Not one` is no image"),
        (("--image", "redis=redis:7"), "there is no server `redis`"),
        (
            ("--prometheus-url", "http://ci:secret@host"),
            "what is given for prometheus is no URL of a server",
        ),
    ],
)
def test_words_that_do_not_fit(tmp_path: Path, words: tuple[str, ...], error: str) -> None:
    said = infra(tmp_path, "up", *words)
    assert (said.code, said.out) == (2, "")
    assert said.err.splitlines()[0] == f"sophia: {error}"
    assert not (tmp_path / "state").exists()


def test_values_for_helm(tmp_path: Path) -> None:
    said = infra(tmp_path, "export", "--helm", "deploy")
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        "  deploy/sonarqube.yaml\n"
        "  deploy/kube-prometheus-stack.yaml\n"
        "  deploy/grafana.yaml\n"
        "Next:  each file's first lines say how it is installed:  head deploy/*.yaml\n"
    )
    again = infra(tmp_path, "export", "--helm", "deploy", "--json").json["data"]
    assert again["written"] == []
    assert infra(tmp_path, "export").code == 2


def test_the_entry_of_an_assistant(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path / "state")}
    stacks.save(settle(Asked(tmp_path), environ))
    said = infra(tmp_path, "mcp", "--token", "squ_0123456789abcdef")
    assert (said.code, said.out) == (2, "")
    assert "squ_0123456789abcdef" not in said.err
    assert not (tmp_path / ".mcp.json").exists()
    said = infra(tmp_path, "mcp", "--client", "cursor")
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        "  .cursor/mcp.json   added\n"
        "It takes a user token:  http://localhost:9000/account/security\n"
        "Next:  export SONARQUBE_TOKEN=...  and start the client again\n"
    )
    assert infra(tmp_path, "mcp", "--json").json["data"] == [
        {"file": ".cursor/mcp.json", "state": "there"}
    ]


def test_a_secret_is_given_before_there_is_a_stack(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    said = infra(shop, "secrets", "set", "grafana", stdin="glsa_of-somebody-else\n")
    assert (said.code, said.err) == (0, "")
    assert said.out == "grafana of the stack `sophia-shop` is ..else.  Next:  sophia infra up\n"
    [path] = (shop / "state").rglob("secrets/grafana")
    assert (path.stat().st_mode & 0o777, "glsa_of-somebody-else" in path.read_text()) == (
        0o600,
        True,
    )
    data = infra(shop, "secrets", "set", "grafana", "--json", stdin="another-one-1A\n").json["data"]
    assert data == {"name": "grafana", "stack": "sophia-shop", "masked": "..e-1A"}


@pytest.mark.parametrize(
    ("which", "stdin", "error"),
    [
        ("grafana", "", "nothing was typed on a terminal, and nothing was piped in"),
        ("grafana", "\n", "nothing was typed on a terminal, and nothing was piped in"),
        ("postgresql", "x\n", "`postgresql` is not a server that is logged in to"),
    ],
)
def test_a_secret_that_cannot_be_kept(tmp_path: Path, which: str, stdin: str, error: str) -> None:
    said = infra(tmp_path, "secrets", "set", which, stdin=stdin)
    assert (said.code, said.out) == (2, "")
    assert said.err.splitlines()[0] == f"sophia: {error}"
    assert not (tmp_path / "state").exists()
