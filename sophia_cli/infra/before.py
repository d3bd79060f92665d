"""What a stack was before a restore: on the disk until the restore has proved itself, so that a kill loses nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sophia_cli.errors import SophiaError
from sophia_cli.files import put, sync_folder
from sophia_cli.infra import stack as stacks
from sophia_cli.infra.stack import RESTORING, Stack
from sophia_cli.infra.vault import FOLDER, Vault
from sophia_cli.infra.volumes import VOLUMES, Volume

_SWAPPING = "swapping"


@dataclass(frozen=True)
class Before:
    """What puts a stack back. `archive` is the backup that takes its place; `stack` is None where there was none."""

    folder: Path
    archive: Path
    stack: Stack | None
    ran: bool

    @property
    def vault(self) -> Vault:
        """Its secrets."""
        return Vault(self.folder / FOLDER)

    def file(self, volume: Volume) -> Path:
        """Where the files of a volume are kept, once they are."""
        return self.folder / f"{volume.name}.tar"

    @property
    def kept(self) -> tuple[Volume, ...]:
        """The volumes whose files are kept."""
        return tuple(one for one in VOLUMES if self.file(one).exists())

    @property
    def swapping(self) -> bool:
        """Whether its database may have been put aside."""
        return (self.folder / _SWAPPING).exists()

    def begin_swapping(self) -> None:
        """From now on it may. Raises OSError."""
        put(self.folder / _SWAPPING, b"")


def keep(
    home: Path, archive: Path, stack: Stack | None, secrets: Mapping[str, str], *, ran: bool
) -> Before:
    """Write down what a stack is now. Raises SophiaError where there is no room for it."""
    path = home / RESTORING
    before = Before(path.parent, archive, stack, ran)
    try:
        shutil.rmtree(before.folder, ignore_errors=True)
        before.folder.mkdir(mode=0o700)
        for name, value in secrets.items():
            before.vault.keep(name, value)
        if stack:
            stacks.save(replace(stack, home=before.folder))
        # The last of all: without it there is nothing to go back to, and nothing was changed yet.
        put(path, json.dumps({"archive": str(archive), "ran": ran}).encode())
        sync_folder(home)
    except OSError as error:
        words = f"{before.folder} cannot be written: {error.strerror or error}"
        raise SophiaError(words, "free some space") from error
    return before


def find(home: Path) -> Before | None:
    """What the stack was when its restore was cut off; None where none was. Raises SophiaError."""
    path = home / RESTORING
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        stack = stacks.load_from(path.parent)
        kept = replace(stack, home=home) if stack else None
        return Before(path.parent, Path(found["archive"]), kept, bool(found["ran"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SophiaError(f"{path} is damaged: {error}", "look at it") from error


def forget(before: Before) -> None:
    """The stack is whole again. Raises OSError."""
    (before.folder / Path(RESTORING).name).unlink(missing_ok=True)
    sync_folder(before.folder)
    shutil.rmtree(before.folder, ignore_errors=True)
