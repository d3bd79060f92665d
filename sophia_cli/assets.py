"""Files that ship beside the code: templates, compose, dashboards."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def asset(name: str) -> Path:
    """The path of a shipped file or folder, such as `templates/sophia.toml`.

    A wheel holds them in `sophia_cli/_assets`; a checkout (also an editable install) at its top level.
    Raises FileNotFoundError when the installation lacks it.
    """
    packaged = _PACKAGE / "_assets"
    path = (packaged if packaged.is_dir() else _PACKAGE.parent) / name
    if not path.exists():
        raise FileNotFoundError(f"{name} is missing from this installation of sophia")
    return path
