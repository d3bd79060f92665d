"""What a commit of one Python file costs: our gate beside the bare tools, pre-commit and prek, in one run.

Usage: python benchmarks/hooks.py FOLDER [--rounds N] [--quick]

FOLDER keeps the peers, made on demand from PyPI and npm, and a repository for each of them. Each commit adds one
well-formed line to a file of 150 lines; all hooks pass. `bare` are Ruff, Black and Bandit on that file, started at once
(ESLint has nothing to do in such a commit; it is among the hooks all the same). `ours, warm` has judged the file in the
commit before, as is usual; `ours, cold` has never seen it and judges both versions. All take turns; a figure is the
median of its turns, and a ratio the median over the rounds of what one took divided by what bare took in the same round.
Prints Markdown: the figures, then each bar and whether it was met.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from sophia_cli import __version__  # noqa: E402
from sophia_cli.hooks import pins  # noqa: E402

PEERS = (*(pin.requirement for pin in pins.PYTHON), "pre-commit==4.7.0", "prek==0.5.11")
BARE = "the tools bare, in parallel"
BAR, AIM = 2.4, 1.8
IDENTITY = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
TOOLS = {
    "ruff": ["ruff", "check", "--force-exclude", "--output-format", "concise"],
    "black": ["black", "--check", "--quiet"],
    "bandit": ["bandit", "--quiet", "--severity-level", "medium", "--confidence-level", "medium"],
}
CONFIG = '[tool.black]\nline-length = 100\n[tool.ruff.lint]\nselect = ["E", "F", "I", "B", "UP"]\n'
LINES = "".join(
    f'\n\ndef part_{n}(text: str, count: int = {n}) -> str:\n    """Part {n}."""\n'
    f"    words = text.split()\n    return text * count if words else text\n"
    for n in range(24)
)
FILE = f'"""A module."""\n{LINES}'


class Row(NamedTuple):
    """One way to check a commit: what is timed, and what is done before each turn."""

    name: str
    work: Callable[[int], None]
    before: Callable[[int], None] = lambda number: None


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument(
        "--quick", action="store_true", help="one round, without npm; shows that it runs"
    )
    given = parser.parse_args()
    folder = given.folder.resolve()
    bench = Bench(folder, eslint=not given.quick)
    rows = bench.rows()
    turns = measure(rows, 1 if given.quick else given.rounds)
    show(turns)


class Bench:
    """The peers and the repositories of one folder."""

    def __init__(self, folder: Path, *, eslint: bool) -> None:
        self.folder = folder
        self.eslint = eslint
        self.programs = self._peers()
        self.environ = {
            **os.environ,
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "PRE_COMMIT_HOME": str(folder / "pre-commit"),  # another for ours: it is made anew
            "PREK_HOME": str(folder / "prek"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "PIP_FIND_LINKS": str(self._wheel()),
            "PYTHONDONTWRITEBYTECODE": "",  # compiled once, as an installed package is
        }

    @property
    def _own_home(self) -> dict[str, str]:
        return {"PRE_COMMIT_HOME": str(self.folder / "pre-commit-ours")}

    def rows(self) -> list[Row]:
        """In the order in which they take turns."""
        plain = self._repository("plain", None)
        classic = self._repository("pre-commit", self._classic())
        ours, cold = (self._repository(name, self._ours()) for name in ("ours", "cold"))
        self._do(["pre-commit", "install", "--install-hooks"], classic)
        for repository in (ours, cold):
            self._do(["pre-commit", "install", "--install-hooks"], repository, self._own_home)
        preks = {}
        for name, priority in (("prek", ""), ("prek-priority", ", priority: 0")):
            preks[name] = self._repository(name, self._classic(priority))
            self._do(["prek", "install", "--install-hooks"], preks[name])

        def forget(number: int) -> None:
            self._change(cold, number)
            shutil.rmtree(cold / ".git/sophia", ignore_errors=True)

        return [
            self._commit("git commit, no hook", plain),
            Row(
                BARE,
                lambda number: self._bare(plain),
                lambda number: self._change(plain, -number - 1),
            ),
            self._commit("pre-commit, the four as hooks", classic),
            self._commit("prek, the four as hooks", preks["prek"]),
            self._commit("prek, the same with `priority`", preks["prek-priority"]),
            self._commit("ours, warm", ours),
            Row("ours, cold", lambda number: self._git_commit(cold), forget),
        ]

    def _peers(self) -> Path:
        place = self.folder / "peers"
        if not (place / "ready").exists():
            print(f"making {place}", file=sys.stderr)
            subprocess.run([sys.executable, "-m", "venv", "--clear", place], check=True)
            pip = [place / "bin/python", "-m", "pip", "install", "--quiet"]
            subprocess.run([*pip, "--disable-pip-version-check", *PEERS], check=True)
            (place / "ready").touch()
        return place / "bin"

    def _wheel(self) -> Path:
        """Ours as a wheel of this state; an environment that holds an older one is made anew."""
        place = self.folder / "wheel"
        shutil.rmtree(place, ignore_errors=True)
        shutil.rmtree(self.folder / "pre-commit-ours", ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--no-deps", "--wheel-dir", place, ROOT], check=True)
        return place

    def _classic(self, more: str = "") -> str:
        hooks = [
            f'      - {{id: {name}, name: {name}, language: python, entry: "{" ".join(words)}", '
            f'additional_dependencies: ["{pin.requirement}"], types: [python], require_serial: true{more}}}'
            for (name, words), pin in zip(TOOLS.items(), pins.PYTHON, strict=True)
        ]
        if self.eslint:
            packages = ", ".join(f'"{pin.requirement}"' for pin in pins.NODE)
            hooks.append(
                "      - {id: eslint, name: eslint, language: node, language_version: system, entry: eslint, "
                f"additional_dependencies: [{packages}], types_or: [javascript, ts], require_serial: true{more}}}"
            )
        return "\n".join(["repos:", "  - repo: local", "    hooks:", *hooks, ""])

    def _ours(self) -> str:
        packages = [f"sophia-cli=={__version__}", *(pin.requirement for pin in pins.PYTHON)]
        listed = ", ".join(f'"{one}"' for one in packages)
        words = [f'"--node={pin.requirement}"' for pin in pins.NODE] if self.eslint else []
        return (
            "repos:\n  - repo: local\n    hooks:\n"
            f"      - {{id: sophia-gate, name: gate, language: python, entry: sophia-gate, "
            f"args: [{', '.join(words)}], additional_dependencies: [{listed}], "
            "types_or: [python, pyi, javascript, jsx, ts, tsx], require_serial: true}\n"
        )

    def _repository(self, name: str, config: str | None) -> Path:
        root = self.folder / "repositories" / name
        shutil.rmtree(root, ignore_errors=True)
        (root / "app").mkdir(parents=True)
        self._do(["git", "init", "-q"], root)
        (root / "pyproject.toml").write_text(CONFIG)
        for number in range(50):
            (root / f"app/part_{number}.py").write_text(FILE)
        if config:
            (root / ".pre-commit-config.yaml").write_text(config)
        self._do(["git", "add", "--all"], root)
        self._git_commit(root)
        return root

    def _commit(self, name: str, root: Path) -> Row:
        return Row(
            name, lambda number: self._git_commit(root), lambda number: self._change(root, number)
        )

    def _change(self, root: Path, number: int) -> None:
        file = root / "app/part_7.py"
        count = abs(number) + (1000 if number < 0 else 0)
        file.write_text(f"{FILE}\n\nCOUNT = {count}\n")
        self._do(["git", "add", "app/part_7.py"], root)

    def _git_commit(self, root: Path) -> None:
        own = self._own_home if root.name in ("ours", "cold") else {}
        self._do(["git", *IDENTITY, "commit", "-q", "-m", "change"], root, own)

    def _bare(self, root: Path) -> None:
        running = [
            subprocess.Popen(
                [str(self.programs / words[0]), *words[1:], "app/part_7.py"],
                cwd=root, env=self.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
            for words in TOOLS.values()
        ]  # fmt: skip
        if any(process.wait() for process in running):
            raise SystemExit("a bare tool failed")

    def _do(self, command: list[str], root: Path, more: Mapping[str, str] | None = None) -> None:
        environ = {**self.environ, **(more or {})}
        done = subprocess.run(
            command, cwd=root, env=environ, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def measure(rows: list[Row], rounds: int) -> dict[str, list[float]]:
    """Seconds of each row, in the order of the rounds; the first round, which warms all, is not kept."""
    turns: dict[str, list[float]] = {row.name: [] for row in rows}
    for number in range(rounds + 1):
        for row in rows:
            row.before(number)
            began = time.perf_counter()
            row.work(number)
            if number:
                turns[row.name].append(time.perf_counter() - began)
    return turns


def ratio(turns: dict[str, list[float]], name: str) -> float:
    return statistics.median(a / b for a, b in zip(turns[name], turns[BARE], strict=True))


def show(turns: dict[str, list[float]]) -> None:
    """The figures and the bars as Markdown."""
    print("| commit of one Python file | median, s | fastest, s | / bare |\n|---|---|---|---|")
    for name, taken in turns.items():
        cells = f"{statistics.median(taken):.2f} | {min(taken):.2f} | {ratio(turns, name):.1f}"
        print(f"| {name} | {cells} |")
    found = ratio(turns, "ours, warm")
    print("\n| bar | found | at most | met |\n|---|---|---|---|")
    for name, most in (("ours, warm / bare: bar", BAR), ("ours, warm / bare: aim", AIM)):
        print(f"| {name} | {found:.2f} | {most} | {'yes' if found <= most else '**no**'} |")


if __name__ == "__main__":
    main()
