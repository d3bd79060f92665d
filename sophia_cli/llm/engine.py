"""The engine of one process: configuration, ledger and HTTP clients, shared by every door."""

from __future__ import annotations

import asyncio
import os
import threading
import time
import weakref
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from sophia_cli.llm import telemetry
from sophia_cli.llm.admission import Desk
from sophia_cli.llm.archive import open_archive
from sophia_cli.llm.call import Call
from sophia_cli.llm.config import AIOHTTP, Config, load_config
from sophia_cli.llm.connections import AsyncConnections, Connections
from sophia_cli.llm.drivers import AsyncBody, Body, drive, drive_async
from sophia_cli.llm.errors import LLMError
from sophia_cli.llm.ledger.store import Ledger
from sophia_cli.llm.ledger.tenant import Reporter
from sophia_cli.llm.meter import Means
from sophia_cli.llm.metrics.place import place_of
from sophia_cli.llm.outlook import QUIET, Candidate, Outlook
from sophia_cli.llm.pipeline import Answer, exchange
from sophia_cli.llm.rules.rule import LATENCY

_LATENCY_HOLDS = 30.0  # seconds until the ledger is asked again how fast candidates are
_LOOK_AGAIN = 0.02  # seconds
_OnLoop = tuple[AsyncConnections, AsyncGenerator[None, None]]


class Engine:
    """Runs calls. Safe under threads, several event loops and fork: each gets clients of its own."""

    def __init__(self, config: Config | None = None, ledger: Ledger | None = None) -> None:
        self.config = load_config() if config is None else config
        if self.config.otel:
            telemetry.check()
        self.ledger = ledger or Ledger(self.config.ledger, self.config.durability)
        self.desk = Desk(self.config, self.ledger)
        self.ledger.reporter = _reporter(self.config, self.ledger)
        self.archive = open_archive(self.config, self.ledger.path)
        self._means = Means(self.config, self.ledger, self.desk, self.archive)
        self._by_latency = any(order.sort == LATENCY for order in self.config.every_order)
        self._latency: Mapping[Candidate, float] = {}
        self._latency_until = 0.0
        self._lock = threading.Lock()
        self._connections: Connections | None = None
        self._loops: dict[asyncio.AbstractEventLoop, _OnLoop] = {}
        _ENGINES.add(self)

    def outlook(self) -> Outlook:
        """What is known at this moment of health, latency and budgets, read from the ledger: for people."""
        limits = {budget.name: budget.limit_nano for budget in self.desk.books.budgets}
        try:
            statements = self.desk.books.statements() if limits and self.ledger.exists else []
        except LLMError:  # the ledger is busy: what is not known is not held against anybody
            statements = []
        left = {
            one.account: limits[one.account.partition("/")[0]] - one.spent - one.held - one.unknown
            for one in statements
        }
        latency = self._medians() if self._by_latency else {}
        return Outlook(self.desk.breakers.resting(time.monotonic()), latency, left)

    def _at_hand(self) -> Outlook:
        """The same as far as this process knows it: cheap enough for every call."""
        now = time.monotonic()
        if self._by_latency and now > self._latency_until:
            self._latency_until = now + _LATENCY_HOLDS
            self._latency = self._medians()
        resting, left = self.desk.breakers.resting(now), self.desk.books.left(now)
        if not (resting or left or self._latency):
            return QUIET
        return Outlook(resting, self._latency, left, thorough=False)

    def _medians(self) -> Mapping[Candidate, float]:
        from sophia_cli.llm.ledger.latency import medians

        try:
            return medians(self.ledger)
        except LLMError:  # the ledger is busy: what was known is good enough
            return self._latency

    def run(self, call: Call, *, keep_events: bool = False) -> tuple[Answer, Body]:
        """Run a call on this thread. Raises NotConfigured, NoRoute or ConfigError."""
        return drive(
            exchange(call, self._means, self._at_hand(), keep_events=keep_events),
            self._of_threads(),
        )

    async def run_async(self, call: Call, *, keep_events: bool = False) -> tuple[Answer, AsyncBody]:
        """Run a call on this event loop."""
        machine = exchange(call, self._means, self._at_hand(), keep_events=keep_events)
        return await drive_async(machine, await self._of_loop())

    def close(self, wait: float = 0.0) -> None:
        """Close what this thread may close: the ledger and the connections of sync calls.

        Calls under way get so many seconds to end by themselves.
        """
        self._let_end(wait)
        with self._lock:
            if self._connections is not None:
                self._connections.close()
                self._connections = None
        self.ledger.close()
        if self.archive is not None:
            self.archive.close()

    async def aclose(self, wait: float = 0.0) -> None:
        """Close also this event loop's connections; `wait` as in `close`."""
        if wait:
            await asyncio.to_thread(self._let_end, wait)
        found = self._loops.pop(asyncio.get_running_loop(), None)
        if found is not None:
            await found[1].aclose()
        self.close()

    def _let_end(self, wait: float) -> None:
        until = time.monotonic() + wait
        while self.ledger.under_way and time.monotonic() < until:
            time.sleep(_LOOK_AGAIN)

    def leave_to_parent(self) -> None:
        """Called in the child of a fork: open connections belong to the parent."""
        self._lock = threading.Lock()
        self._connections = None
        self._loops = {}
        self.desk.leave_to_parent()

    def _of_threads(self) -> Connections:
        connections = self._connections
        if connections is None:
            from sophia_cli.llm.connections.overhttpx import HttpxConnections

            with self._lock:
                if self._connections is None:
                    self._connections = HttpxConnections(self._simulator(), self.config.http)
                connections = self._connections
        return connections

    async def _of_loop(self) -> AsyncConnections:
        loop = asyncio.get_running_loop()
        found = self._loops.get(loop)
        if found is None:
            for other in list(self._loops):  # loops of other threads come and go meanwhile
                if other.is_closed():
                    self._loops.pop(other, None)
            connections = self._open_async()
            found = self._loops[loop] = (connections, self._until_loop_ends(loop, connections))
            await anext(found[1])
        return found[0]

    def _open_async(self) -> AsyncConnections:
        if self.config.http == AIOHTTP:
            from sophia_cli.llm.connections.overaiohttp import AiohttpConnections

            return AiohttpConnections(self._simulator())
        from sophia_cli.llm.connections.overhttpx import AsyncHttpxConnections

        return AsyncHttpxConnections(self._simulator(), self.config.http)

    async def _until_loop_ends(
        self, loop: asyncio.AbstractEventLoop, connections: AsyncConnections
    ) -> AsyncGenerator[None, None]:
        """Suspended until the loop shuts its generators down, as `asyncio.run` does at its end."""
        try:
            yield
        finally:
            self._loops.pop(loop, None)
            await connections.close()

    def _simulator(self) -> Mapping[str, Any]:
        providers = self.config.providers.values()
        options = next((p.options for p in providers if p.kind == "simulator"), {})
        return {name: options[name] for name in ("seed", "faults") if name in options}


def _reporter(config: Config, ledger: Ledger) -> Reporter | None:
    url = place_of(config.write, ledger.path)
    if not url:
        return None
    from sophia_cli.llm.metrics.writer import Writer

    return Writer(ledger, config, url)


_ENGINES: weakref.WeakSet[Engine] = weakref.WeakSet()
_shared: Engine | None = None
_shared_lock = threading.Lock()


def shared_engine() -> Engine:
    """The engine of this process, made when it is first asked for."""
    global _shared
    if _shared is None:
        with _shared_lock:
            if _shared is None:
                _shared = Engine()
    return _shared


def forget_shared_engine() -> None:
    """Close it and read the configuration anew at the next call (for tests and reloads)."""
    global _shared
    with _shared_lock:
        if _shared is not None:
            _shared.close()
        _shared = None


def _leave_all() -> None:
    global _shared_lock
    _shared_lock = threading.Lock()
    for engine in list(_ENGINES):
        engine.leave_to_parent()


os.register_at_fork(after_in_child=_leave_all)
