"""Runs the fixtures of a rule pack: what its rules make of a file, compared whole.

Beside `name.toml` stands the folder `name`, with a folder for each case: `before.py`, `after.py` (what --class review
writes; none where nothing may change), `safe.py` (what a plain --apply writes, where that is to be seen) and
`report.txt` (`line class reason`, one site a line). Files under `tree`, of the case or of all cases, stand around it.
"""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sophia_cli.errors import SophiaError
from sophia_cli.migrate.change import Choice
from sophia_cli.migrate.inventory import Options
from sophia_cli.migrate.packfile import load_packs
from sophia_cli.migrate.pipeline import migrate
from sophia_cli.migrate.report import Report
from sophia_cli.migrate.shipped import locate

_FILE = "before.py"


@dataclass(frozen=True)
class Outcome:
    """One case, and the lines that differ from what it expects: a diff, or words."""

    case: str
    differences: tuple[str, ...] = ()


def run_fixtures(pack: Path) -> list[Outcome]:
    """Run every case of a pack, in the order of their names. Raises SophiaError where it has none."""
    path = locate(pack)
    load_packs([path])
    folder = path.with_suffix("")
    cases = sorted(p.parent for p in folder.glob(f"*/{_FILE}"))
    if not cases:
        words = f"{path} has no fixtures"
        raise SophiaError(words, f"make {folder / 'first' / _FILE} and after.py beside it")
    return [Outcome(case.name, tuple(_differences(path, case))) for case in cases]


def _differences(pack: Path, case: Path) -> Iterator[str]:
    """What is not as the case says."""
    with TemporaryDirectory(prefix="sophia-pack-") as name:
        root = Path(name)
        for around in (case.parent / "tree", case / "tree"):
            if around.is_dir():
                shutil.copytree(around, root, dirs_exist_ok=True)
        before = (case / _FILE).read_bytes()
        (root / _FILE).write_bytes(before)
        kept = _run(pack, root, review=False)
        if (case / "report.txt").is_file():
            yield from _diff(case / "report.txt", _listed(kept))
        if (case / "safe.py").is_file():
            yield from _diff(case / "safe.py", (root / _FILE).read_bytes())
        _run(pack, root, review=True)
        after = (root / _FILE).read_bytes()
        wanted = case / ("after.py" if (case / "after.py").is_file() else _FILE)
        yield from _diff(wanted, after)
        if _run(pack, root, review=True).changed:
            yield "a second run changes the result again\n"


def _run(pack: Path, root: Path, review: bool) -> Report:
    return migrate(Options(root, True, Choice(review=review), load_packs([pack])))


def _listed(report: Report) -> bytes:
    """The sites of the file, each on a line."""
    sites = [site for site in report.sites if site.path == _FILE]
    lines = (f"{site.line} {site.verdict} {site.reason.code}\n" for site in sites)
    return "".join(lines).encode()


def _diff(wanted: Path, found: bytes) -> Iterator[str]:
    old = wanted.read_text(encoding="utf-8").splitlines(keepends=True)
    new = found.decode("utf-8", "replace").splitlines(keepends=True)
    yield from difflib.unified_diff(old, new, f"expected {wanted.name}", "found")
