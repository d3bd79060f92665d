"""Everything that could be wrong with a stack, each with its mend; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace

from sophia_cli.checked import FAIL, OK, Check
from sophia_cli.errors import SophiaError
from sophia_cli.infra import attached
from sophia_cli.infra import stack as stacks
from sophia_cli.infra.containers import PAUSED, READY, elsewhere
from sophia_cli.infra.engine import connect
from sophia_cli.infra.machine import look
from sophia_cli.infra.preflight import check
from sophia_cli.infra.servers import server
from sophia_cli.infra.stack import Stack
from sophia_cli.infra.status import ATTACHED, Status, look_at
from sophia_cli.infra.up import Asked, settle
from sophia_cli.infra.vault import FOLDER, Vault


def examine(asked: Asked, environ: Mapping[str, str]) -> Iterator[Check]:
    """Look at the machine, the engine, the secrets and the servers of a stack that is, or could be.

    Raises SophiaError where the stack itself cannot be read.
    """
    stack = settle(asked, environ)
    yield from _secrets(stack)
    yield from _elsewhere(stack, environ)
    if error := stacks.cut_off(stack.home):
        yield Check("restore", FAIL, error.message, error.mend)
    try:
        engine, client = connect(environ)
    except SophiaError as error:
        yield Check("docker", FAIL, error.message, error.mend)
        return
    with closing(client):
        ports = tuple(stack.ports[one.name] for one in stack.running if one.port)
        yield from check(stack, engine, look(engine, client, ports))
        if folder := elsewhere(client, stack):
            words = f"a Compose project `{stack.name}` was started in {folder}"
            yield Check("name", FAIL, words, "sophia infra up --name ANOTHER")
            return
        kept = stacks.load(stack.name, environ)
        if kept is None:
            yield Check("stack", OK, f"`{stack.name}` was never brought up")
        else:
            yield from _servers(look_at(kept, engine, client))


def _elsewhere(stack: Stack, environ: Mapping[str, str]) -> Iterator[Check]:
    """The servers that run elsewhere: `up` goes on without one that is silent, but it is not well."""
    checks = attached.check(stack, environ)
    silent = attached.silent(checks)
    yield from (replace(one, state=FAIL) if one.name in silent else one for one in checks)


def _secrets(stack: Stack) -> Iterator[Check]:
    vault = Vault(stack.home / FOLDER)
    trouble = 0
    for name in vault.names():
        try:
            vault.get(name)
        except SophiaError as error:
            trouble += 1
            yield Check("secrets", FAIL, error.message, error.mend)
    if not trouble:
        yield Check("secrets", OK, f"{len(vault.names())}, read by this user alone")


def _servers(status: Status) -> Iterator[Check]:
    for one in status.servers:
        if one.image == ATTACHED:  # looked at before: what it lacks is drift
            continue
        title = server(one.server).title.lower()
        if one.phase == READY:
            yield Check(title, OK, f"{one.phase}, {one.version}" if one.version else one.phase)
        else:
            words = f"{one.phase}: {one.reason}" if one.reason else one.phase
            down = one.phase in ("missing", "exited", PAUSED)
            mend = "sophia infra up" if down else f"sophia infra logs {one.server}"
            yield Check(title, FAIL, words, mend)
    for words in status.drift:
        yield Check("drift", FAIL, words, "sophia infra up")
