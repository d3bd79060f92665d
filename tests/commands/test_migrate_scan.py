"""`sophia migrate scan` as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from shell import sophia

FILES = {
    "app/brain.py": (
        "import openai\nfrom openai import OpenAI\n\n\nclass Brain:\n    def __init__(self):\n"
        "        self.client = OpenAI(base_url='https://openrouter.ai/api/v1')\n\n"
        "    def ask(self):\n        try:\n"
        "            return self.client.responses.create(model='m', input='x', tools=[])\n"
        "        except openai.APIError: ...\n"
    ),
    "app/raw.py": "import httpx\n\nhttpx.post('https://api.groq.com/openai/v1', json={'model': 'm'})\n",
    "app/broken.py": "import openai\nx = (\n",
    "app/quiet.py": "print('nothing')\n",
    "tests/test_brain.py": "mocker.patch('app.brain.OpenAI')  # openai\n",
}
SCREEN = """\
6 sites in 3 of 5 files

  provider    rule              category  sites  files
  groq        raw_http          source        1      1
  openai      exceptions        source        1      1
  openai      patches           test          1      1
  openrouter  calls             source        1      1
  openrouter  openai_client     source        1      1
  openrouter  wrapper_proposed  source        1      1

  app/brain.py:5  class Brain
      wraps openrouter in ask; no other file names it

Not looked at: 1 file (sophia migrate names them)
Next:  sophia migrate      or      sophia migrate scan --files
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_screen(project: Path) -> None:
    said = sophia("migrate", "scan", cwd=project)
    assert (said.code, said.out, said.err) == (0, SCREEN, "")


def test_the_files(project: Path) -> None:
    said = sophia("migrate", "scan", "--files", cwd=project)
    assert said.out == "app/brain.py\napp/raw.py\ntests/test_brain.py\n"


def test_a_second_scan_says_the_same(project: Path) -> None:
    first = sophia("migrate", "scan", "--json", cwd=project).json
    assert sophia("migrate", "scan", "--json", cwd=project).json == first


def test_as_data(project: Path) -> None:
    data = sophia("migrate", "scan", "--json", cwd=project).json["data"]
    assert (data["files_looked_at"], len(data["sites"]), len(data["counts"])) == (5, 6, 6)
    call = next(site for site in data["sites"] if site["rule"] == "calls")
    assert {name: call[name] for name in ("sdk", "provider", "model", "streaming", "tools")} == {
        "sdk": "openai",
        "provider": "openrouter",
        "model": "m",
        "streaming": False,
        "tools": True,
    }
    assert (call["result"], call["class"], call["async"]) == ("returned", "carried", False)
    assert [item["path"] for item in data["not_looked_at"]] == ["app/broken.py"]


def test_nothing_to_find(tmp_path: Path) -> None:
    said = sophia("migrate", "scan", cwd=tmp_path)
    end = "Next:  sophia migrate      or      sophia migrate scan --files\n"
    assert (said.code, said.out) == (0, f"0 sites in 0 of 0 files\n\n{end}")
