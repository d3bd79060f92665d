"""The administrator's password of a server that is the stack's own: closed at its first start, made anew later."""

from __future__ import annotations

from typing import Protocol

from sophia_cli.errors import SophiaError
from sophia_cli.infra.credentials import HERE
from sophia_cli.infra.login import ADMIN, FIRST_PASSWORD, Login
from sophia_cli.infra.servers import server as described
from sophia_cli.infra.vault import Vault, password

_NEXT = "{}-next"  # a password that the server may have taken when we were killed


class Server(Protocol):
    """One that lets an administrator in."""

    url: str

    def takes(self, login: Login) -> bool: ...

    def change_password(self, login: Login, after: str) -> None: ...


def close(server: Server, name: str, vault: Vault) -> bool:
    """Give the administrator the kept password; True if it was still the one that all know.

    Raises SophiaError where it is neither that nor ours: data that comes from elsewhere has another.
    """
    others = (_NEXT.format(name), HERE.format(name))
    for one in (name, *others):
        kept = vault.get(one)
        if kept and server.takes(Login(ADMIN, kept.value)):
            if one != name:
                vault.keep(name, kept.value)
            for other in others:
                vault.forget(other)
            return False
    first = Login(ADMIN, FIRST_PASSWORD)
    if not server.takes(first):
        title = described(name).title
        raise SophiaError(
            f"{title} at {server.url} does not take the administrator's password that is kept here",
            f"give it the right one:  sophia infra secrets set {name}",
        )
    # Kept first: a password that was set and then lost would lock everybody out.
    server.change_password(first, vault.make(name).value)
    return True


def renew(server: Server, name: str, login: Login, vault: Vault) -> None:
    """Give the administrator another password; whichever the server takes in the end is kept."""
    made = password()
    vault.keep(_NEXT.format(name), made)
    server.change_password(login, made)
    vault.keep(name, made)
    vault.forget(_NEXT.format(name))
