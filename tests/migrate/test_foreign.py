"""The names of other packages: those that are found without following every name are all that there are."""

from __future__ import annotations

import ast
import random
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from sophia_cli.migrate.foreign import Foreign
from sophia_cli.migrate.modules import Modules, Parsed
from sophia_cli.migrate.resolve import Resolver
from sophia_cli.migrate.value import Symbol

STANDARD = frozenset(sys.stdlib_module_names)
WAYS = {
    "an import": "import openai\nopenai.OpenAI()\n",
    "under another name": "from openai import OpenAI as O\nx = O\ny = x()\n",
    "an attribute": "import openai\nclass A:\n    k = openai.OpenAI\n    def f(self):\n        return self.k()\n",
    "an attribute set in a method": "from openai import OpenAI\nclass A:\n    def __init__(self):\n        self.k = OpenAI\n    def f(self):\n        me = self\n        return me.j, me.k()\n",
    "a base class": "from lib import Base\nclass A(Base):\n    def f(self):\n        return self.kind()\n",
    "a function that gives it": "import openai\ndef f():\n    return openai.OpenAI\nk = f()\nk()\n",
    "a property": "import openai\nclass A:\n    @property\n    def k(self):\n        return openai.OpenAI\n    def f(self):\n        return self.k()\n",
    "a choice": "import openai\nk = openai.OpenAI if input() else None\nj = None or openai.Client\nk()\nj()\n",
    "a cast": "import typing\nfrom openai import OpenAI\nk = typing.cast(type, OpenAI)\nk()\n",
    "a parameter's class": "from lib import Base\ndef f(a: Base, b: 'Base | None'):\n    a.kind()\n    c = b\n    c.kind()\n",
    "names in a circle": "from openai import OpenAI\ndef f(n):\n    x = OpenAI\n    for _ in n:\n        y = x\n        x = y\n    return y()\n",
    "a star": "from lib import *\nBase.kind()\nOpenAI()\n",
    "another file": "import lib\nlib.OpenAI()\nlib.Base.kind()\nlib.make()\n",
    "a global": "from openai import OpenAI\ndef f():\n    global k\n    k = OpenAI\ndef g():\n    k()\n",
    "a try": "try:\n    from openai import OpenAI\nexcept ImportError:\n    OpenAI = None\nOpenAI()\n",
    "the standard library": "import os, logging\nfrom typing import List\nos.path.join(logging.x)\nx: List\n",
    "a walrus": "import openai\nif (k := openai.OpenAI):\n    k()\n",
    "an await": "import openai\nasync def f():\n    return openai.OpenAI\nasync def g():\n    k = await f()\n    k()\n",
}  # fmt: skip
LIB = "from openai import OpenAI\nclass Base:\n    kind = OpenAI\ndef make():\n    return OpenAI\n"


def compare(files: dict[str, bytes]) -> int:
    """Compare what is found with what every name and attribute is; how many there are."""
    modules = Modules(frozenset(files), files.get)
    parsed = [file for path in files if (file := modules.get(path)) is not None]
    packages = frozenset(name for file in parsed for name in _imported(file)) - STANDARD
    found, each = Foreign(Resolver(modules), packages), Resolver(modules)
    count = 0
    for file in parsed:
        table = file.table
        wanted: list[ast.expr] = []
        for node in (*(call.func for call in table.calls), *table.names, *table.attributes):
            values = each.values(file, node) if isinstance(node, ast.Name | ast.Attribute) else ()
            names = [v.name.partition(".")[0] for v in values if isinstance(v, Symbol)]
            parent = table.parents[node]
            part = isinstance(parent, ast.Attribute) or (
                isinstance(parent, ast.Call) and parent.func is node
            )
            called = isinstance(parent, ast.Call) and parent.func is node
            if any(name not in STANDARD for name in names) and (called or not part):
                wanted.append(node)
        names = found.of(file)
        assert {*(call.func for call in names.calls), *names.values} == {
            node for node in wanted if _is_dotted(node)
        }, file.path
        count += len(wanted)
    return count


def _imported(file: Parsed) -> Iterator[str]:
    for node in ast.walk(file.source.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0]


def _is_dotted(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_a_foreign_name(way: str) -> None:
    count = compare({"app.py": WAYS[way].encode(), "lib.py": LIB.encode()})
    assert count > 2 or way == "the standard library"


def test_the_standard_library_as_an_application() -> None:
    library = Path(sysconfig.get_paths()["stdlib"])
    paths = sorted(path for path in library.rglob("*.py") if "site-packages" not in path.parts)
    chosen = random.Random(1).sample(paths, 60)
    compare({f"app/{n}/{path.name}": path.read_bytes() for n, path in enumerate(chosen)})
