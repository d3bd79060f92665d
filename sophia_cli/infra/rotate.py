"""Secrets made anew, on a server and in the vault."""

from __future__ import annotations

from sophia_cli.errors import SophiaError, UsageError
from sophia_cli.infra import quality
from sophia_cli.infra import stack as stacks
from sophia_cli.infra.login import ADMIN, Login
from sophia_cli.infra.sonarqube import SonarQube
from sophia_cli.infra.stack import Stack
from sophia_cli.infra.vault import FOLDER, Vault, password

NAMES = (quality.ADMIN_SECRET, quality.TOKEN_SECRET)


def rotate(stack: Stack, name: str) -> None:
    """Make one of `NAMES` anew. Raises UsageError for another, SophiaError when the server refuses."""
    if name not in NAMES:
        raise UsageError(f"`{name}` cannot be made anew", f"one of: {', '.join(NAMES)}")
    vault = Vault(stack.home / FOLDER)
    with stacks.alone(stack.home):
        kept = vault.get(quality.ADMIN_SECRET)
        if kept is None or not stack.url("sonarqube"):
            raise SophiaError("the stack has no SonarQube yet", "sophia infra up --profile quality")
        with SonarQube(stack.url("sonarqube"), Login(ADMIN, kept.value)) as server:
            if name == quality.TOKEN_SECRET:
                wanted = quality.wanted_of(stack)
                there = f"sophia {wanted.project}" in server.tokens(ADMIN)
                quality.renew_token(server, wanted, vault, is_there=there)
                return
            made = password()
            # The new one is beside the old one until the server has taken it: whichever it takes is kept.
            vault.keep(quality.NEXT_SECRET, made)
            server.change_password(ADMIN, kept.value, made)
            vault.keep(name, made)
            vault.forget(quality.NEXT_SECRET)
