"""A backup as one file: a tar whose last member, `SHA256SUMS`, lists the checksums of the others.

`tar -x` and `sha256sum --check SHA256SUMS` read it too, should this program not be there.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from sophia_cli.errors import SophiaError
from sophia_cli.files import whole
from sophia_cli.infra.counts import Counts

VERSION = 1
ABOUT, SUMS = "backup.json", "SHA256SUMS"
_PIECE = 1 << 20


@dataclass(frozen=True)
class About:
    """What a backup is of: the stack's settings, and by server the image and version that ran.

    `counts` is what SonarQube held; None where the stack has none.
    """

    stack: str
    made: str
    sophia: str
    settings: Mapping[str, Any]
    versions: Mapping[str, Mapping[str, str]]
    counts: Counts | None = None


@dataclass(frozen=True)
class Archive:
    """A backup that was read to its end and is as it was written; sizes of its `parts` in bytes."""

    path: Path
    about: About
    parts: Mapping[str, int] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[IO[bytes]]:
        """One part, to be read."""
        with tarfile.open(self.path, "r:") as tar:
            file = tar.extractfile(name)
            assert file is not None
            with file:
                yield file

    @contextmanager
    def unpacked(self, name: str, folder: Path) -> Iterator[IO[bytes]]:
        """One part as a file of its own, for a program that reads a file. Raises SophiaError on a full disk."""
        with TemporaryFile(dir=folder) as file:
            try:
                with self.part(name) as packed:
                    shutil.copyfileobj(packed, file, _PIECE)
                file.seek(0)
            except OSError as error:
                raise _not_written(folder, error) from error
            yield file


class Writer:
    """What an archive is written with."""

    def __init__(self, tar: tarfile.TarFile, folder: Path) -> None:
        self._tar, self._folder = tar, folder
        self.sums: dict[str, str] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[IO[bytes]]:
        """A file to write a part into, which goes into the archive when the block ends."""
        with TemporaryFile(dir=self._folder) as file:
            yield file
            file.seek(0)
            self.sums[name] = _sum(file)
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            self._tar.addfile(_member(name, size), file)

    def put(self, name: str, data: bytes) -> None:
        """A part that is there already."""
        self.sums[name] = hashlib.sha256(data).hexdigest()
        self._tar.addfile(_member(name, len(data)), io.BytesIO(data))

    def about(self, about: About) -> None:
        self.put(ABOUT, json.dumps({"version": VERSION, **asdict(about)}, indent=2).encode())

    def end(self) -> None:
        lines = [f"{total}  {name}\n" for name, total in self.sums.items()]
        self.put(SUMS, "".join(lines).encode())


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """Write an archive that only this user reads: all of it, on the disk when the block ends, or nothing.

    Raises SophiaError where it cannot be written.
    """
    try:
        with whole(path, 0o600) as temporary, tarfile.open(temporary, "w") as tar:
            writer = Writer(tar, path.parent)
            yield writer
            writer.end()
    except OSError as error:
        raise _not_written(path, error) from error


def read(path: Path) -> Archive:
    """Read an archive to its end and hold every part against its checksum. Raises SophiaError."""
    damaged = SophiaError(f"{path} is damaged, or no backup", "take another one")
    try:
        with tarfile.open(path, "r:") as tar:
            found, sizes = {}, {}
            for member in tar:
                file = tar.extractfile(member)
                if file is None or member.name in found:
                    raise damaged
                with file:
                    data = file.read() if member.name in (ABOUT, SUMS) else b""
                    file.seek(0)
                    found[member.name] = _sum(file)
                sizes[member.name] = member.size
                if member.name == ABOUT:
                    about = data
                if member.name == SUMS:
                    sums = data
        del found[SUMS]
        listed = [line.split("  ", 1) for line in sums.decode().splitlines()]
        if {name: total for total, name in listed} != found:
            raise damaged
        del sizes[SUMS], sizes[ABOUT]
        return Archive(path, _about(json.loads(about), path), sizes)
    except FileNotFoundError as error:
        raise SophiaError(f"there is no file {path}", "name the backup") from error
    except (
        OSError,
        tarfile.TarError,
        ValueError,
        LookupError,
        TypeError,
        UnboundLocalError,
    ) as error:
        raise damaged from error


def _sum(file: IO[bytes]) -> str:
    total = hashlib.sha256()
    while piece := file.read(_PIECE):
        total.update(piece)
    return total.hexdigest()


def _about(found: dict[str, Any], path: Path) -> About:
    if found.pop("version") != VERSION:
        raise SophiaError(f"{path} is of another version of sophia", "update sophia")
    counts = found.pop("counts")
    return About(**found, counts=Counts(**counts) if counts else None)


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(time.time())
    return member


def _not_written(path: Path, error: OSError) -> SophiaError:
    return SophiaError(
        f"{path} cannot be written: {error.strerror or error}",
        "free some space, or name a file on another disk",
    )
