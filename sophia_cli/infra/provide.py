"""What the servers of a stack are told once they answer: `up` makes it so, `status` compares."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from sophia_cli.dashboards.files import read_boards, shipped
from sophia_cli.infra import boards, credentials, door, properties, quality
from sophia_cli.infra.change import Change
from sophia_cli.infra.grafana import Grafana
from sophia_cli.infra.login import Login
from sophia_cli.infra.servers import server
from sophia_cli.infra.sonarqube import SonarQube
from sophia_cli.infra.stack import Stack
from sophia_cli.infra.vault import FOLDER, Vault


def unheard(words: str) -> None:
    """Nobody is told."""


def provide(
    stack: Stack,
    patience: float,
    but: Collection[str] = (),
    leave: Callable[[str], None] = unheard,
) -> Iterator[str]:
    """Close the servers' first passwords and tell them of the project; gives each change in words.

    `patience` in seconds is for each of them; those of `but` are left alone. `leave` hears of what
    differs and stays as it is. Raises SophiaError.
    """
    vault = Vault(stack.home / FOLDER)
    if (url := stack.url("sonarqube")) and "sonarqube" not in but:
        with SonarQube(url) as sonarqube:
            quality.wait(sonarqube, patience)
            yield from _closed(stack, sonarqube, "sonarqube", vault)
            if login := credentials.find(stack, "sonarqube"):
                sonarqube.become(login)
                yield from _made(quality.changes(sonarqube, quality.wanted_of(stack), vault), leave)
        if properties.write(stack.root, quality.wanted_of(stack).project):
            yield properties.FILE
    if (url := stack.url("grafana")) and "grafana" not in but:
        with Grafana(url) as grafana:
            boards.wait(grafana, patience)
            yield from _closed(stack, grafana, "grafana", vault)
        with _changes(stack, "grafana", vault) as found:
            yield from _made(found, leave)


def _closed(stack: Stack, asked: door.Server, name: str, vault: Vault) -> Iterator[str]:
    if name in stack.servers and door.close(asked, name, vault):
        yield f"the administrator's password of {server(name).title}"


def _made(found: Iterator[Change], leave: Callable[[str], None]) -> Iterator[str]:
    for words, make in _apart(found, leave):
        make()
        yield words


def _apart(
    found: Iterator[Change], leave: Callable[[str], None]
) -> Iterator[tuple[str, Callable[[], object]]]:
    """Those that `up` makes; `leave` hears of the others."""
    for change in found:
        if change.make is None:
            leave(change.words)
        else:
            yield change.words, change.make


def lacking(
    stack: Stack, name: str, vault: Vault, leave: Callable[[str], None] = unheard
) -> Iterator[str]:
    """In which a server differs from what `up` makes of it; nothing for one that is told nothing.

    `leave` hears of what `up` leaves as it is. Raises SophiaError when it cannot be asked.
    """
    with _changes(stack, name, vault) as found:
        yield from (words for words, _ in _apart(found, leave))


@contextmanager
def _changes(stack: Stack, name: str, vault: Vault) -> Iterator[Iterator[Change]]:
    told = name in credentials.VARIABLES and stack.url(name)
    login = credentials.find(stack, name) if told else None
    if login is None:
        yield iter(())
    elif name == "sonarqube":
        with SonarQube(stack.url(name), login) as sonarqube:
            yield quality.changes(sonarqube, quality.wanted_of(stack), vault)
    else:
        with Grafana(stack.url(name), login) as grafana:
            yield boards.changes(grafana, boards_of(stack, login), vault)


def boards_of(stack: Stack, login: Login) -> boards.Wanted:
    """What the Grafana of a stack should hold. Raises SophiaError for a board that is none."""
    found = read_boards(shipped())
    own = "grafana" in stack.servers
    inside = own and "prometheus" in stack.servers
    prometheus = "http://prometheus:9090" if inside else stack.url("prometheus")
    return boards.Wanted("" if login.token else stack.name, prometheus, found, own)
