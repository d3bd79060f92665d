"""The README cannot drift: its commands exist and its settings are those of the code."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from sophia_cli.llm.cache.policy import KEYS as CACHE_KEYS
from sophia_cli.llm.config import KEYS, describe_settings
from sophia_cli.llm.privacy import KEYS as PRIVACY_KEYS
from sophia_cli.settings import KEYS as COMMAND_LINE_KEYS

README = Path(__file__).parents[1] / "README.md"


def commands() -> list[str]:
    rows = re.findall(r"^\| `sophia([^`\n]*)` \|", README.read_text(), re.MULTILINE)
    return sorted({" ".join(word for word in row.split() if word.isalpha()) for row in rows})


@pytest.mark.parametrize("words", commands())
def test_every_command_exists(words: str) -> None:
    groups = words.split()[:2] if words != "migrate show safe" else ["migrate", "show"]
    done = subprocess.run(
        [sys.executable, "-m", "sophia_cli", *groups, "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_settings_are_those_of_the_code() -> None:
    rows = describe_settings((*KEYS, *CACHE_KEYS, *PRIVACY_KEYS, *COMMAND_LINE_KEYS))
    lines = ["| key | default | environment | meaning |", "|---|---|---|---|"]
    for path, default, env, text in rows:
        shown = "none" if default in ("", ()) else default
        lines.append(f"| `{path}` | {shown} | {f'`{env}`' if env != '-' else '-'} | {text} |")
    found = (
        README.read_text().partition("<!-- settings -->\n")[2].partition("<!-- /settings -->")[0]
    )
    assert found == "\n".join(lines) + "\n"
