"""What a machine lacks for a stack: each thing with its words and its mend."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sophia_cli.checked import FAIL, WARN
from sophia_cli.infra.engine import Engine, numbers
from sophia_cli.infra.machine import Holder, Machine
from sophia_cli.infra.preflight import GIB, check
from sophia_cli.infra.servers import NAMES, SERVERS
from sophia_cli.infra.stack import Stack

ENGINE = Engine("unix:///var/run/docker.sock", {}, "28.2.2", "2.26.1", 16 * GIB, "/var", "Debian")
STACK = Stack(
    "sophia-shop",
    Path("/shop"),
    Path("/state"),
    NAMES,
    {one.name: one.port for one in SERVERS if one.port},
)
WELL = Machine(8 * GIB, 50 * GIB, 524_288, 1_048_576)


def found(machine: Machine = WELL, stack: Stack = STACK, engine: Engine = ENGINE) -> list[str]:
    return [
        f"{one.state} {one.name}: {one.words}" + (f" -> {one.mend}" if one.mend else "")
        for one in check(stack, engine, machine)
    ]


def test_a_machine_that_is_fit() -> None:
    assert found() == [
        "ok docker: 28.2.2, Compose 2.26.1",
        "ok ports: 3000 9000 9090 9093 free",
        "ok memory: 8.0 GB free, about 3.5 needed",
        "ok disk: 50 GB free",
        "ok kernel: vm.max_map_count is 524288",
        "ok open files: 131072 allowed",
    ]


def test_metrics_alone_need_no_kernel_setting() -> None:
    metrics = replace(STACK, servers=("prometheus", "alertmanager", "grafana"))
    assert found(Machine(GIB, 50 * GIB, 65_530, 1024), metrics) == [
        "ok docker: 28.2.2, Compose 2.26.1",
        "ok ports: 3000 9090 9093 free",
        "ok memory: 1.0 GB free, about 0.5 needed",
        "ok disk: 50 GB free",
    ]


def test_its_own_containers_hold_its_ports() -> None:
    held = {9000: Holder("sophia-shop-sonarqube-1", "sophia-shop")}
    assert found(replace(WELL, ports=held))[1] == "ok ports: 3000 9000 9090 9093 free"


MAPS = "sudo sysctl -w vm.max_map_count=524288"
CASES: list[tuple[dict[str, Any], str]] = [
    (
        {"ports": {9000: Holder("shop-api-1", "shop")}},
        "fail ports: port 9000 is held by container `shop-api-1` (Compose project `shop`)"
        " -> stop it, or:  sophia infra up --port sonarqube=9001",
    ),
    (
        {"ports": {9090: Holder(process="python3 (process 4711)")}},
        "fail ports: port 9090 is held by python3 (process 4711)"
        " -> stop it, or:  sophia infra up --port prometheus=9091",
    ),
    (
        {"ports": {3000: Holder()}},
        "fail ports: port 3000 is held by another process"
        " -> stop it, or:  sophia infra up --port grafana=3001",
    ),
    ({"memory": 2 * GIB}, "warn memory: 2.0 GB free, about 3.5 needed"),
    ({"memory": None}, "warn memory: cannot be read from here"),
    ({"disk": GIB}, "fail disk: 1 GB free, 8 needed -> docker system prune"),
    ({"disk": 5 * GIB}, "warn disk: 5 GB free"),
    ({"disk": None}, "warn disk: the engine's disk cannot be read from here"),
    (
        {"map_count": 65_530},
        f"fail kernel: vm.max_map_count is 65530, SonarQube needs 524288 -> {MAPS}\n"
        "echo vm.max_map_count=524288 | sudo tee /etc/sysctl.d/90-sonarqube.conf",
    ),
    (
        {"map_count": 262_144},
        f"warn kernel: vm.max_map_count is 262144, SonarQube needs 524288 -> {MAPS}\n"
        "echo vm.max_map_count=524288 | sudo tee /etc/sysctl.d/90-sonarqube.conf",
    ),
    (
        {"map_count": None},
        "warn kernel: vm.max_map_count cannot be read from here; SonarQube needs 524288"
        f" -> on the engine's machine:  {MAPS}",
    ),
    (
        {"open_files": 20_000},
        "fail open files: the engine allows 20000 open files, SonarQube needs 131072"
        " -> raise it:  sudo systemctl edit docker   (LimitNOFILE=infinity under [Service]),"
        " restart it,\nor, where you cannot:  sophia infra up --no-search-checks",
    ),
    ({"open_files": None}, "warn open files: the engine's limit cannot be read from here"),
]


@pytest.mark.parametrize(("lacks", "words"), CASES, ids=lambda value: str(value)[:40])
def test_what_a_machine_lacks(lacks: dict[str, Any], words: str) -> None:
    told = found(replace(WELL, **lacks))
    assert [line for line in told if not line.startswith("ok")] == [words]


def test_limits_that_cannot_be_raised_are_a_choice() -> None:
    told = found(replace(WELL, open_files=20_000), replace(STACK, search_checks=False))
    assert told[-1] == (
        "warn open files: 20000, below 131072: the search engine's own checks are switched off"
    )


def test_another_kernel_has_another_mend() -> None:
    desktop = replace(ENGINE, system="Docker Desktop")
    one = check(STACK, desktop, replace(WELL, map_count=None))[-2]
    assert (one.state, one.mend.splitlines()) == (
        WARN,
        [
            "macOS:  docker run --rm --privileged alpine sysctl -w vm.max_map_count=524288",
            "WSL 2:  in %UserProfile%\\.wslconfig:"
            ' kernelCommandLine = "sysctl.vm.max_map_count=524288"',
        ],
    )
    assert not desktop.local and ENGINE.local
    assert FAIL not in {one.state for one in check(STACK, desktop, Machine())}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("28.2.2", (28, 2, 2)),
        ("20.10.24+dfsg1", (20, 10, 24)),
        ("2.26.1-4", (2, 26, 1)),
        ("v2.40.3", (2, 40, 3)),
        ("29.0.0-rc.1", (29, 0, 0)),
        ("5", (5,)),
        ("dev", ()),
        ("", ()),
    ],
)
def test_versions_are_read_as_they_are_written(text: str, parts: tuple[int, ...]) -> None:
    assert numbers(text) == parts
