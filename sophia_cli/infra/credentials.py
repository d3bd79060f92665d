"""By which credentials a server is told of a project: those that were made, or those that somebody gave."""

from __future__ import annotations

import os
from collections.abc import Mapping

from sophia_cli.errors import SophiaError
from sophia_cli.infra.login import ADMIN, FIRST_PASSWORD, Login
from sophia_cli.infra.servers import server
from sophia_cli.infra.stack import Stack
from sophia_cli.infra.vault import FOLDER, Vault

# Of servers that exist already: a token of an administrator goes before what is kept.
VARIABLES = {"sonarqube": "SOPHIA_SONARQUBE_TOKEN", "grafana": "SOPHIA_GRAFANA_TOKEN"}
_TOKENS = ("squ_", "glsa_")  # what a user's token begins with


def find(stack: Stack, name: str, environ: Mapping[str, str] | None = None) -> Login | None:
    """How a server of the stack is logged in to; None where nothing was made or given. Raises SophiaError."""
    environ = os.environ if environ is None else environ
    given = environ.get(VARIABLES[name], "").strip() if name in stack.attached else ""
    kept = Vault(stack.home / FOLDER).get(name)
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
