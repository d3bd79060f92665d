"""Files as people have them: odd encodings, odd lines, odd imports, and what is no Python at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from trees import apply, contents, look, plant, verdicts

from sophia_cli.migrate.write import rollback

CALL = "from openai import OpenAI\n\nclient = OpenAI()\n"
OURS = "from sophia_cli.llm import openai_http_client\n"
DONE = f"from openai import OpenAI\n{OURS}\nclient = OpenAI(http_client=openai_http_client())\n"
HEAD = "from openai import OpenAI"

# What is not read as code is left alone, byte for byte, and said with its reason.
LEFT: dict[str, tuple[bytes, str]] = {
    "Python 2": (CALL.encode() + b"print 'x'\n", "line 4: "),
    "Python 2, an except": (
        CALL.encode() + b"try:\n    x\nexcept E, e:\n    pass\n",
        "line 6: ",
    ),
    "Python 2, a number": (CALL.encode() + b"mode = 0777\n", "line 4: "),
    "unfinished": (CALL.encode() + b"x = (\n", "line 4: "),
    "a merge": (CALL.encode() + b"<<<<<<< HEAD\nx = 1\n=======\n", "line 4: "),
    "tabs and spaces": (CALL.encode() + b"if x:\n\ty = 1\n        z = 1\n", "line 6: "),
    "a null": (CALL.encode() + b"x = '\0'\n", "null bytes"),
    "bytes that are no utf-8": (CALL.encode() + b"# \xff\n", "its bytes are not utf-8"),
    "bytes that are not what is said": (
        b"# coding: ascii\n" + CALL.encode() + b"# \xe9\n",
        "its bytes are not ascii",
    ),
    "an encoding that is none": (b"# coding: klingon\n" + CALL.encode(), "unknown encoding"),
    "an encoding that is no text": (b"# coding: hex\n" + CALL.encode(), ""),
    "a mark against what is said": (
        b"\xef\xbb\xbf# coding: latin-1\n" + CALL.encode(),
        "encoding problem",
    ),
    "a template": (b"from openai import {{ name }}\n", "line 1: "),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_is_no_code_is_left_and_said(tmp_path: Path, name: str) -> None:
    data, words = LEFT[name]
    plant(tmp_path, {"bad.py": data, "good.py": CALL})
    report = apply(tmp_path, review=True)
    assert contents(tmp_path) == {"bad.py": data, "good.py": DONE.encode()}
    ((path, reason),) = [(item.path, item.reason) for item in report.broken]
    assert path == "bad.py" and words in reason


def test_sixteen_bits_a_letter_hold_no_word(tmp_path: Path) -> None:
    data = CALL.encode("utf-16")
    plant(tmp_path, {"bad.py": data})
    report = apply(tmp_path)
    assert (report.sites, report.changed, contents(tmp_path)) == ((), (), {"bad.py": data})


def both(before: str, after: str, encoding: str = "utf-8") -> tuple[bytes, bytes]:
    return before.encode(encoding), after.encode(encoding)


MOVED: dict[str, tuple[bytes, bytes]] = {
    "latin-1": both(
        f"# -*- coding: latin-1 -*-\ns = 'é'\n{CALL}# é\n",
        f"# -*- coding: latin-1 -*-\ns = 'é'\n{DONE}# é\n",
        "latin-1",
    ),
    "cyrillic, said on the second line": both(
        f"#!/usr/bin/python\n# coding=cp1251\ns = 'да'\n{CALL}",
        f"#!/usr/bin/python\n# coding=cp1251\ns = 'да'\n{DONE}",
        "cp1251",
    ),
    "japanese": both(
        f"# coding: shift_jis\ns = '日本'; t = 1\n{CALL}",
        f"# coding: shift_jis\ns = '日本'; t = 1\n{DONE}",
        "shift_jis",
    ),
    "a byte order mark": both(f"\ufeff{CALL}", f"\ufeff{DONE}"),
    "wide letters before it on the line": both(
        f"{HEAD}\n\ns = '\U0001f600é'; client = OpenAI()\n",
        f"{HEAD}\n{OURS}\ns = '\U0001f600é'; client = OpenAI(http_client=openai_http_client())\n",
    ),
    "windows": both(CALL.replace("\n", "\r\n"), DONE.replace("\n", "\r\n")),
    "old macs": both(CALL.replace("\n", "\r"), DONE.replace("\n", "\r")),
    "mixed line ends": both(
        f"{HEAD}\r\n\nx = 1\rclient = OpenAI()\r\n",
        f"{HEAD}\r\n{OURS[:-1]}\r\n\nx = 1\rclient = OpenAI(http_client=openai_http_client())\r\n",
    ),
    "no line end at the end": both(CALL[:-1], DONE[:-1]),
    "tabs": both(
        f"{HEAD}\n\ndef f():\n\treturn OpenAI(\n\t\ttimeout=1,\n\t)\n",
        f"{HEAD}\n{OURS}\ndef f():\n\treturn OpenAI(\n\t\ttimeout=1,\n"
        "\t\thttp_client=openai_http_client(),\n\t)\n",
    ),
    "form feeds": both(
        f"import os\n\x0c\n{CALL}\x0c\nclass A:\n    pass\n",
        f"import os\n\x0c\n{DONE}\x0c\nclass A:\n    pass\n",
    ),
    "a form feed before it": both(f"\x0c{CALL}", f"\x0c{HEAD}\n\x0c{OURS}{DONE[len(HEAD + OURS) + 1:]}"),
    "letters that look like line ends": both(
        f"s = '\x1c\x85\u2028'\n{CALL}", f"s = '\x1c\x85\u2028'\n{DONE}"
    ),
    "a line of a megabyte": both(
        f"x = '{'openai ' * 150_000}'\n{CALL}", f"x = '{'openai ' * 150_000}'\n{DONE}"
    ),
    "a line of a megabyte, with it at the end": both(
        f"{HEAD}\nx = [{'1, ' * 350_000}OpenAI()]\n",
        f"{HEAD}\n{OURS}x = [{'1, ' * 350_000}OpenAI(http_client=openai_http_client())]\n",
    ),
    "escapes that Python warns of": both(f"s = '\\d'\n{CALL}", f"s = '\\d'\n{DONE}"),
}  # fmt: skip


@pytest.mark.parametrize("name", MOVED)
def test_what_is_not_edited_keeps_its_bytes(tmp_path: Path, name: str) -> None:
    before, after = MOVED[name]
    plant(tmp_path, {"app.py": before})
    report = apply(tmp_path)
    assert (tmp_path / "app.py").read_bytes() == after
    assert report.broken == ()
    if report.changed:
        assert apply(tmp_path).changed == ()
        rollback(tmp_path)
        assert contents(tmp_path) == {"app.py": before}


USE = "client.chat.completions.create(model='m', messages=[])\n"
# Trees whose imports are odd, the files that change, and what becomes of each site.
IMPORTS: dict[str, tuple[dict[str, str], list[tuple[str, str, str]]]] = {
    "in a circle": (
        {
            "a.py": f"from b import client\n\n{USE}",
            "b.py": "from c import client\n",
            "c.py": "from a import client\n",
        },
        [("report-only", "receiver-unknown", "a.py:3")],
    ),
    "in a circle around a client": (
        {"a.py": f"import b\n\n{CALL}", "b.py": f"import a\n\na.{USE}"},
        [("safe", "gains-client", "a.py:5"), ("carried", "carried", "b.py:3")],
    ),
    "stars in a circle": (
        {"a.py": f"from b import *\n\n{USE}", "b.py": "from a import *\n"},
        [("report-only", "receiver-unknown", "a.py:3")],
    ),
    "a star": (
        {"a.py": CALL, "b.py": f"from a import *\n\n{USE}"},
        [("safe", "gains-client", "a.py:3"), ("carried", "carried", "b.py:3")],
    ),
    "a module that has the package's name": (
        {"openai.py": "class OpenAI: ...\n", "a.py": CALL},
        [],
    ),
    "a class that has the client's name": (
        {"a.py": "import openai\n\n\nclass OpenAI: ...\n\n\nclient = OpenAI()\n"},
        [],
    ),
    "a name that is bound anew": (
        {"a.py": "from openai import OpenAI\nfrom fake import OpenAI\n\nclient = OpenAI()\n"},
        [("report-only", "several-meanings", "a.py:4")],
    ),
    "a parameter that shadows it": (
        {"a.py": "from openai import OpenAI\n\n\ndef f(OpenAI):\n    return OpenAI()\n"},
        [],
    ),
    "one of two by a condition": (
        {
            "a.py": "if x:\n    from openai import OpenAI\nelse:\n    from fake import OpenAI\n\n"
            "client = OpenAI()\n"
        },
        [("report-only", "several-meanings", "a.py:6")],
    ),
    "only for the checker": (
        {
            "a.py": "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n"
            "    from openai import OpenAI\n\n\ndef f(client: 'OpenAI'): ...\n"
        },
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", IMPORTS)
def test_odd_imports(tmp_path: Path, name: str) -> None:
    files, found = IMPORTS[name]
    plant(tmp_path, files)
    report = look(tmp_path, review=True)
    assert verdicts(report) == found


def test_an_import_that_may_fail(tmp_path: Path) -> None:
    before = (
        "try:\n    from openai import OpenAI\nexcept ImportError:\n    OpenAI = None\n\n"
        "client = OpenAI() if OpenAI else None\n"
    )
    plant(tmp_path, {"a.py": before})
    apply(tmp_path)
    assert (tmp_path / "a.py").read_text() == (
        "try:\n    from openai import OpenAI\nexcept ImportError:\n    OpenAI = None\n\n"
        "from sophia_cli.llm import openai_http_client\n\n"
        "client = OpenAI(http_client=openai_http_client()) if OpenAI else None\n"
    )


def test_links_in_a_circle(tmp_path: Path) -> None:
    plant(tmp_path, {"pkg/a.py": CALL})
    (tmp_path / "pkg/self").symlink_to(tmp_path / "pkg")
    (tmp_path / "one.py").symlink_to("two.py")
    (tmp_path / "two.py").symlink_to("one.py")
    (tmp_path / "pkg/up").symlink_to("..")
    report = apply(tmp_path)
    assert report.changed == ("pkg/a.py",)
    assert {site.path for site in report.sites} == {"pkg/a.py"}
    assert {(item.path, item.reason) for item in report.unseen} == {
        ("one.py", "a link that leads to itself"),
        ("two.py", "a link that leads to itself"),
    }


def test_things_that_are_named_like_files(tmp_path: Path) -> None:
    plant(tmp_path, {"folder.py/a.py": CALL, "folder.md/x": ""})
    os.mkfifo(tmp_path / "pipe.py")
    report = apply(tmp_path)
    assert report.changed == ("folder.py/a.py",)
