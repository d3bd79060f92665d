"""What ledger and budgets cost, what they hold, and what a killed process takes with it.

Usage: python benchmarks/ledger.py [--quick] [cost] [shared] [rows] [kill]     Without a part: all of them.

cost    CPU of ledger and budget alone for each call
shared  64 processes that spend one budget: rate, latency, and whether it held
rows    a ledger with 1,000,000 calls: a report, and what a call costs beside an empty ledger
kill    kill -9 at random moments: which calls that were answered have no row, and whether the books balance
Prints Markdown. `--quick` shows that everything runs, its figures mean nothing.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import random
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from books import imbalances

from sophia_cli.llm import Ledger, UnifiedLLMService, load_config
from sophia_cli.llm.budgets.books import Books
from sophia_cli.llm.budgets.budget import Budget, facts_of
from sophia_cli.llm.budgets.purse import Refusal
from sophia_cli.llm.call import Labels, new_call_id
from sophia_cli.llm.ledger import Attempt, Final, Opening
from sophia_cli.llm.ledger.clerk import BUFFER
from sophia_cli.llm.ledger.record import made

FILE = "ledger.sqlite3"
CALL, BATCH = "call", "batch"  # durability


class Mix(NamedTuple):
    """What the calls of one process are: each combination is counted by itself."""

    words: str
    models: tuple[tuple[str, str], ...]
    services: int
    tasks: tuple[str, ...]


TASKS = ("chat_conversation", "bulk", "sql_generation", "document_summary", "embeddings")
ONE = Mix(
    "one service with 3 models and 2 tasks",
    (("portkey", "gpt-4o"), ("portkey", "claude"), ("openrouter", "llama")),
    1,
    TASKS[:2],
)
MANY = Mix(
    "7 services with 20 models and 5 tasks",
    tuple((f"provider-{p}", f"model-{m}") for p in range(4) for m in range(5)),
    7,
    TASKS,
)
DAY_NS = 86_400 * 10**9
SIMULATED = """
[routes]
default = ["simulator/small"]
[providers.simulator]
[prices."simulator/small"]
input = 1.0
output = 3.0
[budgets.all]
limit = 1000.0
"""
PROCESSES = 64
SCRAPE = 0.05  # seconds
UNCHANGED = 1.1  # what measures itself twice differs by that much
LABELS = Labels(service="bench", task="bulk", user="ada")
SERVICES = [f"service-{number}" for number in range(7)]
ROUTE = '[["portkey","gpt-4o",true,"[routes] default"]]'
COST, WORST = 4_500_000, 9_000_000  # nano-USD


def book(
    ledger: Ledger,
    name: str,
    number: int,
    started_ns: int,
    budgets: Books | None = None,
    mix: Mix = MANY,
) -> bool:
    """One call from its beginning to its end, as the engine writes it; False where no money is left."""
    provider, model = mix.models[number % len(mix.models)]
    service, task = SERVICES[number % mix.services], mix.tasks[number % len(mix.tasks)]
    opening = (
        name, started_ns, "native", "chat", service, task,
        "", "ada", "", "", "", "", False, ROUTE, "routes.default",
    )  # fmt: skip
    ledger.begin(made(Opening, opening))
    cost, charges = COST + number % 1000, ()
    if budgets is not None:
        facts = facts_of(LABELS, provider, model, "")
        holds = budgets.reserve(facts, WORST)
        if isinstance(holds, Refusal):
            ledger.finish(Final(name, "error", "budget_exceeded"))
            return False
        charges = budgets.settle(holds, cost, answered=True)
    attempt = (1, provider, model, "ok", "", 200, 812_000)
    final = (
        name, "ok", "", "", 200, provider, model, (made(Attempt, attempt),),
        1200 + number % 100, 300, 0, None, 0, cost, None, "sophia.toml",
        812_345, None, 5_000, 1_500, 0, False, "stop", True, (), charges, False,
    )  # fmt: skip
    ledger.finish(made(Final, final))
    return True


def cost_of_calls(
    ledger: Ledger, count: int, budgets: Books | None = None, mix: Mix = MANY
) -> float:
    """CPU of this process for each call, in microseconds, its writing thread included."""
    names = [new_call_id() for _ in range(count)]
    book(ledger, new_call_id(), 0, time.time_ns())
    ledger.read("SELECT 1")
    gc.collect()
    began = time.process_time()
    for number, name in enumerate(names):
        book(ledger, name, number, time.time_ns(), budgets, mix)
    ledger.read("SELECT 1")
    return (time.process_time() - began) / count * 1e6


def cost_of_rows(path: Path, count: int) -> float:
    """The same for rows as wide as a call's, put into a table in batches with nothing around it."""
    row = ("", 1, *["chat"] * 11, *[1200] * 10, "stop", "")
    rows = [(new_call_id(), *row[1:]) for _ in range(count)]
    insert = f"INSERT INTO calls VALUES({', '.join('?' * len(row))})"
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("PRAGMA journal_mode=WAL")
        file.execute("PRAGMA synchronous=NORMAL")
        names = ", ".join(f"column{number}" for number in range(1, len(row)))
        file.execute(f"CREATE TABLE calls(id TEXT PRIMARY KEY, {names})")
        began = time.process_time()
        for start in range(0, count, BUFFER):
            file.execute("BEGIN")
            file.executemany(insert, rows[start : start + BUFFER])
            file.execute("COMMIT")
        return (time.process_time() - began) / count * 1e6


def show_cost(folder: Path, quick: bool) -> None:
    """The best of many short rounds in turn: a shared machine has slow seconds and fast ones."""
    counts, rounds = ({CALL: 50, BATCH: 200}, 1) if quick else ({CALL: 1_000, BATCH: 5_000}, 25)
    budget = Budget("all", limit_nano=10**15)
    kinds = [(durability, mix) for durability in counts for mix in (ONE, MANY)]
    bare = []
    taken = {(*kind, kept): [] for kind in kinds for kept in (False, True)}
    for number in range(rounds):
        bare.append(cost_of_rows(folder / f"bare-{number}.sqlite3", counts[BATCH]))
        for place, ((durability, mix, kept), times) in enumerate(taken.items()):
            ledger = Ledger(folder / f"{place}-{number}.sqlite3", durability)
            budgets = Books(ledger, lambda: (budget,)) if kept else None
            times.append(cost_of_calls(ledger, counts[durability], budgets, mix))
            ledger.close()
    print(f"Rows alone, with nothing around them: {min(bare):.1f} us each.\n")
    print("| durability | calls of | CPU of the ledger | of ledger and budget | bar |")
    print("|---|---|---|---|---|")
    for durability, mix in kinds:
        alone, both = (min(taken[durability, mix, kept]) for kept in (False, True))
        bar = "-" if durability == CALL else f"15 us: {said(both <= 15)}"
        print(f"| `{durability}` | {mix.words} | {alone:.1f} us | {both:.1f} us | {bar} |")


class Spender(NamedTuple):
    """What one process saw: seconds each call took, calls that were refused, when it began and ended."""

    took: list[float]
    refused: int
    began: float
    ended: float


def show_shared(folder: Path, quick: bool) -> None:
    """Once with money for all, once with enough for a part of them at their worst price."""
    processes = 4 if quick else PROCESSES
    print(
        "| durability | money for | calls/s | p50 | p99 | worst | bar | spent of the limit | held | rows |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for durability in (BATCH, CALL):
        each = 20 if quick else {BATCH: 2_000, CALL: 40}[durability]
        for part, words in ((2.0, "all"), (0.25, "a quarter of them")):
            limit = int(processes * each * part) * WORST
            path = folder / f"{durability}-{part}.sqlite3"
            open_once(path)
            found = spend_together(path, durability, limit, processes, each)
            open_once(path)  # takes in what a process could not write in time and put beside it
            took = sorted(moment for one in found for moment in one.took)
            wall = max(one.ended for one in found) - min(one.began for one in found)
            p99 = took[int(len(took) * 0.99)] * 1000
            refused = sum(one.refused for one in found)
            bar = f"none refused: {said(not refused)}" if part > 1 else "-"
            if durability == BATCH:
                bar = f"5 ms: {said(p99 <= 5)}"
            times = (
                f"{statistics.median(took) * 1000:.2f} ms | {p99:.2f} ms | {took[-1] * 1000:.0f} ms"
            )
            books = balance(path, limit, refused, len(took))
            print(
                f"| `{durability}` | {words} | {len(took) / wall:,.0f} | {times} | {bar} | {books} |"
            )


def open_once(path: Path) -> None:
    ledger = Ledger(path)
    ledger.read("SELECT 1")
    ledger.close()  # a connection that is open at a fork harms the child's


def spend_together(
    path: Path, durability: str, limit: int, processes: int, each: int
) -> list[Spender]:
    """Start them all, let them go at the same moment, and wait for their ends."""
    context = multiprocessing.get_context("fork")
    gate, ends = context.Barrier(processes), context.SimpleQueue()
    arguments = (path, durability, limit, each, gate, ends)
    children = [context.Process(target=spend, args=arguments) for _ in range(processes)]
    for child in children:
        child.start()
    found = [Spender(*ends.get()) for _ in children]
    for child in children:
        child.join()
    return found


def spend(path: Path, durability: str, limit: int, each: int, gate: Any, ends: Any) -> None:
    """One process: so many calls, or fewer where the budget refuses three times in a row."""
    ledger = Ledger(path, durability)
    budgets = Books(ledger, lambda: (Budget("all", limit),))
    names = [new_call_id() for _ in range(each)]
    took, refused, in_a_row = [], 0, 0
    gate.wait()
    began = time.perf_counter()
    for number, name in enumerate(names):
        start = time.perf_counter()
        served = book(ledger, name, number, time.time_ns(), budgets)
        took.append(time.perf_counter() - start)
        refused, in_a_row = (refused, 0) if served else (refused + 1, in_a_row + 1)
        if in_a_row == 3:
            break
    ended = time.perf_counter()
    ledger.close()
    ends.put(tuple(Spender(took, refused, began, ended)))


def balance(path: Path, limit: int, refused: int, asked: int) -> str:
    """Cells: what was spent, what is held, rows beside calls; each says so where it must not be."""
    with closing(sqlite3.connect(path)) as file:
        spent, held, unknown = file.execute("SELECT spent, held, unknown FROM accounts").fetchone()
        rows, ok, cost = file.execute(
            "SELECT COUNT(*), SUM(outcome='ok'), SUM(cost_nano) FROM calls"
        ).fetchone()
    good = spent == cost and spent + held + unknown <= limit
    counted = (rows, ok) == (asked, asked - refused)
    share = f"{spent / limit:.2%}{'' if good else ' **wrong**'}"
    wrong = list(imbalances(path))
    for words in wrong:
        print(words, file=sys.stderr)
    left = f"{held + unknown}{'' if held + unknown == 0 else ' **not 0**'}"
    return (
        f"{share} | {left} | {rows:,} of {asked:,}{'' if counted and not wrong else ' **wrong**'}"
    )


def show_rows(folder: Path, quick: bool) -> None:
    """The rows are made by begin and finish, over 90 days, as a service in `batch` writes them."""
    count, calls, rounds = (2_000, 50, 1) if quick else (1_000_000, 500, 3)
    path, empty = folder / FILE, folder / "empty.sqlite3"
    began, now = time.perf_counter(), time.time_ns()
    ledger = Ledger(path, BATCH)
    for number in range(count):
        book(ledger, new_call_id(), number, now - (count - number) * 90 * DAY_NS // count)
    ledger.close()
    took, size = time.perf_counter() - began, path.stat().st_size / 1e6
    print(f"{count:,} calls, written in {took:.0f} s, {size:.0f} MB.\n")
    report = min(timed(lambda: Ledger(path).summary()) for _ in range(rounds))
    first, scrapes, length = scraped(path, rounds * 10)
    print("| what | found | bar |\n|---|---|---|")
    print(
        f"| report: file opened, every call summed up | {report * 1000:.0f} ms | 1 s: {said(report < 1)} |"
    )
    least, middle, worst = min(scrapes), statistics.median(scrapes), max(scrapes)
    figures = ", ".join(f"{one * 1000:.1f}" for one in (least, middle, worst))
    print(f"| the exporter's first scrape, {length / 1000:.0f} kB | {first * 1000:.0f} ms | - |")
    print(
        f"| {len(scrapes)} after it: least, middle, worst | {figures} ms"
        f" | middle {SCRAPE * 1000:.0f} ms: {said(middle <= SCRAPE)} |"
    )
    for durability in (CALL, BATCH):
        times = {"full": [], "empty": []}
        for _ in range(rounds * 8):  # short ones: a shared machine has slow seconds
            for name, where in (("full", path), ("empty", empty)):
                ledger = Ledger(where, durability)
                asked = calls if durability == CALL else calls * 5
                times[name].append(cost_of_calls(ledger, asked, mix=ONE))
                ledger.close()
        full, alone = min(times["full"]), min(times["empty"])
        words = f"CPU for a call in `{durability}`, {count:,} rows / empty"
        print(
            f"| {words} | {full:.1f} / {alone:.1f} us = {full / alone:.2f}x | {UNCHANGED}x: {said(full / alone <= UNCHANGED)} |"
        )


def scraped(path: Path, count: int) -> tuple[float, list[float], int]:
    """Seconds of the first scrape of a running exporter, of so many after it, and bytes of the last.

    Each opens a connection, as Prometheus may; between two a call is booked, so that none is answered as before.
    """
    import httpx

    from sophia_cli.llm.config import Config
    from sophia_cli.metrics.exporter import serve

    config = Config(ledger=path, routes={"default": MANY.models[:4]})
    with (
        serve(config, "127.0.0.1", 0) as url,
        closing(Ledger(path)) as ledger,
        httpx.Client() as client,
    ):
        first = timed(lambda: client.get(url))
        times = []
        for number in range(count):
            book(ledger, new_call_id(), number, time.time_ns())
            times.append(timed(lambda: client.get(url)))
        return first, times, len(client.get(url).content)


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
        wrong = [*imbalances(place / FILE), *unbooked(place / FILE, sum(map(len, answered)))]
        for words in wrong:
            print(words, file=sys.stderr)
        cells = [f"`{durability}`", processes, sum(map(len, answered)), sum(lost), max(lost)]
        cells += [
            f"{most}: {said(max(lost) <= most)}",
            "**do not balance**" if wrong else "balance",
        ]
        print(f"| {' | '.join(map(str, cells))} |")


def unbooked(path: Path, answered: int) -> Iterator[str]:
    """What the budget does not know of: all calls cost the same, those without a row too."""
    with closing(sqlite3.connect(path)) as file:
        account = "SELECT spent, held, unknown FROM accounts"
        spent, held, unknown = file.execute(account).fetchone()
        cost, one = file.execute("SELECT SUM(cost_nano), MAX(cost_nano) FROM calls").fetchone()
    if spent != cost:
        yield f"the budget has spent {spent}, the rows say {cost}"
    if held:
        yield f"{held} is held by nobody"
    if spent + unknown < answered * one:
        yield f"{answered} answers cost {answered * one}, the budget knows of {spent + unknown}"


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


PARTS = {"cost": show_cost, "shared": show_shared, "rows": show_rows, "kill": show_kills}


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
