"""A small home-made service, its pack, and what a run makes of a tree that uses it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sophia_cli.migrate.change import Choice
from sophia_cli.migrate.inventory import Options
from sophia_cli.migrate.packfile import load_pack
from sophia_cli.migrate.pipeline import migrate
from sophia_cli.migrate.report import Report

NEW = "from sophia_cli.llm import get_unified_llm_service\n"
BOTH = "from sophia_cli.llm import TaskType, get_unified_llm_service\n"
PACK = """
[pack]
name = "brain"

[[service]]
module = "lib.brain"
class = "Brain"
instances = ["brain"]
factories = ["get_brain"]

[service.calls]
initialize = "remove"
close = "remove: the service is shared and stays open"

[[service.method]]
name = "ask"
to = "complete_text"
positional = ["text", "heat"]
result = "text"

[service.method.arguments]
text = "prompt"
heat = "temperature"

[[service.method]]
name = "ask_now"
async = false
to = "complete_text"
positional = ["text"]
result = "text"

[service.method.arguments]
text = "prompt"

[[service.method]]
name = "think"
to = "complete_response"
request = "Request"
set = { on_error = "return" }

[service.method.arguments]
messages = "messages"
kind = "task_type"
heat = "temperature"

[service.method.drop]
luck = "the service has none"

[service.method.result]
text = "content"
error = { field = "error", nullable = true }
tokens = "total_tokens"

[[service.method]]
name = "stream"
to = "complete"
positional = ["text"]

[service.method.arguments]
text = "prompt"

[service.enum.Kind]
target = "TaskType"

[service.enum.Kind.members]
TALK = "CHAT_CONVERSATION"
MASS = "BULK"
"""
LIBRARY = '''"""The old service."""
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    TALK = 1
    MASS = 2
    LOST = 3


@dataclass
class Request:
    messages: list
    kind: Kind = Kind.TALK
    heat: float = 0.0
    luck: int = 0


class Brain:
    def __init__(self, size=1):
        self.size = size

    async def initialize(self): ...

    async def ask(self, text, heat=0.1): ...

    def ask_now(self, text): ...

    async def think(self, request): ...


brain = Brain()


def get_brain():
    return brain
'''


def moved(
    tmp_path: Path, files: Mapping[str, str | bytes | None], review: bool = False, pack: str = PACK
) -> Report:
    """Write the files beside the library, those of None left out, and migrate them in place."""
    tree = {"lib/__init__.py": "", "lib/brain.py": LIBRARY, **files}
    for name, text in tree.items():
        if text is None:
            continue
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        data = text if isinstance(text, bytes) else text.encode()
        (tmp_path / name).write_bytes(data)
    (tmp_path / "pack.toml").write_text(pack, encoding="utf-8")
    packs = (load_pack(tmp_path / "pack.toml"),)
    return migrate(Options(tmp_path, True, Choice(review=review), packs))


def verdicts(report: Report) -> list[tuple[str, str, str]]:
    return [(str(s.verdict), s.reason.code, s.place) for s in report.sites if s.rule == "wrapper"]
