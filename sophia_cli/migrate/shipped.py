"""Rule packs that come with sophia, by name."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent / "packs"


def shipped() -> dict[str, Path]:
    """The file of each pack, in the order of their names."""
    return {path.stem: path for path in sorted(_FOLDER.glob("*.toml"))}


def locate(path: Path) -> Path:
    """The file of a pack that is named by its path, or by the name of one that is shipped."""
    named = not path.suffix and not path.is_file()
    return shipped().get(path.name, path) if named else path
