"""Fields of an answer that can be None where the old one never was: what each use becomes."""

from __future__ import annotations

from pathlib import Path

import pytest
from brains import NEW, PACK, moved, verdicts

from sophia_cli.errors import SophiaError
from sophia_cli.migrate.packfile import load_pack
from sophia_cli.migrate.target import members, nullable

OLD = "from lib.brain import Request, brain\n\n\nasync def f(m):\n"
ASK = "    a = await brain.think(Request(messages=m))\n"
ASKED = (
    NEW + "\n\nasync def f(m):\n    a = await get_unified_llm_service().complete_response("
    'messages=m, on_error="return")\n'
)
FILLED = PACK.replace('tokens = "total_tokens"', 'tokens = { field = "total_tokens", default = 0 }')


def test_what_can_be_none_is_read_from_the_service() -> None:
    assert nullable("sophia_cli.llm.call", "LLMResponse") == {
        "cost_usd",
        "error",
        "parsed",
        "tokens_in",
        "tokens_out",
        "total_tokens",
    }


def test_options_are_read_where_the_service_has_them_from() -> None:
    options = members("sophia_cli.llm.service", "CompletionOptions")
    assert {"on_error", "temperature", "task_type"} <= options  # the last one from a base


# Uses in which None does what 0 did, or only shows.
HARMLESS = [
    "    if a.tokens:\n        return 1\n",
    "    return 1 if not a.tokens else 2\n",
    "    return a.tokens or 7\n",
    "    if m and a.tokens:\n        return 1\n",
    "    return [1 for x in m if a.tokens]\n",
    "    assert a.tokens is not None\n",
    "    return bool(a.tokens)\n",
]
SHOWN = ["    print(a.tokens)\n", "    return f'{a.tokens} of {m}'\n", "    return str(a.tokens)\n"]


@pytest.mark.parametrize("text", [*HARMLESS, *SHOWN])
def test_harmless_uses_are_safe(tmp_path: Path, text: str) -> None:
    report = moved(tmp_path, {"app.py": OLD + ASK + text})
    assert (tmp_path / "app.py").read_text() == ASKED + text.replace("tokens", "total_tokens")
    assert [v[0] for v in verdicts(report)] == ["safe"]


@pytest.mark.parametrize("text", HARMLESS)
def test_a_default_is_written_only_where_it_is_needed(tmp_path: Path, text: str) -> None:
    moved(tmp_path, {"app.py": OLD + ASK + text}, pack=FILLED)
    assert (tmp_path / "app.py").read_text() == ASKED + text.replace("tokens", "total_tokens")


# A use, and what it is where the pack gives a default.
HARMFUL = {
    "compared": ("a.tokens > 100", "(a.total_tokens or 0) > 100"),
    "equal": ("a.tokens == 0", "(a.total_tokens or 0) == 0"),
    "is not another": ("a.tokens is m", "(a.total_tokens or 0) is m"),
    "counted": ("m + a.tokens", "m + (a.total_tokens or 0)"),
    "negated": ("-a.tokens", "-(a.total_tokens or 0)"),
    "shown as a number": ("f'{a.tokens:>8}'", "f'{a.total_tokens or 0:>8}'"),
    "counted in an f-string": ("f'{a.tokens * 2}'", "f'{(a.total_tokens or 0) * 2}'"),
    "both in an f-string": (
        "f'{a.tokens} {a.tokens / 2:.1f}'",
        "f'{(a.total_tokens or 0)} {(a.total_tokens or 0) / 2:.1f}'",
    ),
    "by percent": ("'%d' % a.tokens", "'%d' % (a.total_tokens or 0)"),
    "formatted": ("'{:d}'.format(a.tokens)", "'{:d}'.format(a.total_tokens or 0)"),
    "returned": ("a.tokens", "a.total_tokens or 0"),
    "given by name": ("note(n=a.tokens)", "note(n=a.total_tokens or 0)"),
    "a last resort": ("m or a.tokens", "m or (a.total_tokens or 0)"),
    "one of two": ("a.tokens and 5", "(a.total_tokens or 0) and 5"),
    "an attribute": ("a.tokens.real", "(a.total_tokens or 0).real"),
    "in a list": ("[a.tokens]", "[(a.total_tokens or 0)]"),
    "named": ("(n := a.tokens)", "(n := (a.total_tokens or 0))"),
    "a print of one's own": ("m.print(a.tokens)", "m.print(a.total_tokens or 0)"),
}


@pytest.mark.parametrize(("before", "after"), HARMFUL.values(), ids=HARMFUL.keys())
def test_other_uses_wait_for_review(tmp_path: Path, before: str, after: str) -> None:
    text = OLD + ASK + f"    return {before}\n"
    report = moved(tmp_path, {"app.py": text})
    assert (tmp_path / "app.py").read_text() == text
    assert [v[:2] for v in verdicts(report)] == [("review", "may-be-none")]
    words = "total_tokens can be None at line 6, and the pack gives no default"
    assert report.sites[0].reason.words == words


@pytest.mark.parametrize(("before", "after"), HARMFUL.values(), ids=HARMFUL.keys())
def test_other_uses_get_the_default_that_the_pack_gives(
    tmp_path: Path, before: str, after: str
) -> None:
    report = moved(tmp_path, {"app.py": OLD + ASK + f"    return {before}\n"}, pack=FILLED)
    assert (tmp_path / "app.py").read_text() == ASKED + f"    return {after}\n"
    assert [v[0] for v in verdicts(report)] == ["safe"]


def test_a_call_that_is_read_at_once(tmp_path: Path) -> None:
    text = OLD + "    return (await brain.think(Request(messages=m))).tokens > 1\n"
    moved(tmp_path, {"app.py": text}, pack=FILLED)
    assert (tmp_path / "app.py").read_text().endswith(
        "    return ((await get_unified_llm_service().complete_response("
        'messages=m, on_error="return")).total_tokens or 0) > 1\n'
    )  # fmt: skip


def test_a_function_of_one_s_own_that_is_called_print(tmp_path: Path) -> None:
    text = OLD.replace("\n\n\n", "\nfrom m import print\n\n\n") + ASK + "    print(a.tokens)\n"
    report = moved(tmp_path, {"app.py": text})
    assert [v[:2] for v in verdicts(report)] == [("review", "may-be-none")]


def test_a_field_that_could_be_none_before_is_read_by_code_that_knows(tmp_path: Path) -> None:
    report = moved(tmp_path, {"app.py": OLD + ASK + "    return len(a.error)\n"})
    assert [v[0] for v in verdicts(report)] == ["safe"]


def test_a_name_that_stays_gets_its_default_too(tmp_path: Path) -> None:
    pack = PACK.replace('tokens = "', 'total_tokens = "').replace(
        'total_tokens = "total_tokens"', 'total_tokens = { field = "total_tokens", default = 0 }'
    )
    moved(tmp_path, {"app.py": OLD + ASK + "    return a.total_tokens > 3\n"}, pack=pack)
    assert (tmp_path / "app.py").read_text() == ASKED + "    return (a.total_tokens or 0) > 3\n"


def test_text_in_an_f_string_cannot_stand_in(tmp_path: Path) -> None:
    pack = PACK.replace("nullable = true", 'default = ""')
    report = moved(tmp_path, {"app.py": OLD + ASK + "    return f'{a.error:>9}'\n"}, pack=pack)
    assert [v[:2] for v in verdicts(report)] == [("report-only", "in-f-string")]


OWN = """
[target]
module = "company.llm"
getter = "service"
nullable = ["size"]

[[service]]
module = "old"
instances = ["ai"]

[[service.method]]
name = "ask"
async = false
to = "ask"
positional = ["q"]
arguments = { q = "q" }
result = { tokens = "size", text = "text" }
"""


def test_a_target_of_the_project_s_own_says_what_can_be_none(tmp_path: Path) -> None:
    files = {
        "company/__init__.py": "",
        "company/llm.py": "def service(): ...\n",
        "app.py": "from old import ai\n\nai.ask('a').tokens + 1\nai.ask('b').text + 'x'\n",
    }
    report = moved(tmp_path, files, pack=OWN)
    assert verdicts(report) == [
        ("review", "may-be-none", "app.py:3"),
        ("safe", "declared", "app.py:4"),
    ]


FIELD = (
    '[[service]]\nmodule = "a"\nclass = "A"\n[[service.method]]\nname = "ask"\n'
    'to = "complete_response"\n[service.method.result]\nsize = '
)
WRONG = {
    "no field": ("{ default = 0 }", "8: [service.method.result.size] needs the key 'field'"),
    "an unknown key": (
        '{ field = "content", defualt = 0 }',
        "8: [service.method.result.size] has no key 'defualt'",
    ),
    "an unknown field": (
        '{ field = "total" }',
        "8: [[service.method]] ask: result.size names 'total', which the service does not have",
    ),
    "a default that would replace 0": (
        '{ field = "total_tokens", default = 5 }',
        "8: [service.method.result.size] default is 5, which would take the place of 0",
    ),
    "a default that is a list": (
        '{ field = "total_tokens", default = [] }',
        "8: [service.method.result.size] default must be a string, a number, true or false",
    ),
    "a number that has no name": (
        '{ field = "total_tokens", default = nan }',
        "8: [service.method.result.size] default must be a string, a number, true or false",
    ),
    "a flag that is none": (
        '{ field = "total_tokens", nullable = 1 }',
        "8: [service.method.result.size] nullable must be true or false, not 1",
    ),
    "a number": ("3", "8: [service.method.result] size must be a string, not 3"),
}


@pytest.mark.parametrize(("value", "words"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_field_is_said_with_its_line(tmp_path: Path, value: str, words: str) -> None:
    path = tmp_path / "pack.toml"
    path.write_text(FIELD + value + "\n")
    with pytest.raises(SophiaError) as caught:
        load_pack(path)
    assert caught.value.message.startswith(f"{path}:{words}")


def test_the_service_s_own_fields_are_known(tmp_path: Path) -> None:
    path = tmp_path / "pack.toml"
    path.write_text('[target]\nnullable = ["content"]\n')
    with pytest.raises(SophiaError) as caught:
        load_pack(path)
    assert caught.value.message.startswith(f"{path}:2: [target] nullable is for a module of your")
