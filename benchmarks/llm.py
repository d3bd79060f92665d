"""What a call costs: ours beside the libraries it is compared with, in one run against one mock server.

Usage: python benchmarks/llm.py [FOLDER] [--quick]

FOLDER keeps an environment for each peer, made on demand from PyPI; without it only what this Python has
installed is measured. The mock has a core of its own, the clients share another. All are there at once and take
turns of a tenth of a second or so, many of each; a figure is the median of a client's turns, and a comparison the
median over the turns of what one took divided by what the other took in the same turn, so that a machine which is
slow for a while is slow for both. `--quick` shows that everything runs, its figures mean nothing. Prints Markdown:
the figures, then each bar and whether it was met.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from operator import sub, truediv
from pathlib import Path
from typing import Any, NamedTuple

from startup import measure

from sophia_cli.llm import Config, ConfigError, load_config

HERE = Path(__file__).parent
ROOT = HERE.parent
CORES = sorted(os.sched_getaffinity(0))
CLIENT_CORE, MOCK_CORE = CORES[0], CORES[-1]
PARTS = ("alone", "together", "streams")
# Turns, and in each: calls alone, calls by 32 workers, streams.
COUNTS, QUICK = (24, 100, 160, 20), (2, 5, 40, 3)
# Without these there is nothing to compare; any other that fails is left out and says why.
NEEDED = ("raw httpx", "ours native", "ours drop-in")
# The same library as that beside it; what the drop-in client takes is what openai itself has brought.
LIBRARIES = {
    "ours native": "httpx",
    "ours native httpx2": "httpx2",
    "ours native fast": "aiohttp",
}
PROVIDER = """
[providers.{name}]
kind = "openai"
base_url = "{url}"
[prices."{name}/gpt-4o-mini"]
input = 0.15
output = 0.6
"""
# What a later version can do: the field of Config that shows it, and how it is turned on.
OPTIONAL = (
    ("durability", "rows in batches", "[llm]", 'durability = "batch"'),
    ("budgets", "a budget", "[budgets.all]", "limit = 1000.0"),
)


class Row(NamedTuple):
    """A client and what its environment needs."""

    client: str
    needs: tuple[str, ...]


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


def rows() -> list[Row]:
    """In the order in which they take turns. Ours needs what pyproject.toml says, and nothing else."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ours = tuple(project["dependencies"])
    fast = tuple(project["optional-dependencies"].get("fast", ()))
    # One environment for those that are divided by one another.
    shared = (*ours, "openai>=3,<4")
    found = [Row(name, shared) for name in ("raw httpx", "raw httpx2", "openai")]
    found += [Row("ours native", shared), Row("ours native httpx2", shared)]
    found += [
        Row("ours drop-in", shared),
        Row("ours native fast", (*ours, *fast) if fast else ()),
        Row("raw aiohttp", ("aiohttp",)),
    ]
    return [*found, Row("litellm Router", ("litellm",)), Row("portkey_ai", ("portkey-ai",))]


def environment(folder: Path | None, row: Row) -> tuple[str, str]:
    """The Python that a client runs on, and the reason where there is none."""
    if not row.needs:
        return "", "the extra `fast` does not exist yet"
    if folder is None:
        code = f"import importlib.metadata as m, llm_clients as c; [*map(m.version, c.CLIENTS[{row.client!r}][1])]"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=HERE, capture_output=True, check=False
        )
        return sys.executable, "not installed here, and no folder for it was given" * bool(
            done.returncode
        )
    name = "-".join(need.partition(">")[0].partition("<")[0] for need in row.needs)
    place = folder / name
    python = place / "bin" / "python"
    if not (place / "ready").exists():
        print(f"making {place}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", place], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run([*pip, *row.needs], capture_output=True, text=True, check=False)
        if done.returncode:
            return "", f"cannot be installed: {done.stderr.strip().splitlines()[-1]}"
        (place / "ready").touch()
    return str(python), ""


@contextmanager
def mock() -> Iterator[str]:
    """The server's address, for as long as it is needed."""
    command = [sys.executable, HERE / "llm_mock.py", str(MOCK_CORE)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdin and process.stdout
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        process.stdin.close()


def configuration(url: str, folder: Path) -> tuple[str, list[str]]:
    """A sophia.toml with everything on that this version knows, and what that is."""
    links = '["one/gpt-4o-mini", "two/gpt-4o-mini"]'
    text = f"[routes]\ndefault = {links}\n"
    text += "".join(PROVIDER.format(name=name, url=url) for name in ("one", "two"))
    features = ["a route of two candidates", "prices", "the ledger", "metrics"]
    for field, words, table, line in OPTIONAL:
        if field in Config.__dataclass_fields__:
            longer = f"{text}{table}\n{line}\n"
            try:
                load_config({"SOPHIA_CONFIG": str(_written(folder, longer))})
            except ConfigError as error:
                print(f"left off: {words}: {error.message}", file=sys.stderr)
                continue
            text, features = longer, [*features, words]
    _written(folder, text)
    return text, features


def _written(folder: Path, text: str) -> Path:
    path = folder / "sophia.toml"
    path.write_text(text)
    return path


class Process:
    """One client's process, with an empty ledger where it is ours. `turn` raises ChildProcessError."""

    def __init__(self, client: str, python: str, url: str, configured: str) -> None:
        self.client, self.turns = client, {part: [] for part in PARTS}
        self._folder = tempfile.TemporaryDirectory(prefix="sophia-bench-")
        folder = Path(self._folder.name)
        environ = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SOPHIA_CONFIG": str(_written(folder, configured)),
            "SOPHIA_LEDGER": str(folder / "ledger.sqlite3"),
            "OPENAI_API_KEY": "key-0123456789abcdef",
            "SOPHIA_LLM_HTTP": LIBRARIES.get(client, ""),
        }
        command = [python, HERE / "llm_clients.py", client, url, CLIENT_CORE]
        self._said = (folder / "stderr").open("w+")
        self._process = subprocess.Popen(
            [*map(str, command)],
            env=environ,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
        )

    def turn(self, part: str, count: int) -> dict[str, float]:
        """What this many calls cost."""
        assert self._process.stdin
        try:
            self._process.stdin.write(f"{part} {count}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._said.seek(0)
            raise ChildProcessError(self._said.read().strip() or "it ended")
        return json.loads(line)

    def end(self) -> dict[str, Any]:
        """Its memory and versions; the process is over."""
        assert self._process.stdin
        self._process.stdin.close()
        return self._answer()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._said):
            assert pipe
            pipe.close()
        self._folder.cleanup()


def imports(python: str, rounds: int) -> dict[str, float]:
    """CPU milliseconds, user and system, of a whole Python that does nothing else; least of all rounds."""
    service = "from sophia_cli.llm import get_unified_llm_service; get_unified_llm_service()"
    codes = {
        "import httpx": "import httpx",
        "import sophia_cli.llm": "import sophia_cli.llm",
        "the service, made": service,
    }
    taken: dict[str, list[float]] = {name: [] for name in codes}
    with tempfile.TemporaryDirectory(prefix="sophia-bench-") as folder:
        changed = {
            "PYTHONPATH": str(ROOT),
            "XDG_STATE_HOME": folder,
            "SOPHIA_CONFIG": "",
            # Compiled once, as an installed package is: the first round pays for all.
            "PYTHONPYCACHEPREFIX": folder,
            "PYTHONDONTWRITEBYTECODE": "",
        }
        before = {name: os.environ.get(name) for name in changed}
        os.environ |= changed
        for _ in range(rounds):
            for name, code in codes.items():
                taken[name].append(measure([python, "-c", code])[0])
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    return {name: min(times) for name, times in taken.items()}


def paired(
    found: Mapping[str, Any],
    ours: str,
    theirs: str,
    part: str,
    figure: str,
    compare: Callable[[float, float], float],
) -> float | None:
    """The median over all turns of how two clients compare in the same turn; None where one is missing."""
    if ours not in found or theirs not in found:
        return None
    turns = zip(found[ours]["turns"][part], found[theirs]["turns"][part], strict=True)
    return statistics.median(compare(mine[figure], its[figure]) for mine, its in turns)


def bars(found: Mapping[str, Any], cold: Mapping[str, float]) -> list[Bar]:
    """The promises of this part of the project."""

    def ratio(ours: str, theirs: str, part: str, figure: str = "cpu") -> float | None:
        return paired(found, ours, theirs, part, figure, truediv)

    def later(ours: str, theirs: str) -> float | None:
        return paired(found, ours, theirs, "streams", "first", sub)

    raw, native, dropin = "raw httpx", "ours native", "ours drop-in"
    httpx = cold["import httpx"]
    return [
        Bar("native / raw httpx, CPU alone", ratio(native, raw, "alone"), 1.3),
        Bar("native / raw httpx, CPU at 32", ratio(native, raw, "together"), 1.3),
        Bar("raw httpx / native, calls/s at 32", ratio(raw, native, "together", "rate"), 1.0),
        Bar("drop-in / openai, CPU alone", ratio(dropin, "openai", "alone"), 1.3),
        Bar("drop-in / openai, CPU at 32", ratio(dropin, "openai", "together"), 1.3),
        Bar("native - raw httpx, first chunk", later(native, raw), 0.3, " ms"),
        Bar("drop-in - openai, first chunk", later(dropin, "openai"), 0.3, " ms"),
        Bar("native fast / raw httpx, CPU alone", ratio("ours native fast", raw, "alone"), 0.6),
        Bar("import sophia_cli.llm / httpx", cold["import sophia_cli.llm"] / httpx, 1.2),
        Bar("the service, made / import httpx", cold["the service, made"] / httpx, 1.2),
    ]


def show(found: Mapping[str, Any], skipped: Mapping[str, str]) -> None:
    """The figures as Markdown. CPU and times in milliseconds, memory in MB."""
    heads = ("client", "CPU", "p50", "p99", "calls/s", "CPU at 32", "p50", "p99", "calls/s")
    heads += ("first chunk p50", "21 chunks p50", "peak RSS", "CPU / raw httpx")
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for name, figures in sorted(found.items(), key=lambda item: item[1]["alone"]["cpu"]):
        version = ", ".join(f"{p} {v}" for p, v in figures["versions"].items())
        cells = [f"{name} ({version})"]
        for part in ("alone", "together"):
            times = [f"{figures[part][key]:.3f}" for key in ("cpu", "p50", "p99")]
            cells += [*times, f"{figures[part]['rate']:.0f}"]
        cells += [f"{figures['streams'][key]:.2f}" for key in ("first", "whole")]
        cells.append(f"{figures['memory']:.0f}")
        times = paired(found, name, "raw httpx", "alone", "cpu", truediv)
        cells.append("-" if times is None else f"{times:.2f}")
        print(f"| {' | '.join(cells)} |")
    for name, reason in skipped.items():
        print(f"\n{name}: skipped, {reason}")


def show_bars(wanted: list[Bar], cold: Mapping[str, float]) -> None:
    times = ", ".join(f"{name} {took:.0f} ms" for name, took in cold.items())
    print(f"\nCold, CPU of the whole process: {times}\n")
    print("| bar | found | at most | met |\n|---|---|---|---|")
    for bar in wanted:
        found = "-" if bar.found is None else f"{bar.found:.2f}{bar.unit}"
        print(f"| {bar.text} | {found} | {bar.most}{bar.unit} | {bar.met} |")


def find_pythons(folder: Path | None) -> tuple[dict[Row, str], dict[str, str]]:
    """Row -> the Python it runs on, and client -> why it cannot run."""
    pythons, skipped = {}, {}
    for row in rows():
        python, reason = environment(folder, row)
        if reason:
            skipped[row.client] = reason
        else:
            pythons[row] = python
    return pythons, skipped


def take_turns(
    pythons: dict[Row, str], url: str, configured: str, counts: tuple[int, ...]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The median figures and all turns of each client, and what those that failed said last."""
    turns, *sizes = counts
    failed: dict[str, str] = {}
    with ExitStack() as stack:
        clients = []
        for row, python in pythons.items():
            clients.append(Process(row.client, python, url, configured))
            stack.callback(clients[-1].close)
        # The first turn warms up and is not counted.
        for number in range(turns + 1):
            print(f"turn {number} of {turns}", file=sys.stderr)
            for part, count in zip(PARTS, sizes, strict=True):
                for client in clients if number % 2 else reversed(clients):
                    if client.client in failed:
                        continue
                    try:
                        taken = client.turn(part, count)
                    except ChildProcessError as error:
                        if client.client in NEEDED:
                            raise SystemExit(f"{client.client} failed:\n{error}") from None
                        failed[client.client] = str(error).splitlines()[-1]
                        continue
                    client.turns[part] += [taken] if number else []
        found = {
            client.client: {
                **{part: medians(client.turns[part]) for part in PARTS},
                "turns": client.turns,
                **client.end(),
            }
            for client in clients
            if client.client not in failed
        }
    return found, failed


def medians(turns: list[dict[str, float]]) -> dict[str, float]:
    """Each figure's median."""
    return {name: statistics.median(turn[name] for turn in turns) for name in turns[0]}


def main(folder: Path | None, quick: bool) -> None:
    counts, cold_rounds = (QUICK, 1) if quick else (COUNTS, 15)
    pythons, skipped = find_pythons(folder)
    with mock() as url, tempfile.TemporaryDirectory(prefix="sophia-bench-") as scratch:
        configured, features = configuration(url, Path(scratch))
        found, failed = take_turns(pythons, url, configured, counts)
    ours = next(python for row, python in pythons.items() if row.client == "ours native")
    cold = imports(ours, cold_rounds)
    words = f"{counts[1]} calls alone, {counts[2]} by 32 workers, {counts[3]} streams"
    print(f"Python {sys.version.split()[0]}; median of {counts[0]} turns of {words}.")
    print(f"Ours with {', '.join(features)}.\n")
    show(found, skipped | failed)
    show_bars(bars(found, cold), cold)


if __name__ == "__main__":
    plain = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    main(Path(plain[0]).resolve() if plain else None, "--quick" in sys.argv)
