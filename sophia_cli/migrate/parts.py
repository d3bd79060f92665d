"""Which part of a code base a file belongs to, by its path: what a rollout and a report go by."""

from __future__ import annotations

from pathlib import PurePosixPath

from sophia_cli.migrate.site import Category

OTHER = "other"
# A part, and what its folders are called, alone or with another word before (`sales_agents`).
_NAMES = {
    "agent": ("agent", "assistant", "bot", "crew"),
    "workflow": ("workflow", "flow", "dag", "pipeline", "orchestration", "orchestrator", "job"),
    "integration": ("integration", "connector", "adapter", "webhook", "mcp", "plugin"),
    "api": ("api", "route", "router", "endpoint", "handler", "controller", "view"),
    "script": ("script", "bin"),
    "example": ("example", "sample", "demo", "tutorial", "cookbook"),
    "service": ("service",),
}
_PARTS = {
    spelling: part
    for part, names in _NAMES.items()
    for name in names
    for spelling in (name, f"{name}s")
}
_CATEGORIES = tuple(str(category) for category in Category if category is not Category.SOURCE)
PARTS = (*_NAMES, *dict.fromkeys(("notebook", *_CATEGORIES)), OTHER)


def part_of(path: str, category: Category) -> str:
    """The part of a file.

    What is no source is a part of its own: test, documentation, ... Of source, a notebook is one;
    else the folder nearest to the file that has the name of a part decides, then the last word of
    the file's name, as in `sales_agent.py`; where neither says, the part is `other`.
    """
    if category is not Category.SOURCE:
        return str(category)
    place = PurePosixPath(path)
    if place.suffix.lower() == ".ipynb":
        return "notebook"
    for name in (*reversed(place.parts[:-1]), place.stem):
        if part := _PARTS.get(_last_word(name)):
            return part
    return OTHER


def part_named(word: str) -> str | None:
    """The part that a person means by `agent` or `agents`; None where there is none."""
    word = word.lower()
    found = word if word in PARTS else word.removesuffix("s")
    return found if found in PARTS else None


def _last_word(name: str) -> str:
    return name.lower().replace("-", "_").rpartition("_")[2]
