"""Modules around an SDK that no pack declares: whatever may use one keeps it out of the proposal."""

from __future__ import annotations

from pathlib import Path

import pytest
from trees import contents, plant

from sophia_cli.errors import UsageError
from sophia_cli.migrate.change import Choice
from sophia_cli.migrate.cleanup import Cleanup, clean_up
from sophia_cli.migrate.inventory import Options
from sophia_cli.migrate.rules.family import Family
from sophia_cli.migrate.rules.sdks import SDKS
from sophia_cli.migrate.write import rollback

CLIENT = '''"""Our client."""

import os

from dotenv import load_dotenv
from openai import OpenAI

load_dotenv()
try:
    KEY = os.environ["KEY"]
except KeyError:
    KEY = ""


class Gpt:
    def __init__(self):
        self.client = OpenAI(api_key=KEY)

    @property
    def name(self):
        return "gpt"

    def ask(self, text):
        return self.client.responses.create(model="m", input=text).output_text
'''
FILES = {
    "app/__init__.py": "",
    "app/gpt_client.py": CLIENT,
    "app/main.py": "from sophia_cli.llm import get_unified_llm_service\n",
    "llm-baseline.json": '{"app/gpt_client.py": {}}\n',
}


def run(root: Path, *also: str, apply: bool = False, **choice: tuple[str, ...]) -> Cleanup:
    return clean_up(Options(root, apply, Choice(**choice)), also)  # type: ignore[arg-type]


def proposed(root: Path) -> list[str]:
    return [item.path for item in run(root).proposed]


# What is planted over the files, and keeps the module.
KEPT: dict[str, dict[str, str]] = {
    "an import": {"app/a.py": "from app import gpt_client\n"},
    "an import of what is in it": {"app/a.py": "from app.gpt_client import Gpt as G\n"},
    "a relative import": {"app/__init__.py": "from .gpt_client import *\n"},
    "a list of names": {"app/__init__.py": "__all__ = ['gpt_client']\n"},
    "a name in a string": {"app/a.py": "x = import_module('app.gpt_client')\n"},
    "a class in a registry": {"app/a.py": "x = registry['Gpt']\n"},
    "a name that is put together": {"app/a.py": "x = import_module(f'app.{name}')\n"},
    "a loader beside it": {"app/a.py": "for m in pkgutil.iter_modules(p):\n    load(m)\n"},
    "a loader of paths": {"app/a.py": "x = runpy.run_path(folder / name)\n"},
    "a loader of modules": {"app/a.py": "x = runpy.run_module(name)\n"},
    "a loader by its class": {"app/a.py": "x = SourceFileLoader(name, path).load_module()\n"},
    "a loader of before": {"app/a.py": "x = imp.load_source(name, path)\n"},
    "a loader by its spec": {"app/a.py": "x = spec_from_file_location(name, path)\n"},
    "a framework's loader": {"app/a.py": "x = import_string(settings.CLIENT)\n"},
    "a loader by another name": {
        "app/a.py": "from importlib import import_module as load\n\nx = load(name)\n"
    },
    "a loader that is bound": {"app/a.py": "load = importlib.import_module\nx = load(name)\n"},
    "an entry point": {"pyproject.toml": "[project.scripts]\nask = 'app.gpt_client:Gpt'\n"},
    "a configuration": {"conf/app.yaml": "class: app.gpt_client.Gpt\n"},
    "a container": {"Dockerfile": "COPY app/gpt_client.py /x\n"},
    "a page": {"docs/use.md": "See gpt_client.\n"},
    "a test": {"tests/test_it.py": "from app.gpt_client import Gpt\n"},
    "a notebook": {"a.ipynb": '{"source": "import app.gpt_client"}'},
    "a program": {"app/gpt_client.py": f"{CLIENT}\nif __name__ == '__main__':\n    Gpt()\n"},
    "a program by its first line": {"app/gpt_client.py": f"#!/usr/bin/env python\n{CLIENT}"},
    "what does something by itself": {"app/gpt_client.py": f"{CLIENT}\nprint(Gpt().ask('x'))\n"},
    "what does something in a loop": {"app/gpt_client.py": f"{CLIENT}\nfor x in y:\n    x()\n"},
    "what registers itself": {"app/gpt_client.py": CLIENT.replace("class", "@register\nclass")},
    "what a framework calls": {
        "app/gpt_client.py": f"{CLIENT}\n\n@app.route('/')\ndef f(): ...\n"
    },
    "what its base may know": {"app/gpt_client.py": CLIENT.replace("Gpt:", "Gpt(Plugin):")},
    "what does not parse": {"app/gpt_client.py": f"{CLIENT}\nx = (\n"},
    "a migration that has not begun": {"app/main.py": "x = 1\n"},
    "a module without a client": {"app/gpt_client.py": '"""openai"""\n\n\nclass Gpt: ...\n'},
}  # fmt: skip


@pytest.mark.parametrize("files", KEPT.values(), ids=KEPT.keys())
def test_is_not_proposed(tmp_path: Path, files: dict[str, str]) -> None:
    assert proposed(plant(tmp_path, {**FILES, **files})) == []


PLACES = [
    "scripts/gpt_client.py", "examples/gpt_client.py", "tests/gpt_client.py", "vendor/gpt_client.py",
    "old/gpt_client.py", "dags/gpt_client.py", "app/main_llm/__init__.py", "app/tasks.py", "manage.py",
    "app/gpt_client.ipynb",
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_what_may_be_started_by_its_place_is_not_proposed(tmp_path: Path, place: str) -> None:
    files = {key: text for key, text in FILES.items() if key != "app/gpt_client.py"}
    assert proposed(plant(tmp_path, {**files, place: CLIENT})) == []


def test_is_proposed_with_its_reason_and_stays(tmp_path: Path) -> None:
    plant(tmp_path, FILES)
    before = contents(tmp_path)
    found = run(tmp_path, apply=True)
    assert [(item.path, item.reason) for item in found.proposed] == [
        ("app/gpt_client.py", "a client of openai that nothing names")
    ]
    assert (found.free, contents(tmp_path)) == ((), before)


@pytest.mark.parametrize("family", SDKS.every, ids=lambda family: family.packages[0])
def test_a_client_of_every_sdk_is_proposed(tmp_path: Path, family: Family) -> None:
    package, name = family.packages[0], min(family.names)
    given = ", ".join(f'service_name="{service}"' for service in sorted(family.only))
    client = f"import {package}\n\n\ndef make():\n    return {package}.{name}({given})\n"
    plant(tmp_path, {**FILES, "app/gpt_client.py": client})
    assert proposed(tmp_path) == ["app/gpt_client.py"]


def test_goes_where_it_is_named_and_comes_back(tmp_path: Path) -> None:
    plant(tmp_path, FILES)
    before = contents(tmp_path)
    found = run(tmp_path, "app/gpt_client.py", apply=True)
    assert ([item.path for item in found.free], found.proposed) == (["app/gpt_client.py"], ())
    assert set(before) - set(contents(tmp_path)) == {"app/gpt_client.py"}
    rollback(tmp_path)
    assert contents(tmp_path) == before


def test_what_only_another_proposed_one_names_waits_for_it(tmp_path: Path) -> None:
    outer = "from app.gpt_client import Gpt\n" + CLIENT.replace("Gpt", "Outer")
    plant(tmp_path, {**FILES, "app/outer_client.py": outer})
    assert [item.reason for item in run(tmp_path).proposed] == [
        "a client of openai that nothing names but app/outer_client.py, which may go too",
        "a client of openai that nothing names",
    ]
    with pytest.raises(UsageError, match="is named in app/outer_client.py, which stays"):
        run(tmp_path, "app/gpt_client.py", apply=True)
    run(tmp_path, "app/gpt_client.py", "app/outer_client.py", apply=True)
    assert [path for path in contents(tmp_path) if "client" in path] == []


def test_what_is_not_proposed_is_not_taken(tmp_path: Path) -> None:
    plant(tmp_path, FILES)
    with pytest.raises(UsageError, match=r"app/main.py is not proposed"):
        run(tmp_path, "app/main.py", apply=True)
