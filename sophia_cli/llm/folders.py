"""Our folders in those of the user, wherever the working directory is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_DEFAULTS = {"STATE": ".local/state", "CONFIG": ".config", "CACHE": ".cache"}


def own_folder(environ: Mapping[str, str], kind: str) -> Path | None:
    """Ours in XDG's `STATE`, `CONFIG` or `CACHE` folder; None for a user without a home.

    A path that is not absolute is not followed (XDG base directories): it would be another in
    every folder.
    """
    base = Path(environ.get(f"XDG_{kind}_HOME", "").strip())
    if not base.is_absolute():
        home = _home(environ.get("HOME", "").strip())
        if home is None:
            return None
        base = home / _DEFAULTS[kind]
    return base / "sophia"


def _home(named: str) -> Path | None:
    if Path(named).is_absolute():
        return Path(named)
    with suppress(ImportError, KeyError):  # no such database, or nobody of that number in it
        import pwd

        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    return None
