"""Stop a stack. Its data stays, unless that is said twice."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

from sophia_cli.errors import SophiaError
from sophia_cli.infra import before as befores
from sophia_cli.infra import stack as stacks
from sophia_cli.infra.compose import Compose
from sophia_cli.infra.containers import elsewhere, states
from sophia_cli.infra.engine import connect
from sophia_cli.infra.stack import Stack
from sophia_cli.infra.vault import FOLDER, Vault

_PATIENCE = 180.0  # seconds; SonarQube takes about ten


@dataclass(frozen=True)
class Stopped:
    """What was stopped, and whether the data went too."""

    stack: Stack
    servers: tuple[str, ...]
    data_removed: bool


def down(stack: Stack, environ: Mapping[str, str], *, volumes: bool = False) -> Stopped:
    """Stop and remove the containers; with `volumes` the data, and the secrets that opened it.

    Never touches a Compose project of the same name that was started elsewhere. Raises SophiaError.
    """
    with stacks.alone(stack.home, unfinished=True):
        engine, client = connect(environ)
        with closing(client):
            if folder := elsewhere(client, stack):
                raise SophiaError(
                    f"the Compose project `{stack.name}` was started in {folder}, not by this stack",
                    f"docker compose --project-directory {folder} down",
                )
            running = tuple(one.server for one in states(client, stack) if one.container)
        words = ("down", "--timeout", "60", *(["--volumes"] if volumes else []))
        Compose(stack, engine).do(*words, timeout=_PATIENCE)
        if volumes:
            vault = Vault(stack.home / FOLDER)
            for name in vault.names():
                vault.forget(name)
            if before := befores.find(stack.home):
                befores.forget(before)
    return Stopped(stack, running, volumes)
