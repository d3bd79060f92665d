"""Lines that name a module or could load it: in code, configuration, pages, whatever can be read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from sophia_cli.migrate.baseline import NAME as BASELINE

# What loads modules by a name that does not stand there.
_LOADER = re.compile(
    r"""\b(?:iter_modules|walk_packages|spec_from_(?:file_location|loader)|module_from_spec)\b"""
    r"""|\b(?:runpy|run_path|run_module|SourceFileLoader|load_source|import_string|resolve_name)\b"""
    r"""|\b(?:import_module|__import__)\(\s*(?!["'][\w.]+["']\s*[,)])"""
    # the function by another name, or given to another
    r"""|\bimport_module\s+as\b|(?<!import )\b(?:import_module|__import__)\b(?![ \t]*\(|\w)"""
)


@dataclass(frozen=True)
class Reference:
    """A line that names a module, or could: how says which."""

    place: str
    how: str


def find_references(
    texts: Mapping[str, str], path: str, module: str, names: Iterable[str]
) -> Iterator[tuple[str, Reference]]:
    """Lines of other files that name a module or one of `names`, or load modules by names they make.

    `path` is its file, `module` its dotted name.
    """
    package, _, stem = module.rpartition(".")
    words = "|".join(re.escape(name) for name in (stem, *names) if name)
    named = re.compile(rf"(?<!\w)(?:{words})(?!\w)")
    made = re.compile(rf"""(?<![\w.]){re.escape(package)}\.?(?=["'{{%*])""") if package else None
    folders = {str(folder) for folder in PurePosixPath(path).parents}
    last = re.compile(rf"(?<!\w){re.escape(package.rpartition('.')[2])}(?!\w)")
    for other, text in texts.items():
        if other == path or other.endswith(BASELINE):
            continue
        for match in named.finditer(text):
            yield other, Reference(_place(other, text, match), _how(text, match))
        put_together = list(made.finditer(text)) if made else []
        for match in put_together:
            how = "a module's name may be put together here"
            yield other, Reference(_place(other, text, match), how)
        if put_together or not other.endswith((".py", ".ipynb")):
            continue
        if str(PurePosixPath(other).parent) in folders or (package and last.search(text)):
            for match in _LOADER.finditer(text):
                how = "modules may be loaded here by names that do not stand there"
                yield other, Reference(_place(other, text, match), how)


def _place(path: str, text: str, match: re.Match[str]) -> str:
    return f"{path}:{text.count(chr(10), 0, match.start()) + 1}"


def _how(text: str, match: re.Match[str]) -> str:
    """The line itself, cut where it is long."""
    start = text.rfind("\n", 0, match.start()) + 1
    line = text[start:].partition("\n")[0].strip()
    return line if len(line) <= 60 else f"{line[:57]}..."
