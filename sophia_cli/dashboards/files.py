"""Files that hold boards."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sophia_cli.assets import asset
from sophia_cli.errors import SophiaError

FOLDER = "dashboards"  # of the boards that ship
_LARGEST = 16 * 1024 * 1024  # bytes; Grafana's own limit for one is below


def shipped() -> Path:
    """The folder of the boards that ship. Raises SophiaError where the installation lacks it."""
    try:
        return asset(FOLDER)
    except FileNotFoundError as error:
        raise SophiaError(str(error), 'pip install --force-reinstall "sophia-cli[cli]"') from error


def read_boards(folder: Path) -> dict[str, Mapping[str, Any]]:
    """The boards of a folder. Raises SophiaError for a file that holds none."""
    found: dict[str, Mapping[str, Any]] = {}
    for path in sorted(folder.glob("*.json")):
        board = read_json(path)
        if not (isinstance(board, dict) and board.get("title") and board.get("uid")):
            words = f"{path} is no dashboard: it has no title or no uid"
            raise SophiaError(words, "it has a title and a uid, without a wrapper")
        found[path.name] = board
    return found


def read_json(path: Path) -> Any:
    """What a file holds. Raises SophiaError where it cannot be read, or is no JSON."""
    try:
        if path.stat().st_size > _LARGEST:
            raise SophiaError(f"{path} is no dashboard: it is larger than {_LARGEST >> 20} MB")
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SophiaError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        yaml = path.suffix in (".yaml", ".yml")
        mend = "a provider's file names a folder: give that" if yaml else ""
        raise SophiaError(f"{path} is no dashboard: it is no JSON ({error})", mend) from error


def named(paths: Iterable[Path]) -> tuple[Path, ...]:
    """The files that are meant: those named, and the JSON files of folders. Raises SophiaError."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(one for one in path.rglob("*.json") if one.is_file())
            if not inside:
                raise SophiaError(f"there is no .json file in {path}")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise SophiaError(f"there is no file or folder {path}")
    return tuple(dict.fromkeys(found))
