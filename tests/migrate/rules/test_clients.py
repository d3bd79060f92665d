"""Constructors of the vendors' clients: what is left alone first, then what each shape becomes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from trees import apply, contents, plant, verdicts

NOT_OURS = {
    "a name in a string and a comment": 'x = "OpenAI()"  # OpenAI()\n',
    "a class of that name": "class OpenAI: ...\n\n\nOpenAI()\n",
    "a function of that name": "def OpenAI(): ...\n\n\nOpenAI()\n",
    "a variable of that name": "openai = object()\nopenai.OpenAI()\n",
    "another package's class": "from openai_like import OpenAI\n\nOpenAI()\n",
    "a longer name": "from openai_tools import OpenAINotifier\n\nOpenAINotifier()\n",
    "a module of the tree's own": "from .openai import OpenAI\n\nOpenAI()\n",
    "shadowed by a parameter": (
        "from openai import OpenAI\n\n\ndef f(OpenAI):\n    return OpenAI()\n"
    ),
    "shadowed in a function": (
        "import openai\n\n\ndef f():\n    openai = g()\n    return openai.OpenAI()\n"
    ),
    "only for type checkers": (
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from openai import OpenAI\n\n\n"
        'def f(client: "OpenAI") -> None: ...\n'
    ),
    "only an annotation": "from openai import OpenAI\n\n\ndef f(c: OpenAI | None = None): ...\n",
    "only isinstance": "import openai\n\n\ndef f(x):\n    return isinstance(x, openai.OpenAI)\n",
    "only an exception": "import openai\n\ntry:\n    f()\nexcept openai.APIError:\n    pass\n",
    "deleted again": "from openai import OpenAI\n\ndel OpenAI\n",
    "a docstring": '"""Use it:\n\n    client = OpenAI()\n"""\nimport openai\n',
}


@pytest.mark.parametrize("text", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_leaves_alone(tmp_path: Path, text: str) -> None:
    plant(tmp_path, {"app.py": text})
    report = apply(tmp_path, review=True)
    assert contents(tmp_path) == {"app.py": text.encode()}
    assert [found for found in verdicts(report) if found[0] != "noted"] == []


REPORTED = {
    "azure": ("from openai import AzureOpenAI\n\nAzureOpenAI()\n", "azure"),
    "an observer's": ("from langfuse.openai import AsyncOpenAI\n\nAsyncOpenAI()\n", "observed"),
    "an observer's module": ("from langfuse.openai import openai\n\nopenai.OpenAI()\n", "observed"),
    "another observer's": (
        "import posthog.ai.openai as p\n\np.AzureOpenAI(api_key='x')\n",
        "observed",
    ),
    "azure, async": ("import openai\n\nopenai.AsyncAzureOpenAI()\n", "azure"),
    "bedrock": ("from anthropic import AnthropicBedrock\n\nAnthropicBedrock()\n", "cloud-variant"),
    "vertex": ("import anthropic\n\nanthropic.AsyncAnthropicVertex()\n", "cloud-variant"),
    "the module's own client": (
        'import openai\n\nopenai.chat.completions.create(model="m", messages=[])\n',
        "module-client",
    ),
    "openai 0.x": ('import openai\n\nopenai.ChatCompletion.create(model="m")\n', "sdk-0.x"),
    "a subclass": ("from openai import OpenAI\n\n\nclass Mine(OpenAI): ...\n", "subclassed"),
    "partial": (
        "from functools import partial\n\nfrom openai import OpenAI\n\nmake = partial(OpenAI)\n",
        "class-passed",
    ),
    "passed to a factory": ("from openai import OpenAI\n\nmake(OpenAI)\n", "class-passed"),
    "in a table": ('import openai\n\nKINDS = {"a": openai.OpenAI}\n', "class-passed"),
    "getattr": ("import openai\n\n\ndef f(n):\n    return getattr(openai, n)()\n", "getattr"),
    "imported by name": (
        'import importlib\n\nimportlib.import_module("openai")\n',
        "imported-by-name",
    ),
    "two meanings": (
        "try:\n    from openai import OpenAI\nexcept ImportError:\n    from fake import OpenAI\n\n"
        "OpenAI()\n",
        "several-meanings",
    ),
    "a generator alone": (
        "from openai import OpenAI\n\nOpenAI(x for x in y)\n",
        "odd-shape",
    ),
    "the name is taken": (
        "from openai import OpenAI\n\nopenai_http_client = 3\nOpenAI()\n",
        "no-place-for-import",
    ),
    "an import on a line of others": (
        "import os; from openai import OpenAI; OpenAI()\n",
        "no-place-for-import",
    ),
    "a double star that gets a client before": (
        "from openai import OpenAI\n\noptions = {}\noptions['http_client'] = mine\nOpenAI(**options)\n",
        "double-star-client",
    ),
    "in an f-string": ("import openai\n\nprint(f'{openai.OpenAI()}')\n", "in-f-string"),
}


@pytest.mark.parametrize(("text", "code"), REPORTED.values(), ids=REPORTED.keys())
def test_reports_and_leaves(tmp_path: Path, text: str, code: str) -> None:
    plant(tmp_path, {"app.py": text})
    report = apply(tmp_path, review=True)
    assert contents(tmp_path) == {"app.py": text.encode()}
    assert {v[0] for v in verdicts(report)} == {"report-only"}
    assert code in {v[1] for v in verdicts(report)}


OURS = "from sophia_cli.llm import openai_http_client\n"
MOVED = {
    "no argument": (
        "from openai import OpenAI\n\nclient = OpenAI()\n",
        f"from openai import OpenAI\n{OURS}\nclient = OpenAI(http_client=openai_http_client())\n",
    ),
    "one line": (
        'from openai import OpenAI\n\nclient = OpenAI(api_key="x", timeout=3)\n',
        f"from openai import OpenAI\n{OURS}\n"
        'client = OpenAI(api_key="x", timeout=3, http_client=openai_http_client())\n',
    ),
    "a comma at the end": (
        "from openai import OpenAI\n\nclient = OpenAI(timeout=3,)\n",
        f"from openai import OpenAI\n{OURS}\n"
        "client = OpenAI(timeout=3, http_client=openai_http_client(),)\n",
    ),
    "one argument a line": (
        "from openai import OpenAI\n\nclient = OpenAI(\n    timeout=3,  # s\n    # why\n)\n",
        f"from openai import OpenAI\n{OURS}\nclient = OpenAI(\n    timeout=3,  # s\n    # why\n"
        "    http_client=openai_http_client(),\n)\n",
    ),
    "one argument a line, no comma": (
        "from openai import OpenAI\n\nclient = OpenAI(\n    timeout=3\n)\n",
        f"from openai import OpenAI\n{OURS}\nclient = OpenAI(\n    timeout=3,\n"
        "    http_client=openai_http_client(),\n)\n",
    ),
    "a parenthesised last argument": (
        "from openai import OpenAI\n\nclient = OpenAI(timeout=(3 + 4))\n",
        f"from openai import OpenAI\n{OURS}\n"
        "client = OpenAI(timeout=(3 + 4), http_client=openai_http_client())\n",
    ),
    "http_client is None": (
        "from openai import OpenAI\n\nclient = OpenAI(http_client=None)\n",
        f"from openai import OpenAI\n{OURS}\nclient = OpenAI(http_client=openai_http_client())\n",
    ),
    "through the module, async": (
        "import openai as oa\n\nclient = oa.AsyncOpenAI()\n",
        "import openai as oa\nfrom sophia_cli.llm import openai_async_http_client\n\n"
        "client = oa.AsyncOpenAI(http_client=openai_async_http_client())\n",
    ),
    "another name": (
        "from openai import OpenAI as Gpt\n\nclient = Gpt()\n",
        f"from openai import OpenAI as Gpt\n{OURS}\n"
        "client = Gpt(http_client=openai_http_client())\n",
    ),
    "both vendors": (
        "from anthropic import Anthropic\nfrom openai import OpenAI\n\na, o = Anthropic(), OpenAI()\n",
        "from anthropic import Anthropic\nfrom openai import OpenAI\n"
        "from sophia_cli.llm import anthropic_http_client, openai_http_client\n\n"
        "a, o = Anthropic(http_client=anthropic_http_client()), "
        "OpenAI(http_client=openai_http_client())\n",
    ),
    "async anthropic in a with": (
        "import anthropic\n\n\nasync def f():\n    async with anthropic.AsyncAnthropic() as c:\n"
        "        pass\n",
        "import anthropic\nfrom sophia_cli.llm import anthropic_async_http_client\n\n\n"
        "async def f():\n    async with anthropic.AsyncAnthropic("
        "http_client=anthropic_async_http_client()) as c:\n        pass\n",
    ),
    "imports sorted around": (
        "import os\n\nfrom openai import OpenAI\nfrom zebra import z\n\nclient = OpenAI()\n",
        f"import os\n\nfrom openai import OpenAI\n{OURS}from zebra import z\n\n"
        "client = OpenAI(http_client=openai_http_client())\n",
    ),
    "an import of ours is there": (
        "from openai import OpenAI\nfrom sophia_cli.llm import labels\n\nclient = OpenAI()\n",
        "from openai import OpenAI\nfrom sophia_cli.llm import labels, openai_http_client\n\n"
        "client = OpenAI(http_client=openai_http_client())\n",
    ),
    "imported inside a function": (
        "def f():\n    from openai import OpenAI\n\n    return OpenAI()\n",
        f"def f():\n    from openai import OpenAI\n    {OURS}\n"
        "    return OpenAI(http_client=openai_http_client())\n",
    ),
    "guarded by ImportError": (
        "try:\n    from openai import OpenAI\nexcept ImportError:\n    OpenAI = None\n\n"
        "client = OpenAI() if OpenAI else None\n",
        f"try:\n    from openai import OpenAI\nexcept ImportError:\n    OpenAI = None\n\n{OURS}\n"
        "client = OpenAI(http_client=openai_http_client()) if OpenAI else None\n",
    ),
    "in a class": (
        "from openai import OpenAI\n\n\nclass A:\n    client = OpenAI()\n",
        f"from openai import OpenAI\n{OURS}\n\nclass A:\n"
        "    client = OpenAI(http_client=openai_http_client())\n",
    ),
    "two in one file": (
        "from openai import OpenAI\n\na = OpenAI()\nb = OpenAI(timeout=1)\n",
        f"from openai import OpenAI\n{OURS}\na = OpenAI(http_client=openai_http_client())\n"
        "b = OpenAI(timeout=1, http_client=openai_http_client())\n",
    ),
    "nested parentheses and strings": (
        "from openai import OpenAI\n\nclient = OpenAI(api_key=f(')', \"(\"), organization=')')\n",
        f"from openai import OpenAI\n{OURS}\n"
        "client = OpenAI(api_key=f(')', \"(\"), organization=')', "
        "http_client=openai_http_client())\n",
    ),
    "no newline at the end": (
        "from openai import OpenAI\nclient = OpenAI()",
        f"from openai import OpenAI\n{OURS}client = OpenAI(http_client=openai_http_client())",
    ),
    "letters that are wide in UTF-8": (
        "from openai import OpenAI\n\nä = {'日本': OpenAI(api_key='ключ')}\n",
        f"from openai import OpenAI\n{OURS}\n"
        "ä = {'日本': OpenAI(api_key='ключ', http_client=openai_http_client())}\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), MOVED.values(), ids=MOVED.keys())
def test_moves(tmp_path: Path, before: str, after: str) -> None:
    plant(tmp_path, {"app.py": before})
    report = apply(tmp_path)
    assert (tmp_path / "app.py").read_text() == after
    assert {v[0] for v in verdicts(report)} == {"safe"}
    again = apply(tmp_path)
    assert again.changed == ()
    assert {v[0] for v in verdicts(again)} == {"done"}


BYTES = {
    "CRLF": (
        b"from openai import OpenAI\r\n\r\nclient = OpenAI(\r\n    timeout=3,\r\n)\r\n",
        b"from openai import OpenAI\r\nfrom sophia_cli.llm import openai_http_client\r\n\r\n"
        b"client = OpenAI(\r\n    timeout=3,\r\n    http_client=openai_http_client(),\r\n)\r\n",
    ),
    "byte order mark": (
        b"\xef\xbb\xbffrom openai import OpenAI\n\nOpenAI()\n",
        b"\xef\xbb\xbffrom openai import OpenAI\nfrom sophia_cli.llm import openai_http_client\n\n"
        b"OpenAI(http_client=openai_http_client())\n",
    ),
    "Latin-1": (
        b"# -*- coding: latin-1 -*-\nfrom openai import OpenAI\n\nx = 'caf\xe9', OpenAI()\n",
        b"# -*- coding: latin-1 -*-\nfrom openai import OpenAI\n"
        b"from sophia_cli.llm import openai_http_client\n\n"
        b"x = 'caf\xe9', OpenAI(http_client=openai_http_client())\n",
    ),
    "tabs and a form feed": (
        b"from openai import OpenAI\n\x0c\ndef f():\n\treturn OpenAI(\n\t\ttimeout=1,\n\t)\n",
        b"from openai import OpenAI\nfrom sophia_cli.llm import openai_http_client\n\x0c\n"
        b"def f():\n\treturn OpenAI(\n\t\ttimeout=1,\n\t\thttp_client=openai_http_client(),\n\t)\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), BYTES.values(), ids=BYTES.keys())
def test_bytes_beside_an_edit_stay(tmp_path: Path, before: bytes, after: bytes) -> None:
    plant(tmp_path, {"app.py": before})
    apply(tmp_path)
    assert (tmp_path / "app.py").read_bytes() == after


REVIEW = {
    "a client of its own": (
        "from openai import OpenAI\n\nOpenAI(http_client=mine)\n",
        "own-http-client",
    ),
    "double star": ("from openai import OpenAI\n\nOpenAI(**options)\n", "double-star"),
    "star": ("from anthropic import Anthropic\n\nAnthropic(*options)\n", "star"),
}


@pytest.mark.parametrize(("text", "code"), REVIEW.values(), ids=REVIEW.keys())
def test_waits_for_a_look(tmp_path: Path, text: str, code: str) -> None:
    plant(tmp_path, {"app.py": text})
    report = apply(tmp_path)
    assert contents(tmp_path) == {"app.py": text.encode()}
    assert [v[:2] for v in verdicts(report)] == [("review", code)]


APP = "from openai import OpenAI\n\n\ndef make():\n    return OpenAI(api_key='x')\n"
STAND_INS = {
    "the simplest object": (
        "import app\n\ndef test_it(monkeypatch):\n    monkeypatch.setattr(app, 'OpenAI', object)\n",
        "review",
    ),
    "arguments asserted": (
        "from unittest.mock import patch\n\n\ndef test_it():\n    with patch('app.OpenAI') as fake:\n"
        "        import app\n        app.make()\n        fake.assert_called_once_with(api_key='x')\n",
        "review",
    ),
    "a fake without the keyword": (
        "import app\n\n\nclass Fake:\n    def __init__(self, api_key): ...\n\n\n"
        "def test_it(monkeypatch):\n    monkeypatch.setattr(app, 'OpenAI', Fake)\n",
        "review",
    ),
    "a fake that takes anything": (
        "import app\n\n\nclass Fake:\n    def __init__(self, **options): ...\n\n\n"
        "def test_it(monkeypatch):\n    monkeypatch.setattr(app, 'OpenAI', Fake)\n",
        "safe",
    ),
    "nothing asserted": (
        "from unittest.mock import patch\n\n\ndef test_it():\n    with patch('app.OpenAI'):\n"
        "        import app\n        app.make()\n",
        "safe",
    ),
    "another file's": (
        "from unittest.mock import patch\n\n\ndef test_it():\n"
        "    with patch('other.OpenAI') as fake:\n        fake.assert_called_once_with()\n",
        "safe",
    ),
}


@pytest.mark.parametrize(("test", "verdict"), STAND_INS.values(), ids=STAND_INS.keys())
def test_a_stand_in_that_would_notice_asks_for_a_look(
    tmp_path: Path, test: str, verdict: str
) -> None:
    plant(tmp_path, {"app.py": APP, "tests/test_app.py": test})
    report = apply(tmp_path)
    assert [v[0] for v in verdicts(report) if v[2] == "app.py:5"] == [verdict]
