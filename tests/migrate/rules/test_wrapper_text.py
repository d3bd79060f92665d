"""How a moved call reads, and what is done with requests and answers: what is left first."""

from __future__ import annotations

from pathlib import Path

import pytest
from brains import LIBRARY, NEW, PACK, moved, verdicts

OLD = "from lib.brain import Kind, Request, brain\n"
GIVES = "get_unified_llm_service().complete_response("
ASK = "    a = await brain.think(Request(messages=m))\n"

LEFT = {
    "a field that is written": ("    a.error = None\n    return a.text\n", "field-written"),
    "a field that is added to": ("    a.text += 'x'\n", "field-written"),
    "taken apart by an index": ("    return a['text']\n", "answer-taken-apart"),
    "taken apart by a loop": ("    for part in a: ...\n", "answer-taken-apart"),
    "all fields": ("    return a.__dict__\n", "unknown-field"),
    "shown with its name": ("    return f'{a.tokens=}'\n", "in-f-string"),
    "another variable of that name in an f-string": (
        "    return f'{a.text} {[a.text for a in m]}'\n",
        "in-f-string",
    ),
    "a variable that holds something else": (
        "    if m:\n        a = other()\n    return a.text\n",
        "answer-shared",
    ),
    "a variable of two calls, of which one stays": (
        "    if m:\n        a = await brain.think(m)\n    return a.text\n",
        "shared-instance",
    ),
}


@pytest.mark.parametrize(("text", "code"), LEFT.values(), ids=LEFT.keys())
def test_leaves_an_answer(tmp_path: Path, text: str, code: str) -> None:
    before = OLD + "async def f(m):\n" + ASK + text
    report = moved(tmp_path, {"app.py": before}, review=True)
    assert (tmp_path / "app.py").read_text() == before
    assert {v[0] for v in verdicts(report)} == {"report-only"}
    assert code in {v[1] for v in verdicts(report)}


def test_a_function_above_that_gives_the_variable_something_else(tmp_path: Path) -> None:
    before = (
        OLD + "async def f(m):\n    def g():\n        nonlocal a\n        a = other()\n"
        f"{ASK}    return a.text\n"
    )
    report = moved(tmp_path, {"app.py": before}, review=True)
    assert (tmp_path / "app.py").read_text() == before
    assert [v[:2] for v in verdicts(report)] == [("report-only", "answer-shared")]


SHAPES = {
    "unpacked": ("a, b = brain.think(Request(messages=m))\n", "answer-taken-apart"),
    "a word that names no task": (
        "brain.think(Request(messages=m, kind='talk'))\n",
        "computed-task",
    ),
    "a member by its value": (
        "brain.think(Request(messages=m, kind=Kind('talk')))\n",
        "computed-task",
    ),
    "a member's value": (
        "brain.think(Request(messages=m, kind=Kind.TALK.value))\n",
        "computed-task",
    ),
    "assigned as it is passed": ("brain.ask('a', heat := 3)\n", "odd-shape"),
}


@pytest.mark.parametrize(("text", "code"), SHAPES.values(), ids=SHAPES.keys())
def test_leaves_a_call(tmp_path: Path, text: str, code: str) -> None:
    before = OLD + "m = heat = 1\n" + text
    report = moved(tmp_path, {"app.py": before}, review=True)
    assert (tmp_path / "app.py").read_text() == before
    assert [v[:2] for v in verdicts(report)] == [("report-only", code)]


LATER = {
    "in a lambda": "    return lambda: brain.think(r)\n",
    "in a loop's test": "    while brain.think(r): ...\n",
    "in a comprehension": "    return [brain.think(r) for _ in m]\n",
    "after something else": "    return m.pop(), brain.think(r)\n",
}


@pytest.mark.parametrize("text", LATER.values(), ids=LATER.keys())
def test_a_request_that_would_be_evaluated_otherwise(tmp_path: Path, text: str) -> None:
    before = OLD + "def f(m):\n    r = Request(messages=m.pop())\n" + text
    report = moved(tmp_path, {"app.py": before})
    assert (tmp_path / "app.py").read_text() == before
    assert [v[:2] for v in verdicts(report)] == [("review", "evaluated-later")]


# The body of a function, before and after.
TEXTS = {
    "one call in the arguments of another": (
        "    return await brain.ask(await brain.ask('x'))\n",
        "    return await get_unified_llm_service().complete_text("
        "await get_unified_llm_service().complete_text('x'))\n",
    ),
    "an answer in the next request": (
        ASK + "    r = Request(\n        messages=[a.text, await brain.ask('q')],\n"
        "        heat=a.tokens,  # warm\n    )\n"
        "    b = await brain.think(request=r)\n    return b.text\n",
        f'    a = await {GIVES}messages=m, on_error="return")\n'
        f"    b = await {GIVES}\n"
        "        messages=[a.content, await get_unified_llm_service().complete_text('q')],\n"
        '        temperature=a.total_tokens,  # warm\n        on_error="return",\n    )\n'
        "    return b.content\n",
    ),
    "an answer that is named as it is read": (
        "    if (a := await brain.think(Request(messages=m))).text:\n        print(a.tokens)\n",
        f'    if (a := await {GIVES}messages=m, on_error="return")).content:\n'
        "        print(a.total_tokens)\n",
    ),
    "an answer that is asked for again": (
        ASK + "    if a.error:\n        a = await brain.think(Request(messages=[a.text]))\n"
        "    return a.text\n",
        f'    a = await {GIVES}messages=m, on_error="return")\n    if a.error:\n'
        f'        a = await {GIVES}messages=[a.content], on_error="return")\n'
        "    return a.content\n",
    ),
    "functions inside": (
        ASK + "    def g(a):\n        return a.text\n    def h():\n        return a.text\n",
        f'    a = await {GIVES}messages=m, on_error="return")\n'
        "    def g(a):\n        return a.text\n    def h():\n        return a.content\n",
    ),
    "a comment in the receiver": (
        "    return (\n        brain  # why\n        .ask_now('x')\n    )\n",
        "    return (\n        get_unified_llm_service()  # why\n"
        "        .complete_text_sync('x')\n    )\n",
    ),
    "a backslash": (
        "    return brain \\\n        .ask_now('x')\n",
        "    return get_unified_llm_service() \\\n        .complete_text_sync('x')\n",
    ),
    "a comment that nothing moves past": (
        "    return brain.ask(  # why\n        m, 0.2)\n",
        "    return get_unified_llm_service().complete_text(  # why\n        m, temperature=0.2)\n",
    ),
    "an old member that other code reads": (
        "    await brain.think(Request(messages=m[Kind.TALK]))\n",
        f'    await {GIVES}messages=m[Kind.TALK], on_error="return")\n',
    ),
    "lines that are one statement": (
        "    if m: await brain.ask('a'); print(m)\n    elif not m: return await brain.ask('b')\n",
        "    if m: await get_unified_llm_service().complete_text('a'); print(m)\n"
        "    elif not m: return await get_unified_llm_service().complete_text('b')\n",
    ),
    "a stream": (
        "    async for part in brain.stream('x'):\n        print(part)\n",
        "    async for part in get_unified_llm_service().complete('x'):\n        print(part)\n",
    ),
    "tabs": (
        "\treturn await brain.think(\n\t\tRequest(\n\t\t\tmessages=m,\n\t\t\theat=1\n\t\t)\n\t)\n",
        f'\treturn await {GIVES}\n\t\tmessages=m,\n\t\ttemperature=1,\n\t\ton_error="return",\n\t)\n',
    ),
}


@pytest.mark.parametrize(("before", "after"), TEXTS.values(), ids=TEXTS.keys())
def test_reads_well(tmp_path: Path, before: str, after: str) -> None:
    head = "from lib.brain import Kind, Request, brain\n\n\nasync def f(m):\n"
    moved(tmp_path, {"app.py": head + before}, review=True)
    found = (tmp_path / "app.py").read_text()
    assert found.partition("async def f(m):\n")[2] == after


def test_latin_1_with_windows_line_ends_and_no_end(tmp_path: Path) -> None:
    before = (
        "# -*- coding: latin-1 -*-\nfrom lib.brain import Request, brain\n"
        "brain.think(\n    Request(\n        # é\n        messages=['é'],\n    )\n)"
    )
    after = (
        "# -*- coding: latin-1 -*-\n" + NEW + GIVES + "\n    # é\n    messages=['é'],\n"
        '    on_error="return",\n)'
    )
    moved(tmp_path, {"app.py": before.replace("\n", "\r\n").encode("latin-1")})
    assert (tmp_path / "app.py").read_bytes() == after.replace("\n", "\r\n").encode("latin-1")


def test_a_mark_of_byte_order_and_form_feeds(tmp_path: Path) -> None:
    before = "\ufefffrom lib.brain import brain\n\x0c\ndef f():\n\x0c    return brain.ask_now('é')"
    moved(tmp_path, {"app.py": before})
    assert (tmp_path / "app.py").read_bytes().decode() == (
        "\ufeff" + NEW + "\x0c\ndef f():\n\x0c    return get_unified_llm_service()"
        ".complete_text_sync('é')"
    )


READ_ELSEWHERE = {
    "by import": "from app import Request\n",
    "by star": "from app import *\n",
    "as an attribute": "import app\n\nprint(app.Request)\n",
}


@pytest.mark.parametrize("other", READ_ELSEWHERE.values(), ids=READ_ELSEWHERE.keys())
def test_an_import_stays_while_another_file_reads_it(tmp_path: Path, other: str) -> None:
    text = "from lib.brain import Request, brain\n\nbrain.think(Request(messages=[]))\n"
    moved(tmp_path, {"app.py": text, "other.py": other})
    assert "import" in (tmp_path / "app.py").read_text().splitlines()[0]
    assert "Request" in (tmp_path / "app.py").read_text().splitlines()[0]


NAMED_IN_TEXT = {
    "an annotation": "def f(x: 'Request'): ...\n",
    "a part of one": "def f(x: list['Request']): ...\n",
    "a cast": "cast('Request', 1)\n",
    "a longer list of what is public": "__all__ = []\n__all__ += ['Request']\n",
}


@pytest.mark.parametrize("text", NAMED_IN_TEXT.values(), ids=NAMED_IN_TEXT.keys())
def test_an_import_stays_while_a_text_names_it(tmp_path: Path, text: str) -> None:
    before = "from lib.brain import Request, brain\n\nbrain.think(Request(messages=[]))\n" + text
    moved(tmp_path, {"app.py": before})
    assert (tmp_path / "app.py").read_text() == (
        "from lib.brain import Request\n" + NEW + f'\n{GIVES}messages=[], on_error="return")\n'
    ) + text


SAME_NAME = PACK.replace("enum.Kind", "enum.TaskType")
ENUM = "from lib.brain import Request, TaskType, brain\n\n"
CALL = "brain.think(Request(messages=[], kind=TaskType.TALK))\n"


def test_a_new_name_that_the_old_one_has(tmp_path: Path) -> None:
    files = {"lib/brain.py": LIBRARY.replace("Kind", "TaskType"), "app.py": ENUM + CALL}
    moved(tmp_path, files, pack=SAME_NAME)
    assert (tmp_path / "app.py").read_text() == (
        "from sophia_cli.llm import TaskType, get_unified_llm_service\n\n"
        f'{GIVES}messages=[], task_type=TaskType.CHAT_CONVERSATION, on_error="return")\n'
    )


def test_a_new_name_that_the_old_one_has_and_keeps(tmp_path: Path) -> None:
    more = "print(TaskType.LOST)\n"
    files = {"lib/brain.py": LIBRARY.replace("Kind", "TaskType"), "app.py": ENUM + CALL + more}
    moved(tmp_path, files, pack=SAME_NAME)
    assert (tmp_path / "app.py").read_text() == (
        "from lib.brain import TaskType\n"
        "from sophia_cli.llm import TaskType as NewTaskType, get_unified_llm_service\n\n"
        f'{GIVES}messages=[], task_type=NewTaskType.CHAT_CONVERSATION, on_error="return")\n' + more
    )
