"""A tree as ten years leave it: hundreds of files in which the tools find something, each in its own way."""

from __future__ import annotations

import random
from collections.abc import Iterator

PYTHON, BROKEN, SCRIPTS = 620, 12, 24
CONFIG = """\
[tool.ruff.lint]
select = ["E", "F", "I", "W", "B", "UP", "T20", "SIM", "C4", "N", "D100"]

[tool.black]
line-length = 100
"""
NESTED = (
    '[tool.ruff]\nline-length = 60\nextend-exclude = ["made"]\n[tool.black]\nline-length = 60\n'
)
ESLINT = """\
const ts = require("typescript-eslint");
module.exports = ts.config(...ts.configs.recommended, {
  ignores: ["**/*.cjs"],
});
"""
HEADS = (
    "import os, sys\n",
    "import sys\nimport os\nfrom typing import *\n",
    '"""A module."""\nimport json\nfrom core import store\n',
    "#!/usr/bin/env python\n# Author: somebody\nimport subprocess\nimport re\n",
    "from typing import Dict, List, Optional\nimport core.store as store\n",
    '"""A module.\n\nWith more to say.   \n"""\n\nfrom __future__ import annotations\n\nimport os\n',
    "",
)
BODIES = (
    "def {n}( a,b = 1 ):\n    # note\n    if a == None:\n        print( a )\n    return eval( b )\n",
    "class {n}(object):\n    def run(self, command):\n        # note\n        return subprocess.call(command, shell=True)\n\n",
    "def {n}(items=[]):\n  # note\n  try:\n    return dict([(i, i) for i in items])\n  except:\n    pass\n",
    "{n} = {{'a':1,\n   'b':2, }}   \n# note\n",
    "def {n}(path):\n    # note\n    l = open(path).read()\n    exec(l)\n    \n    return l\n\n\n\n",
    "async def {n}(url, password='secret'):\n    # note\n    import pickle\n    return pickle.loads(url)\n",
    "def {n}(x):\n\t# note\n\treturn lambda: x\n",
    "if True:\n    # note\n    {n} = 'SELECT * FROM t WHERE id = %s' % 1\n    assert {n}, ('x', 'y')\n",
    "def {n}(a, b, c, d, e, f, g):\n    # note\n    return a+b  +c, d , [e,f,g,], 'a very long line that goes on and on and on, further than all others'\n",
    "@property\ndef {n}(self):\n\n    # note\n    yaml.load(self)\n    return '%s' % (self,)\n",
)
SCRIPT = (
    "// note\nexport function {n}(a: any) {{\n  let b = 2;\n  return a as any;\n}}\n",
    "// note\nvar {n} = 1\nconst unused = (x: any) => x;\n",
)


def files() -> Iterator[tuple[str, bytes]]:
    """The same files each time, by their paths; those that cannot be parsed are in `broken`."""
    yield "pyproject.toml", CONFIG.encode()
    yield "sub/pyproject.toml", NESTED.encode()
    yield "eslint.config.cjs", ESLINT.encode()
    yield "core/__init__.py", b""
    yield "core/store.py", b'"""A store."""\n'
    draw = random.Random(7)
    for number in range(PYTHON):
        text = draw.choice(HEADS)
        for part in range(draw.randint(1, 6)):
            text += "\n" * draw.randint(0, 3 if text else 0) + draw.choice(BODIES).format(
                n=f"name_{part}"
            )
        yield f"{('app', 'sub/lib', 'sub', '.')[number % 4]}/file_{number}.py", _written(text, draw)
    for number in range(BROKEN):
        yield f"broken/file_{number}.py", b"# note\ndef f(:\n    print 'x'\n"
    yield "broken/latin.py", b"# -*- coding: latin-1 -*-\nNAME = 'caf\xe9'\n"  # Ruff reads UTF-8 only
    for number in range(SCRIPTS):
        text = "\n".join(one.format(n=f"name{part}") for part, one in enumerate(SCRIPT))
        yield f"web/file_{number}.ts", text.encode()


def _written(text: str, draw: random.Random) -> bytes:
    """With the line ends and the missing last lines that editors leave."""
    way = draw.randrange(12)
    if way == 0:
        return text.replace("\n", "\r\n").encode()
    if way == 1:
        return text.rstrip("\n").encode()
    return text.encode()


def harmless(content: bytes, number: int) -> bytes:
    """An edit that adds nothing anybody could object to: lines above what is there, below it, or both."""
    end = b"\r\n" if b"\r\n" in content else b"\n"
    if number % 3 != 1:
        head, line, rest = content.partition(b"\n") if content[:2] == b"#!" else (b"", b"", content)
        content = head + line + b"# Looked at." + end + rest
    if number % 3 != 0:
        content = content.rstrip(b"\r\n") + end * 3 + b"LAST = 1" + end
    return content


PLANTED = "def planted(command):\n    import colorsys\n    return eval( command )\n"
PLANTED_SCRIPT = "export const planted = (x: any) => 1 + x;\n"
