"""What a stack knows, in one archive: the database, volumes and, under a passphrase, its secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sophia_cli import __version__
from sophia_cli.errors import SophiaError
from sophia_cli.http import httpx
from sophia_cli.infra import archive, credentials, database, sealed, volumes
from sophia_cli.infra import stack as stacks
from sophia_cli.infra.archive import About, Writer
from sophia_cli.infra.compose import Compose
from sophia_cli.infra.containers import READY, states
from sophia_cli.infra.counts import Counts, count
from sophia_cli.infra.engine import Engine, connect
from sophia_cli.infra.sonarqube import SonarQube
from sophia_cli.infra.stack import Stack
from sophia_cli.infra.status import version_of
from sophia_cli.infra.vault import FOLDER, Vault
from sophia_cli.infra.volumes import Volume

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

DATABASE, SECRETS = "postgresql.dump", "secrets.sealed"
FOLDER_OF_BACKUPS = "backups"
_ROUNDS = 3  # until no analysis came in while the database was read
_INDEXING, _SNAPSHOT = 600.0, 300.0  # seconds

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Saved:
    """A backup that was made: its parts with their sizes in bytes, and what SonarQube held."""

    path: Path
    size: int
    parts: Mapping[str, int]
    counts: Counts | None
    secrets: bool


def default_path(stack: Stack, word: str = "backup") -> Path:
    """In the stack's own folder, which `down --volumes` leaves."""
    moment = datetime.now().strftime("%Y%m%d-%H%M%S")
    return stack.home / FOLDER_OF_BACKUPS / f"{stack.name}-{word}-{moment}.tar"


def backup(
    stack: Stack, path: Path, environ: Mapping[str, str], passphrase: str, tell: Tell
) -> Saved:
    """Make a backup of a stack that is up; with a `passphrase` its secrets are in it, sealed.

    `tell` hears what is read. Raises SophiaError, and then there is no new file.
    """
    with stacks.alone(stack.home):
        engine, client = connect(environ)
        with closing(client):
            return save(stack, path, engine, client, passphrase, tell)


def save(
    stack: Stack, path: Path, engine: Engine, client: DockerClient, passphrase: str, tell: Tell
) -> Saved:
    """The same for whoever changes the stack already."""
    for state in states(client, stack):
        if state.phase != READY:
            raise SophiaError(
                f"{state.server} is {state.phase}: it cannot be read", "sophia infra up"
            )
    _make_folder(path)
    with archive.writing(path) as writer:
        counts = _database(writer, stack, Compose(stack, engine), tell)
        for volume in volumes.VOLUMES:
            if volume.server in stack.servers:
                tell(f"{volume.name}: its files")
                with writer.part(f"{volume.name}.tar") as file:
                    _volume(client, stack, volume, file)
        if passphrase:
            writer.put(SECRETS, sealed.seal(secrets_of(stack), passphrase))
        writer.about(_about(stack, client, counts))
    made = archive.read(path)  # a backup that cannot be read back is none
    return Saved(path, path.stat().st_size, made.parts, counts, bool(passphrase))


def counted(stack: Stack) -> Counts:
    """What SonarQube holds now. Raises SophiaError."""
    login = credentials.find(stack, "sonarqube")
    if login is None:
        raise SophiaError("the administrator's password is not kept here", "sophia infra up")
    with SonarQube(stack.url("sonarqube"), login) as server:
        return count(server, _INDEXING)


def settings_of(stack: Stack) -> dict[str, object]:
    """What a stack is started with, wherever it is."""
    return {
        name: value for name, value in asdict(stack).items() if name not in ("name", "root", "home")
    }


def _database(writer: Writer, stack: Stack, compose: Compose, tell: Tell) -> Counts | None:
    if database.SERVER not in stack.servers:
        return None
    counts = counted(stack)
    with writer.part(DATABASE) as file:
        for _ in range(_ROUNDS):
            tell("the database")
            file.seek(0)
            file.truncate()
            database.dump(compose, file)
            before, counts = counts, counted(stack)
            if counts == before:
                return counts
    raise SophiaError("analyses come in while the database is read", "wait for them, then again")


def _volume(client: DockerClient, stack: Stack, volume: Volume, file: IO[bytes]) -> None:
    container = volumes.container_of(client, stack.name, volume.server)
    if volume == volumes.PROMETHEUS:
        with _snapshot(stack, container) as folder:
            volumes.take(container, folder, file)
    elif volume == volumes.GRAFANA:
        # Its database is a file: one that nobody writes while it is read.
        with volumes.paused(container):
            volumes.take(container, volume.folder, file)
    else:
        volumes.take(container, volume.folder, file)


@contextmanager
def _snapshot(stack: Stack, container: Container) -> Iterator[str]:
    """A folder of Prometheus' own making with all of its data as of now, gone when the block ends."""
    url = f"{stack.url('prometheus')}/api/v1/admin/tsdb/snapshot"
    try:
        answer = httpx.post(url, timeout=_SNAPSHOT)
        answer.raise_for_status()
        name = str(answer.json()["data"]["name"])
    except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
        raise SophiaError(
            f"Prometheus makes no snapshot: {error}", "sophia infra logs prometheus"
        ) from error
    folder = f"{volumes.PROMETHEUS.folder}/snapshots/{name}"
    try:
        yield folder
    finally:
        volumes.run_in(container, "rm", "-rf", folder)


def secrets_of(stack: Stack) -> dict[str, str]:
    """All that the vault of a stack holds. Raises SophiaError."""
    vault = Vault(stack.home / FOLDER)
    kept = {name: vault.get(name) for name in vault.names()}
    return {name: one.value for name, one in kept.items() if one}


def _about(stack: Stack, client: DockerClient, counts: Counts | None) -> About:
    images = {state.server: state.image for state in states(client, stack)}
    return About(
        stack.name,
        datetime.now(UTC).isoformat(timespec="seconds"),
        __version__,
        settings_of(stack),
        {
            one.name: {
                "image": images[one.name],
                "id": volumes.image_of(volumes.container_of(client, stack.name, one.name)),
                "version": version_of(stack, one.name),
            }
            for one in stack.running
        },
        counts,
    )


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SophiaError(
            f"{path.parent} cannot be made: {error.strerror}", "name another file"
        ) from error
