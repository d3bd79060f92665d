"""One service a process: made late and once, right under threads, loops and fork, light to import."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from partners import provider

from sophia_cli.llm import (
    Ledger,
    NotConfigured,
    UnifiedLLMService,
    get_unified_llm_service,
    reset_unified_llm_service,
)

CONFIG = '[providers.simulator]\nkind = "simulator"\n[routes]\ndefault = ["simulator/small"]\n'


@pytest.fixture
def simulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory whose configuration names the simulator."""
    (tmp_path / "sophia.toml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_is_made_once_under_threads(simulator: Path) -> None:
    found: list[UnifiedLLMService] = []
    gate = threading.Barrier(32)

    def get() -> None:
        gate.wait()
        found.append(get_unified_llm_service())

    threads = [threading.Thread(target=get) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(service.engine) for service in found}) == 1


def test_it_may_be_awaited_as_older_ones_were(simulator: Path) -> None:
    async def ask() -> str:
        service = await get_unified_llm_service()
        assert isinstance(service, UnifiedLLMService)
        return await service.complete_text("hi")

    assert "simulated" in asyncio.run(ask())


def test_event_loops_one_after_the_other_and_side_by_side(simulated: Any, service: Any) -> None:
    server = simulated()
    asked = service(provider("p", f"{server.url}/v1"))

    async def many() -> list[str]:
        return await asyncio.gather(*(asked.complete_text(f"{n}") for n in range(5)))

    for _ in range(3):
        assert len(asyncio.run(many())) == 5
    threads = [threading.Thread(target=lambda: asyncio.run(many())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asked.engine.ledger.read("SELECT outcome, COUNT(*) FROM calls GROUP BY 1") == [
        ("ok", 35)
    ]


def test_reset_reads_the_configuration_anew(simulator: Path) -> None:
    assert "simulated" in get_unified_llm_service().complete_text_sync("hi")
    (simulator / "sophia.toml").unlink()
    reset_unified_llm_service()
    with pytest.raises(NotConfigured):
        get_unified_llm_service().complete_text_sync("hi")


def test_nothing_is_simulated_unless_it_is_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotConfigured) as caught:
        get_unified_llm_service().complete_text_sync("hi")
    assert caught.value.message == "no LLM provider is configured"
    answer = get_unified_llm_service().complete_response_sync("hi", on_error="return")
    assert (answer.content, answer.error) == ("", "no LLM provider is configured")


FORK = """
import os
from sophia_cli.llm import get_unified_llm_service
service = get_unified_llm_service()
assert "simulated" in service.complete_text_sync("before")
child = os.fork()
text = service.complete_text_sync("after")
assert "simulated" in text
if child == 0:
    service.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print(service.engine.ledger.read("SELECT outcome, COUNT(*) FROM calls GROUP BY 1"))
"""


def test_parent_and_child_both_call_after_a_fork(simulator: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORK], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.strip() == "[('ok', 3)]"


LIGHT = """
import sys
sys.modules["click"] = None  # where it is installed, httpx imports rich for its own command line
from sophia_cli.llm import get_unified_llm_service
get_unified_llm_service().complete_text_sync("hi")
heavy = ["typer", "rich", "docker", "requests", "pydantic", "prometheus_client", "openai", "anthropic"]
print([name for name in heavy if name in sys.modules])
"""


def test_a_call_loads_nothing_of_the_command_line(simulator: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.strip() == "[]"


def test_a_misspelt_option_is_an_error(service: Any) -> None:
    asked = service(provider("p", "http://127.0.0.1:9"))
    with pytest.raises(TypeError, match="unexpected keyword argument 'temprature'"):
        asked.complete_text_sync("hi", temprature=0.1)


def test_the_prompt_may_be_named(simulated: Any, service: Any) -> None:
    server = simulated()
    asked = service(provider("p", f"{server.url}/v1"))
    assert "simulated" in asked.complete_text_sync(prompt="hi")
    assert len(asked.embed_sync(texts="hi")) == 1


def test_what_an_embedding_cannot_be_told_is_an_error(service: Any) -> None:
    asked = service(provider("p", "http://127.0.0.1:9"))
    with pytest.raises(TypeError, match="unexpected keyword argument 'temperature'; allowed: task"):
        asked.embed_sync("hi", temperature=0.1)


HOLD = """
import signal, sys
from sophia_cli.llm import get_unified_llm_service
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    get_unified_llm_service().complete_text_sync("hi")
except KeyboardInterrupt:
    print("stopped by Ctrl-C")
"""


@pytest.mark.parametrize(
    ("number", "row"),
    [
        (signal.SIGINT, ("cancelled", "cancelled", 1)),
        (signal.SIGKILL, ("unknown", "process_gone", 0)),
    ],
)
def test_a_program_that_is_stopped_in_the_middle_of_a_call(
    simulated: Any, tmp_path: Path, number: signal.Signals, row: tuple[Any, ...]
) -> None:
    server = simulated(latency=60.0)
    (tmp_path / "sophia.toml").write_text(
        f'[llm]\nledger = "l.sqlite3"\n[providers.p]\nkind = "openai"\n'
        f'base_url = "{server.url}/v1"\n[routes]\ndefault = ["p/m"]\n'
    )
    program = subprocess.Popen([sys.executable, "-c", HOLD], cwd=tmp_path, stdout=subprocess.PIPE)
    while not server.requests and program.poll() is None:
        time.sleep(0.01)
    program.send_signal(number)
    said = program.communicate()[0]
    assert said == (b"stopped by Ctrl-C\n" if number == signal.SIGINT else b"")
    ledger = Ledger(tmp_path / "l.sqlite3")
    assert ledger.read("SELECT outcome, error_kind, attempts FROM calls") == [row]
    ledger.close()
