"""Patterns of files that do not match what they were written for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sophia_cli.checked import FAIL, OK, WARN, Check
from sophia_cli.hooks.config import Config
from sophia_cli.migrate.git import listed

# The end of an alternative that names a folder: `external/` in `^(external/|dist/)$`.
_FOLDER = re.compile(r"((?:\\?[\w.@-])+(?:/(?:\\?[\w.@-])+)*/)(?=[|)$\s]|$)")
_SHOWN = 3


def patterns(config: Config, root: Path) -> Iterator[Check]:
    """Each `exclude` and `files`: whether it compiles, and matches what is in the folders that it names."""
    paths = listed(root) or []
    found = list(_patterns(config))
    bad = 0
    for where, key, pattern in found:
        for check in _judged(where, key, pattern, paths):
            bad += 1
            yield check
    if found and not bad:
        yield Check("patterns", OK, f"{len(found)}, each matches what it names")


def _patterns(config: Config) -> Iterator[tuple[str, str, str]]:
    for key in ("files", "exclude"):
        if isinstance(config.data.get(key), str):
            yield "", key, str(config.data[key])
    for _, hook in config.hooks:
        for key in ("files", "exclude"):
            if isinstance(hook.get(key), str):
                yield f" of {hook['id']}", key, str(hook[key])


def _judged(where: str, key: str, pattern: str, paths: list[str]) -> Iterator[Check]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        words = f"{key}{where} is no regular expression: {error}"
        yield Check("patterns", FAIL, words, f"it is Python's kind, not a glob:  {key}: ^folder/")
        return
    dead = [folder for folder in _folders(pattern) if not _reaches(compiled, folder)]
    if dead:
        shown = ", ".join(dead[:_SHOWN]) + (" ..." if dead[_SHOWN:] else "")
        inside = sum(any(f"/{path}".find(f"/{one}") >= 0 for one in dead) for path in paths)
        files = (
            f": {inside:,} tracked file{' is' if inside == 1 else 's are'} there" if inside else ""
        )
        words = f"{key}{where} matches no file inside {shown}{files}"
        yield Check("patterns", FAIL, words, _mend(key, pattern, dead))
    elif key == "files" and paths and not any(compiled.search(path) for path in paths):
        words = f"{key}{where} matches none of {len(paths):,} files: the hook never runs"
        yield Check("patterns", WARN, words, "mend the pattern, or take the hook out")


def _folders(pattern: str) -> list[str]:
    return list(dict.fromkeys(re.sub(r"\\(.)", r"\1", one) for one in _FOLDER.findall(pattern)))


def _reaches(compiled: re.Pattern[str], folder: str) -> bool:
    """Whether it matches some file in that folder, at the top or further down."""
    names = ("a.py", "b/c.js")
    return any(compiled.search(f"{top}{folder}{name}") for top in ("", "x/") for name in names)


def _mend(key: str, pattern: str, dead: list[str]) -> str:
    """The same without the `$` that ends it before a file's name, where that is what is wrong."""
    shorter = pattern.rstrip().removesuffix("$")
    try:
        works = all(_reaches(re.compile(shorter), folder) for folder in dead)
    except re.error:
        works = False
    if works and len(shorter) < 60 and "\n" not in shorter:
        return f"{key}: {shorter}"
    return "take the $ at its end away: it stands before the file's name"
