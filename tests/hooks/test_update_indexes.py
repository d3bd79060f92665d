"""Where pip is configured to install from: its files, lowest first, then the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from sophia_cli.errors import SophiaError
from sophia_cli.hooks.update.indexes import Indexes, indexes

URL = "https://index.example.com/simple"


def environ(tmp_path: Path, **more: str) -> dict[str, str]:
    """A home of its own, and none of the machine's files."""
    return {
        "HOME": str(tmp_path),
        "XDG_CONFIG_DIRS": str(tmp_path / "none"),
        "PIP_CERT": "",
        **more,
    }


def configure(tmp_path: Path, text: str, name: str = ".config/pip/pip.conf") -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_nothing_is_said(tmp_path: Path) -> None:
    assert indexes(environ(tmp_path)).urls == ("https://pypi.org/simple",)


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        (f"[global]\nindex-url = {URL}/\n", (URL,)),
        (f"[global]\nindex_url = {URL}\n", (URL,)),
        (f"[install]\nindex-url = {URL}\n[global]\nindex-url = https://other.test\n", (URL,)),
        (f"[global]\nindex-url = {URL}\nextra-index-url =\n    https://a.test\n    https://b.test/\n",
         (URL, "https://a.test", "https://b.test")),
        ("[global]\nno-index = true\n", ()),
        (f"[download]\nindex-url = {URL}\n", ("https://pypi.org/simple",)),
    ],
)  # fmt: skip
def test_a_file_of_the_user(tmp_path: Path, text: str, urls: tuple[str, ...]) -> None:
    configure(tmp_path, text)
    assert indexes(environ(tmp_path)).urls == urls


def test_the_order(tmp_path: Path) -> None:
    configure(tmp_path, "[global]\nindex-url = https://old.test\n", ".pip/pip.conf")
    assert indexes(environ(tmp_path)).urls == ("https://old.test",)
    configure(tmp_path, "[global]\nindex-url = https://user.test\n")
    assert indexes(environ(tmp_path)).urls == ("https://user.test",)
    configure(tmp_path, "[global]\nindex-url = https://named.test\n", "named.conf")
    named = environ(tmp_path, PIP_CONFIG_FILE=str(tmp_path / "named.conf"))
    assert indexes(named).urls == ("https://named.test",)
    assert indexes({**named, "PIP_INDEX_URL": URL}).urls == (URL,)
    assert indexes({**named, "PIP_CONFIG_FILE": "/dev/null"}).urls == ("https://pypi.org/simple",)


def test_what_else_is_said(tmp_path: Path) -> None:
    configure(
        tmp_path,
        "[global]\ntrusted-host = a.test b.test:8080\ncert = /c.pem\nproxy = http://p.test\n",
    )
    assert indexes(environ(tmp_path)) == Indexes(
        ("https://pypi.org/simple",), ("a.test", "b.test:8080"), "/c.pem", "http://p.test"
    )


def test_a_file_that_is_none(tmp_path: Path) -> None:
    configure(tmp_path, "index-url\n")
    with pytest.raises(SophiaError) as raised:
        indexes(environ(tmp_path))
    assert str(tmp_path / ".config/pip/pip.conf") in raised.value.message
    assert raised.value.mend == "put it right: pip reads it too"
