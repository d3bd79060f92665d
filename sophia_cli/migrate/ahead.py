"""Part of a large tree of which nothing is known is read by a copy of this process, beside the rest."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from sophia_cli.errors import SophiaError
from sophia_cli.migrate.index import Known
from sophia_cli.process import can_fork, cores, fork

_WORTH = 300  # files: fewer are read before a copy is made and has answered
_BUSY = 80  # files that are read while this process imports the rules


def split(paths: list[str]) -> list[str]:
    """Those of the files that are better read by a copy of this process: the later half and some more."""
    return paths[max(0, len(paths) // 2 - _BUSY) :]


class Seen(NamedTuple):
    """What reading a file showed, and the words of its import statements."""

    known: Known
    imports: tuple[bytes, ...]


@contextmanager
def read_ahead(
    paths: list[str],
    read: Callable[[str], Seen | None],
    meanwhile: Callable[[], None] = lambda: None,
) -> Iterator[Callable[[], Mapping[str, Seen]]]:
    """Begin to read some files; yields what waits for what is seen in them then, nothing where it fails.

    `meanwhile` is done here once a copy of this process reads.
    """
    if len(paths) < _WORTH or cores() < 2 or not can_fork():
        yield dict
        return
    with fork(lambda: pickle.dumps(dict(_read(paths, read)))) as wait:

        def seen() -> Mapping[str, Seen]:
            try:
                # written by a copy of this process
                found: dict[str, Seen] = pickle.loads(wait())  # nosec B301
                return found
            except (SophiaError, pickle.UnpicklingError, EOFError):
                return {}

        meanwhile()
        yield seen


def _read(paths: Iterable[str], read: Callable[[str], Seen | None]) -> Iterator[tuple[str, Seen]]:
    for path in paths:
        seen = read(path)
        if seen is not None:
            yield path, seen
