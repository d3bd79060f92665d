"""A backup put back: beside what there is, so that this returns where the backup proves to be no good."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryFile
from time import monotonic
from typing import IO, TYPE_CHECKING

from sophia_cli.errors import Interrupted, SophiaError
from sophia_cli.infra import boards, database, quality, sealed, volumes
from sophia_cli.infra import stack as stacks
from sophia_cli.infra.archive import Archive
from sophia_cli.infra.backup import DATABASE, SECRETS, counted, secrets_of
from sophia_cli.infra.compose import PASSCODE, PASSWORDS, Compose
from sophia_cli.infra.containers import states
from sophia_cli.infra.counts import Counts, must_be_same
from sophia_cli.infra.engine import connect
from sophia_cli.infra.stack import Stack
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


@dataclass
class _Before:
    """What a stack was: what puts it back, as far as it was touched. None: there was no stack."""

    stack: Stack | None
    ran: bool
    secrets: Mapping[str, str]
    swapped: bool = False
    kept: dict[Volume, IO[bytes]] = field(default_factory=dict)


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
    with stacks.alone(stack.home):
        engine, client = connect(environ)
        with closing(client):
            stack = fit(stack, engine, client, lambda check: None)
            return put_back(archive, Compose(stack, engine), client, secrets, patience, tell)


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
    with ExitStack() as files:
        before = _seen(stack, client)
        try:
            _replace(archive, compose, client, secrets, before, files, tell)
            stand(compose, client, patience, tell, compose.stack.attached)
            counts = _compared(archive, stack)
        except (Exception, KeyboardInterrupt) as error:
            raise _undone(before, compose, client, patience, tell, error) from error
        if before.swapped:
            database.forget(compose)
    seconds = monotonic() - began
    return Restored(stack, archive.about.made, counts, tuple(sorted(secrets)), seconds)


def _seen(stack: Stack, client: DockerClient) -> _Before:
    ran = any(one.container for one in states(client, stack))
    return _Before(stacks.load_from(stack.home), ran, secrets_of(stack))


def _replace(
    archive: Archive,
    compose: Compose,
    client: DockerClient,
    secrets: Mapping[str, str],
    before: _Before,
    files: ExitStack,
    tell: Tell,
) -> None:
    """All data of the stack becomes that of the backup; `before` learns what there was."""
    stack = compose.stack
    stacks.save(stack)
    _take_secrets(Vault(stack.home / FOLDER), secrets)
    compose.prepare()
    wanted = [one for one in volumes.VOLUMES if f"{one.name}.tar" in archive.parts]
    tell(Step("all", "stopping", 0.0))
    compose.do("stop", timeout=_STOPPING)
    compose.do("create", *_others(stack), timeout=_STARTING)
    for volume in wanted:
        file = files.enter_context(TemporaryFile(dir=stack.home))  # noqa: SIM115
        before.kept[volume] = file
        container = volumes.container_of(client, stack.name, volume.server)
        volumes.take(container, volume.folder, file)
    if DATABASE in archive.parts:
        tell(Step(database.SERVER, "its database", 0.0))
        _start_database(compose)
        admin = Vault(stack.home / FOLDER).make("sonarqube")
        with archive.unpacked(DATABASE, stack.home) as dump:
            database.load(compose, dump, admin.value)
        database.swap(compose)
        before.swapped = True
    contents = {}
    for volume in wanted:
        contents[volume] = files.enter_context(archive.unpacked(f"{volume.name}.tar", stack.home))
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
    before: _Before,
    compose: Compose,
    client: DockerClient,
    patience: float,
    tell: Tell,
    error: BaseException,
) -> SophiaError:
    """Put the stack back to what it was; the error that says why and how it is now."""
    why = error.message if isinstance(error, SophiaError) else str(error) or "it was interrupted"
    kind = Interrupted if isinstance(error, KeyboardInterrupt) else SophiaError
    mend = error.mend if isinstance(error, SophiaError) else ""
    tell(Step("all", "putting back what was before", 0.0))
    try:
        _put_before(before, compose, client, patience, tell)
    except Exception as again:
        stack = compose.stack
        return kind(
            f"{why}; what was before could not be put back either: {again}."
            f" The stack `{stack.name}` is stopped or half restored, the backup is whole",
            f"sophia infra status --name {stack.name}",
        )
    return kind(f"{why}; the stack is as it was before", mend)


def _put_before(
    before: _Before, compose: Compose, client: DockerClient, patience: float, tell: Tell
) -> None:
    vault = Vault(compose.stack.home / FOLDER)
    for name, value in before.secrets.items():
        kept = vault.get(name)
        if kept is None or kept.value != value:
            vault.keep(name, value)
    if before.stack:
        compose = replace(compose, stack=before.stack)
        stacks.save(before.stack)
    compose.prepare()
    compose.do("stop", *_others(compose.stack), timeout=_STOPPING)
    if before.swapped:
        _start_database(compose)
        database.swap_back(compose)
    if before.kept:
        _refill(compose, client, before.kept, tell)
    if before.ran:
        stand(compose, client, patience, tell, compose.stack.attached)
    else:
        compose.do("down", "--timeout", "60", timeout=_STOPPING)
    if before.stack is None:
        stacks.forget(compose.stack)


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
