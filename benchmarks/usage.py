"""What reading a large ledger costs: the report, a replay, advice, one call.

Usage: python benchmarks/usage.py [--quick] [FOLDER]     FOLDER keeps the ledger of 1,000,000 calls.

Each is a process of its own; its CPU is that of the process alone, whatever else the machine does.
Prints Markdown. `--quick` shows that everything runs, its figures mean nothing.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sophia_cli.llm.call import new_call_id
from sophia_cli.llm.ledger import Attempt, Final, Ledger, Opening

FILE = "usage.sqlite3"
CORTEX, GPT, MINI = ("cortex", "claude-4-sonnet"), ("portkey", "gpt-5"), ("portkey", "gpt-5-mini")
LLAMA = ("openrouter", "meta-llama/llama-4-scout")
CHAINS = {
    "sql_generation": (CORTEX, GPT),
    "document_summary": (GPT, LLAMA),
    "bulk": (LLAMA, GPT),
    "chat_conversation": (MINI, CORTEX),
}
PRICES = "".join(
    f'[prices."{"/".join(place)}"]\ninput = {cost}\noutput = {4 * cost}\n'
    for cost, place in enumerate((LLAMA, MINI, GPT, CORTEX), 1)
)
DAYS = 29


def rules(chains: dict[str, tuple[tuple[str, str], ...]]) -> str:
    """A `sophia.toml` with these routes."""
    links = {
        task: json.dumps(["/".join(place) for place in chain]) for task, chain in chains.items()
    }
    return "[routes]\n" + "".join(f"{task} = {chain}\n" for task, chain in links.items()) + PRICES


def fill(path: Path, count: int) -> None:
    """Calls of a month with whole routing decisions, one in fifty answered by the second choice."""
    ledger = Ledger(path, "batch")
    chance = random.Random(1)  # nosec B311: times of calls
    now, tasks = time.time_ns(), list(CHAINS)
    for number in range(count):
        task, name = tasks[number % 4], new_call_id()
        chain, size = CHAINS[task], 200 + number % 1800
        place = chain[number % 50 == 0]
        candidates = [[*one, True, f"[routes] {task}"] for one in chain]
        route = {
            "task": [task, "given", ""],
            "asked": "",
            "estimate": {"tokens_in": size, "worst_in": 4 * size, "worst_out": 16_384},
            "candidates": [*candidates, ["openai", "gpt-5", False, "OPENAI_API_KEY is not set"]],
        }
        moment = now - (count - number) * DAYS * 86_400 * 10**9 // count
        labels = (f"service-{number % 7}", task, "", "ada", "", f"team-{number % 3}")
        ledger.begin(Opening(name, moment, "native", "chat", *labels, route=json.dumps(route)))
        took = int(chance.lognormvariate(13.5, 0.6))
        failed = [Attempt(1, *chain[0], "error", "rate_limit", 429, 5000)] * (place != chain[0])
        made = Attempt(len(failed) + 1, *place, "ok", "", 200, took)
        ledger.finish(
            Final(
                name, "ok", "", "", 200, *place, (*failed, made), size, 300, 0, None, 0,
                4_500_000 + number % 1000, None, "sophia.toml", took, None, 5_000, 1_500,
                6_500 if place == CORTEX else 0, False, "stop", True,
            )  # fmt: skip
        )
    ledger.close()


def measure(folder: Path, *words: str) -> tuple[float, float, float]:
    """Seconds of CPU and of the clock, and MB, of one command with its start and its end."""
    ledger = str(folder / FILE)
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "sophia_cli", "usage", *words],
        cwd=folder,
        env={**os.environ, "SOPHIA_LEDGER": ledger, "HOME": str(folder)},
        stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"sophia usage {' '.join(words)} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime, took, used.ru_maxrss / 1024


def main() -> None:
    words = sys.argv[1:]
    quick = "--quick" in words
    named = [word for word in words if not word.startswith("--")]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(named[0] if named else temporary)
        count = 2_000 if quick else 1_000_000
        if not (folder / FILE).exists():
            fill(folder / FILE, count)
        (folder / "sophia.toml").write_text(rules(CHAINS))
        turned = {task: chain[::-1] for task, chain in CHAINS.items()}
        (folder / "new.toml").write_text(rules(turned))
        ledger = Ledger(folder / FILE)
        calls = ledger.read("SELECT SUM(calls) FROM totals")[0][0]
        last = ledger.read("SELECT id FROM calls ORDER BY started_ns DESC LIMIT 1")[0][0]
        ledger.close()
        print(f"{calls:,} calls, {(folder / FILE).stat().st_size / 1e6:.0f} MB.\n")
        print("| command | CPU | time | peak RSS |\n|---|---|---|---|")
        for command in (
            [],
            ["--since", "1d"],
            ["--by", "route"],
            ["show", last],
            ["replay", "--rules", "new.toml"],
            ["advise"],
        ):
            cpu, took, memory = measure(folder, *command)
            shown = " ".join(["sophia usage", *command]).replace(last, "ID")
            print(f"| `{shown}` | {cpu:.1f} s | {took:.1f} s | {memory:.0f} MB |", flush=True)


if __name__ == "__main__":
    main()
