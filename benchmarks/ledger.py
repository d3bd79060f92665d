"""What the ledger costs, what it holds, and what a killed process takes with it.

Usage: python benchmarks/ledger.py [--quick] [cost] [rows] [kill]     Without a part: all of them.

cost  CPU of the ledger alone for each call
rows  a ledger with 1,000,000 calls: a report, and what a call costs beside an empty ledger
kill  kill -9 at random moments: which calls that were answered have no row, and whether the books balance
Prints Markdown. `--quick` shows that everything runs, its figures mean nothing.
"""

from __future__ import annotations

import gc
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from books import imbalances

from sophia_cli.llm import Ledger, UnifiedLLMService, load_config
from sophia_cli.llm.call import new_call_id
from sophia_cli.llm.ledger import Attempt, Final, Opening
from sophia_cli.llm.ledger.clerk import BUFFER
from sophia_cli.llm.ledger.store import BATCH, CALL

FILE = "ledger.sqlite3"
MODELS = [(f"provider-{p}", f"model-{m}") for p in range(4) for m in range(5)]
TASKS = ("chat_conversation", "bulk", "sql_generation", "document_summary", "embeddings")
DAY_NS = 86_400 * 10**9
SIMULATED = """
[routes]
default = ["simulator/small"]
[providers.simulator]
[prices."simulator/small"]
input = 1.0
output = 3.0
"""


def book(ledger: Ledger, name: str, number: int, started_ns: int) -> None:
    """One call from its beginning to its end, as the engine writes it."""
    provider, model = MODELS[number % len(MODELS)]
    opening = Opening(
        id=name,
        started_ns=started_ns,
        door="native",
        operation="chat",
        service=f"service-{number % 7}",
        task=TASKS[number % len(TASKS)],
        user="ada",
        route=f'[["{provider}","{model}",true,"[routes] default"]]',
    )
    ledger.begin(opening)
    final = Final(
        id=name,
        outcome="ok",
        status=200,
        provider=provider,
        model=model,
        attempts=(Attempt(1, provider, model, "ok", "", 200, 812_000),),
        tokens_in=1200 + number % 100,
        tokens_out=300,
        tokens_cached=0,
        tokens_reasoning=0,
        cost_nano=4_500_000 + number,
        cost_source="sophia.toml",
        latency_us=812_345,
        bytes_sent=5_000,
        bytes_received=1_500,
        finish_reason="stop",
        billable=True,
    )
    ledger.finish(final)


def cost_of_calls(ledger: Ledger, count: int) -> float:
    """CPU of this process for each call, in microseconds, its writing thread included."""
    names = [new_call_id() for _ in range(count)]
    book(ledger, new_call_id(), 0, time.time_ns())
    ledger.read("SELECT 1")
    gc.collect()
    began = time.process_time()
    for number, name in enumerate(names):
        book(ledger, name, number, time.time_ns())
    ledger.read("SELECT 1")
    return (time.process_time() - began) / count * 1e6


def show_cost(folder: Path, quick: bool) -> None:
    counts, rounds = ({CALL: 50, BATCH: 200}, 1) if quick else ({CALL: 5_000, BATCH: 50_000}, 3)
    print("| durability | CPU for each call | bar |\n|---|---|---|")
    for durability, count in counts.items():
        found = []
        for number in range(rounds):
            ledger = Ledger(folder / f"{durability}-{number}.sqlite3", durability)
            found.append(cost_of_calls(ledger, count))
            ledger.close()
        bar = "-" if durability == CALL else f"15 us: {said(min(found) <= 15)}"
        print(f"| `{durability}` | {min(found):.1f} us | {bar} |")


def show_rows(folder: Path, quick: bool) -> None:
    """The rows are made by begin and finish, over 90 days, as a service in `batch` writes them."""
    count, calls, rounds = (2_000, 50, 1) if quick else (1_000_000, 2_000, 3)
    path, empty = folder / FILE, folder / "empty.sqlite3"
    began, now = time.perf_counter(), time.time_ns()
    ledger = Ledger(path, BATCH)
    for number in range(count):
        book(ledger, new_call_id(), number, now - (count - number) * 90 * DAY_NS // count)
    ledger.close()
    took, size = time.perf_counter() - began, path.stat().st_size / 1e6
    print(f"{count:,} calls, written in {took:.0f} s, {size:.0f} MB.\n")
    report = min(timed(lambda: Ledger(path).summary()) for _ in range(rounds))
    scrape = min(timed(lambda: _scrape(path)) for _ in range(rounds))
    print("| what | found | bar |\n|---|---|---|")
    print(
        f"| report: file opened, every call summed up | {report * 1000:.0f} ms | 1 s: {said(report < 1)} |"
    )
    print(f"| metrics, one scrape | {scrape * 1000:.0f} ms | - |")
    for durability in (CALL, BATCH):
        times = {"full": [], "empty": []}
        for _ in range(rounds):
            for name, where in (("full", path), ("empty", empty)):
                ledger = Ledger(where, durability)
                times[name].append(
                    cost_of_calls(ledger, calls if durability == CALL else calls * 10)
                )
                ledger.close()
        full, alone = min(times["full"]), min(times["empty"])
        words = f"CPU for a call in `{durability}`, {count:,} rows / empty"
        print(f"| {words} | {full:.1f} / {alone:.1f} us = {full / alone:.2f}x | - |")


def _scrape(path: Path) -> None:
    from prometheus_client import CollectorRegistry, generate_latest

    from sophia_cli.llm.config import Config
    from sophia_cli.llm.metrics import LedgerCollector

    registry = CollectorRegistry()
    registry.register(LedgerCollector(Ledger(path), Config()))
    generate_latest(registry)


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def show_kills(folder: Path, quick: bool) -> None:
    """All write to one ledger, ten at a time; each is killed at a random moment after its first answer."""
    processes = 4 if quick else 50
    chance = random.Random(20)
    print(
        "| durability | killed | answered | without a row, in all | worst process | bar | books |"
    )
    print("|---|---|---|---|---|---|---|")
    for durability in (CALL, BATCH):
        place = folder / durability
        place.mkdir()
        (place / "sophia.toml").write_text(SIMULATED)
        for first in range(0, processes, 10):
            kill_some(place, durability, range(first, min(first + 10, processes)), chance)
        ledger = Ledger(place / FILE)  # books those that are gone
        written = {row[0] for row in ledger.read("SELECT id FROM calls WHERE outcome='ok'")}
        ledger.close()
        answered = [set(log.read_text().split()) for log in sorted(place.glob("*.log"))]
        lost = [len(names - written) for names in answered]
        most = 0 if durability == CALL else BUFFER
        wrong = list(imbalances(place / FILE))
        for words in wrong:
            print(words, file=sys.stderr)
        cells = [f"`{durability}`", processes, sum(map(len, answered)), sum(lost), max(lost)]
        cells += [
            f"{most}: {said(max(lost) <= most)}",
            "**do not balance**" if wrong else "balance",
        ]
        print(f"| {' | '.join(map(str, cells))} |")


def kill_some(place: Path, durability: str, numbers: range, chance: random.Random) -> None:
    children = []
    for number in numbers:
        log = place / f"{number}.log"
        log.touch()
        command = [sys.executable, __file__, "--child", place, durability, log]
        children.append((log, subprocess.Popen([*map(str, command)])))
    for log, child in children:
        while not log.stat().st_size:
            if child.poll() is not None:
                raise SystemExit(f"process {child.pid} ended before its first answer")
            time.sleep(0.01)
    chance.shuffle(children)
    for _, child in children:
        time.sleep(chance.uniform(0, 0.3))
        child.send_signal(signal.SIGKILL)
        child.wait()


def ask_for_ever(place: Path, durability: str, log: Path) -> None:
    """What is killed: calls through the service, each one's name written down when it is answered."""
    config = load_config({"SOPHIA_CONFIG": str(place / "sophia.toml")})
    service = UnifiedLLMService(config, Ledger(place / FILE, durability))
    answered = os.open(log, os.O_WRONLY | os.O_APPEND)
    while True:
        response = service.complete_response_sync("hello")
        os.write(answered, f"{response.call_id}\n".encode())


def said(met: bool) -> str:
    return "met" if met else "**not met**"


PARTS = {"cost": show_cost, "rows": show_rows, "kill": show_kills}


def parts(words: list[str]) -> Iterator[str]:
    for word in words:
        if word not in PARTS:
            raise SystemExit(f"there is no part '{word}'; there are {', '.join(PARTS)}")
        yield word


def main(words: list[str], quick: bool) -> None:
    for name in [*parts(words)] or [*PARTS]:
        print(f"\n### {name}\n")
        with tempfile.TemporaryDirectory(prefix="sophia-bench-") as folder:
            PARTS[name](Path(folder), quick)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        ask_for_ever(Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
    main([word for word in sys.argv[1:] if word != "--quick"], "--quick" in sys.argv)
