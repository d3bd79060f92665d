"""Boards of files, out of their wrappers and with today's panels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sophia_cli.dashboards.convert import convert
from sophia_cli.dashboards.files import named, read_boards, read_json, shipped
from sophia_cli.dashboards.unwrap import unwrap
from sophia_cli.errors import SophiaError


@dataclass(frozen=True)
class Loaded:
    """A board, the file that it is from, and what was changed in it, in words.

    `word` is what means it on a command line.
    """

    name: str
    board: dict[str, Any]
    word: str
    said: tuple[str, ...] = ()

    @property
    def uid(self) -> str:
        return str(self.board["uid"])


def load(words: Iterable[str], root: Path) -> tuple[Loaded, ...]:
    """The boards that are meant: those of files and folders, or of the uids of shipped ones; else all that ship.

    Raises SophiaError, also where two of them have one uid.
    """
    own = {str(board["uid"]): (name, board) for name, board in read_boards(shipped()).items()}
    given = tuple(words) or tuple(own)
    found: list[Loaded] = []
    for word in given:
        if word in own and not (root / word).exists():
            found.append(Loaded(own[word][0], dict(own[word][1]), word))
            continue
        for name, path in named([Path(word)], root).items():
            for board in unwrap(read_json(path, name), name):
                made, said = convert(board)
                found.append(Loaded(name, made, name, said))
    _check_apart(found)
    return tuple(found)


def _check_apart(found: list[Loaded]) -> None:
    seen: dict[str, str] = {}
    for one in found:
        if one.uid in seen:
            words = f"{seen[one.uid]} and {one.name} hold boards of one uid, `{one.uid}`"
            raise SophiaError(words, "give one of them another")
        seen[one.uid] = one.name
