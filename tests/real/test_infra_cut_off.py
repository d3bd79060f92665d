"""A restore that is killed: whatever it was at, nothing is lost and the next command says how to go on.

With PostgreSQL, Prometheus and Alertmanager: the data of SonarQube's database is made up here.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from stacks import Shop, docker, gone_at_the_end, lacking

from sophia_cli.infra import database, volumes
from sophia_cli.infra import stack as stacks
from sophia_cli.infra.archive import About, writing
from sophia_cli.infra.backup import settings_of
from sophia_cli.infra.compose import Compose
from sophia_cli.infra.engine import Engine, connect
from sophia_cli.infra.stack import Stack

IMAGES = ("prometheus", "alertmanager", "postgres")
pytestmark = pytest.mark.skipif(bool(lacking(*IMAGES)), reason=lacking(*IMAGES) or "-")
SERVERS = ("postgresql", "prometheus", "alertmanager")
USERS = """create table users (login text, hash_method text, reset_password boolean, salt text,
crypted_password text); insert into users (login) values ('admin');
create table words (word text); insert into words values ('of the backup')"""


@dataclass(frozen=True)
class Stacked:
    """A stack that is up, and a backup of what it held; since then it holds something else."""

    shop: Shop
    stack: Stack
    archive: Path

    def words(self) -> str:
        """What its database holds."""
        return self.sql("select word from words").strip()

    def sql(self, text: str) -> str:
        name = f"{self.shop.name}-postgresql-1"
        return docker(
            "exec", name, "psql", "-U", "sonarqube", "-d", "sonarqube", "-Atc", text
        )  # fmt: skip

    def files(self) -> list[str]:
        """The marks that lie with Prometheus' data."""
        inside = docker("exec", f"{self.shop.name}-prometheus-1", "ls", "/prometheus")
        return [name for name in inside.split() if name.startswith("mark-")]

    def mark(self, name: str) -> None:
        docker("exec", f"{self.shop.name}-prometheus-1", "sh", "-c", f": > /prometheus/{name}")

    def killed(self, at: str, *words: str) -> None:
        """Run a command, and kill it as soon as it says that it is there."""
        with subprocess.Popen(
            [sys.executable, "-m", "sophia_cli", "infra", *words, "--name", self.shop.name],
            cwd=self.shop.folder, env=self.shop.environ, text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        ) as running:  # fmt: skip
            assert running.stderr
            seen = []
            for line in running.stderr:
                seen.append(line)
                if at in line:
                    break
            else:
                raise AssertionError(f"it never was at {at}: {seen}")
            running.kill()

    def restore(self, *words: str, code: int = 0) -> Any:
        given = words or (str(self.archive), "--yes", self.shop.name)
        return self.shop.sophia("infra", "restore", *given, code=code)


@pytest.fixture
def stacked(tmp_path: Path) -> Iterator[Stacked]:
    images = {
        "prometheus": "sophia-test/prometheus",
        "alertmanager": "sophia-test/alertmanager",
        "postgresql": "sophia-test/postgres",
    }
    with gone_at_the_end(
        Shop(tmp_path, images, "--profile", "metrics", "--no-search-checks")
    ) as shop:
        shop.sophia(*shop.up_words)
        engine, client = connect(shop.environ)
        with closing(client):
            stack = stacks.load(shop.name, shop.environ)
            assert stack
            stack = replace(stack, servers=SERVERS)
            stacks.save(stack)
            yield _stacked(shop, stack, engine, client, tmp_path / "shop.tar")


def _stacked(shop: Shop, stack: Stack, engine: Engine, client: Any, path: Path) -> Stacked:
    compose = Compose(stack, engine)
    compose.prepare()
    compose.do("up", "--detach", "--wait", *SERVERS, timeout=120)
    made = Stacked(shop, stack, path)
    made.sql(USERS)
    made.mark("mark-of-the-backup")
    with writing(path) as writer:
        with writer.part("postgresql.dump") as file:
            database.dump(compose, file)
        for volume in (volumes.PROMETHEUS, volumes.ALERTMANAGER):
            container = volumes.container_of(client, stack.name, volume.server)
            with writer.part(f"{volume.name}.tar") as file:
                volumes.take(container, volume.folder, file)
        writer.about(About(stack.name, "2026-11-27T09:00:00+00:00", "0", settings_of(stack), {}))
    made.mark("mark-of-now")
    made.sql("update words set word = 'of now'")
    return made


def is_as_before(stacked: Stacked, secrets: dict[str, str]) -> None:
    assert stacked.words() == "of now"
    assert stacked.files() == ["mark-of-now", "mark-of-the-backup"]
    assert "sonarqube_" not in stacked.sql("select datname from pg_database")
    assert stacked.shop.secrets() == secrets
    assert not (stacked.stack.home / "restoring").exists()
    servers = stacked.shop.sophia("infra", "status", code=1)["data"]["servers"]
    assert {one["server"]: one["phase"] for one in servers} == {
        **dict.fromkeys(SERVERS, "ready"),
        "grafana": "unreachable",  # there is none here
    }


def says_how_to_go_on(stacked: Stacked) -> None:
    name = stacked.shop.name
    error = {
        "message": f"a restore of the stack `{name}` was cut off",
        "mend": f"begin it again:  sophia infra restore {stacked.archive}\n"
        f"or put back what was before:  sophia infra restore --undo --name {name}",
    }
    for words in (["infra", "up"], ["infra", "backup"], ["infra", "upgrade"]):
        assert stacked.shop.sophia(*words, code=1)["error"] == error
    assert stacked.shop.sophia("infra", "status", code=1)["data"]["cut_off"] == error["message"]
    checks = stacked.shop.sophia("infra", "doctor", code=1)["data"]
    assert {
        "name": "restore",
        "state": "fail",
        "words": error["message"],
        "mend": error["mend"],
    } in checks


def test_a_restore_that_is_killed_is_gone_back_on_or_ended(stacked: Stacked) -> None:
    secrets = stacked.shop.secrets()
    assert stacked.restore("--undo", code=1)["error"]["message"] == (
        f"no restore of the stack `{stacked.shop.name}` was cut off"
    )
    words = ("restore", str(stacked.archive), "--yes", stacked.shop.name)
    for at in ("its database", "its files"):
        stacked.killed(at, *words)
        if at == "its files":
            says_how_to_go_on(stacked)
            stacked.killed(at, "restore", "--undo")
        stacked.restore("--undo")
        is_as_before(stacked, secrets)

    # And once more to the end: the second begins where there was the first.
    for at in ("its files", "its database"):
        stacked.killed(at, *words)
    assert stacked.restore()["data"]["made"] == "2026-11-27T09:00:00+00:00"
    assert stacked.words() == "of the backup"
    assert stacked.files() == ["mark-of-the-backup"]
    assert "sonarqube_" not in stacked.sql("select datname from pg_database")
    assert not (stacked.stack.home / "restoring").exists()
