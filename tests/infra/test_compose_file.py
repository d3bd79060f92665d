"""The shipped Compose file, by its text: what it binds, what it is given, what it must not hold."""

from __future__ import annotations

import re
from pathlib import Path

from sophia_cli.assets import asset
from sophia_cli.infra.compose import Compose, configurations
from sophia_cli.infra.engine import Engine
from sophia_cli.infra.images import choose, read_lock
from sophia_cli.infra.servers import NAMES, SERVERS
from sophia_cli.infra.stack import Stack
from sophia_cli.infra.vault import FOLDER, Vault

NOWHERE = Path("/nowhere")
TEXT = asset("compose/compose.yaml").read_text()


def stack(home: Path, servers: tuple[str, ...] = NAMES) -> Stack:
    ports = {one.name: one.port for one in SERVERS if one.port}
    return Stack("sophia-shop", home, home, servers, ports, choose(read_lock(NOWHERE), {}))


def prepared(home: Path) -> Compose:
    compose = Compose(stack(home), Engine("", {}, "28.0", "2.26.1", 0, "", ""))
    compose.prepare()
    return compose


def test_every_port_is_on_loopback() -> None:
    ports = re.findall(r"ports: \[(.*)\]", TEXT)
    assert len(ports) == 4
    assert all(port.startswith('"127.0.0.1:${SOPHIA_PORT_') for port in ports)


def test_every_server_is_described_once_and_named_by_the_code() -> None:
    services = TEXT.partition("\nservices:\n")[2].partition("\nsecrets:\n")[0]
    assert sorted(re.findall(r"^  (\w+):$", services, re.M)) == sorted(NAMES)
    assert services.count("healthcheck:") == len(NAMES)
    assert services.count("<<: *service") == len(NAMES)


def test_it_is_given_every_variable_and_no_other(tmp_path: Path) -> None:
    compose = prepared(tmp_path)
    used = set(re.findall(r"\$\{(SOPHIA_\w+)\}", TEXT))
    given = {line.partition("=")[0] for line in (tmp_path / ".env").read_text().splitlines()}
    assert given == used
    contents = set(re.findall(r"environment: (SOPHIA_\w+)\}", TEXT))
    assert set(compose._contents()) == contents


def test_no_secret_is_in_a_file_of_compose(tmp_path: Path) -> None:
    contents = prepared(tmp_path)._contents()
    vault = Vault(tmp_path / FOLDER)
    values = [kept.value for name in vault.names() if (kept := vault.get(name))]
    assert len(values) == 3
    for name in ("compose.yaml", ".env"):
        assert not any(value in (tmp_path / name).read_text() for value in values)
    assert sum(value in "".join(contents.values()) for value in values) == 3


def test_a_new_secret_makes_its_server_anew(tmp_path: Path) -> None:
    compose = prepared(tmp_path)
    before = (tmp_path / ".env").read_text()
    compose.prepare()
    assert (tmp_path / ".env").read_text() == before
    vault = Vault(tmp_path / FOLDER)
    vault.keep("postgresql", "another-password-1A")
    compose.prepare()
    changed = set((tmp_path / ".env").read_text().splitlines()) ^ set(before.splitlines())
    assert changed == {"SOPHIA_AGE_SONARQUBE=1", "SOPHIA_AGE_SONARQUBE=2"}


def test_only_servers_that_run_are_scraped(tmp_path: Path) -> None:
    text = configurations(stack(tmp_path, ("prometheus", "alertmanager")))["prometheus"]
    assert text.partition("scrape_configs:\n")[2] == (
        '  - job_name: prometheus\n    static_configs: [{targets: ["prometheus:9090"]}]\n'
        '  - job_name: alertmanager\n    static_configs: [{targets: ["alertmanager:9093"]}]\n'
    )
