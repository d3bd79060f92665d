"""The digests of the stack's images, asked of their registries through the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from sophia_cli.errors import SophiaError
from sophia_cli.files import put
from sophia_cli.infra.engine import connect
from sophia_cli.infra.images import UNRESOLVED, Image

_HEAD = """\
# The images of `sophia infra`: tag, and the digest that the tag had when it was asked for.
# Made by `sophia infra lock`; commit it. `unresolved` says that nobody could be asked.
"""


@dataclass(frozen=True)
class Resolved:
    """What became of one image: `reason` says why it has no digest."""

    server: str
    image: Image
    reason: str = ""


def resolve(images: Mapping[str, Image], environ: Mapping[str, str]) -> Iterator[Resolved]:
    """Ask for each tag's digest as it is now; one that cannot be asked for stays `unresolved`.

    Raises SophiaError when no engine answers.
    """
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    _, client = connect(environ)
    with closing(client):
        for name, image in images.items():
            try:
                digest = str(client.images.get_registry_data(image.name).id)
            except (DockerException, RequestException) as error:
                reason = str(getattr(error, "explanation", None) or error)
                yield Resolved(name, replace(image, digest=UNRESOLVED), reason)
            else:
                yield Resolved(name, replace(image, digest=digest))


def write_lock(path: Path, images: Mapping[str, Image]) -> None:
    """Write the lock. Raises SophiaError."""
    tables = [
        f'\n[{name}]\nimage = "{image.name}"\ndigest = "{image.digest}"\n'
        for name, image in images.items()
    ]
    try:
        put(path, (_HEAD + "".join(tables)).encode())
    except OSError as error:
        raise SophiaError(
            f"{path} cannot be written: {error.strerror}", "free or unlock it"
        ) from error
