"""Releases of one package, as its registry tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Release:
    """One version. `key` orders it among the others of its package.

    `uploaded` is None where the registry does not tell. `python` and `node` are what it runs on,
    `peers` the versions of other packages that it takes, each in the registry's own words.
    `commit` is what a tag points at. `withdrawn` says why nobody should take it.
    """

    version: str
    key: Any
    uploaded: datetime | None = None
    early: bool = False
    withdrawn: str = ""
    python: str = ""
    node: str = ""
    peers: Mapping[str, str] = field(default_factory=dict)
    commit: str = ""
