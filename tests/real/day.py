"""A day of calls of a made-up company, from one seed: written into a ledger, read as metrics minute by minute.

What Prometheus holds of it came out of the product's own ledger and its own reading of the totals; only
the clock and who answered are made up.
"""

from __future__ import annotations

import random
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from sophia_cli.llm.budgets.budget import windows_of
from sophia_cli.llm.config import Config, load_config
from sophia_cli.llm.ledger.record import Attempt, Charge, Final, Opening
from sophia_cli.llm.ledger.store import Ledger
from sophia_cli.llm.metrics import remotewrite
from sophia_cli.llm.metrics.families import HISTOGRAM, LAST_SUCCESS, Family
from sophia_cli.llm.metrics.reading import BOUNDS, Spread, read
from sophia_cli.llm.metrics.writer import labels_of

SETTINGS = """
[llm]
durability = "batch"

[routes]
default = ["portkey/gpt-5", "openrouter/qwen/qwen3-coder"]
sql_generation = ["cortex/claude-4-sonnet"]
data_analysis = ["cortex/claude-4-sonnet", "cortex/mistral-large2"]
bulk = ["openrouter/meta-llama/llama-4-scout"]

[cache.tasks]
document_summary = "1d"

[budgets.everything]
limit = 40
per = "day"

[budgets.bulk]
limit = 0.2
per = "day"
task = "bulk"
"""
ENVIRON = {
    "SNOWFLAKE_ACCOUNT": "made-up",
    "SNOWFLAKE_PAT": "none",
    "PORTKEY_API_KEY": "none",
    "OPENROUTER_API_KEY": "none",
}
MINUTE = 60
# (provider, model, route, task, how many of 100, USD for 1k tokens in, out; None where nobody knows)
_KINDS: tuple[tuple[str, str, str, str, int, float | None, float | None], ...] = (
    ("cortex", "claude-4-sonnet", "routes.sql_generation", "sql_generation", 18, 0.003, 0.015),
    ("cortex", "claude-4-sonnet", "routes.data_analysis", "data_analysis", 14, 0.003, 0.015),
    ("cortex", "mistral-large2", "routes.data_analysis", "data_analysis", 5, None, None),
    ("portkey", "gpt-5", "routes.default", "chat_conversation", 22, 0.00125, 0.01),
    ("portkey", "gpt-5", "routes.default", "document_summary", 12, 0.00125, 0.01),
    ("portkey", "gpt-5", "routes.default", "", 5, 0.00125, 0.01),
    ("openrouter", "meta-llama/llama-4-scout", "routes.bulk", "bulk", 24, 0.0001, 0.0003),
)
_SPARE = ("openrouter", "qwen/qwen3-coder")
_PACE = {"cortex": 2.4, "portkey": 1.6, "openrouter": 0.9}  # seconds, the middle


class Day:
    """The calls of so many hours, which end at `until` (seconds since 1970)."""

    def __init__(
        self, folder: Path, until: int, *, hours: int = 24, calls: int = 2400, seed: int = 8
    ) -> None:
        self.until, self.since, self._hours = until, until - hours * 3600, hours
        self._calls, self._dice, self._folder = calls, random.Random(seed), folder
        self._last: dict[str, float] = {}
        self.config: Config = _config(folder)
        self.ledger = Ledger(folder / "ledger.sqlite3", durability="batch")

    def readings(self) -> Iterator[tuple[int, Mapping[Family, Mapping[Any, Any]]]]:
        """What the metrics say at each minute, while the calls of that minute are written down."""
        waiting = sorted(self._moments())
        for now in range(self.since, self.until + 1, MINUTE):
            while waiting and waiting[0] <= now:
                self._call(waiting.pop(0))
            told = dict(read(self.ledger.read, self.config, float(now)))
            # The ledger takes that from the clock on the wall, which is not the day's.
            yield now, {**told, LAST_SUCCESS: {(name,): at for name, at in self._last.items()}}

    def _moments(self) -> Iterator[float]:
        """Most calls come while people work; the rest at night, from jobs."""
        for _ in range(self._calls):
            at_work = self._dice.random() < 0.8
            part = self._dice.triangular(0, 1, 0.6) if at_work else self._dice.random()
            yield self.since + MINUTE + part * (self._hours * 3600 - 2 * MINUTE)

    def _call(self, moment: float) -> None:
        dice = self._dice
        weights = [kind[4] for kind in _KINDS]
        provider, model, route, task, _, price_in, price_out = dice.choices(_KINDS, weights)[0]
        name = f"{int(moment * 1e6):x}"
        opening = Opening(
            name, int(moment * 1e9), "native", "chat", "shop", task, route="", via=route
        )
        self.ledger.begin(opening)
        took = dice.lognormvariate(0, 0.55) * _PACE[provider]
        part = (moment - self.since) / (self._hours * 3600)
        troubled = provider == "portkey" and 0.63 <= part < 0.71  # a while of rate limits
        tokens_in, tokens_out = int(dice.lognormvariate(7, 0.7)), int(dice.lognormvariate(5.4, 0.6))
        cost = _cost(price_in, price_out, tokens_in, tokens_out)
        first = Attempt(1, provider, model, "ok", "", 200, int(took * 1e6))
        more: dict[str, Any] = {
            "outcome": "ok", "status": 200, "provider": provider, "model": model, "attempts": (first,),
            "tokens_in": tokens_in, "tokens_out": tokens_out,
            "tokens_cached": tokens_in // 3 if dice.random() < 0.3 else None,
            "tokens_reasoning": tokens_out // 2 if model == "gpt-5" else None,
            "cost_nano": cost, "latency_us": int(took * 1e6), "bytes_sent": tokens_in * 4,
            "first_us": int(took * 2.5e5) if dice.random() < 0.5 else None,
            "bytes_received": tokens_out * 4, "billable": True,
            "kept_local": (tokens_in + tokens_out) * 4 if provider == "cortex" else 0,
        }  # fmt: skip
        if task == "document_summary":
            more["missed"] = True
        if task == "document_summary" and dice.random() < 0.35:
            more |= {
                "outcome": "cached", "attempts": (), "saved_nano": cost, "cost_nano": 0,
                "latency_us": 900, "first_us": None, "billable": False, "missed": False,
            }  # fmt: skip
        elif dice.random() < (0.5 if troubled else 0.012):
            kind, status = ("rate_limit", 429) if troubled else ("server", 503)
            failed = Attempt(1, provider, model, "error", kind, status, 200_000)
            if provider == "portkey" and dice.random() < 0.9:
                spare = Attempt(2, *_SPARE, "ok", "", 200, int(took * 1e6))
                more |= {
                    "provider": _SPARE[0], "model": _SPARE[1], "attempts": (failed, spare),
                    "cost_nano": _cost(0.0002, 0.0008, tokens_in, tokens_out),
                    "fallbacks": ((provider, _SPARE[0], kind),),
                }  # fmt: skip
            else:
                more |= {
                    "outcome": "error", "error_kind": kind, "status": status, "attempts": (failed,),
                    "tokens_in": None, "tokens_out": None, "tokens_cached": None,
                    "tokens_reasoning": None, "cost_nano": None, "first_us": None,
                    "kept_local": 0, "billable": False, "latency_us": 200_000,
                }  # fmt: skip
        elif task == "bulk" and cost:  # the dearer one is written first
            more["saved_nano"] = 2 * cost
        elif dice.random() < 0.008:
            more |= {"outcome": "cancelled", "error_kind": "cancelled", "billable": False}
        if more["outcome"] == "ok":
            who = more["provider"]
            self._last[who] = max(self._last.get(who, 0.0), moment + took)
        spent = more["cost_nano"] or 0
        day, _ = windows_of(moment)
        names = ("everything", *(("bulk",) if task == "bulk" else ()))
        charges = tuple(Charge(one, day, spent=spent) for one in names if spent)
        self.ledger.finish(Final(name, charges=charges, **more))


def _cost(price_in: float | None, price_out: float | None, sent: int, got: int) -> int | None:
    if price_in is None or price_out is None:
        return None
    return int((price_in * sent + price_out * got) * 1e6)


def _config(folder: Path) -> Config:
    (folder / "sophia.toml").write_text(SETTINGS)
    return load_config(ENVIRON, folder)


def open_metrics(
    readings: Iterable[tuple[int, Mapping[Family, Mapping[Any, Any]]]],
) -> Iterator[str]:
    """The readings as OpenMetrics, each series with its moments: what promtool makes blocks of."""
    lines: dict[Family, list[str]] = {}
    for moment, reading in readings:
        for family, series in reading.items():
            lines.setdefault(family, []).extend(_samples(family, series, moment))
    for family, samples in lines.items():
        yield f"# TYPE {family.name.removesuffix('_total')} {family.kind}\n"
        yield from samples
    yield "# EOF\n"


def _samples(family: Family, series: Mapping[Any, Any], moment: int) -> Iterator[str]:
    for values, figure in series.items():
        pairs = [f'{name}="{value}"' for name, value in zip(family.labels, values, strict=True)]
        if family.kind == HISTOGRAM:
            assert isinstance(figure, Spread)
            for bound, count in zip(BOUNDS, figure.counts, strict=True):
                bounded = ",".join([*pairs, f'le="{bound}"'])
                yield f"{family.name}_bucket{{{bounded}}} {count} {moment}\n"
            labels = ",".join(pairs)
            yield f"{family.name}_sum{{{labels}}} {figure.total} {moment}\n"
            yield f"{family.name}_count{{{labels}}} {figure.counts[-1]} {moment}\n"
        else:
            yield f"{family.name}{{{','.join(pairs)}}} {figure} {moment}\n"


def write_blocks(day: Day, folder: Path) -> Path:
    """What a Prometheus holds that scraped the day: its data in a folder of its own. Needs promtool."""
    text = folder / "day.openmetrics"
    with text.open("w", encoding="utf-8") as file:
        file.writelines(open_metrics(day.readings()))
    data = folder / "data"
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", text, data],
        check=True,
        capture_output=True,
    )
    text.unlink()
    return data


def write_to(day: Day, url: str) -> None:
    """Write the day to the Prometheus at `url` as processes write their ledger's totals, at its own times."""
    for moment, reading in day.readings():
        found = remotewrite.series(reading, labels_of(day.ledger).items())
        remotewrite.send(url, remotewrite.encode(found, moment * 1000), timeout=30)


@contextmanager
def prometheus(data: Path) -> Iterator[str]:
    """A Prometheus over such data, on a free port, until the block ends; yields its URL."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    settings = data.parent / "prometheus.yml"
    settings.write_text("storage: {tsdb: {out_of_order_time_window: 3d}}\n")
    url = f"http://127.0.0.1:{port}"
    command = [
        "prometheus", f"--config.file={settings}", f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=10y", f"--web.listen-address=127.0.0.1:{port}",
        "--web.enable-remote-write-receiver",
    ]  # fmt: skip
    with (data.parent / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        for _ in range(300):
            with suppress(httpx.HTTPError):
                if httpx.get(f"{url}/-/ready").status_code == 200:
                    break
            assert process.poll() is None, (data.parent / "prometheus.log").read_text()
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()
