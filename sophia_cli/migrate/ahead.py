"""Half of a large tree of which nothing is known is read by a copy of this process, beside the other half."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from sophia_cli.errors import SophiaError
from sophia_cli.migrate.index import Known
from sophia_cli.process import can_fork, cores, fork

_WORTH = 300  # files: fewer are read before a copy is made and has answered

Reading = Callable[[], Mapping[str, Known]]


@contextmanager
def read_ahead(paths: list[str], read: Callable[[str], Known | None]) -> Iterator[Reading]:
    """Begin to read some files; yields what waits for what is known of them then, nothing where it fails."""
    if len(paths) < _WORTH or cores() < 2 or not can_fork():
        yield dict
        return
    with fork(lambda: pickle.dumps(dict(_read(paths, read)))) as wait:

        def known() -> Mapping[str, Known]:
            try:
                # written by a copy of this process
                found: dict[str, Known] = pickle.loads(wait())  # nosec B301
                return found
            except (SophiaError, pickle.UnpicklingError, EOFError):
                return {}

        yield known


def _read(paths: Iterable[str], read: Callable[[str], Known | None]) -> Iterator[tuple[str, Known]]:
    for path in paths:
        known = read(path)
        if known is not None:
            yield path, known
