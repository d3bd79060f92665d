"""A backup put back: beside what there is, so that this returns where the backup proves to be no good."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import IO, TYPE_CHECKING

from sophia_cli.errors import SophiaError
from sophia_cli.files import whole
from sophia_cli.infra import before as befores
from sophia_cli.infra import boards, database, quality, sealed, volumes
from sophia_cli.infra import stack as stacks
from sophia_cli.infra.archive import Archive
from sophia_cli.infra.backup import DATABASE, SECRETS, counted, secrets_of
from sophia_cli.infra.before import Before
from sophia_cli.infra.compose import PASSCODE, PASSWORDS, Compose
from sophia_cli.infra.containers import states
from sophia_cli.infra.counts import Counts, must_be_same
from sophia_cli.infra.engine import Engine, connect
from sophia_cli.infra.stack import Stack
from sophia_cli.infra.trouble import ended
from sophia_cli.infra.up import Step, fetch, fit, stand
from sophia_cli.infra.vault import FOLDER, Vault
from sophia_cli.infra.volumes import Volume

if TYPE_CHECKING:
    from docker import DockerClient

_STOPPING, _STARTING = 180.0, 300.0  # seconds
# These open what this machine made, and are in no database.
_OF_THE_MACHINE = (PASSWORDS["postgresql"], PASSCODE)

Tell = Callable[[Step], None]


@dataclass(frozen=True)
class Restored:
    """A stack that is as its backup says: `counts` were compared, None where it has no SonarQube."""

    stack: Stack
    made: str
    counts: Counts | None
    secrets: tuple[str, ...]
    seconds: float


def stack_of(archive: Archive, root: Path, name: str, environ: Mapping[str, str]) -> Stack:
    """The stack as it was at the backup, with its images. Raises SophiaError where the backup is another's."""
    about = archive.about
    wanted = stacks.check_name(name or about.stack)
    if wanted != about.stack:
        raise SophiaError(
            f"{archive.path} is of the stack `{about.stack}`, not of `{wanted}`",
            f"sophia infra restore {archive.path} --name {about.stack}",
        )
    there = stacks.load(wanted, environ)
    home = stacks.home_of(wanted, environ)
    return stacks.of(about.settings, wanted, there.root if there else root.resolve(), home)


def restore(
    archive: Archive,
    stack: Stack,
    environ: Mapping[str, str],
    passphrase: str,
    patience: float,
    tell: Tell,
) -> Restored:
    """Put a backup back, start the stack and compare what SonarQube holds with what it held.

    With a `passphrase` the secrets come from the backup too; `patience` is in seconds. Raises
    SophiaError, and then the stack is as it was before, or the words say how it is.
    """
    secrets = _opened(archive, passphrase)
    _must_open_grafana(archive, secrets, Vault(stack.home / FOLDER))
    with stacks.alone(stack.home, unfinished=True):
        engine, client = connect(environ)
        with closing(client):
            if before := befores.find(stack.home):
                _put_before(before, stack, engine, client, patience, tell)
            stack = fit(stack, engine, client, lambda check: None)
            return put_back(archive, Compose(stack, engine), client, secrets, patience, tell)


def undo(home: Path, environ: Mapping[str, str], patience: float, tell: Tell) -> Stack | None:
    """Put back what a stack was before a restore of it was cut off; None where there was none.

    Raises SophiaError, also where no restore was.
    """
    with stacks.alone(home, unfinished=True):
        before = befores.find(home)
        if before is None:
            raise SophiaError(
                f"no restore of the stack `{home.name}` was cut off", "sophia infra status"
            )
        engine, client = connect(environ)
        with closing(client):
            stack = before.stack or stacks.load_from(home)
            if stack is None:  # it was cut off before it changed anything
                befores.forget(before)
                return None
            _put_before(before, stack, engine, client, patience, tell)
        return before.stack


def put_back(
    archive: Archive,
    compose: Compose,
    client: DockerClient,
    secrets: Mapping[str, str],
    patience: float,
    tell: Tell,
) -> Restored:
    """The same for whoever changes the stack already. Raises SophiaError."""
    began, stack = monotonic(), compose.stack
    fetch(stack, compose.engine, client, tell)
    before = _seen(archive, stack, client)
    try:
        _replace(archive, compose, client, secrets, before, tell)
        stand(compose, client, patience, tell, compose.stack.attached)
        counts = _compared(archive, stack)
    except (Exception, KeyboardInterrupt) as error:
        raise _undone(before, compose, client, patience, tell, error) from error
    befores.forget(before)
    if DATABASE in archive.parts:
        database.forget(compose)
    seconds = monotonic() - began
    return Restored(stack, archive.about.made, counts, tuple(sorted(secrets)), seconds)


def _seen(archive: Archive, stack: Stack, client: DockerClient) -> Before:
    ran = any(one.container for one in states(client, stack))
    there = stacks.load_from(stack.home)
    return befores.keep(stack.home, archive.path, there, secrets_of(stack), ran=ran)


def _replace(
    archive: Archive,
    compose: Compose,
    client: DockerClient,
    secrets: Mapping[str, str],
    before: Before,
    tell: Tell,
) -> None:
    """All data of the stack becomes that of the backup; `before` keeps what there was."""
    stack = compose.stack
    stacks.save(stack)
    _take_secrets(Vault(stack.home / FOLDER), secrets)
    compose.prepare()
    wanted = [one for one in volumes.VOLUMES if f"{one.name}.tar" in archive.parts]
    tell(Step("all", "stopping", 0.0))
    compose.do("stop", timeout=_STOPPING)
    compose.do("create", *_others(stack), timeout=_STARTING)
    for volume in wanted:
        container = volumes.container_of(client, stack.name, volume.server)
        with whole(before.file(volume), 0o600) as path, path.open("wb") as file:
            volumes.take(container, volume.folder, file)
    if DATABASE in archive.parts:
        tell(Step(database.SERVER, "its database", 0.0))
        _start_database(compose)
        admin = Vault(stack.home / FOLDER).make("sonarqube")
        with archive.unpacked(DATABASE, stack.home) as dump:
            database.load(compose, dump, admin.value)
        database.forget(compose)  # one of an earlier restore, which went well
        before.begin_swapping()
        database.swap(compose)
    with ExitStack() as files:
        contents = {
            volume: files.enter_context(archive.unpacked(f"{volume.name}.tar", stack.home))
            for volume in wanted
        }
        _refill(compose, client, contents, tell)


def _take_secrets(vault: Vault, secrets: Mapping[str, str]) -> None:
    """Keep those of the backup. Tokens that are not in it are made anew: the servers may not know ours."""
    for name in (quality.TOKEN_SECRET, boards.TOKEN_SECRET):
        vault.forget(name)
    for name, value in secrets.items():
        if name not in _OF_THE_MACHINE:
            vault.keep(name, value)


def _start_database(compose: Compose) -> None:
    compose.do("up", "--detach", "--wait", database.SERVER, timeout=_STARTING)


def _refill(
    compose: Compose,
    client: DockerClient,
    contents: Mapping[Volume, IO[bytes]],
    tell: Tell,
) -> None:
    """New volumes with these contents, in containers that do not run yet."""
    stack, servers = compose.stack, _others(compose.stack)
    compose.do("rm", "--stop", "--force", *servers, timeout=_STOPPING)
    names = [one.name for one in contents]
    volumes.remove(client, stack.name, (*names, volumes.SEARCH_INDEX))
    compose.do("create", *servers, timeout=_STARTING)
    for volume, content in contents.items():
        tell(Step(volume.server, "its files", 0.0))
        content.seek(0)
        volumes.give(
            volumes.container_of(client, stack.name, volume.server), volume.folder, content
        )


def _compared(archive: Archive, stack: Stack) -> Counts | None:
    wanted = archive.about.counts
    if wanted is None:
        return None
    found = counted(stack)
    must_be_same(wanted, found)
    return found


def _undone(
    before: Before,
    compose: Compose,
    client: DockerClient,
    patience: float,
    tell: Tell,
    error: BaseException,
) -> SophiaError:
    """Put the stack back to what it was; the error that says why and how it is now."""
    try:
        _put_before(before, compose.stack, compose.engine, client, patience, tell)
    except Exception as again:
        name = compose.stack.name
        now = (
            f"what was before could not be put back either: {again}."
            f" The stack `{name}` is stopped or half restored; the backup is whole, and what was"
            f" before is kept in {before.folder}"
        )
        return ended(error, now, f"sophia infra restore --undo --name {name}")
    mend = error.mend if isinstance(error, SophiaError) else ""
    return ended(error, "the stack is as it was before", mend)


def _put_before(
    before: Before,
    stack: Stack,
    engine: Engine,
    client: DockerClient,
    patience: float,
    tell: Tell,
) -> None:
    """Put back what was before `stack` took its place; what is done already is done again."""
    tell(Step("all", "putting back what was before", 0.0))
    _put_secrets_before(Vault(stack.home / FOLDER), before.vault)
    compose = Compose(before.stack or stack, engine)
    stacks.save(compose.stack)
    compose.prepare()
    compose.do("stop", *_others(compose.stack), timeout=_STOPPING)
    if before.swapping:
        _start_database(compose)
        if database.is_swapped(compose):
            database.swap_back(compose)
    with ExitStack() as files:
        contents = {one: files.enter_context(before.file(one).open("rb")) for one in before.kept}
        if contents:
            _refill(compose, client, contents, tell)
    if before.ran:
        stand(compose, client, patience, tell, compose.stack.attached)
    else:
        compose.do("down", "--timeout", "60", timeout=_STOPPING)
    if before.stack is None:
        stacks.forget(compose.stack)
    befores.forget(before)


def _put_secrets_before(vault: Vault, before: Vault) -> None:
    names = before.names()
    for name in vault.names():
        if name not in (*names, *_OF_THE_MACHINE):
            vault.forget(name)
    for name in names:
        value, kept = before.make(name).value, vault.get(name)
        if kept is None or kept.value != value:
            vault.keep(name, value)


def _others(stack: Stack) -> list[str]:
    return [name for name in stack.servers if name != database.SERVER]


def without_grafana(archive: Archive) -> Archive:
    """The same backup, of which Grafana's data is left alone."""
    name = f"{volumes.GRAFANA.name}.tar"
    return replace(archive, parts={one: size for one, size in archive.parts.items() if one != name})


def _must_open_grafana(archive: Archive, secrets: Mapping[str, str], vault: Vault) -> None:
    """Raises SophiaError where Grafana's data would come back and nobody could log in to it.

    SonarQube's password is put into its database; Grafana's is known to Grafana alone.
    """
    name = PASSWORDS["grafana"]
    if f"{volumes.GRAFANA.name}.tar" in archive.parts and not (name in secrets or vault.get(name)):
        raise SophiaError(
            "Grafana's password is neither in the backup nor kept here",
            f"sophia infra restore {archive.path} --without-grafana   (`up` brings the boards)",
        )


def _opened(archive: Archive, passphrase: str) -> dict[str, str]:
    """The secrets of a backup; none without a passphrase. Raises SophiaError for a wrong one."""
    if not passphrase or SECRETS not in archive.parts:
        return {}
    with archive.part(SECRETS) as file:
        return sealed.unseal(file.read(), passphrase)
