"""By which credentials a server is told of a project: those that were made, or those that somebody gave."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sophia_cli.errors import SophiaError
from sophia_cli.infra import stack as stacks
from sophia_cli.infra.login import ADMIN, FIRST_PASSWORD, Login
from sophia_cli.infra.servers import server
from sophia_cli.infra.stack import Stack
from sophia_cli.infra.vault import FOLDER, Vault
from sophia_cli.llm.secret import Secret

# Of servers that exist already: a token of an administrator goes before what is kept.
VARIABLES = {"sonarqube": "SOPHIA_SONARQUBE_TOKEN", "grafana": "SOPHIA_GRAFANA_TOKEN"}
_TOKENS = ("squ_", "glsa_")  # what a user's token begins with
# The password of the stack's own server, while the plain name is that of one elsewhere.
HERE = "{}-here"


def find(stack: Stack, name: str, environ: Mapping[str, str] | None = None) -> Login | None:
    """How a server of the stack is logged in to; None where nothing was made or given. Raises SophiaError."""
    environ = os.environ if environ is None else environ
    given = environ.get(VARIABLES[name], "").strip() if name in stack.attached else ""
    vault = Vault(stack.home / FOLDER)
    kept = None if _is_of_our_own(stack, name, vault) else vault.get(name)
    value = given or (kept.value if kept else "")
    if not value:
        return None
    return Login(token=value) if value.startswith(_TOKENS) else Login(ADMIN, value)


def need(stack: Stack, name: str, environ: Mapping[str, str] | None = None) -> Login:
    """The same. Raises SophiaError where nothing was made or given, and for the password that all know."""
    title, url = server(name).title, stack.url(name)
    mend = f"sophia infra secrets set {name}   (a token, or admin's password), or {VARIABLES[name]}"
    login = find(stack, name, environ)
    if login is None:
        raise SophiaError(f"there are no credentials for {title} at {url}", mend)
    if name in stack.attached and login.password == FIRST_PASSWORD:
        # It is somebody else's: nobody would know the password that it would get.
        raise SophiaError(
            f"{title} at {url} has the administrator's password that all know",
            f"change it there, then:  sophia infra secrets set {name}",
        )
    return login


def give(home: Path, name: str, value: str) -> Secret:
    """Keep how a server is logged in to. What opens the stack's own is not lost: it may be another's. Raises SophiaError."""
    vault, stack = Vault(home / FOLDER), stacks.load_from(home)
    if stack and name in stack.servers:
        _put_aside(vault, name)
    return vault.keep(name, value)


def move(stack: Stack) -> None:
    """Keep apart what opens a server here and one elsewhere, before the stack that has it there is saved.

    A token that one of them made is nothing to the other. Raises SophiaError.
    """
    vault, before = Vault(stack.home / FOLDER), stacks.load_from(stack.home)
    for name in VARIABLES:
        places = [one.attached.get(name) if one else None for one in (before, stack)]
        if before is None or places[0] == places[1]:
            continue
        vault.forget(f"{name}-token")
        if name in before.servers:
            if _is_of_our_own(stack, name, vault):
                _put_aside(vault, name)
                vault.forget(name)
        elif name in stack.servers:
            vault.forget(name)
            if own := vault.get(HERE.format(name)):
                vault.keep(name, own.value)
                vault.forget(HERE.format(name))


def _put_aside(vault: Vault, name: str) -> None:
    here, own = HERE.format(name), vault.get(name)
    if own and not vault.get(here):
        vault.keep(here, own.value)


def _is_of_our_own(stack: Stack, name: str, vault: Vault) -> bool:
    """Whether what is kept opens the server that ran here until now, and not the one that takes its place."""
    if name not in stack.attached or vault.get(HERE.format(name)):
        return False
    before = stacks.load_from(stack.home)
    return before is not None and name in before.servers
