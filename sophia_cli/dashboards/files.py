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


def read_json(path: Path, name: str = "") -> Any:
    """What a file holds, which a person calls `name`. Raises SophiaError where it cannot be read, or is no JSON."""
    name = name or str(path)
    try:
        if path.stat().st_size > _LARGEST:
            raise SophiaError(f"{name} is no dashboard: it is larger than {_LARGEST >> 20} MB")
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SophiaError(f"{name} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        yaml = path.suffix in (".yaml", ".yml")
        mend = "a provider's file names a folder: give that" if yaml else ""
        raise SophiaError(f"{name} is no dashboard: it is no JSON ({error})", mend) from error


def named(paths: Iterable[Path], root: Path) -> dict[str, Path]:
    """The files that are meant by what a person calls them: those named, and all JSON files of folders.

    Paths are from `root` on. Raises SophiaError.
    """
    found: list[Path] = []
    for path in (root / path for path in paths):
        if path.is_dir():
            inside = sorted(one for one in path.rglob("*.json") if one.is_file())
            if not inside:
                raise SophiaError(f"there is no .json file in {_shown(path, root)}")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise SophiaError(f"there is no file or folder {_shown(path, root)}")
    return {_shown(path, root): path for path in found}


def _shown(path: Path, root: Path) -> str:
    return str(path.relative_to(root) if path.is_relative_to(root) else path)
