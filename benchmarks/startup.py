"""Start-up beside bare Python and httpx, in one run.

Usage: python benchmarks/startup.py [ROUNDS]     Rounds are interleaved; CPU time of the whole process counts.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import time
from pathlib import Path

PYTHON = sys.executable
SOPHIA = str(Path(PYTHON).with_name("sophia"))
COMMANDS = {
    "python -c pass": [PYTHON, "-c", "pass"],
    "sophia --version": [SOPHIA, "--version"],
    "python -m sophia_cli --version": [PYTHON, "-m", "sophia_cli", "--version"],
    "import httpx": [PYTHON, "-c", "import httpx"],
    "import sophia_cli.llm": [PYTHON, "-c", "import sophia_cli.llm"],
    "import the whole service": [
        PYTHON,
        "-c",
        "from sophia_cli.llm import get_unified_llm_service",
    ],
    "sophia (front door)": [SOPHIA],
    "sophia llm --help": [SOPHIA, "llm", "--help"],
}
BASE = "python -c pass"


def measure(command: list[str]) -> tuple[float, float]:
    """CPU and wall time of one run, in milliseconds."""
    began = time.perf_counter()
    child = os.posix_spawn(
        command[0],
        command,
        os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, usage = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return (usage.ru_utime + usage.ru_stime) * 1000, (time.perf_counter() - began) * 1000


def main(rounds: int) -> None:
    commands = {
        name: [shutil.which(words[0]) or words[0], *words[1:]] for name, words in COMMANDS.items()
    }
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(measure(command))
    cpu = {name: statistics.median(run[0] for run in taken) for name, taken in runs.items()}
    wall = {name: min(run[1] for run in taken) for name, taken in runs.items()}
    print(f"{rounds} interleaved rounds, Python {sys.version.split()[0]}\n")
    print(f"{'':34}{'CPU median':>12}{'x bare':>8}{'wall min':>11}{'x bare':>8}")
    for name in commands:
        print(
            f"{name:34}{cpu[name]:>9.1f} ms{cpu[name] / cpu[BASE]:>8.2f}"
            f"{wall[name]:>8.1f} ms{wall[name] / wall[BASE]:>8.2f}"
        )
    print(
        f"\nimport the whole service / import httpx: {cpu['import the whole service'] / cpu['import httpx']:.2f} (CPU)"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
