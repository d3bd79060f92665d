"""What every test stands on: a home of its own, no keys, and no network beyond this machine."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

_KEYS = ("SNOWFLAKE_", "PORTKEY_", "OPENROUTER_", "OPENAI_", "ANTHROPIC_", "SOPHIA_", "OLLAMA_")
_LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A test must choose its folders: the home is empty and cannot be mistaken for the real one."""
    home = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith(_KEYS):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    for name in ("STATE", "CONFIG", "CACHE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    return home


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that leaves this machine fails the test."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family != socket.AF_UNIX and not str(address[0]).startswith(_LOOPBACK):  # type: ignore[index]
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def own_service() -> Iterator[None]:
    """Every test gets a service of its own."""
    from sophia_cli.llm import reset_unified_llm_service
    from sophia_cli.llm.ledger import lifetime

    reset_unified_llm_service()
    yield
    reset_unified_llm_service()
    for left in list(lifetime._ALL):  # Python 3.13 warns of files that are forgotten open
        left.close()
