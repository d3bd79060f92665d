"""A tree that looks like the working tree, but for some files that have another content in it.

The folders above those files are real, what stands beside is linked: so a tool finds the same
configuration and the same packages as in the working tree, and nothing there is touched.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sophia_cli.hooks.tools.tool import Folder


@contextmanager
def laid_out(real: Path, files: Mapping[str, bytes | None]) -> Iterator[Folder]:
    """That tree while the block runs; a file whose content is None is not there."""
    top = Path(tempfile.mkdtemp(prefix="sophia-gate-")).resolve()
    try:
        taken: dict[str, set[str]] = {"": set()}
        for path in files:
            below = path
            while below:
                below, name = os.path.split(below)
                taken.setdefault(below, set()).add(name)
        for below, names in sorted(taken.items()):
            _link(real / below, top / plain(below), names)
        shown = {plain(path): path for path in files}
        for name, path in shown.items():
            content = files[path]
            if content is not None:
                (top / name).write_bytes(content)
        yield Folder(top, real, {name: path for name, path in shown.items() if name != path})
    finally:
        shutil.rmtree(top, ignore_errors=True)


def _link(real: Path, here: Path, taken: set[str]) -> None:
    """A folder with links to all that stands in the real one, but for some names."""
    here.mkdir(exist_ok=True)
    if real.is_dir():
        for entry in real.iterdir():
            if entry.name not in taken:
                (here / entry.name).symlink_to(entry)


def plain(path: str) -> str:
    """A path that every tool can print: what is odd about it is written in hexadecimal."""
    if path.isprintable():
        return path
    return "".join(one if one.isprintable() else f"%{ord(one):x}" for one in path)
