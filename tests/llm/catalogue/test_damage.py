"""An installation whose catalogue is damaged: calls are answered, unpriced, with a warning."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import sophia_cli

CALL = """
from sophia_cli.llm import Config, UnifiedLLMService
from sophia_cli.llm.catalogue import facts_of
from sophia_cli.llm.prices import price_of
from sophia_cli.llm.providers import KINDS, Provider

known = {name: Provider(name, name, KINDS[name].base_url) for name in ("simulator", "openai")}
routes = {"default": (("simulator", "small"),)}
config = Config(providers=known, routes=routes)
service = UnifiedLLMService(config)
print(service.complete_response_sync("hi").cost_usd)
print(price_of(config, "openai", "gpt-5.2"), facts_of(config, "openai", "gpt-5.2"))
service.close()
"""


def about_openai(prices: Any, facts: Any) -> str:
    vendors = {"openai": {"prices": prices, "facts": facts}}
    return json.dumps({"format": 1, "prices_source": ["x", "y"], "vendors": vendors})


DAMAGED = {
    "cut off": '{"format":1,"vendors":{"openai":',
    "vendors that are none": '{"format":1,"prices_source":["x","y"],"vendors":{"openai":[3]}}',
    "clauses that are none": about_openai([3, [{"magic": "x"}, []]], {"gpt-5.2": [1, 2]}),
    "a pattern that is none": about_openai([[{"regex": "("}, []]], {"gpt-5.2": 3}),
    "rows that are none": about_openai([["gpt-5.2", [{"input": 1, "output": 1, "from": 3}]]], {}),
    "a rate that is none": about_openai([["gpt-5.2", [{"input": "x", "output": 1}]]], {}),
    "facts that are none": about_openai([], []),
}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package that can be damaged."""
    folder = tmp_path_factory.mktemp("installation")
    here = Path(sophia_cli.__file__).parent
    shutil.copytree(here, folder / "sophia_cli", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED.keys())
def test_calls_are_answered_unpriced(installation: Path, data: str) -> None:
    (installation / "sophia_cli/llm/catalogue/models.json").write_text(data)
    done = subprocess.run(
        [sys.executable, "-c", CALL],
        capture_output=True,
        text=True,
        check=False,
        cwd=installation,
        env={**os.environ, "PYTHONPATH": str(installation)},
    )
    assert (done.returncode, done.stdout) == (0, "None\nNone None\n"), done.stderr
    assert "cannot be used" in done.stderr
