"""Files of a project written together: all of them, or none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from sophia_cli import lock
from sophia_cli.errors import SophiaError
from sophia_cli.files import put
from sophia_cli.hooks.clone import Clone
from sophia_cli.hooks.record import Written


@contextmanager
def alone(clone: Clone) -> Iterator[None]:
    """Nobody else installs or uninstalls hooks in this repository. Raises SophiaError."""
    busy = SophiaError("the hooks are being changed by another command here", "wait for it")
    with lock.locked(clone.common / "sophia-hooks.lock", busy):
        yield


@contextmanager
def written(root: Path, files: Sequence[Written]) -> Iterator[None]:
    """Write the files; when that or the block fails, also by Ctrl-C, they are as they were.

    Raises SophiaError where one cannot be written, or is not what it was when the change was made.
    """
    done: list[Written] = []
    try:
        for one in files:
            if read(root / one.path) != one.before:
                words = f"{one.path} was changed while this command ran"
                raise SophiaError(words, "run it again")
            done.append(one)
            _put(root / one.path, one.after, one.mode)
        yield
    except OSError as error:
        _put_back(root, done)
        raise unwritable(error) from error
    except BaseException:
        _put_back(root, done)
        raise


def _put_back(root: Path, files: Sequence[Written]) -> None:
    for one in reversed(files):
        with suppress(OSError):  # what cannot be written was not written before either
            if read(root / one.path) != one.before:
                _put(root / one.path, one.before, one.mode)


def _put(path: Path, data: bytes | None, mode: int) -> None:
    if data is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # A link stays one: what it leads to is written.
    put(path.resolve(), data, mode)


def read(path: Path) -> bytes | None:
    """The bytes of a file; None where there is none. Raises SophiaError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SophiaError(f"{path} cannot be read: {error.strerror}", f"ls -l {path}") from error


def unwritable(error: OSError) -> SophiaError:
    """What to say when a disk is full or a place may not be written to."""
    name = str(error.filename or "a file")
    return SophiaError(
        f"{name} cannot be written: {error.strerror}; nothing was changed",
        "free some space, or unlock it",
    )
