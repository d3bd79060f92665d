"""Notebooks: what is left alone first, then edits inside the JSON that holds the cells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from brains import LIBRARY, PACK
from trees import apply, contents, look, plant

from sophia_cli.migrate.inventory import Options
from sophia_cli.migrate.magics import NotPython, without_magics
from sophia_cli.migrate.packfile import load_pack
from sophia_cli.migrate.pipeline import migrate
from sophia_cli.migrate.write import rollback

CALL = "from openai import OpenAI\nclient = OpenAI()"
OUTPUT = {"output_type": "stream", "name": "stdout", "text": ["OpenAI()\n"]}


def code(*lines: str, outputs: Any = ()) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": 1,
        "metadata": {},
        "outputs": list(outputs),
        "source": "\n".join(lines).splitlines(keepends=True),
    }


def notebook(*cells: dict[str, Any], indent: int | None = 1, **metadata: Any) -> str:
    """A notebook as Jupyter writes it."""
    whole = {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=indent, ensure_ascii=False) + "\n"


LEFT = {
    "broken JSON": (notebook(code(CALL))[:-30], "it is not valid JSON"),
    "a merge that was not finished": (
        notebook(code(CALL)).replace(' "metadata": {},\n', "<<<<<<< HEAD\n", 1),
        "it is not valid JSON",
    ),
    "nested too deeply": ('{"cells": ' + "[" * 99999 + "]" * 99999 + ', "x": "openai"}', "deeply"),
    "not its encoding": (notebook(code(CALL, "# é")).encode("latin-1"), "not utf-8"),
    "R": (notebook(code(CALL), language_info={"name": "R"}), "a notebook in r"),
    "Julia": (notebook(code(CALL), kernelspec={"language": "julia"}), "a notebook in julia"),
    "not a notebook": ('{"openai": 1}', "no notebook of nbformat 3 or newer"),
    "a list": ('["openai"]', "no notebook of nbformat 3 or newer"),
    "a source that is none": (
        notebook({"cell_type": "code", "source": [1, "openai"]}),
        "the source of a cell is no text",
    ),
    "half a character": (
        notebook(code(CALL)).replace("client", "client \\ud800"), "not utf-8"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), LEFT.values(), ids=LEFT.keys())
def test_leaves_alone_and_says_why(tmp_path: Path, text: str | bytes, words: str) -> None:
    before = contents(plant(tmp_path, {"a.ipynb": text, "good.py": CALL}))
    report = apply(tmp_path)
    assert report.changed == ("good.py",)
    assert [item.path for item in report.broken] == ["a.ipynb"]
    assert words in report.broken[0].reason
    assert (tmp_path / "a.ipynb").read_bytes() == before["a.ipynb"]


def test_copies_that_jupyter_keeps_are_said(tmp_path: Path) -> None:
    plant(tmp_path, {"nb/.ipynb_checkpoints/a-checkpoint.ipynb": notebook(code(CALL))})
    report = apply(tmp_path)
    assert report.changed == () and report.sites == ()
    assert [(item.path, item.reason) for item in report.unseen] == [
        ("nb/.ipynb_checkpoints/a-checkpoint.ipynb", "a copy that Jupyter keeps")
    ]


UNTOUCHED = {
    "only in what it printed": notebook(code("x = 1", outputs=[OUTPUT])),
    "only in its words": notebook({"cell_type": "markdown", "metadata": {}, "source": CALL}),
    "raw": notebook({"cell_type": "raw", "metadata": {}, "source": CALL}),
    "no cells": notebook(name="openai"),
    "empty cells": notebook(code(), {"cell_type": "code", "source": ""}, name="openai"),
}


@pytest.mark.parametrize("text", UNTOUCHED.values(), ids=UNTOUCHED.keys())
def test_finds_nothing(tmp_path: Path, text: str) -> None:
    plant(tmp_path, {"a.ipynb": text})
    report = apply(tmp_path, review=True)
    assert (report.sites, report.broken, report.notebooks) == ((), (), 1)
    assert contents(tmp_path) == {"a.ipynb": text.encode()}


TOLD = {
    "a shell cell": ("%%bash\npython -c 'OpenAI()'", 2, "a %%bash cell"),
    "a file that is written": ("%%writefile a.py\n\nclient = OpenAI()", 3, "a %%writefile cell"),
    "Python 2": ("print 'x'\nclient = OpenAI()", 2, "its cell does not parse: line 1"),
    "unfinished": ("client = OpenAI(\n", 1, "its cell does not parse: line 1"),
}


@pytest.mark.parametrize(("text", "line", "words"), TOLD.values(), ids=TOLD.keys())
def test_a_cell_that_is_no_python_is_told(tmp_path: Path, text: str, line: int, words: str) -> None:
    before = notebook(code("import openai"), code(text))
    plant(tmp_path, {"a.ipynb": before})
    report = apply(tmp_path, review=True)
    assert contents(tmp_path) == {"a.ipynb": before.encode()}
    (site,) = report.sites
    assert (site.verdict, site.cell, site.reason.code) == ("report-only", 2, "no-python")
    assert site.reason.words.startswith(words)
    assert "OpenAI(" in before.splitlines()[site.line - 1]


IMPORTED = "from sophia_cli.llm import openai_http_client"
MADE = "client = OpenAI(http_client=openai_http_client())"
MOVED = {
    "one cell": ([CALL], [f"from openai import OpenAI\n{IMPORTED}\n{MADE}"]),
    "two cells": (
        ["from openai import OpenAI", "client = OpenAI()"],
        [f"from openai import OpenAI\n{IMPORTED}", MADE],
    ),
    "a cell that ends in a line end": (
        ["from openai import OpenAI\n", "client = OpenAI()\n"],
        [f"from openai import OpenAI\n{IMPORTED}\n", f"{MADE}\n"],
    ),
    "the import is in the cell that has one": (
        ["import os", CALL, "x = 1"],
        ["import os", f"from openai import OpenAI\n{IMPORTED}\n{MADE}", "x = 1"],
    ),
    "commands": (
        [f"%pip install openai\n!ls \\\n  -l\nimport os\n{CALL}\nfiles = !ls\nclient?\nif files:\n    !rm x"],
        [
            "%pip install openai\n!ls \\\n  -l\nimport os\nfrom openai import OpenAI\n"
            f"{IMPORTED}\n{MADE}\nfiles = !ls\nclient?\nif files:\n    !rm x"
        ],
    ),
    "a timed cell": (
        ["from openai import OpenAI", "%%time\n\nclient = OpenAI()"],
        [f"from openai import OpenAI\n{IMPORTED}", f"%%time\n\n{MADE}"],
    ),
    "a sign that is no command": (
        [f'x = """\n%s\n!\n"""\ny = (7\n% 4)\n{CALL}'],
        [f'x = """\n%s\n!\n"""\ny = (7\n% 4)\nfrom openai import OpenAI\n{IMPORTED}\n{MADE}'],
    ),
    "cells that are no Python around it": (
        ["%%bash\nls", CALL, "print 'x'"],
        ["%%bash\nls", f"from openai import OpenAI\n{IMPORTED}\n{MADE}", "print 'x'"],
    ),
    "letters of all kinds": (
        [f"s = 'é\U0001f600'\n{CALL}  # \U0001f600\nß = 1"],
        [f"s = 'é\U0001f600'\nfrom openai import OpenAI\n{IMPORTED}\n{MADE}  # \U0001f600\nß = 1"],
    ),
    "an answer that is awaited": (
        ["from openai import AsyncOpenAI", "c = AsyncOpenAI()\nr = await c.responses.create()"],
        [
            "from openai import AsyncOpenAI\nfrom sophia_cli.llm import openai_async_http_client",
            "c = AsyncOpenAI(http_client=openai_async_http_client())\nr = await c.responses.create()",
        ],
    ),
}  # fmt: skip


def forms(cells: list[str]) -> dict[str, str]:
    """A notebook in the several forms in which tools write one."""
    lines = [code(cell, outputs=[OUTPUT]) for cell in cells]
    whole = [{**cell, "source": "".join(cell["source"])} for cell in lines]
    pieces = [{**cell, "input": [text]} for cell, text in zip(lines, cells, strict=True)]
    old = [{**cell, "language": "python"} for cell in pieces]
    for cell in old:
        del cell["source"]
    third = {"worksheets": [{"cells": old}], "nbformat": 3, "metadata": {"name": "é"}}
    jupyter = notebook(*lines)
    return {
        "lines": jupyter,
        "lines, indented by tabs": json.dumps(json.loads(jupyter), indent="\t"),
        "lines, on one line": notebook(*lines, indent=None),
        "strings": notebook(*whole, language_info={"name": "python"}),
        "escapes": json.dumps(json.loads(jupyter), sort_keys=True, indent=2).replace("/", "\\/"),
        "windows": jupyter.replace("\n", "\r\n"),
        "nbformat 3": json.dumps(third, indent=1),
    }


def text_of(data: str) -> list[str]:
    whole = json.loads(data)
    cells = whole["cells"] if "cells" in whole else whole["worksheets"][0]["cells"]
    return ["".join(cell.get("source", cell.get("input"))) for cell in cells]


FORMS = list(forms([]))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("before", "after"), MOVED.values(), ids=MOVED.keys())
def test_moves(tmp_path: Path, before: list[str], after: list[str], form: str) -> None:
    text = forms(before)[form]
    plant(tmp_path, {"a.ipynb": text})
    report = apply(tmp_path)
    assert report.changed == ("a.ipynb",)
    written = (tmp_path / "a.ipynb").read_bytes().decode()
    assert text_of(written) == after
    expected = forms(after)[form]
    if form != "nbformat 3":  # whose one piece a cell becomes one a line
        assert written == expected
    assert apply(tmp_path).changed == ()
    rollback(tmp_path)
    assert contents(tmp_path) == {"a.ipynb": text.encode()}


def test_a_byte_order_mark_stays(tmp_path: Path) -> None:
    plant(tmp_path, {"a.ipynb": b"\xef\xbb\xbf" + notebook(code(CALL)).encode()})
    assert apply(tmp_path).changed == ("a.ipynb",)
    assert (tmp_path / "a.ipynb").read_bytes().startswith(b"\xef\xbb\xbf{\n")


def test_a_large_output_is_no_reason_to_leave_it(tmp_path: Path) -> None:
    image = {"output_type": "display_data", "data": {"image/png": "iVBO" * 1_000_000}}
    before = notebook(code(CALL, outputs=[image]))
    plant(tmp_path, {"a.ipynb": before})
    assert apply(tmp_path).changed == ("a.ipynb",)
    after = (tmp_path / "a.ipynb").read_text(encoding="utf-8")
    assert len(after) - len(before) == len(f'\n    "{IMPORTED}\\n",') + len(
        "http_client=openai_http_client()"
    )


def test_sites_have_the_line_of_the_file_and_the_number_of_the_cell(tmp_path: Path) -> None:
    text = notebook({"cell_type": "markdown", "source": ["x"]}, code("x = 1"), code(CALL))
    report = look(plant(tmp_path, {"a.ipynb": text}))
    (site,) = report.sites
    assert "client = OpenAI()" in text.splitlines()[site.line - 1]
    assert (site.cell, site.column, site.place) == (3, 10, f"a.ipynb:{site.line} cell 3")


def test_a_service_of_the_code_base_is_followed_into_its_notebooks(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "lib/__init__.py": "",
            "lib/brain.py": LIBRARY,
            "a.ipynb": notebook(
                code("from lib.brain import brain"), code("%time 1\nx = await brain.ask('x')")
            ),
            "pack.toml": PACK,
        },
    )
    packs = (load_pack(tmp_path / "pack.toml"),)
    report = migrate(Options(tmp_path, True, packs=packs))
    assert report.changed == ("a.ipynb",)
    assert text_of((tmp_path / "a.ipynb").read_text()) == [
        "from sophia_cli.llm import get_unified_llm_service",
        "%time 1\nx = await get_unified_llm_service().complete_text('x')",
    ]


def test_what_a_test_puts_in_a_class_place_does_not_reach_a_notebook(tmp_path: Path) -> None:
    test = (
        "from unittest.mock import patch\n\n\ndef test_it():\n"
        "    with patch('openai.OpenAI') as fake:\n        fake.assert_called_once_with()\n"
    )
    app = CALL.replace("\n", "\n\n") + "\n"
    plant(tmp_path, {"a.ipynb": notebook(code(CALL)), "app.py": app, "tests/test_app.py": test})
    verdicts = {site.path: str(site.verdict) for site in look(tmp_path).sites}
    assert verdicts == {"a.ipynb": "safe", "app.py": "review", "tests/test_app.py": "noted"}


def test_what_a_notebook_imports_stays_in_its_module(tmp_path: Path) -> None:
    app = "from lib.brain import brain\n\nx = brain.ask_now('x')\n"
    plant(
        tmp_path,
        {
            "lib/__init__.py": "",
            "lib/brain.py": LIBRARY,
            "app.py": app,
            "a.ipynb": notebook(code("import os\nfrom app import brain")),
            "pack.toml": PACK,
        },
    )
    migrate(Options(tmp_path, True, packs=(load_pack(tmp_path / "pack.toml"),)))
    after = (tmp_path / "app.py").read_text()
    assert "from lib.brain import brain\n" in after and "complete_text_sync" in after


def test_an_edit_never_touches_a_command(tmp_path: Path) -> None:
    before = notebook(code("from openai import OpenAI\nclient = OpenAI(\n%pip install x\n)"))
    plant(tmp_path, {"a.ipynb": before})
    assert apply(tmp_path).changed == ()
    assert contents(tmp_path) == {"a.ipynb": before.encode()}


PLAIN = [
    ("x = 1\n", "x = 1\n"),
    ("%pip x\n", "0#####\n"),
    ("a %s b\n", None),
    ("  !x\n", None),
    ("if x:\n  !\u00e9\n", "if x:\n  0##\n"),
    ("x = %env A\r\ny = 1", "x = 0#####\r\ny = 1"),
    ("?x", "0#"),
    ("x?", "0#"),
    ("%%timeit -n 1\nx", "#############\nx"),
    ("%%html\n<p>", None),
    ("%time x = f()\n", "0;    x = f()\n"),
    ("if x:\n  %timeit -n 10 -r3 f()", "if x:\n  0;                f()"),
    ("t = %timeit -o f(x)\n", "t =            f(x)\n"),
    ("%time\nx", "0####\nx"),
    ("%time for\n", "0########\n"),
    ("%prun -s time f()\n", "0################\n"),
    ("%timer f()\n", "0#########\n"),
]


@pytest.mark.parametrize(("cell", "plain"), PLAIN)
def test_commands_become_python_of_the_same_length(cell: str, plain: str | None) -> None:
    data = cell.encode()
    if plain is None:
        with pytest.raises(NotPython):
            without_magics(data)
        return
    code = without_magics(data).code
    assert code == plain.encode() and len(code) == len(data)


def test_what_a_magic_runs_is_python(tmp_path: Path) -> None:
    call = "client.chat.completions.create(model='m', messages=[])"
    before = (
        code("%time client = OpenAI()"),
        code(f"t = %timeit -o {call}"),
        code(f"%time x = {call}"),
    )
    plant(tmp_path, {"a.ipynb": notebook(code("from openai import OpenAI"), *before)})
    assert [str(site.verdict) for site in apply(tmp_path).sites] == ["safe", "carried", "carried"]
    assert text_of((tmp_path / "a.ipynb").read_text()) == [
        f"from openai import OpenAI\n{IMPORTED}",
        f"%time {MADE}",
        f"t = %timeit -o {call}",
        f"%time x = {call}",
    ]


def test_an_import_that_a_magic_runs_stays_on_its_line(tmp_path: Path) -> None:
    before = notebook(code("%time from openai import OpenAI"), code("client = OpenAI()"))
    plant(tmp_path, {"a.ipynb": before})
    assert apply(tmp_path).changed == ()
    assert contents(tmp_path) == {"a.ipynb": before.encode()}


def test_a_notebook_that_changed_is_looked_at_again(tmp_path: Path) -> None:
    plant(tmp_path, {"a.ipynb": notebook(code("import openai"))})
    assert look(tmp_path).changed == ()
    plant(tmp_path, {"a.ipynb": notebook(code(CALL))})
    assert look(tmp_path).changed == ("a.ipynb",)
