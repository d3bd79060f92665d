"""What looking at a tree costs: ours beside ast-grep and ruff, on one tree in one run.

Usage: python benchmarks/migrate.py [FOLDER] [--quick]

FOLDER keeps the peers, made on demand from PyPI, and the tree: 250,000 lines in 670 files, of which 150 name
an SDK. Without it only what is installed beside this Python is measured, on a tree that is thrown away. `cold`
has no cache and makes one, `warm` has the one that the run before it made. All take turns; a figure is the median of
a command's turns, and a comparison the median over the rounds of what one took divided by what the other took in the
same round, so that a machine which is slow for a while is slow for all. Memory is the most of any turn. `--quick` shows
that everything runs, its figures mean nothing.
Prints Markdown: the figures, then each bar and whether it was met.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from migrate_tree import SMALL, WHOLE, Size, make_tree

ROOT = Path(__file__).resolve().parents[1]
PEERS = ("ast-grep-cli==0.51.1", "ruff==0.17.6")
# The same constructors, calls and imports that ours looks for; syntax only.
RULES = {
    "openai-client": "any: [{pattern: OpenAI($$$)}, {pattern: AsyncOpenAI($$$)}, {pattern: openai.OpenAI($$$)}, {pattern: openai.AsyncOpenAI($$$)}]",
    "anthropic-client": "any: [{pattern: Anthropic($$$)}, {pattern: AsyncAnthropic($$$)}, {pattern: anthropic.Anthropic($$$)}, {pattern: anthropic.AsyncAnthropic($$$)}]",
    "chat": "pattern: $A.chat.completions.create($$$)",
    "messages": "pattern: $A.messages.create($$$)",
    "responses": "pattern: $A.responses.create($$$)",
    "embeddings": "pattern: $A.embeddings.create($$$)",
    "import": "any: [{pattern: import openai}, {pattern: import anthropic}, {pattern: from openai import $$$}, {pattern: from anthropic import $$$}]",
}
MEBIBYTE = 1024
GREP, RUFF = "ast-grep scan, 7 rules", "ruff check --select F"
COLD, WARM = "ours, cold", "ours, warm"


class Taken(NamedTuple):
    """Wall and CPU seconds of a command with all that it starts; `memory` in MiB is of its largest process."""

    wall: float
    cpu: float
    memory: float


# All turns of each command, in the order of the rounds.
Turns = dict[str, list[Taken]]


class Row(NamedTuple):
    """A command, and what is done before each of its turns."""

    name: str
    command: list[str]
    before: Callable[[], None] = lambda: None


class Bar(NamedTuple):
    """Something that was promised, and what was measured."""

    text: str
    found: float | None
    most: float
    unit: str = "x"

    @property
    def met(self) -> str:
        if self.found is None:
            return "not measured"
        return "yes" if self.found <= self.most else "**no**"


def peers(folder: Path | None) -> Path:
    """Where the programs of the peers are."""
    if folder is None:
        return Path(sys.executable).parent
    place = folder / "peers"
    if not (place / "ready").exists():
        print(f"making {place}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", place], check=True)
        pip = [place / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check"]
        subprocess.run([*pip, "--quiet", *PEERS], check=True)
        (place / "ready").touch()
    return place / "bin"


def rows(programs: Path, tree: Path, cache: Path) -> list[Row]:
    """In the order in which they take turns: warm comes after cold and has its cache."""
    rules = "\n---\n".join(
        f"id: {name}\nlanguage: Python\nseverity: warning\nmessage: found\nrule: {{{rule}}}"
        for name, rule in RULES.items()
    )

    def forget() -> None:
        shutil.rmtree(cache, ignore_errors=True)
        shutil.rmtree(tree / ".sophia", ignore_errors=True)

    found = []
    if (programs / "ast-grep").exists():
        command = [str(programs / "ast-grep"), "scan", "--inline-rules", rules, "--json=stream"]
        found.append(Row(GREP, [*command, "."]))
    command = [str(programs / "ruff"), "check", "--select", "F", "--no-cache", "--exit-zero"]
    found.append(Row(RUFF, [*command, "--quiet", "."]))
    ours = [sys.executable, "-m", "sophia_cli", "migrate", *scan_words(), "--root", str(tree)]
    return [*found, Row(COLD, ours, forget), Row(WARM, ours)]


def scan_words() -> list[str]:
    """The command that only looks; before it exists, the dry run."""
    command = [sys.executable, "-m", "sophia_cli", "migrate", "scan", "--help"]
    done = subprocess.run(command, env=environ(), capture_output=True, check=False)
    return ["scan"] if done.returncode == 0 else []


def environ(cache: Path | None = None) -> dict[str, str]:
    """Ours is the tree in which this file stands, and keeps its cache where it is told."""
    more = {}
    if cache:
        more["XDG_CACHE_HOME"] = str(cache)
        # Compiled once, as an installed package is: the first round pays for all.
        more["PYTHONPYCACHEPREFIX"] = str(cache.with_name("compiled"))
        more["PYTHONDONTWRITEBYTECODE"] = ""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def take(row: Row, tree: Path, cache: Path) -> Taken:
    """One turn. Raises SystemExit when the command fails."""
    row.before()
    with tempfile.TemporaryFile() as errors:
        streams = {"stdout": subprocess.DEVNULL, "stderr": errors}
        began = time.perf_counter()
        process = subprocess.Popen(row.command, cwd=tree, env=environ(cache), **streams)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise SystemExit(f"{row.name} failed:\n{errors.read().decode(errors='replace')}")
    return Taken(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / MEBIBYTE)


def compared(turns: Turns, mine: str, its: str, figure: str = "wall") -> float | None:
    """The median over the rounds of how two commands compare in one; None where one is missing."""
    pairs = zip(turns.get(mine, ()), turns.get(its, ()), strict=False)
    ratios = [getattr(one, figure) / getattr(other, figure) for one, other in pairs]
    return statistics.median(ratios) if ratios else None


def bars(turns: Turns) -> list[Bar]:
    """The promises of this part of the project."""
    most = max(taken.memory for name in (COLD, WARM) for taken in turns[name])
    return [
        Bar("cold / ast-grep, wall", compared(turns, COLD, GREP), 1.0),
        Bar("warm / ruff F, wall", compared(turns, WARM, RUFF), 1.5),
        Bar("peak RSS", most, 60, " MiB"),
    ]


def show(turns: Turns) -> None:
    """The figures and the bars as Markdown."""
    print("| command | wall, ms | CPU, ms | peak RSS, MiB | wall / ruff F |\n|---|---|---|---|---|")
    for name, taken in turns.items():
        wall = statistics.median(turn.wall for turn in taken) * 1000
        cpu = statistics.median(turn.cpu for turn in taken) * 1000
        memory = max(turn.memory for turn in taken)
        ratio = compared(turns, name, RUFF)
        print(f"| {name} | {wall:.0f} | {cpu:.0f} | {memory:.0f} | {ratio:.1f} |")
    print("\n| bar | found | at most | met |\n|---|---|---|---|")
    for bar in bars(turns):
        found = "-" if bar.found is None else f"{bar.found:.2f}{bar.unit}"
        print(f"| {bar.text} | {found} | {bar.most}{bar.unit} | {bar.met} |")


def sites(row: Row, tree: Path, cache: Path) -> int:
    """How many ours finds there: figures of a run that finds nothing mean nothing."""
    done = subprocess.run(
        [*row.command, "--json"], env=environ(cache), cwd=tree, capture_output=True, check=True
    )
    return len(json.loads(done.stdout)["data"]["sites"])


def measured_tree(folder: Path, size: Size) -> Path:
    """The tree, made where it is not there."""
    tree = folder / f"tree-{size.files}"
    if not (tree / ".git").exists():
        shutil.rmtree(tree, ignore_errors=True)
        tree.mkdir(parents=True)
        make_tree(tree, size)
        time.sleep(2.5)  # what has just been written is not taken for settled by any cache
    return tree


def main(folder: Path | None, quick: bool) -> None:
    size, rounds = (SMALL, 1) if quick else (WHOLE, 9)
    with tempfile.TemporaryDirectory(prefix="sophia-bench-") as scratch:
        tree = measured_tree(folder or Path(scratch), size)
        cache = Path(scratch) / "cache"
        wanted = rows(peers(folder), tree, cache)
        taken: Turns = {row.name: [] for row in wanted}
        for _ in range(rounds):
            for row in wanted:
                taken[row.name].append(take(row, tree, cache))
        files = sorted(tree.rglob("*.py"))
        lines = sum(path.read_bytes().count(b"\n") for path in files)
        print(f"Python {sys.version.split()[0]}; {lines:,} lines in {len(files)} files,", end=" ")
        print(f"{sites(wanted[-1], tree, cache)} sites; median of {rounds} rounds.\n")
    show(taken)


if __name__ == "__main__":
    plain = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    main(Path(plain[0]).resolve() if plain else None, "--quick" in sys.argv)
