"""Secrets made anew, on a server and in the vault."""

from __future__ import annotations

from sophia_cli.errors import SophiaError, UsageError
from sophia_cli.infra import boards, credentials, door, quality
from sophia_cli.infra import stack as stacks
from sophia_cli.infra.grafana import Grafana
from sophia_cli.infra.login import Login
from sophia_cli.infra.servers import server
from sophia_cli.infra.sonarqube import SonarQube
from sophia_cli.infra.stack import Stack
from sophia_cli.infra.vault import FOLDER, Vault

NAMES = ("sonarqube", quality.TOKEN_SECRET, "grafana", boards.TOKEN_SECRET)


def rotate(stack: Stack, name: str) -> None:
    """Make one of `NAMES` anew. Raises UsageError for another, SophiaError when the server refuses."""
    if name not in NAMES:
        raise UsageError(f"`{name}` cannot be made anew", f"one of: {', '.join(NAMES)}")
    of = name.removesuffix("-token")
    title, url = server(of).title, stack.url(of)
    if not url:
        raise SophiaError(f"the stack has no {title} yet", "sophia infra up")
    if name == of and of in stack.attached:
        raise SophiaError(
            f"{title} at {url} is not this stack's: its password is changed there",
            f"then:  sophia infra secrets set {of}",
        )
    vault = Vault(stack.home / FOLDER)
    with stacks.alone(stack.home):
        login = credentials.need(stack, of)
        renew = _sonarqube if of == "sonarqube" else _grafana
        renew(stack, name, login, vault)


def _sonarqube(stack: Stack, name: str, login: Login, vault: Vault) -> None:
    with SonarQube(stack.url("sonarqube"), login) as asked:
        if name != quality.TOKEN_SECRET:
            door.renew(asked, name, login, vault)
            return
        wanted = quality.wanted_of(stack)
        there = quality.token_name(wanted) in asked.tokens()
        quality.renew_token(asked, wanted, vault, is_there=there)


def _grafana(stack: Stack, name: str, login: Login, vault: Vault) -> None:
    with Grafana(stack.url("grafana"), login) as asked:
        if name != boards.TOKEN_SECRET:
            door.renew(asked, name, login, vault)
        elif login.token:
            raise SophiaError(
                f"the token of Grafana at {asked.url} is made anew there",
                "then:  sophia infra secrets set grafana",
            )
        else:
            boards.renew_token(asked, stack.name, vault)
