"""A list of prices that was refreshed: kept in a file of the user's cache folder."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sophia_cli.llm.prices.rows import Rows

_LOG = logging.getLogger("sophia_cli.llm.prices")


@dataclass(frozen=True)
class PriceList:
    """The list of one endpoint on one day."""

    base_url: str = ""
    as_of: str = ""
    models: Mapping[str, Rows] = field(default_factory=dict)


_read: dict[Path, tuple[tuple[int, int], PriceList]] = {}


def read_list(path: Path) -> PriceList:
    """The list in a file, read again when the file has changed; an empty one where it cannot be used."""
    try:
        found = path.stat()
    except OSError:
        return PriceList()
    stamp = (found.st_mtime_ns, found.st_size)
    known = _read.get(path)
    if known is None or known[0] != stamp:
        known = _read[path] = (stamp, _parse_file(path))
    return known[1]


def write_list(path: Path, prices: PriceList) -> None:
    """Put a list in the place of the one before: a reader sees either. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    import tempfile

    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(prices), file)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _parse_file(path: Path) -> PriceList:
    try:
        data = json.loads(path.read_bytes())
        models = data["models"]
        if isinstance(models, dict):
            return PriceList(str(data["base_url"]), str(data["as_of"]), models)
        problem = "it holds no models"
    except (OSError, ValueError, LookupError, TypeError) as error:
        problem = str(error)
    _LOG.warning("the price list %s cannot be used: %s", path, problem)
    return PriceList()
