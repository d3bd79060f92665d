"""Exceptions and settings of the SDKs where code names them, and what tests put in their place."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from trees import apply, contents, look, plant

NOT_OURS = {
    "an import": "from openai import RateLimitError\n",
    "an annotation": "import openai\n\n\ndef f(e: openai.APIError) -> openai.APIError | None: ...\n",
    "one's own exception": "import openai\n\n\nclass RateLimitError(Exception): ...\n\n\nraise RateLimitError\n",
    "another package's": "import openai\nfrom mine import APIError\n\ntry: ...\nexcept APIError: ...\n",
    "a text": "import openai\n\nNAME = 'openai.RateLimitError'\n",
    "a patch of something else": "import openai\n\nmocker.patch('os.environ')\nmonkeypatch.setattr('app.x', 1)\n",
    "a request with that verb": "import openai\n\nhttpx.patch('https://api.openai.com/v1/files')\n",
    "an attribute that is set": "import openai\n\nsetattr(openai, 'log', 'debug')\n",
    "a setting that is read": "import openai\n\nprint(openai.api_key)\n",
    "a setting of one's own": "openai = Settings()\nopenai.api_key = 'x'\n",
    "a setting of a client": "def f(client):  # openai\n    client.api_key = 'x'\n",
    "boto's": "import boto3  # openai\n\ntry: ...\nexcept boto3.exceptions.Boto3Error: ...\n",
}


@pytest.mark.parametrize("text", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_leaves_alone(tmp_path: Path, text: str) -> None:
    plant(tmp_path, {"app.py": text})
    before = contents(tmp_path)
    assert apply(tmp_path, review=True).sites == ()
    assert contents(tmp_path) == before


FOUND = {
    "except": (
        "import openai\n\ntry: ...\nexcept openai.RateLimitError: ...\n",
        ["openai except RateLimitError exception-kept"],
    ),
    "several": (
        "from anthropic import APIError\nfrom groq import APIError as Other\n\n"
        "try: ...\nexcept (APIError, ValueError): ...\nexcept Other: ...\n",
        ["anthropic except APIError exception-kept", "groq except APIError exception-other-sdk"],
    ),
    "a retry": (
        "import openai\n\n\n@retry(retry=retry_if_exception_type((openai.APITimeoutError,)))\n"
        "def f(): ...\n\n\n@backoff.on_exception(backoff.expo, openai.APIError)\ndef g(): ...\n",
        ["openai retry APITimeoutError exception-kept", "openai retry APIError exception-kept"],
    ),
    "openai 0.x": (
        "import openai\n\ntry: ...\nexcept openai.error.Timeout: ...\n",
        ["openai except Timeout exception-0.x"],
    ),
    "raised, compared, built on": (
        "import litellm\n\n\nclass Mine(litellm.APIError): ...\n\n\n"
        "isinstance(e, litellm.APIError)\nraise litellm.APIError('x')\n",
        [
            "litellm subclass APIError exception-other-sdk",
            "litellm isinstance APIError exception-other-sdk",
            "litellm raise APIError exception-other-sdk",
        ],
    ),
    "a setting": (
        "import openai as ai\n\nai.api_key = key\nai.api_base: str = 'x'\nai.log = 'debug'\n",
        ["openai openai.api_key = module-settings", "openai openai.api_base = module-settings"],
    ),
    "a patch": ("mock.patch('openai.OpenAI')\n", ["openai patch openai.OpenAI patch-kept"]),
    "a patch with a name": (
        "TARGET = 'litellm.completion'\n\n\n@patch(TARGET)\ndef f(fake): ...\n",
        ["litellm patch litellm.completion patch-idle"],
    ),
    "a patch of an attribute": (
        "import openai\n\nmonkeypatch.setattr(openai, 'OpenAI', Fake)\n",
        ["openai patch openai.OpenAI patch-kept"],
    ),
    "a patch deep inside": (
        "patch('openai.resources.chat.completions.Completions.create')\n",
        ["openai patch openai.resources.chat.completions.Completions.create patch-kept"],
    ),
}


def told(root: Path) -> list[str]:
    return [
        f"{site.provider} {site.operation} {site.reason.code}"
        for site in look(root).sites
        if str(site.verdict) == "noted"
    ]


@pytest.mark.parametrize(("text", "expected"), FOUND.values(), ids=FOUND.keys())
def test_is_noted(tmp_path: Path, text: str, expected: list[str]) -> None:
    plant(tmp_path, {"app.py": text})
    assert told(tmp_path) == expected


def test_a_patch_where_a_client_is_used_is_noted(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "app/__init__.py": "",
            "app/llm.py": "from openai import OpenAI\n\nclient = OpenAI()\n",
            "tests/test_llm.py": (
                "def test_it(mocker):\n    mocker.patch('app.llm.OpenAI')\n"
                "    mocker.patch('app.llm.client.chat.completions.create')  # openai\n"
            ),
        },
    )
    assert told(tmp_path) == [
        "openai patch app.llm.OpenAI patch-kept",
        "openai patch app.llm.client.chat.completions.create patch-kept",
    ]


def test_what_is_noted_is_no_call(tmp_path: Path) -> None:
    plant(tmp_path, {"app.py": "import openai\n\ntry: ...\nexcept openai.APIError: ...\n"})
    report = look(tmp_path)
    assert {row["class"]: row["sites"] for row in report.classes() if row["sites"]} == {"noted": 1}
