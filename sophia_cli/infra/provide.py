"""What the servers of a stack are told once they answer: `up` makes it so, `status` compares."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sophia_cli.assets import asset
from sophia_cli.infra import boards, properties, quality
from sophia_cli.infra.change import Change
from sophia_cli.infra.grafana import Grafana
from sophia_cli.infra.login import ADMIN, Login
from sophia_cli.infra.sonarqube import SonarQube
from sophia_cli.infra.stack import Stack
from sophia_cli.infra.vault import FOLDER, Vault


def provide(stack: Stack, patience: float) -> Iterator[str]:
    """Close the servers' first passwords and tell them of the project; gives each change in words.

    `patience` in seconds is for each of them. Raises SophiaError.
    """
    vault = Vault(stack.home / FOLDER)
    if url := stack.url("sonarqube"):
        with SonarQube(url) as sonarqube:
            quality.wait(sonarqube, patience)
        if quality.close_door(url, vault):
            yield "the administrator's password of SonarQube"
        yield from _made(stack, "sonarqube", vault)
        if properties.write(stack.root, quality.wanted_of(stack).project):
            yield properties.FILE
    if "grafana" in stack.servers:
        url = stack.url("grafana")
        with Grafana(url) as grafana:
            boards.wait(grafana, patience)
        if boards.close_door(url, vault):
            yield "the administrator's password of Grafana"
        yield from _made(stack, "grafana", vault)


def _made(stack: Stack, name: str, vault: Vault) -> Iterator[str]:
    with _changes(stack, name, vault) as found:
        for change in found:
            change.make()
            yield change.words


def lacking(stack: Stack, name: str, vault: Vault) -> Iterator[str]:
    """In which a server differs from what `up` makes of it; nothing for one that is told nothing.

    Raises SophiaError when it cannot be asked.
    """
    with _changes(stack, name, vault) as found:
        for change in found:
            yield change.words


@contextmanager
def _changes(stack: Stack, name: str, vault: Vault) -> Iterator[Iterator[Change]]:
    told = name == "sonarqube" or (name == "grafana" and name in stack.servers)
    kept = vault.get(name) if told else None
    if kept is None:
        yield iter(())
    elif name == "sonarqube":
        with SonarQube(stack.url(name), Login(ADMIN, kept.value)) as sonarqube:
            yield quality.changes(sonarqube, quality.wanted_of(stack), vault)
    else:
        with Grafana(stack.url(name), Login(ADMIN, kept.value)) as grafana:
            yield boards.changes(grafana, boards_of(stack), vault)


def boards_of(stack: Stack) -> boards.Wanted:
    """What the Grafana of a stack should hold. Raises SophiaError for a board that is none."""
    try:
        shipped = boards.read_boards(asset("dashboards"))
    except FileNotFoundError:  # there is none yet
        shipped = {}
    inside = "prometheus" in stack.servers and "grafana" in stack.servers
    prometheus = "http://prometheus:9090" if inside else stack.url("prometheus")
    return boards.Wanted(stack.name, prometheus, shipped)
