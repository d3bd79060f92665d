"""Requests to a model that the shell of a notebook sends."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from trees import apply, contents, look, plant

URL = "https://api.openai.com/v1/chat/completions"
BODY = """'{"model": "m", "messages": [], "stream": true}'"""


def notebook(*cells: str) -> str:
    every = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "source": text.splitlines(True)}
        for text in cells
    ]
    return json.dumps(
        {"cells": every, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1
    )


NOT_OURS = {
    "a list of models": "!curl https://api.openai.com/v1/models",
    "a question without a body": f"%%bash\ncurl -s {URL}\n",
    "another's host": "!curl -d x https://example.com/openai",
    "this machine": "!curl -d x http://localhost:1/v1/chat/completions",
    "a comment": f"%%bash\n# curl -d x {URL}\n#curl -d x {URL}\n",
    "a comment with an odd quote": f"%%bash\n# it's\necho curl -d x {URL}\n# isn't\n",
    "a text that is printed": f"!echo use curl -d x {URL}",
    "a text of several lines": f"%%bash\necho 'try\ncurl -d x {URL}\nor not'\n",
    "another command": f"%%bash\ncurl https://example.com\necho -d {URL}\n",
    "what is written to a file": f"%%writefile a.txt\ncurl -d x {URL}\n",
    "a page": f"%%html\ncurl -d x {URL}\n",
    "something else that is known at run time": "!curl $BASE/v1/messages -d x  # openai",
    "an installation": "!pip install openai",
    "a question about a name": "curl?  # openai",
}


@pytest.mark.parametrize("text", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_leaves_alone(tmp_path: Path, text: str) -> None:
    plant(tmp_path, {"a.ipynb": notebook(text)})
    before = contents(tmp_path)
    assert apply(tmp_path, review=True).sites == ()
    assert contents(tmp_path) == before


FOUND = {
    "a cell of bash": (
        f"%%bash\necho go\ncurl -s {URL} \\\n  -H \"A: $KEY\" \\\n  -d {BODY} | jq .\n",
        ["2 POST api.openai.com/v1/chat/completions openai m True"],
    ),
    "two in a cell": (
        f"%%sh\ncurl -d x {URL}\n\ncurl -X POST https://api.anthropic.com/v1/messages\n",
        [
            "1 POST api.openai.com/v1/chat/completions openai None None",
            "3 POST api.anthropic.com/v1/messages anthropic None None",
        ],
    ),
    "a body of several lines": (
        f"%%script bash\ncurl {URL} -d '{{\n  \"model\": \"m\"\n}}'\n",
        ["1 POST api.openai.com/v1/chat/completions openai m False"],
    ),
    "a command": (
        f"x = 1\n!curl -d {BODY} {URL}\ny = 2\n",
        ["1 POST api.openai.com/v1/chat/completions openai m True"],
    ),
    "a command that goes on": (
        f"!curl {URL} \\\n  -d {BODY}\n",
        ["0 POST api.openai.com/v1/chat/completions openai m True"],
    ),
    "a command whose answer is kept": (
        f"answer = !curl -d x {URL}\n",
        ["0 POST api.openai.com/v1/chat/completions openai None None"],
    ),
    "a magic": (
        f"if x:\n    %sx wget --post-data x {URL}\n",
        ["1 POST api.openai.com/v1/chat/completions openai None None"],
    ),
    "an address that is known at run time": (
        f"!curl $BASE/v1/messages -d {BODY}\n!curl {{BASE}}/v1/chat/completions -d x\n",
        ["0 POST {}/v1/messages  m True", "1 POST {}/v1/chat/completions  None None"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), FOUND.values(), ids=FOUND.keys())
def test_is_told(tmp_path: Path, text: str, expected: list[str]) -> None:
    plant(tmp_path, {"a.ipynb": notebook("# openai", text)})
    sites = look(tmp_path).sites
    source = json.loads((tmp_path / "a.ipynb").read_text())["cells"][1]["source"]
    lines = (tmp_path / "a.ipynb").read_text().splitlines()
    told = [
        f"{source.index(json.loads(lines[s.line - 1].strip().rstrip(',')))} "
        f"{s.operation} {s.endpoint} {s.model} {s.use.streaming}"
        for s in sites
    ]
    assert told == expected
    assert {(s.cell, str(s.verdict), s.rule) for s in sites} <= {(2, "report-only", "raw_http")}
