"""Files by the name of an old one or a test: which of them the running code imports."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from trees import apply, contents, look, plant

from sophia_cli.migrate.change import Choice
from sophia_cli.migrate.inventory import Options, take_inventory
from sophia_cli.migrate.ratchet import direct_sites, holds

CALL = "from openai import OpenAI\n\nclient = OpenAI()\n"
ASIDE = {
    "nobody imports it": {"app/old/gpt.py": CALL, "app/main.py": "import app\n"},
    "a test imports it": {
        "app/old/gpt.py": CALL,
        "tests/test_gpt.py": "from app.old import gpt\n",
        "app/test_gpt.py": "from app.old.gpt import client\n",
    },
    "an old file imports it": {
        "app/archive/gpt.py": CALL,
        "app/archive/ask.py": "from .gpt import client\n",
    },
    "each imports the other": {
        "app/old/a.py": f"from app.old import b\n{CALL}",
        "app/old/b.py": f"from app.old import a\n{CALL}",
    },
    "another of its name": {
        "app/old/gpt.py": CALL,
        "app/gpt.py": "client = None\n",
        "app/main.py": "from app.gpt import client\nfrom . import gpt\nimport gpt\n",
    },
    "a package of its name": {"tests/client.py": CALL, "app/main.py": "import client\n"},
    "a name of it that is no module": {
        "app/old/gpt.py": CALL,
        "app/main.py": "from vendor.library import gpt\n",
    },
    "vendored code imports it": {"old/gpt.py": CALL, "vendor/lib.py": "from old import gpt\n"},
    "vendored itself": {"vendor/gpt.py": CALL, "main.py": "from vendor import gpt\n"},
}


@pytest.mark.parametrize("files", ASIDE.values(), ids=ASIDE.keys())
def test_stays_aside(tmp_path: Path, files: dict[str, str]) -> None:
    plant(tmp_path, files)
    before = contents(tmp_path)
    assert not apply(tmp_path, review=True).changed
    assert (contents(tmp_path), counted(tmp_path)) == (before, [])


LIVE = {
    "in an archive": ("app/old/gpt.py", {"app/main.py": "from app.old.gpt import client\n"}),
    "by its package": ("app/archive/gpt.py", {"app/main.py": "from app.archive import gpt\n"}),
    "beside it": ("app/archive/gpt.py", {"app/main.py": "from .archive import gpt\n"}),
    "in a function": (
        "app/test_client.py",
        {"app/main.py": "def f():\n    import app.test_client as t\n"},
    ),
    "what imports go through": (
        "app/old/__init__.py",
        {"app/old/util.py": "x = 1\n", "app/main.py": "import app.old.util\n"},
    ),
    "by way of another": (
        "app/old/gpt.py",
        {"app/old/ask.py": "from .gpt import client\n", "main.py": "from app.old import ask\n"},
    ),
    "from a script": ("service/app/old/gpt.py", {"bin/run.py": "from app.old import gpt\n"}),
}


@pytest.mark.parametrize(("path", "files"), LIVE.values(), ids=LIVE.keys())
def test_counts_as_source(tmp_path: Path, path: str, files: dict[str, str]) -> None:
    plant(tmp_path, {path: CALL, **files})
    assert [(s.path, str(s.category)) for s in look(tmp_path).sites] == [(path, "source")]
    assert counted(tmp_path) == [path]
    assert apply(tmp_path).changed == (path,)


def counted(root: Path) -> list[str]:
    """The files that the ratchet holds."""
    return list(direct_sites(take_inventory(Options(root)).sites, holds(Choice())))
