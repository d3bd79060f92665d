"""Which image each server runs: the lock that is shipped, and what goes before it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sophia_cli.assets import asset
from sophia_cli.errors import SophiaError, UsageError
from sophia_cli.infra.servers import NAMES

OWN = "infra.lock"  # beside sophia.toml, for a project that pins its own
UNRESOLVED = "unresolved"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_IMAGE = re.compile(r"[a-z0-9][a-z0-9._:/-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?(@sha256:[0-9a-f]{64})?")


@dataclass(frozen=True)
class Image:
    """An image by name and tag; `digest` is what the tag was where it was asked for, or `unresolved`."""

    name: str
    digest: str = UNRESOLVED

    @property
    def reference(self) -> str:
        """What the engine is asked for."""
        return self.name if self.digest == UNRESOLVED else f"{self.name}@{self.digest}"


def read_lock(root: Path) -> dict[str, Image]:
    """The images by server: of the project's own lock, else of the shipped one. Raises SophiaError."""
    own = root / OWN
    path = own if own.exists() else asset("compose/images.lock")
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        images = {name: Image(table["image"], table["digest"]) for name, table in tables.items()}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise SophiaError(f"{path} is no lock of images: {error}", "sophia infra lock") from error
    for name, image in images.items():
        if name not in NAMES or not _is_image(image.name) or not _is_digest(image.digest):
            raise SophiaError(f"{path}: [{name}] is no image of this stack", "sophia infra lock")
    lacking = ", ".join(name for name in NAMES if name not in images)
    if lacking:
        raise SophiaError(f"{path} has no image of {lacking}", "sophia infra lock")
    return images


def choose(lock: Mapping[str, Image], mapped: Mapping[str, str]) -> dict[str, str]:
    """The reference of every server's image; those that are `mapped` go before the lock's.

    Raises UsageError for a server that there is not, and for what is no image.
    """
    for name, image in mapped.items():
        if name not in NAMES:
            raise UsageError(f"there is no server `{name}`", f"one of: {', '.join(NAMES)}")
        if not _is_image(image):
            raise UsageError(f"`{image}` is no image", f"such as --image {name}={lock[name].name}")
    return {name: mapped.get(name) or lock[name].reference for name in NAMES}


def bare(reference: str) -> str:
    """The reference without its digest: what an image is called that came from an archive."""
    return reference.partition("@")[0]


def repository(reference: str) -> str:
    """The reference without tag and digest: the same for every version of one image."""
    name = bare(reference)
    head, colon, tag = name.rpartition(":")
    return head if colon and "/" not in tag else name  # a registry has a port too


def through(registry: str, image: str) -> str:
    """The image as that registry has it; as it is where there is none."""
    return f"{registry}/{image}".lstrip("/")


def rerouted(image: str, like: str, before: str, now: str) -> str:
    """An image that came through the registry `before`, through that of `now`.

    Only one with the name of the lock's image that it is `like`: any other is somebody's own choice.
    """
    inside = image.removeprefix(f"{before}/") if before else image
    came = inside != image or not before
    return through(now, inside) if came and repository(inside) == repository(like) else image


def _is_image(text: object) -> bool:
    return isinstance(text, str) and bool(_IMAGE.fullmatch(text))


def _is_digest(text: object) -> bool:
    return text == UNRESOLVED or (isinstance(text, str) and bool(_DIGEST.fullmatch(text)))
