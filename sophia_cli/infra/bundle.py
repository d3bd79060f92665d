"""The stack's images as one archive, for machines that reach no registry."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sophia_cli.errors import SophiaError
from sophia_cli.files import whole
from sophia_cli.infra.compose import last_line
from sophia_cli.infra.containers import missing
from sophia_cli.infra.engine import connect
from sophia_cli.infra.images import bare
from sophia_cli.infra.sizes import size
from sophia_cli.infra.stack import Stack
from sophia_cli.infra.up import fetch
from sophia_cli.process import run

_PATIENCE = 3600.0  # seconds; SonarQube's image has a gigabyte
_MEND = "sophia infra bundle FILE   where there is room"


@dataclass(frozen=True)
class Bundle:
    """An archive of images, by their names and tags; its size in bytes."""

    file: Path
    images: tuple[str, ...]
    size: int


def save_images(
    stack: Stack, file: Path, environ: Mapping[str, str], tell: Callable[[str], None]
) -> Bundle:
    """Write the images of the stack's servers into an archive that `docker load` reads too.

    Those that the engine lacks are fetched first. The archive is there whole or not at all.
    Raises SophiaError.
    """
    engine, client = connect(environ)
    with closing(client):
        images = stack.images
        fetch(stack, engine, client, lambda step: tell(f"fetching {images[step.server]}"))
        names, total = [], 0
        for one in stack.running:
            image = client.images.get(stack.images[one.name])
            named = bare(stack.images[one.name])
            # An image that is asked for by its digest is saved without a name, unless it has one.
            name, _, tag = (
                named.rpartition(":") if ":" in named.rpartition("/")[2] else (named, "", "latest")
            )
            image.tag(name, tag)
            names.append(named)
            total += int(image.attrs.get("Size", 0))
    if shutil.disk_usage(file.parent).free < total:
        raise SophiaError(f"{file.parent} has no room for {size(total)} of images", _MEND)
    tell(f"saving {len(names)} images, {size(total)}")
    with whole(file) as temporary:
        words = ["docker", "save", "--output", str(temporary), *names]
        done = run(words, env=engine.environ, timeout=_PATIENCE)
        if done.code:
            raise SophiaError(f"the images cannot be saved: {last_line(done.stderr)}", _MEND)
    return Bundle(file, tuple(names), file.stat().st_size)


def load_images(
    stack: Stack, file: Path, environ: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the archive's images to the engine; (the stack's images that are there now, those that are not).

    Raises SophiaError.
    """
    if not file.is_file() or not tarfile.is_tarfile(file):
        raise SophiaError(f"{file} is no archive of images", "sophia infra bundle FILE")
    engine, client = connect(environ)
    with closing(client):
        done = run(
            ["docker", "load", "--quiet", "--input", str(file)],
            env=engine.environ,
            timeout=_PATIENCE,
        )
        if done.code:
            raise SophiaError(
                f"the engine does not take {file}: {last_line(done.stderr)}", "docker system df"
            )
        lacking = tuple(image for _, image in missing(client, stack))
    wanted = tuple(stack.images[one.name] for one in stack.running)
    return tuple(image for image in wanted if image not in lacking), lacking
