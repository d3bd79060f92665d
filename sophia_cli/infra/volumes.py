"""The data of a server beside databases: read out of its container and put back, over the engine's own door.

Nothing of it needs a program in the container or a folder of this machine.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from sophia_cli.errors import SophiaError

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

_PIECE = 1 << 20


@dataclass(frozen=True)
class Volume:
    """A volume of `compose/compose.yaml` and where its server has it."""

    name: str
    server: str
    folder: str


EXTENSIONS = Volume("sonarqube-extensions", "sonarqube", "/opt/sonarqube/extensions")
PROMETHEUS = Volume("prometheus", "prometheus", "/prometheus")
ALERTMANAGER = Volume("alertmanager", "alertmanager", "/alertmanager")
GRAFANA = Volume("grafana", "grafana", "/var/lib/grafana")
VOLUMES = (EXTENSIONS, PROMETHEUS, ALERTMANAGER, GRAFANA)
SEARCH_INDEX = "sonarqube-data"  # made anew from the database, and wrong for any other


def container_of(client: DockerClient, stack: str, server: str) -> Container:
    """The container of a server. Raises SophiaError where there is none."""
    with _answering():
        name = f"{stack}-{server}-1"
        return client.containers.get(name)


def take(container: Container, folder: str, into: IO[bytes]) -> None:
    """Write what lies in a folder of a container as a tar. Raises SophiaError."""
    with _answering():
        stream, _ = container.get_archive(folder, chunk_size=_PIECE)
        with (
            io.BufferedReader(_Pieces(stream), _PIECE) as source,
            tarfile.open(fileobj=source, mode="r|") as found,
            tarfile.open(fileobj=into, mode="w", format=tarfile.PAX_FORMAT) as made,
        ):
            for member in found:
                if inside := _below(member.name):
                    member.name, member.pax_headers = inside, {}
                    if member.islnk():
                        member.linkname = _below(member.linkname)
                    made.addfile(member, found.extractfile(member) if member.isreg() else None)


def give(container: Container, folder: str, source: IO[bytes]) -> None:
    """Unpack a tar in a folder of a container, which need not run. Raises SophiaError."""
    with _answering():
        container.put_archive(folder, source)


@contextmanager
def paused(container: Container) -> Iterator[None]:
    """Its processes stand still in the block. Raises SophiaError."""
    with _answering():
        container.pause()
    try:
        yield
    finally:
        with _answering():
            container.unpause()


def run_in(container: Container, *words: str) -> bool:
    """Run a program in it; whether that was there and ended well. Raises SophiaError."""
    with _answering():
        return container.exec_run(list(words)).exit_code == 0


def image_of(container: Container) -> str:
    """The id of the image that it runs."""
    return str(container.attrs["Image"])


def remove(client: DockerClient, stack: str, names: Iterable[str]) -> None:
    """Remove volumes that no container has any more; those that are not there are as good. Raises SophiaError."""
    from docker.errors import NotFound

    with _answering():
        for name in names:
            try:
                client.volumes.get(f"{stack}_{name}").remove()
            except NotFound:
                continue


@contextmanager
def _answering() -> Iterator[None]:
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        yield
    except (DockerException, RequestException) as error:
        words = str(getattr(error, "explanation", None) or error)
        raise SophiaError(f"the Docker engine refuses: {words}", "sophia infra status") from error


def _below(name: str) -> str:
    """A path of the archive without the folder's own name, under which the engine packs it."""
    return name.strip("/").partition("/")[2]


class _Pieces(io.RawIOBase):
    """Bytes that come in pieces, as a file that is read once."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._rest = iter(pieces), memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        size = min(len(into), len(self._rest))
        into[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
