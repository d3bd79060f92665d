"""The tree that `migrate.py` measures: this Python's own library as an application that calls models.

Always the same for one release of Python. Two thirds of the files know nothing of a model; of the others
half construct clients and call them, within a file and across files, and half only speak of it.
"""

from __future__ import annotations

import random
import re
import subprocess
import sysconfig
from pathlib import Path
from typing import NamedTuple

FOLDERS = ("agents", "api", "core", "integrations", "services", "scripts", "tests", "workflows")
# What a search by words could take for a model's: a file that is meant to know none holds none.
_WORDS = re.compile(
    rb"openai|anthropic|cohere|groq|mistral|gemini|cortex|litellm|langchain|portkey|completions|"
    rb"embeddings|messages\.create|requests\.post",
    re.IGNORECASE,
)
_SHORTEST, _LONGEST = 100, 3000

SHARED = """
from openai import OpenAI

shared_client_{n} = OpenAI(timeout=30)


def summarise_{n}(text):
    reply = shared_client_{n}.chat.completions.create(
        model="gpt-4o-mini", messages=[{{"role": "user", "content": text}}]
    )
    return reply.choices[0].message.content
"""
OWNED = """
import openai


class Assistant{n}:
    def __init__(self, key=None):
        self.client = openai.AsyncOpenAI(api_key=key)
        self.history = []

    async def ask(self, question):
        self.history.append({{"role": "user", "content": question}})
        try:
            reply = await self.client.chat.completions.create(model="gpt-4o", messages=self.history)
        except openai.RateLimitError:
            return None
        return reply.choices[0].message.content

    async def embed(self, texts):
        return await self.client.embeddings.create(model="text-embedding-3-small", input=texts)
"""
BORROWED = """
from app.{near} import shared_client_{m} as client


def classify_{n}(text):
    return client.responses.create(model="gpt-4o-mini", input=text).output_text
"""
INHERITED = """
from app.{near} import Assistant{m}


class Analyst{n}(Assistant{m}):
    async def analyse(self, rows):
        prompt = f"What stands out in {{rows}}?"
        found = await self.client.chat.completions.create(
            model="gpt-4o", messages=[{{"role": "user", "content": prompt}}], temperature=0.2
        )
        return found.choices[0].message.content
"""
CLAUDE = """
from anthropic import Anthropic


def draft_{n}(topic):
    client = Anthropic()
    reply = client.messages.create(
        model="claude-sonnet-4-5", max_tokens=800, messages=[{{"role": "user", "content": topic}}]
    )
    return reply.content[0].text
"""
SPOKEN = (
    '\nKEY_{n} = "OPENAI_API_KEY"\n',
    "\n# The answer comes from Anthropic by way of the service; nothing is called from here.\n",
    '\ndef is_old_{n}(model):\n    """Whether a model of OpenAI is no longer offered."""\n'
    '    return model.startswith("gpt-3")\n',
    "\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from openai.types.chat import ChatCompletion\n",
    '\nPROVIDERS_{n} = {{"openai": "https://api.openai.com/v1", "local": "http://localhost:11434"}}\n',
)


class Size(NamedTuple):
    """How many files and lines, and how many files hold a word."""

    files: int
    lines: int
    hits: int


WHOLE, SMALL = Size(670, 250_000, 150), Size(40, 12_000, 12)


def make_tree(folder: Path, size: Size) -> None:
    """Write the tree, with a `.gitignore`, and commit it: it is what a user's checkout looks like."""
    modules = _filler(size)
    for number, data in enumerate(modules):
        path = folder / _path(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        hit = number * size.hits // size.files != (number + 1) * size.hits // size.files
        text = _spoken_or_called(number * size.hits // size.files, size) if hit else ""
        path.write_bytes(data + text.encode())
    (folder / ".gitignore").write_text("build/\n*.log\n")
    git = ["git", "-c", "user.name=Bench", "-c", "user.email=bench@example.invalid"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "the tree"]):
        subprocess.run([*git, *words], cwd=folder, check=True, capture_output=True)


def _path(number: int) -> str:
    return f"app/{FOLDERS[number % len(FOLDERS)]}/part_{number // 40}/module_{number}.py"


def _place(hit: int, size: Size) -> int:
    """The number of the file in which a hit stands."""
    return next(n for n in range(size.files) if (n + 1) * size.hits // size.files > hit)


def _spoken_or_called(hit: int, size: Size) -> str:
    """What the file of this hit holds beside the library: it may refer to that of an earlier one."""
    kinds = (SHARED, OWNED, BORROWED, INHERITED, CLAUDE)
    if hit % 10 >= len(kinds):
        return SPOKEN[hit % len(SPOKEN)].format(n=hit)
    other = hit - 2 if hit % 10 in (2, 3) else hit  # the one that constructs what this one uses
    near = _path(_place(other, size)).removeprefix("app/").removesuffix(".py").replace("/", ".")
    return kinds[hit % 10].format(n=hit, m=other, near=near)


def _filler(size: Size) -> list[bytes]:
    """Modules of the library whose lengths add up to the lines that are wanted, nearly."""
    library = Path(sysconfig.get_paths()["stdlib"])
    paths = sorted(path for path in library.rglob("*.py") if "site-packages" not in path.parts)
    random.Random(0).shuffle(paths)
    chosen: list[bytes] = []
    wanted = size.lines
    for path in paths:
        data = path.read_bytes()
        lines = data.count(b"\n")
        left = size.files - len(chosen)
        if not left:
            break
        if not _SHORTEST <= lines <= _LONGEST or _WORDS.search(data):
            continue
        # Longer or shorter than what is needed on average from here on, by turns as it comes.
        if lines <= 3 * wanted / left:
            chosen.append(data if data.endswith(b"\n") else data + b"\n")
            wanted -= lines
    return chosen
