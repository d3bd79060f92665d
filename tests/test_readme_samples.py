"""The README's Python runs as it stands there, one sample after the other, against the simulator."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from sophia_cli.llm import LLMResponse, get_unified_llm_service
from sophia_cli.llm.simulator.server import serve

README = Path(__file__).parents[1] / "README.md"
SAMPLES = re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
CONFIG = '[providers.simulator]\n[routes]\ndefault = ["simulator/small"]\n'


def test_the_samples_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sophia.toml").write_text(CONFIG)
    (tmp_path / "invoice.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "key-0123456789")
    monkeypatch.setenv("OPENROUTER_API_KEY", "key-0123456789")
    names: dict[str, Any] = {}

    async def run() -> None:
        for sample in SAMPLES:
            text = sample.replace("[...]", '[{"role": "user", "content": "Hello"}]')
            code = compile(text, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            found = eval(code, names)  # nosec B307: the project's own README
            if inspect.iscoroutine(found):
                await found

    with serve() as server:
        monkeypatch.setenv("OPENROUTER_BASE_URL", f"{server.url}/api/v1")
        asyncio.run(run())
        assert [request.path for request in server.requests] == ["/api/v1/chat/completions"]
    assert len(SAMPLES) >= 5
    assert capsys.readouterr().out.startswith("This is a simulated answer")
    assert isinstance(names["response"], LLMResponse)
    assert isinstance(names["response"].parsed, names["Invoice"])
    calls = get_unified_llm_service().engine.ledger.read("SELECT door, outcome FROM calls")
    assert len(calls) >= 7 and {outcome for _, outcome in calls} == {"ok"}
    assert {door for door, _ in calls} == {"native", "dropin"}
