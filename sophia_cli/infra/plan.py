"""What `up` would do, seen before it does anything."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sophia_cli.infra import credentials
from sophia_cli.infra.attached import state_of
from sophia_cli.infra.compose import Compose
from sophia_cli.infra.containers import READY, left_over, states
from sophia_cli.infra.containers import missing as missing_images
from sophia_cli.infra.engine import Engine, connect
from sophia_cli.infra.provide import lacking
from sophia_cli.infra.servers import server
from sophia_cli.infra.stack import Stack
from sophia_cli.infra.up import Asked, different, fit, look_at_attached, settle
from sophia_cli.infra.vault import FOLDER, Vault

if TYPE_CHECKING:
    from docker import DockerClient

    from sophia_cli.checked import Check

STAYS, STOPS = "stays", "stop; its data stays"


@dataclass(frozen=True)
class Plan:
    """What would become of each server here, in words, and what those here and elsewhere would be told.

    `left` is what differs there and would stay so.
    """

    stack: Stack
    servers: Mapping[str, str]
    changes: tuple[str, ...]
    left: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not self.changes and set(self.servers.values()) <= {STAYS}


def look_ahead(asked: Asked, environ: Mapping[str, str], show: Callable[[Check], None]) -> Plan:
    """Look at the machine, the containers and the servers, also those elsewhere; change none of them.

    Raises NotReady and SophiaError as `up` would.
    """
    stack = settle(asked, environ)
    silent = look_at_attached(stack, environ, show)
    engine, client = connect(environ)
    with closing(client):
        stack = fit(stack, engine, client, show)
        servers = dict(_servers(stack, engine, client))
    left: list[str] = []
    changes = tuple(_changes(stack, servers, silent, left.append))
    return Plan(stack, servers, changes, tuple(left))


def _servers(stack: Stack, engine: Engine, client: DockerClient) -> Iterator[tuple[str, str]]:
    fetched = dict(missing_images(client, stack))
    found = states(client, stack)
    # Secrets that are not made yet belong to containers that are not made yet.
    there = any(one.container for one in found)
    anew = different(Compose(stack, engine), client) if there else frozenset()
    for one in found:
        if one.server in fetched:
            yield one.server, f"fetch {fetched[one.server]}, start"
        elif not one.container:
            yield one.server, "start"
        elif one.server in anew:
            yield one.server, "make anew: its image or settings differ"
        else:
            yield one.server, STAYS if one.phase in (READY, "starting") else "start again"
    yield from ((name, STOPS) for name in left_over(client, stack))


def _changes(
    stack: Stack,
    servers: Mapping[str, str],
    but: Collection[str],
    leave: Callable[[str], None],
) -> Iterator[str]:
    """What the servers would be told; of one that cannot be asked yet only that it would be."""
    vault = Vault(stack.home / FOLDER)
    for name in credentials.VARIABLES:
        if not stack.url(name) or name in but:
            continue
        title = server(name).title
        if not _can_be_asked(stack, name, servers):
            yield f"{title}: what it lacks of this project, once it runs"
        else:
            yield from (f"{title}: {words}" for words in lacking(stack, name, vault, leave))


def _can_be_asked(stack: Stack, name: str, servers: Mapping[str, str]) -> bool:
    if name in stack.attached:
        return state_of(stack, name) == READY
    return servers[name] == STAYS and credentials.find(stack, name) is not None
