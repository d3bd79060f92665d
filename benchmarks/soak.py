"""Many calls, a fifth of them struck by faults: afterwards every one is in the books once, and nothing has grown.

Usage: python benchmarks/soak.py [CALLS]     Default 20,000. Prints Markdown; exits with 1 if something is wrong.

Both doors, threads and tasks at the same time, whole answers and streams, some stopped and some cancelled,
against two candidates: a simulator behind a socket in another process, and one within this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from books import imbalances
from openai import AsyncOpenAI, OpenAI, OpenAIError
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from sophia_cli.llm import (
    CallFailed,
    Config,
    get_unified_llm_service,
    openai_async_http_client,
    openai_http_client,
    register_metrics,
)
from sophia_cli.llm.simulator import Simulator
from sophia_cli.llm.simulator.server import SimulatorServer

LEGS, THREADS, TASKS = 5, 4, 16
RATIO = 0.0265  # eight kinds of fault at this rate strike a fifth of all requests
KINDS = (
    "429",
    "429:retry_after=0,",
    "500",
    "503",
    "cut",
    "error_event",
    "garbage",
    "slow:seconds=0.02,",
)
FAULTS = [f"{kind}{'' if ':' in kind else ':'}ratio={RATIO}" for kind in KINDS] + [
    "slow:seconds=5,ratio=0.0005"  # longer than anybody waits
]
# After the first leg everything that is kept is there: pools, caches, the ledger's pages.
MAY_GROW = 1.10
CONFIG = """
[llm]
attempts = 2
timeout = 0.5
longest_wait = 0.2
ledger = "ledger.sqlite3"
{durability}
[routes]
default = ["upstream/small", "simulator/small"]
embeddings = ["upstream/small-embedding", "simulator/small-embedding"]
[providers.upstream]
kind = "openai"
base_url = "{url}/v1"
[providers.simulator]
faults = {faults}
[prices."upstream/small"]
input = 1.25
output = 10.0
[prices."simulator/small"]
input = 0.15
output = 0.6
"""
MODEL = "small"
MESSAGES: Any = [{"role": "user", "content": "Tell me something that nobody has asked for yet."}]


class Health(NamedTuple):
    """What this process holds at a moment."""

    memory: float  # MB
    threads: int
    files: int


class Seen:
    """What the callers saw, by door and outcome; `asked` are the calls that began."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def add(self, door: str, what: str) -> None:
        with self._lock:
            self._counts[door, what] += 1

    def count(self, door: str, *what: str) -> int:
        return sum(self._counts[door, one] for one in what)


class Callers:
    """Every way to ask, in threads and in tasks."""

    def __init__(self, seen: Seen) -> None:
        self.service = get_unified_llm_service()
        self._seen = seen
        options: Any = {"api_key": "key", "max_retries": 1, "timeout": 0.5}
        self.client = OpenAI(http_client=openai_http_client(), **options)
        self.async_client = AsyncOpenAI(http_client=openai_async_http_client(), **options)
        # The vendor's client retries by itself: each of its requests is a call.
        self.client._client.event_hooks = {"request": [self._sent]}
        self.async_client._client.event_hooks = {"request": [self._async_sent]}

    def _sent(self, request: object) -> None:
        self._seen.add("dropin", "asked")

    async def _async_sent(self, request: object) -> None:
        self._sent(request)

    def ask(self, chance: random.Random) -> None:
        """One call on this thread."""
        door = chance.choice(("native", "dropin"))
        how = chance.choice(("whole", "whole", "stream", "stopped", "embed"))
        work = getattr(self, f"_{door}_{how}")
        if door == "native":
            self._seen.add(door, "asked")
        try:
            work()
            self._seen.add(door, "stopped" if how == "stopped" else "ok")
        except Exception as error:
            self._seen.add(door, outcome_of(error))

    def _native_whole(self) -> None:
        assert self.service.complete_text_sync(messages=MESSAGES)

    def _native_stream(self) -> None:
        assert "".join(self.service.complete_sync(messages=MESSAGES))

    def _native_stopped(self) -> None:
        with closing(self.service.stream_sync(messages=MESSAGES)) as stream:
            next(iter(stream))

    def _native_embed(self) -> None:
        assert len(self.service.embed_sync(["one", "two"])) == 2

    def _dropin_whole(self) -> None:
        check(self.client.chat.completions.create(model=MODEL, messages=MESSAGES))

    def _dropin_stream(self) -> None:
        for _ in self.client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True):
            pass

    def _dropin_stopped(self) -> None:
        with self.client.chat.completions.create(
            model=MODEL, messages=MESSAGES, stream=True
        ) as stream:
            next(iter(stream), None)

    def _dropin_embed(self) -> None:
        check(self.client.embeddings.create(model="small-embedding", input=["one", "two"]))

    async def ask_async(self, chance: random.Random) -> None:
        """One call in a task of its own, which is cancelled now and then."""
        door = chance.choice(("native", "dropin"))
        how = chance.choice(("whole", "whole", "stream", "stopped", "embed"))
        work = getattr(self, f"_{door}_{how}_async")
        task = asyncio.ensure_future(self._watched(door, how, work))
        if chance.random() < 0.1:
            await asyncio.sleep(chance.uniform(0, 0.02))
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def _watched(self, door: str, how: str, work: Callable[[], Awaitable[None]]) -> None:
        if door == "native":
            self._seen.add(door, "asked")
        try:
            await work()
            self._seen.add(door, "stopped" if how == "stopped" else "ok")
        except asyncio.CancelledError:
            self._seen.add(door, "cancelled")
            raise
        except Exception as error:
            self._seen.add(door, outcome_of(error))

    async def _native_whole_async(self) -> None:
        assert await self.service.complete_text(messages=MESSAGES)

    async def _native_stream_async(self) -> None:
        assert [piece async for piece in self.service.complete(messages=MESSAGES)]

    async def _native_stopped_async(self) -> None:
        async with aclosing(self.service.complete(messages=MESSAGES)) as stream:
            await anext(stream)

    async def _native_embed_async(self) -> None:
        assert len(await self.service.embed(["one", "two"])) == 2

    async def _dropin_whole_async(self) -> None:
        check(await self.async_client.chat.completions.create(model=MODEL, messages=MESSAGES))

    async def _dropin_stream_async(self) -> None:
        async for _ in await self.async_client.chat.completions.create(
            model=MODEL, messages=MESSAGES, stream=True
        ):
            pass

    async def _dropin_stopped_async(self) -> None:
        async with await self.async_client.chat.completions.create(
            model=MODEL, messages=MESSAGES, stream=True
        ) as stream:
            await anext(aiter(stream), None)

    async def _dropin_embed_async(self) -> None:
        check(
            await self.async_client.embeddings.create(model="small-embedding", input=["one", "two"])
        )


def check(reply: Any) -> None:
    """Raise ValueError where the vendor's client hands on what is no answer: it reads everything as one."""
    if not (getattr(reply, "choices", None) or getattr(reply, "data", None)):
        raise ValueError(f"no answer: {reply}")


def outcome_of(error: Exception) -> str:
    """How a call ended for its caller; anything but an error that was to be expected is raised again."""
    if isinstance(error, ValueError):
        return "unreadable"
    if not isinstance(error, CallFailed | OpenAIError) and not type(error).__module__.startswith(
        "httpx"
    ):
        raise error
    return "error"


@contextmanager
def upstream() -> Iterator[str]:
    """A simulator in a process of its own: its address."""
    command = [sys.executable, __file__, "--upstream"]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdin and process.stdout
        yield process.stdout.readline().strip()
        process.stdin.close()


def play_upstream() -> None:
    with SimulatorServer(Simulator(seed=1, faults=FAULTS, flavour="local")) as server:
        print(server.url, flush=True)
        sys.stdin.read()


async def run_leg(callers: Callers, numbers: Iterator[int]) -> None:
    """All workers until the numbers are used up; the threads and the tasks share them."""
    loop = asyncio.get_running_loop()

    def in_thread() -> None:
        for number in numbers:
            callers.ask(random.Random(number))

    async def in_task() -> None:
        for number in numbers:
            await callers.ask_async(random.Random(number))

    threads = [loop.run_in_executor(None, in_thread) for _ in range(THREADS)]
    await asyncio.gather(*threads, *(in_task() for _ in range(TASKS)))


def health() -> Health:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    memory = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    return Health(memory, threading.active_count(), len(list(Path("/proc/self/fd").iterdir())))


async def run(calls: int, seen: Seen) -> tuple[list[Health], str]:
    """All legs; how the process was after each, and the metrics at the end."""
    registry = CollectorRegistry()
    register_metrics(registry)
    callers, states = Callers(seen), []
    for leg in range(LEGS):
        began, done = time.perf_counter(), calls * leg // LEGS
        await run_leg(callers, iter(range(done, calls * (leg + 1) // LEGS)))
        states.append(health())
        took = time.perf_counter() - began
        memory, threads, files = states[-1]
        print(f"| {leg + 1} | {took:.0f} s | {memory:.0f} MB | {threads} | {files} |", flush=True)
    text = generate_latest(registry).decode()
    callers.client.close()
    await callers.async_client.close()
    await callers.service.aclose()
    return states, text


def wrong_with_rows(ledger: Path, seen: Seen) -> Iterator[str]:
    """Rows beside what the callers saw. A stream that is stopped may have been complete by then."""
    import sqlite3

    with closing(sqlite3.connect(ledger)) as file:
        rows = Counter(
            dict(
                ((d, o), n)
                for d, o, n in file.execute(
                    "SELECT door, outcome, COUNT(*) FROM calls GROUP BY door, outcome"
                )
            )
        )
    for door in ("native", "dropin"):
        asked, found = seen.count(door, "asked"), sum(
            n for (one, _), n in rows.items() if one == door
        )
        if asked != found:
            yield f"{door}: {asked} calls were made, {found} are in the ledger"
        # What is stopped or cancelled may have ended by itself a moment before. Of garbage the vendor's
        # client says nothing to its transport, and nothing to its caller of what it tried again.
        left, garbled = seen.count(door, "stopped", "cancelled"), seen.count(door, "unreadable")
        again = asked - seen.count(door, "ok", "error", "stopped", "cancelled", "unreadable")
        may_be_more = {"ok": left, "error": left + garbled + again, "cancelled": left + garbled}
        if found != sum(rows[door, outcome] for outcome in may_be_more):
            yield f"{door}: not every call has ended well, badly or early: {dict(rows)}"
        for outcome, more in may_be_more.items():
            least = seen.count(door, outcome) if outcome != "cancelled" else 0
            if not least <= rows[door, outcome] <= least + more:
                yield f"{door}: {rows[door, outcome]} calls are {outcome}, {least} to {least + more} were seen"
        if door == "native" and again:
            yield f"native: {again} calls came to no end that was seen"


def wrong_with_metrics(ledger: Path, text: str) -> Iterator[str]:
    """What the metrics say beside the sums of the rows."""
    import sqlite3

    said: Counter[str] = Counter()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            kind = sample.labels.get("type", sample.labels.get("outcome", ""))
            if not sample.name.endswith("_bucket"):
                said[f"{sample.name} {kind}".strip()] += sample.value
    queries = {
        f"sophia_llm_requests_total {outcome}": f"COUNT(*) FROM calls WHERE outcome='{outcome}'"
        for outcome in ("ok", "error", "cancelled")
    }
    queries |= {
        f"sophia_llm_attempts_total {outcome}": f"COUNT(*) FROM attempts WHERE outcome='{outcome}'"
        for outcome in ("ok", "error", "cancelled")
    }
    queries |= {
        "sophia_llm_tokens_total input": "SUM(tokens_in) FROM calls",
        "sophia_llm_tokens_total output": "SUM(tokens_out) FROM calls",
        "sophia_llm_cost_usd_total": "SUM(cost_nano) / 1e9 FROM calls",
        "sophia_llm_request_duration_seconds_count ok": "COUNT(*) FROM calls WHERE outcome='ok'",
        "sophia_llm_request_duration_seconds_sum ok": "SUM(latency_us) / 1e6 FROM calls WHERE outcome='ok'",
        "sophia_llm_time_to_first_chunk_seconds_count": "COUNT(first_us) FROM calls",
        "sophia_ledger_rows": "COUNT(*) FROM calls",
    }
    with closing(sqlite3.connect(ledger)) as file:
        for name, query in queries.items():
            counted = file.execute(f"SELECT {query}").fetchone()[0] or 0
            if abs(said[name] - counted) > 1e-9 * max(counted, 1):
                yield f"metrics: {name} is {said[name]}, the rows say {counted}"


def wrong_with_health(first: Health, last: Health) -> Iterator[str]:
    if last.memory > first.memory * MAY_GROW:
        yield f"memory grew from {first.memory:.0f} to {last.memory:.0f} MB"
    if last.threads > first.threads:
        yield f"threads grew from {first.threads} to {last.threads}"
    # Connections come and go with what is under way; they are bounded by the workers of both candidates.
    if last.files > first.files + THREADS + TASKS:
        yield f"open files grew from {first.files} to {last.files}"


def faults_struck(ledger: Path) -> tuple[int, int]:
    """Attempts in all, and those that failed."""
    import sqlite3

    with closing(sqlite3.connect(ledger)) as file:
        return file.execute("SELECT COUNT(*), SUM(outcome='error') FROM attempts").fetchone()


def main(calls: int) -> int:
    seen = Seen()
    with tempfile.TemporaryDirectory(prefix="sophia-soak-") as folder, upstream() as url:
        durability = 'durability = "batch"' if "durability" in Config.__dataclass_fields__ else ""
        path = Path(folder) / "sophia.toml"
        path.write_text(CONFIG.format(durability=durability, url=url, faults=FAULTS))
        os.environ |= {"SOPHIA_CONFIG": str(path), "OPENAI_API_KEY": "key"}
        print("| leg | took | memory | threads | open files |\n|---|---|---|---|---|")
        states, text = asyncio.run(run(calls, seen))
        ledger = Path(folder) / "ledger.sqlite3"
        wrong = [*imbalances(ledger), *wrong_with_rows(ledger, seen)]
        wrong += [*wrong_with_metrics(ledger, text), *wrong_with_health(states[0], states[-1])]
        sent, failed = faults_struck(ledger)
    asked = {door: seen.count(door, "asked") for door in ("native", "dropin")}
    print(
        f"\n{asked['native']} native calls, {asked['dropin']} of the drop-in client, {sent} requests;"
    )
    print(f"{failed / sent:.1%} of the requests failed.")
    print(
        "\n".join(["", "Wrong:", *wrong])
        if wrong
        else "Every call is in the books once; nothing has grown."
    )
    return bool(wrong)


if __name__ == "__main__":
    if sys.argv[1:] == ["--upstream"]:
        play_upstream()
    else:
        sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else 20_000))
