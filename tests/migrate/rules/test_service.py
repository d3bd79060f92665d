"""Calls of the service itself count as done: what is moved stays in the totals."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from brains import LIBRARY, PACK
from trees import plant

from sophia_cli.migrate.inventory import Options, take_inventory
from sophia_cli.migrate.packfile import load_pack
from sophia_cli.migrate.pipeline import migrate, survey
from sophia_cli.migrate.survey import Survey

GET = "from sophia_cli.llm import get_unified_llm_service\n\n"
NOT_OURS = {
    "a method of that name": "from sophia_cli.llm import TaskType\n\nx.complete_text('x')\n",
    "a service of that name": (
        "def get_unified_llm_service(): ...\n\nget_unified_llm_service().complete_text_sync('x')  # sophia_cli.llm\n"
    ),
    "another method": f"{GET}get_unified_llm_service().close()\n",
    "a name without a call": f"{GET}ask = get_unified_llm_service().complete_text\n",
    "another package's function": "from litellm_like import completion\n\ncompletion()  # litellm\n",
}


def looked(root: Path) -> Survey:
    packs = (load_pack(root / "pack.toml"),) if (root / "pack.toml").exists() else ()
    return survey(Options(root, packs=packs))


@pytest.mark.parametrize("text", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_leaves_alone(tmp_path: Path, text: str) -> None:
    plant(tmp_path, {"app.py": text})
    assert looked(tmp_path).sites == ()


FOUND = {
    "a call": (
        f"{GET}x = get_unified_llm_service().complete_text_sync('x')\n",
        "complete_text_sync",
    ),
    "a name": (f"{GET}s = get_unified_llm_service()\ns.embed_sync(['x'])\n", "embed_sync"),
    "awaited": (
        f"{GET}\nasync def f():\n    s = await get_unified_llm_service()\n    await s.complete_response('x')\n",
        "complete_response",
    ),
    "a class": (
        f"{GET}\nclass A:\n    s = get_unified_llm_service()\n\n    def f(self):\n        self.s.complete('x')\n",
        "complete",
    ),
    "a type": (
        "from sophia_cli.llm import UnifiedLLMService\n\n\ndef f(s: UnifiedLLMService):\n    s.stream_sync('x')\n",
        "stream_sync",
    ),
    "a function": (
        "from sophia_cli.llm import completion\n\ncompletion(model='m')\n",
        "completion",
    ),
}


@pytest.mark.parametrize(("text", "operation"), FOUND.values(), ids=FOUND.keys())
def test_is_done(tmp_path: Path, text: str, operation: str) -> None:
    plant(tmp_path, {"app.py": text})
    found = looked(tmp_path)
    (site,) = found.sites
    assert (site.rule, str(site.verdict), site.operation) == ("service", "done", operation)
    assert (found.total.sites, found.total.done, found.total.files_done) == (1, 1, 1)


def test_a_wrapper_call_that_was_moved_counts_as_done(tmp_path: Path) -> None:
    app = "from lib.brain import brain\n\nx = brain.ask_now('x')\ny = brain.ask_now('y')\n"
    plant(
        tmp_path, {"app.py": app, "lib/__init__.py": "", "lib/brain.py": LIBRARY, "pack.toml": PACK}
    )
    before = looked(tmp_path).total
    migrate(Options(tmp_path, True, packs=(load_pack(tmp_path / "pack.toml"),)))
    after = looked(tmp_path).total
    assert (before.sites, before.done, after.sites, after.done) == (2, 0, 2, 2)


def test_a_dry_run_and_an_inventory_tell_of_them_too(tmp_path: Path) -> None:
    text = f"{GET}get_unified_llm_service().complete_text_sync('x')\n"
    plant(tmp_path, {"app.py": text, "use.md": f"# Use\n\n```python\n{text}```\n"})
    expected = [("app.py:3", "service", "done"), ("use.md:6", "service", "done")]
    for found in (migrate(Options(tmp_path)), take_inventory(Options(tmp_path))):
        assert [(s.place, s.rule, str(s.verdict)) for s in found.sites] == expected
