"""By which way a ledger's totals go out now, and what `sophia infra` tells processes of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from sophia_cli.files import put
from sophia_cli.llm.config import Config, load_config
from sophia_cli.llm.errors import LLMError
from sophia_cli.llm.ledger.store import Ledger
from sophia_cli.llm.metrics import ways
from sophia_cli.llm.metrics.exposition import text_of
from sophia_cli.llm.metrics.place import AUTO, note_of, place_of
from sophia_cli.llm.metrics.reading import read
from sophia_cli.llm.metrics.remotewrite import PATH
from sophia_cli.llm.metrics.writer import Writer

NOBODY = ""


@dataclass(frozen=True)
class State:
    """`way` is `write`, `scrape` or empty, `place` where the totals go. `problem` is why they do not."""

    ledger: str
    way: str
    place: str
    last_write: float | None = None
    process: int | None = None
    problem: str = ""


@dataclass(frozen=True)
class Told:
    """A project's ledger, and the `place` that its totals are written to, empty for nowhere.

    `problem` is why they do not arrive, in words.
    """

    ledger: str
    place: str
    problem: str = ""

    def is_at(self, url: str) -> bool:
        """Whether that place is the server of this URL."""
        return bool(self.place) and self.place.removesuffix(PATH) == url.removesuffix(PATH)


def state_of(config: Config) -> State:
    """Which way is in use. Raises LLMError where the ledger is in use or cannot be read."""
    path = config.ledger
    place = place_of(config.write, path)
    way = ways.WRITE if place else NOBODY
    if path is None or not path.exists():
        return State(str(path or "in memory"), way, place)
    ledger = Ledger(path)
    try:
        now_ns = time.time_ns()
        exporter, written = ledger.patiently(
            lambda opened: (
                ways.exporter(opened, now_ns, ledger.source),
                ways.find(opened, ways.WRITE),
            )
        )
    finally:
        ledger.close()
    if exporter is not None:
        return State(str(path), ways.SCRAPE, exporter.place, None, exporter.pid)
    last = written.at_ns / 1e9 if written and written.place == place else None
    resting = bool(written and written.place == place and written.until_ns)
    problem = f"{place} did not take the last write" if resting else ""
    return State(str(path), way, place, last, None, problem)


def told(environ: Mapping[str, str], root: Path) -> Told:
    """Where the totals of this project's ledger are written now. Raises ConfigError."""
    config = load_config(environ, root)
    return Told(str(config.ledger or ""), place_of(config.write, config.ledger))


def announce(environ: Mapping[str, str], root: Path, prometheus: str) -> Told:
    """Tell processes that begin from now on where to write the totals of this project's ledger.

    Settings that name a place themselves go before it. The totals are written at once, so that
    series begin before they grow. Raises ConfigError, OSError.
    """
    config = load_config(environ, root)
    if config.ledger is None:
        return Told("", "")
    if config.write == AUTO:
        config.ledger.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        put(note_of(config.ledger), f"{prometheus}\n".encode(), 0o600)
    found = told(environ, root)
    if not found.is_at(prometheus):
        return found
    ledger = Ledger(config.ledger)
    try:
        return replace(found, problem=Writer(ledger, config, found.place).write())
    finally:
        ledger.close()


def withdraw(environ: Mapping[str, str], root: Path, prometheus: str) -> None:
    """Nobody listens there any more. A note that names another place stays. Raises ConfigError, OSError."""
    config = load_config(environ, root)
    if config.ledger is None or place_of(AUTO, config.ledger) != prometheus:
        return
    with suppress(FileNotFoundError):
        note_of(config.ledger).unlink()


def written_out(config: Config) -> str:
    """The metrics as a scrape would show them. Raises LLMError where the ledger is in use."""
    ledger = Ledger(config.ledger if config.ledger and config.ledger.exists() else None)
    try:
        reading = read(ledger.read, config, time.time())
        if ledger.problem:
            raise LLMError(ledger.problem, f"look at it:  ls -l {config.ledger}")
        return text_of(reading)
    finally:
        ledger.close()
