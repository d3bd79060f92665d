"""Whatever a file holds: it passes through unchanged, or only the expected lines change."""

from __future__ import annotations

import difflib
import os
import random
import sysconfig
import tempfile
import unicodedata
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from trees import apply, contents, plant

from sophia_cli.migrate.modules import load
from sophia_cli.migrate.source import Unreadable
from sophia_cli.migrate.write import rollback

STDLIB = Path(sysconfig.get_paths()["stdlib"])
PACKAGES = Path(sysconfig.get_paths()["purelib"])


# SOPHIA_TEST_EVERY_FILE=1 takes all files of this Python and of its packages, not a few hundred.
EVERY = bool(os.environ.get("SOPHIA_TEST_EVERY_FILE"))


def sample(count: int) -> list[Path]:
    """Some files of the standard library and of installed packages, always the same."""
    own = [path for path in STDLIB.rglob("*.py") if "site-packages" not in path.parts]
    files = sorted({*own, *PACKAGES.rglob("*.py")})
    return files if EVERY else random.Random(0).sample(files, min(count, len(files)))


def test_any_file_keeps_its_bytes_and_its_lines() -> None:
    broken = 0
    for path in sample(400):
        data = path.read_bytes()
        try:
            file = load(path.name, data)
        except Unreadable:
            broken += 1
            continue
        assert file.source.rewrite([]) == data, path
        for name in file.table.names:
            # Python itself reads identifiers in their compatibility form: \uff57idth is width.
            text = unicodedata.normalize("NFKC", file.source.text(name).decode())
            assert text == name.id or file.table.in_format(name)
    assert EVERY or broken < 40  # the test data of lib2to3 and the like


def test_a_no_op_plan_leaves_every_file_as_it_is(tmp_path: Path) -> None:
    files = {f"lib/{n}_{p.name}": p.read_bytes() for n, p in enumerate(sample(150))}
    marked = {name: b"# openai anthropic\n" + data for name, data in files.items()}
    plant(tmp_path, marked)
    report = apply(tmp_path, review=True, include=("*",))
    edited = {site.path for site in report.sites if site.edits}
    assert edited == set(report.changed)  # the vendors' own packages make clients
    assert {name: data for name, data in contents(tmp_path).items() if name not in edited} == {
        name: data for name, data in marked.items() if name not in edited
    }
    if report.run:
        rollback(tmp_path)
    assert contents(tmp_path) == marked


ARGUMENTS = st.lists(
    st.sampled_from(
        ["api_key='x'", 'base_url="(,)"', "timeout=(1 + 2)", "max_retries=f(a, b=[1, 2])",
         "organization='''a\nb'''", "project={'a': (1,)}[')']", "default_headers={**h}"]
    ),
    max_size=4,
    unique_by=lambda text: text.partition("=")[0],
)  # fmt: skip
STYLES = st.sampled_from(["inline", "spread", "spread without comma", "hanging"])
AROUND = st.sampled_from(
    ["client = {}", "x = [{}, 1]", "def f():\n    return {}", "class A:\n    c = {}", "f({})",
     "if x:\n    y = {}\nelse:\n    y = None", "client: object = {}  # kept", "with {} as c:\n    pass"]
)  # fmt: skip
IMPORTS = st.sampled_from(
    [("from openai import OpenAI", "OpenAI"), ("import openai", "openai.OpenAI"),
     ("import openai as oa", "oa.OpenAI"), ("from openai import OpenAI as O", "O")]
)  # fmt: skip
EOLS = st.sampled_from(["\n", "\r\n"])


def call(name: str, arguments: list[str], style: str) -> str:
    if style == "inline" or not arguments:
        return f"{name}({', '.join(arguments)})"
    if style == "hanging":
        return f"{name}(\n        {', '.join(arguments)}\n    )"
    comma = "" if style == "spread without comma" else ","
    return f"{name}(\n        " + ",\n        ".join(arguments) + f"{comma}\n    )"


@settings(max_examples=150, deadline=None)
@given(arguments=ARGUMENTS, style=STYLES, around=AROUND, names=IMPORTS, eol=EOLS)
def test_only_the_import_and_the_call_change(
    arguments: list[str],
    style: str,
    around: str,
    names: tuple[str, str],
    eol: str,
) -> None:
    statement, name = names
    text = f"{statement}\n\nbefore = 1\n{around.format(call(name, arguments, style))}\nafter = 2\n"
    before = text.replace("\n", eol)
    with tempfile.TemporaryDirectory() as folder:
        root = plant(Path(folder), {"app.py": before})
        report = apply(root, review=True)
        after = (root / "app.py").read_bytes().decode()
        compile(after, "app.py", "exec")
        assert report.changed == ("app.py",)
        assert after.count("http_client=openai_http_client()") == 1
        gone = [line for line in _lines(before, after) if line.startswith("- ")]
        assert len(gone) <= 1  # the line that gets the argument, or the comma before it
        assert apply(root, review=True).changed == ()
        rollback(root)
        assert (root / "app.py").read_bytes().decode() == before


def _lines(before: str, after: str) -> list[str]:
    return list(difflib.ndiff(before.splitlines(), after.splitlines()))
