"""The measurement of code bases: what makes it fail, and what its table shows."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "codebases.py"
GOOD: dict[str, Any] = {
    "repo": "a/b",
    "files": 3,
    "second_run_changes": 0,
    "before": [5, 0],
    "after": [5, 0],
    "rolled_back": True,
}


@pytest.fixture(scope="module")
def codebases() -> ModuleType:
    spec = importlib.util.spec_from_file_location("codebases", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["codebases"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


BAD = [{"second_run_changes": 1}, {"after": [4, 1]}, {"rolled_back": False}]


@pytest.mark.parametrize("change", BAD)
def test_one_thing_that_is_wrong_fails_a_code_base(
    codebases: ModuleType, change: dict[str, Any]
) -> None:
    assert codebases.is_good(GOOD)
    assert not codebases.is_good(GOOD | change)


def test_the_table_shows_what_a_second_run_would_change(
    codebases: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    codebases.print_table([GOOD | {"second_run_changes": 7}])
    head, _, row = capsys.readouterr().out.splitlines()
    cells = dict(zip(head.split(" | "), row.split(" | "), strict=True))
    assert cells["second run changes"] == "7"
