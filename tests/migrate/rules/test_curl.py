"""Requests to a model that another program sends."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from trees import apply, contents, look, plant

URL = "https://api.openai.com/v1/chat/completions"
BODY = '{"model": "m", "messages": [], "stream": true}'
NOT_OURS = {
    "a text that is printed": f"print('curl {URL} -d x')\n",
    "a text that is kept": f"HELP = 'curl {URL} -d x'\n",
    "a question without a body": f"import os\n\nos.system('curl -s {URL}')\n",
    "a list of models": "import os\n\nos.system('curl https://api.openai.com/v1/models -H x')\n",
    "a health check": f"import subprocess\n\nsubprocess.run(['curl', '-I', '{URL}', '-d', 'x'])\n",
    "a file that is sent": "import os\n\nos.system('curl -F f=@x https://api.openai.com/v1/files')\n",
    "another's host": "import os  # openai\n\nos.system('curl -d x https://example.com/openai')\n",
    "this machine": "import os\n\nos.system('curl -d x http://localhost:1/v1/chat/completions')\n",
    "another program": f"import os\n\nos.system('echo {URL} -d x')\n",
    "its name in what another prints": f"import os\n\nos.system('echo use curl {URL} -d x')\n",
    "a command before it": f"import os\n\nos.system('curl https://example.com; echo -d {URL}')\n",
    "a function of one's own": f"def system(x): ...\n\n\nsystem('curl -d x {URL}')\n",
    "a command that is not seen": "import os  # openai\n\nos.system(command)\n",
    "nothing": "import os  # openai\n\nos.system()\nos.popen(1)\nos.system('curl')\n",
    "an odd quote": f'import os\n\nos.system("echo it\'s {URL}")\n',
}


@pytest.mark.parametrize("text", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_leaves_alone(tmp_path: Path, text: str) -> None:
    plant(tmp_path, {"app.py": text})
    before = contents(tmp_path)
    assert apply(tmp_path, review=True).sites == ()
    assert contents(tmp_path) == before


FOUND = {
    "a shell's text": (
        f"import os\n\nos.system('curl -s {URL} -H \"A: b\" -d @body.json')\n",
        "POST api.openai.com/v1/chat/completions openai None None",
    ),
    "a list": (
        f"import subprocess\n\nsubprocess.run(['curl', '-X', 'POST', '{URL}', '-d', '{BODY}'])\n",
        "POST api.openai.com/v1/chat/completions openai m True",
    ),
    "a list with a name": (
        f"from subprocess import check_output\n\nURL = '{URL}'\n"
        "cmd = ['/usr/bin/curl', '--request', 'POST', URL]\ncheck_output(cmd)\n",
        "POST api.openai.com/v1/chat/completions openai None None",
    ),
    "several lines": (
        "import subprocess\n\nsubprocess.run(\n    f'''curl https://api.anthropic.com/v1/messages \\\\\n"
        '  -H "x-api-key: {key}" \\\\\n  --data \\\'{{"model": "c"}}\\\' | jq .\'\'\', shell=True)\n',
        "POST api.anthropic.com/v1/messages anthropic c False",
    ),
    "a body that is made of a dict": (
        "import json\nimport subprocess\n\nsubprocess.Popen([\n"
        f"    'curl', '{URL}', '--data-raw', json.dumps({{'model': 'm', 'messages': x}})])\n",
        "POST api.openai.com/v1/chat/completions openai m False",
    ),
    "a host that is only known at run time": (
        f"import os\n\nos.popen(f'curl {{BASE}}/v1/messages -d \\'{BODY.replace('{', '{{').replace('}', '}}')}\\'')\n",
        "POST {}/v1/messages  m True",
    ),
    "a host in a variable of the shell": (
        "import os\n\nos.system('curl -d @x ${BASE}/v1/chat/completions')\n",
        "POST {}/v1/chat/completions  None None",
    ),
    "a vendor's header": (
        "import os\n\nos.system('curl https://llm.example.com/v1/messages -H \"anthropic-version: 1\" -d @x')\n",
        "POST llm.example.com/v1/messages  None None",
    ),
    "a shell in a list": (
        f"import subprocess\n\nsubprocess.run(['bash', '-c', 'cat x | curl -d @- {URL}'])\n",
        "POST api.openai.com/v1/chat/completions openai None None",
    ),
    "a text that is split": (
        f"import shlex\nimport subprocess\n\nsubprocess.run(shlex.split('curl -d x {URL}'))\n",
        "POST api.openai.com/v1/chat/completions openai None None",
    ),
    "an asynchronous one": (
        "import asyncio\n\n\nasync def f():\n    await asyncio.create_subprocess_exec(\n"
        f"        'wget', '--post-data', 'x', '{URL}')\n",
        "POST api.openai.com/v1/chat/completions openai None None",
    ),
}


@pytest.mark.parametrize(("text", "expected"), FOUND.values(), ids=FOUND.keys())
def test_is_told(tmp_path: Path, text: str, expected: str) -> None:
    plant(tmp_path, {"app.py": text})
    (site,) = look(tmp_path).sites
    told = f"{site.operation} {site.endpoint} {site.model} {site.use.streaming}"
    assert (told, str(site.verdict), site.rule) == (expected, "report-only", "raw_http")
