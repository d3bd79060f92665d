"""What is asked of a Grafana for its boards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Version:
    """One version of a board: its number, what it was saved with, who saved it and when."""

    number: int
    message: str
    by: str = ""
    at: str = ""


@dataclass(frozen=True)
class Known:
    """A board that a server has; `folder` is the uid of its folder, empty for none."""

    uid: str
    title: str
    folder: str = ""


class Server(Protocol):
    """A Grafana. Every method raises SophiaError where it does not answer or refuses."""

    url: str

    def folder(self, uid: str) -> Mapping[str, Any] | None: ...

    def create_folder(self, uid: str, title: str) -> None: ...

    def board(self, uid: str) -> Mapping[str, Any] | None: ...

    def save_board(
        self, board: Mapping[str, Any], folder: str, version: int | None, message: str
    ) -> None: ...

    def versions(self, uid: str) -> tuple[Version, ...]: ...

    def version(self, uid: str, number: int) -> Mapping[str, Any]: ...

    def restore(self, uid: str, number: int) -> None: ...

    def boards(self, tag: str = "") -> tuple[Known, ...]: ...

    def sources(self) -> tuple[Mapping[str, Any], ...]: ...
