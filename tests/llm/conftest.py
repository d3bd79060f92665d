"""Servers and services that close themselves at the end of a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from partners import ScriptedServer, open_service

from sophia_cli.llm import UnifiedLLMService
from sophia_cli.llm.simulator import Simulator
from sophia_cli.llm.simulator.server import SimulatorServer


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def scripted(closing: ExitStack) -> Callable[..., ScriptedServer]:
    """Start a server that gives these raw replies."""

    def start(*replies: bytes) -> ScriptedServer:
        server = ScriptedServer(*replies)
        closing.callback(server.close)
        return server

    return start


@pytest.fixture
def simulated(closing: ExitStack) -> Callable[..., SimulatorServer]:
    """Start a simulator behind a socket."""

    def start(**options: Any) -> SimulatorServer:
        return closing.enter_context(SimulatorServer(Simulator(**options)))

    return start


@pytest.fixture
def service(closing: ExitStack, tmp_path: Path) -> Callable[..., UnifiedLLMService]:
    """Open a service over some providers."""

    def start(*providers: Any, **settings: Any) -> UnifiedLLMService:
        opened = open_service(tmp_path, *providers, **settings)
        closing.callback(opened.close)
        return opened

    return start
