"""What the metrics look like to Prometheus' own tool."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from sophia_cli.llm.config import Config
from sophia_cli.llm.ledger.store import Ledger
from sophia_cli.llm.metrics.collector import LedgerCollector
from sophia_cli.llm.metrics.exposition import text_of
from sophia_cli.llm.metrics.reading import read
from sophia_cli.llm.providers import KINDS, Provider
from sophia_cli.llm.service import UnifiedLLMService

PROMTOOL = shutil.which("promtool")


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
def test_promtool_finds_nothing_to_say(tmp_path: Path) -> None:
    simulator = Provider("simulator", "simulator", KINDS["simulator"].base_url)
    config = Config(
        providers={"simulator": simulator}, routes={"default": (("simulator", "small"),)}
    )
    ledger = Ledger(tmp_path / "ledger.sqlite3")
    service = UnifiedLLMService(config, ledger)
    service.complete_text_sync("hello", task_type="bulk")
    list(service.complete_sync("hello"))
    registry = CollectorRegistry()
    registry.register(LedgerCollector(ledger, config))
    scraped = text_of(read(ledger.read, config, time.time())).encode()
    texts = (generate_latest(registry), scraped)
    service.close()
    for text in texts:
        done = subprocess.run(
            [str(PROMTOOL), "check", "metrics"], input=text, capture_output=True, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
