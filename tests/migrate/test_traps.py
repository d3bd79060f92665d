"""What edits by regex got wrong in a real code base, one trap after the other, by whole files."""

from __future__ import annotations

from pathlib import Path

import pytest
from brains import moved

from sophia_cli.migrate.site import Verdict

PACK = """
[pack]
name = "phase"

[[service]]
module = "backend.services.smart_ai"
class = "SmartAI"
instances = ["smart_ai"]

[service.calls]
initialize = "remove"
close = "remove: the service is shared and stays open"

[[service.method]]
name = "generate_response"
to = "complete_response"
request = "LLMRequest"
set = { on_error = "return" }

[service.method.arguments]
messages = "messages"
task_type = "task_type"
temperature = "temperature"
user_id = "user"

[service.method.drop]
cost_sensitivity = "the routes decide"
performance_priority = "the routes decide"

[service.method.result]
content = "content"
error = { field = "error", nullable = true }

[[service.method]]
name = "generate_code"
to = "complete_text"
positional = ["prompt"]
result = "text"

[service.method.arguments]
prompt = "prompt"

[service.enum.TaskType]
target = "TaskType"

[service.enum.TaskType.members]
EXECUTIVE_INSIGHTS = "BUSINESS_INTELLIGENCE"
ROUTINE_QUERIES = "CHAT_CONVERSATION"

[[service]]
module = "backend.services.gateway"
class = "PortkeyGateway"
factories = ["get_portkey_gateway"]

[[service.method]]
name = "complete"
to = "complete_text"
positional = ["prompt"]
result = "text"

[service.method.arguments]
prompt = "prompt"
"""
SMART = '''"""The old service."""
from enum import Enum


class TaskType(Enum):
    EXECUTIVE_INSIGHTS = "executive_insights"
    ROUTINE_QUERIES = "routine_queries"
    CREATIVE_CONTENT = "creative_content"


class LLMRequest: ...


class SmartAI:
    async def initialize(self): ...

    async def close(self): ...

    async def generate_response(self, request): ...

    async def generate_code(self, prompt): ...


smart_ai = SmartAI()


async def generate_code(prompt, language="python"):
    return await smart_ai.generate_code(f"{language}: {prompt}")
'''
GATEWAY = '''"""The old gateway."""


class PortkeyGateway:
    async def complete(self, prompt): ...


def get_portkey_gateway():
    return PortkeyGateway()
'''
OLD = {
    "backend/__init__.py": "",
    "backend/services/__init__.py": "",
    "backend/services/smart_ai.py": SMART,
    "backend/services/gateway.py": GATEWAY,
}
IMPORT = "from backend.services.smart_ai import SmartAI\n"
REQUEST = "from backend.services.smart_ai import LLMRequest, smart_ai\n"
NEW = "from sophia_cli.llm import get_unified_llm_service\n"

# The files that a trap stands in, and the reason codes under which it is told.
LEFT: dict[str, tuple[dict[str, str], set[str]]] = {
    "3 enum members that vanish": (
        {
            "app.py": "from backend.services.smart_ai import LLMRequest, TaskType, smart_ai\n\n\n"
            "async def f(m):\n    return await smart_ai.generate_response(\n"
            "        LLMRequest(messages=m, task_type=TaskType.CREATIVE_CONTENT)\n    )\n"
        },
        {"unknown-member"},
    ),
    "4 an argument that the target lacks": (
        {
            "app.py": REQUEST
            + "\n\nasync def f(m):\n    return await smart_ai.generate_response(\n"
            "        LLMRequest(messages=m, is_experimental=True)\n    )\n"
        },
        {"unknown-argument"},
    ),
    "6 a helper with the name of a method": (
        {
            "app.py": "from backend.services.smart_ai import generate_code\n\n\n"
            "async def f(x):\n    return await generate_code(x, language='go')\n"
        },
        set(),
    ),
    "7 a probe that would turn true": (
        {
            "app.py": "from backend.services.gateway import get_portkey_gateway\n\n\n"
            "async def f(x):\n    gateway = get_portkey_gateway()\n"
            "    if hasattr(gateway, 'complete'):\n        return await gateway.complete(x)\n"
        },
        {"probed", "shared-instance"},
    ),
    "10 methods that never existed": (
        {
            "app.py": "from backend.services.smart_ai import smart_ai\n\n\n"
            "async def f(x):\n    try:\n        return await smart_ai.generate_text(x)\n"
            "    except AttributeError:\n        return await smart_ai.constitutional_complete(x)\n"
        },
        {"undeclared"},
    ),
    "11 code in string templates": (
        {
            "app.py": "TEMPLATE = '''\nfrom backend.services.smart_ai import SmartAI\n\n"
            "ai = SmartAI()\nprint(ai.generate_code('x'))\n'''\n"
            "OTHER = f'''\nimport openai\nclient = openai.OpenAI()\n{TEMPLATE}'''\n"
        },
        {"in-string"},
    ),
    "12 port tables and status keys": (
        {
            "app.py": "PORTS = {'smart_ai': 8001, 'portkey_gateway': 8002}\n"
            "status = {'SmartAI': 'up', \"get_portkey_gateway\": PORTS['smart_ai']}\n"
            "print('smart_ai.generate_response(LLMRequest())')  # smart_ai.close()\n"
        },
        set(),
    ),
    "13 names that contain the old name": (
        {
            "app.py": "from backend.services.x import PortkeyGatewayService, UnifiedLLMServiceService\n\n\n"
            "class SmartAIService(UnifiedLLMServiceService):\n"
            "    def __init__(self):\n        self.gateway = PortkeyGatewayService()\n\n"
            "    async def complete(self, x):\n        return await self.gateway.complete(x)\n",
            "backend/services/x.py": "class PortkeyGatewayService:\n"
            "    async def complete(self, x): ...\n\n\nclass UnifiedLLMServiceService: ...\n",
        },
        set(),
    ),
    "14 a guarded import hides a target that is broken": (
        {
            "app.py": "try:\n    from backend.services.smart_ai import smart_ai\nexcept ImportError:\n"
            "    smart_ai = None\n\n\nasync def f(x):\n    if smart_ai:\n"
            "        return await smart_ai.generate_code(x)\n"
        },
        {"guarded-import"},
    ),
    "15 pages that tell of the past": (
        {
            "docs/use.md": f"# Use\n\n```python\n# OLD\n{IMPORT}\nai = SmartAI()\n```\n",
            "docs/migration.md": f"```python\n{IMPORT}\nSmartAI().close()\n```\n",
        },
        {"history"},
    ),
    "17 a future import below two docstrings": (
        {
            "app.py": '"""One."""\n"""Two."""\nfrom __future__ import annotations\n\n'
            "from backend.services.smart_ai import smart_ai\n\n\n"
            "async def f(x):\n    return await smart_ai.generate_code(x)\n"
        },
        {"does-not-compile"},
    ),
}


@pytest.mark.parametrize(("files", "codes"), LEFT.values(), ids=LEFT.keys())
def test_left_alone(tmp_path: Path, files: dict[str, str], codes: set[str]) -> None:
    report = moved(tmp_path, OLD | files, review=True, pack=PACK)
    after = {name: (tmp_path / name).read_text() for name in OLD | files}
    assert after == OLD | files
    found = [site for site in report.sites if site.path in files]
    assert {site.reason.code for site in found} == codes
    assert {site.verdict for site in found} <= {Verdict.REPORT}


# Before, after, and the reasons for which it waits for a look.
MOVED: dict[str, tuple[dict[str, str], dict[str, str], set[str]]] = {
    "1 a constructor in a method that does not await": (
        {
            "app.py": IMPORT + "\n\nclass Agent:\n    def __init__(self):\n"
            "        self.ai = SmartAI()\n\n    async def run(self, x):\n"
            "        return await self.ai.generate_code(x)\n"
        },
        {
            "app.py": NEW + "\n\nclass Agent:\n    def __init__(self):\n"
            "        self.ai = get_unified_llm_service()\n\n    async def run(self, x):\n"
            "        return await self.ai.complete_text(x)\n"
        },
        set(),
    ),
    "2 a request that is built first, with comments": (
        {
            "app.py": REQUEST + "\n\nasync def f(m):\n    request = LLMRequest(\n"
            "        messages=m,  # all of them\n        # not too warm\n        temperature=0.2,\n"
            "    )\n    answer = await smart_ai.generate_response(request)\n"
            "    return answer.content\n"
        },
        {
            "app.py": NEW + "\n\nasync def f(m):\n"
            "    answer = await get_unified_llm_service().complete_response(\n"
            "        messages=m,  # all of them\n        # not too warm\n        temperature=0.2,\n"
            '        on_error="return",\n    )\n    return answer.content\n'
        },
        set(),
    ),
    "4 arguments that the target lacks": (
        {
            "app.py": REQUEST + "\n\nasync def f(m, who):\n"
            "    answer = await smart_ai.generate_response(\n        LLMRequest(\n"
            "            messages=m, user_id=who, cost_sensitivity=0.9, performance_priority=True\n"
            "        )\n    )\n    return answer.content\n"
        },
        {
            "app.py": NEW + "\n\nasync def f(m, who):\n"
            "    answer = await get_unified_llm_service().complete_response(\n"
            '        messages=m, user=who, on_error="return"\n'
            "    )\n    return answer.content\n"
        },
        {"argument-dropped"},
    ),
    "5 an instance in lower case": (
        {
            "app.py": "from backend.services.smart_ai import smart_ai\n\n\n"
            "async def f(x):\n    return await smart_ai.generate_code(x)\n"
        },
        {
            "app.py": NEW + "\n\nasync def f(x):\n"
            "    return await get_unified_llm_service().complete_text(x)\n"
        },
        set(),
    ),
    "8 an attribute that a base class in another file sets": (
        {
            "base.py": IMPORT
            + "\n\nclass Base:\n    def __init__(self):\n        self.ai = SmartAI()\n",
            "app.py": "from base import Base\n\n\nclass Agent(Base):\n    async def run(self, x):\n"
            "        return await self.ai.generate_code(x)\n",
        },
        {
            "base.py": NEW + "\n\nclass Base:\n    def __init__(self):\n"
            "        self.ai = get_unified_llm_service()\n",
            "app.py": "from base import Base\n\n\nclass Agent(Base):\n    async def run(self, x):\n"
            "        return await self.ai.complete_text(x)\n",
        },
        set(),
    ),
    "9 close on what is now shared": (
        {
            "app.py": "from backend.services.smart_ai import smart_ai\n\n\nasync def f(x):\n"
            "    await smart_ai.initialize()\n    y = await smart_ai.generate_code(x)\n"
            "    await smart_ai.close()\n    return y\n"
        },
        {
            "app.py": NEW + "\n\nasync def f(x):\n"
            "    y = await get_unified_llm_service().complete_text(x)\n    return y\n"
        },
        {"not-needed", "still-needed"},
    ),
    "16 what never raised does not raise": (
        {
            "app.py": "from backend.services.smart_ai import LLMRequest, TaskType, smart_ai\n\n\n"
            "async def f(m):\n    answer = await smart_ai.generate_response(\n"
            "        LLMRequest(messages=m, task_type=TaskType.EXECUTIVE_INSIGHTS)\n    )\n"
            "    if answer.error:\n        return None\n    return answer.content\n"
        },
        {
            "app.py": "from sophia_cli.llm import TaskType, get_unified_llm_service\n\n\n"
            "async def f(m):\n"
            "    answer = await get_unified_llm_service().complete_response(\n"
            '        messages=m, task_type=TaskType.BUSINESS_INTELLIGENCE, on_error="return"\n    )\n'
            "    if answer.error:\n        return None\n    return answer.content\n"
        },
        set(),
    ),
}


@pytest.mark.parametrize(("before", "after", "codes"), MOVED.values(), ids=MOVED.keys())
def test_moves(
    tmp_path: Path, before: dict[str, str], after: dict[str, str], codes: set[str]
) -> None:
    report = moved(tmp_path, OLD | before, review=True, pack=PACK)
    assert {name: (tmp_path / name).read_text() for name in OLD | before} == OLD | after
    waiting = [site for site in report.sites if site.verdict is Verdict.REVIEW]
    assert {site.reason.code for site in waiting} == codes


def test_all_seventeen_are_here() -> None:
    assert {int(name.split()[0]) for name in (*LEFT, *MOVED)} == set(range(1, 18))
