"""Classes that wrap an SDK are proposed for a pack."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from trees import plant

from sophia_cli.migrate.change import Choice
from sophia_cli.migrate.inventory import Options, take_inventory
from sophia_cli.migrate.pack import Pack, Service, Target

HEAD = "from openai import OpenAI\n\n\n"
ASK = "chat.completions.create(model='m', messages=[])"
CLASS = (
    f"{HEAD}class Brain:\n    def __init__(self):\n        self.client = OpenAI()\n\n"
    f"    def ask(self):\n        return self.client.{ASK}\n\n    def close(self): ...\n"
)
NOT_WRAPPERS = {
    "a function": {"app.py": f"{HEAD}client = OpenAI()\n\n\ndef ask():\n    client.{ASK}\n"},
    "a class that only holds a client": {
        "app.py": f"{HEAD}class Brain:\n    def __init__(self):\n        self.client = OpenAI()\n"
    },
    "a class that is handed something unknown": {
        "app.py": f"class Brain:\n    def ask(self, x):\n        return x.{ASK}\n"
    },
    "a class of a test": {"tests/test_app.py": CLASS},
    "a class of an archive": {"archive/app.py": CLASS},
    "a name that only reads so": {
        "app.py": "class PortkeyGatewayService:\n    def ask(self): ...\n"
    },
}


def proposed(root: Path, packs: tuple[Pack, ...] = ()) -> list[tuple[str, str, str, str]]:
    inventory = take_inventory(Options(root, False, Choice(), packs))
    return [
        (site.place, site.operation, site.provider, site.reason.words)
        for site in inventory.sites
        if site.rule == "wrapper_proposed"
    ]


@pytest.mark.parametrize("files", NOT_WRAPPERS.values(), ids=NOT_WRAPPERS.keys())
def test_leaves_alone(tmp_path: Path, files: dict[str, str]) -> None:
    plant(tmp_path, files)
    assert proposed(tmp_path) == []


def test_a_class_that_a_pack_declares_is_not_proposed(tmp_path: Path) -> None:
    plant(tmp_path, {"app.py": CLASS})
    pack = Pack("brain", "", Target(), (Service("app", "Brain"),))
    assert proposed(tmp_path, (pack,)) == []


def test_a_wrapper_is_proposed_with_its_users(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "pkg/__init__.py": "from pkg.brain import Brain\n",
            "pkg/brain.py": CLASS,
            "pkg/other.py": "from pkg import Brain\n\nBrain().ask()\n",
            "pkg/far.py": "import brain_surgery\n\nBrain = None\n",
        },
    )
    words = "wraps openai in ask; 2 other files name it, a pack can move them: sophia migrate --pack FILE"
    assert proposed(tmp_path) == [("pkg/brain.py:4", "class Brain", "openai", words)]


def test_a_client_in_a_base_class_elsewhere_counts(tmp_path: Path) -> None:
    base = f"{HEAD}class Base:\n    def __init__(self):\n        self.client = OpenAI()\n"
    sub = f"from base import Base\n\n\nclass Brain(Base):\n    def ask(self):\n        return self.client.{ASK}\n"
    plant(tmp_path, {"base.py": base, "brain.py": sub})
    words = "wraps openai in ask; no other file names it"
    assert proposed(tmp_path) == [("brain.py:4", "class Brain", "openai", words)]


def test_a_class_that_sends_raw_http_is_proposed(tmp_path: Path) -> None:
    text = (
        "import requests\n\n\nclass Gateway:\n    def ask(self):\n"
        "        return requests.post('https://api.portkey.ai/v1/chat', json={})\n"
    )
    plant(tmp_path, {"app.py": text, "use.py": "from app import Gateway\n"})
    words = "wraps portkey in ask; 1 other file names it, a pack can move them: sophia migrate --pack FILE"
    assert proposed(tmp_path) == [("app.py:4", "class Gateway", "portkey", words)]
