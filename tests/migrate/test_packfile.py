"""Rule packs: what a whole one says, and one line for each thing that can be wrong in one."""

from __future__ import annotations

from pathlib import Path

import pytest

from sophia_cli.errors import SophiaError
from sophia_cli.migrate.change import Choice
from sophia_cli.migrate.pack import Enumeration, Field, Method, Pack, Service, Target
from sophia_cli.migrate.packfile import load_pack, load_packs
from sophia_cli.migrate.pipeline import Options, migrate

WHOLE = """
[pack]
name = "shop"
description = "the old assistant"

[[service]]
module = "shop.ai"
class = "Assistant"
instances = ["assistant"]
factories = ["get_assistant"]

[service.calls]
initialize = "remove"
close = "remove: shared"

[[service.method]]
name = "ask"
async = false
to = "complete_response"
request = "Question"
positional = ["text"]
arguments = { text = "prompt" }
drop = { luck = "none" }
set = { on_error = "return", timeout = 5 }
result = { text = "content", size = { field = "total_tokens", default = 0 }, cost = { field = "cost_usd", nullable = true } }

[service.enum.Kind]
target = "TaskType"
members = { TALK = "CHAT_CONVERSATION" }
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "pack.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_whole_pack(tmp_path: Path) -> None:
    method = Method(
        name="ask",
        to="complete_response",
        is_async=False,
        request="Question",
        positional=("text",),
        arguments={"text": "prompt"},
        drop={"luck": "none"},
        set={"on_error": "return", "timeout": 5},
        result={
            "text": Field("content"),
            "size": Field("total_tokens", 0),
            "cost": Field("cost_usd", None, True),
        },
    )
    service = Service(
        module="shop.ai",
        name="Assistant",
        instances=("assistant",),
        factories=("get_assistant",),
        methods={"ask": method},
        enums=(Enumeration("Kind", "TaskType", {"TALK": "CHAT_CONVERSATION"}),),
        removed={"initialize": "", "close": "shared"},
    )
    pack = load_pack(write(tmp_path, WHOLE))
    assert pack == Pack("shop", "the old assistant", Target(), (service,))
    assert pack.words == (b"assistant", b"get_assistant", b"ask")
    assert method.target == "complete_response_sync"


def test_a_pack_is_read_once(tmp_path: Path) -> None:
    path = write(tmp_path, WHOLE)
    assert len(load_packs([path, tmp_path / "." / "pack.toml"])) == 1


SERVICE = '[[service]]\nmodule = "a.b"\n'
METHOD = SERVICE + 'class = "A"\n[[service.method]]\nname = "ask"\n'
WRONG = {
    "not TOML": ("[pack", "is not valid TOML: "),
    "an unknown table": ("[rules]", "the file has no key 'rules'"),
    "no service": ("[pack]\nname = 'x'", "the file declares no service"),
    "a name that is no string": ("[pack]\nname = 3\n" + SERVICE, "[pack] name must be a string"),
    "a table that is none": ("target = 3", "the file target must be a table"),
    "a service without module": ("[[service]]\n", "[[service]] needs the key 'module'"),
    "one service, not a list": ("[service]\nmodule = 'a'", "service must be a list of tables"),
    "a service without a way in": (SERVICE, "[[service]] a.b names no way in"),
    "instances that are no list": (
        SERVICE + "instances = 'x'",
        "[[service]] a.b instances must be a list of strings",
    ),
    "an unknown key": (SERVICE + "clas = 'A'", "[[service]] has no key 'clas'"),
    "a method without target": (METHOD, "ask: needs the key 'to'"),
    "async that is no truth": (
        METHOD + 'to = "complete"\nasync = "yes"',
        "ask: async must be true or false, not 'yes'",
    ),
    "a method that is not there": (
        METHOD + 'to = "complete_texts"',
        "ask: to names 'complete_texts', which the service does not have",
    ),
    "an argument that is not there": (
        METHOD + 'to = "complete"\narguments = { heat = "temprature" }',
        "ask: arguments.heat names 'temprature', which the service does not have",
    ),
    "a setting that is not there": (
        METHOD + 'to = "complete"\nset = { on_eror = "return" }',
        "ask: set.on_eror names 'on_eror', which the service does not have",
    ),
    "a setting that is a list": (
        METHOD + 'to = "complete"\nset = { stop = ["a"] }',
        "[service.method.set] stop must be a string, a number, true or false",
    ),
    "a field that is not there": (
        METHOD + 'to = "complete_response"\nresult = { text = "contents" }',
        "ask: result.text names 'contents', which the service does not have",
    ),
    "an enum without target": (
        SERVICE + 'class = "A"\n[service.enum.Kind]\nmembers = {}',
        "[service.enum.Kind] needs the key 'target'",
    ),
    "an enum that is not there": (
        SERVICE + 'class = "A"\n[service.enum.Kind]\ntarget = "Task"',
        "[service.enum.Kind] target names 'Task', which the service does not have",
    ),
    "a member that is not there": (
        SERVICE
        + 'class = "A"\n[service.enum.Kind]\ntarget = "TaskType"\nmembers = { A = "BULKY" }',
        "[service.enum.Kind] members.A names 'BULKY', which the service does not have",
    ),
    "a method twice": (
        METHOD + 'to = "complete"\n[[service.method]]\nname = "ask"\nto = "complete_text"',
        "[[service]] a.b declares the method ask twice",
    ),
    "a call that is not removed": (
        SERVICE + 'class = "A"\n[service.calls]\nclose = "keep"',
        "[service.calls] close says 'keep'",
    ),
}


@pytest.mark.parametrize(("text", "words"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_said_with_file_and_key(tmp_path: Path, text: str, words: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SophiaError) as caught:
        load_pack(path)
    assert caught.value.message.startswith(f"{path}")
    assert words in caught.value.message


def test_two_packs_for_one_service(tmp_path: Path) -> None:
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    for path in (one, two):
        path.write_text(SERVICE + 'class = "A"')
    with pytest.raises(SophiaError) as caught:
        load_packs([one, two])
    assert caught.value.message == f"{two}: a.b.A is declared in {one} too"


def test_a_near_name_is_offered(tmp_path: Path) -> None:
    with pytest.raises(SophiaError) as caught:
        load_pack(write(tmp_path, METHOD + 'to = "complete_texts"'))
    assert caught.value.mend == "did you mean complete_text?"


def test_a_pack_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SophiaError) as caught:
        load_pack(tmp_path / "none.toml")
    assert caught.value.message == (
        f"the rule pack {tmp_path / 'none.toml'} cannot be read: No such file or directory"
    )


OTHER = """
[target]
module = "company.llm"
getter = "service"

[[service]]
module = "old"
instances = ["ai"]

[[service.method]]
name = "ask"
async = false
to = "anything"
positional = ["text"]
arguments = { text = "question" }
"""


def test_a_target_of_the_project_s_own(tmp_path: Path) -> None:
    (tmp_path / "company").mkdir()
    (tmp_path / "company/llm.py").write_text("def service(): ...\n")
    (tmp_path / "app.py").write_text("from old import ai\n\nai.ask('hi')\n")
    migrate(Options(tmp_path, True, Choice(), (load_pack(write(tmp_path, OTHER)),)))
    assert (tmp_path / "app.py").read_text() == (
        "from company.llm import service\n\nservice().anything_sync(question='hi')\n"
    )


def test_a_target_that_does_not_exist_is_never_written(tmp_path: Path) -> None:
    text = "from old import ai\n\nai.ask('hi')\n"
    (tmp_path / "app.py").write_text(text)
    report = migrate(Options(tmp_path, True, Choice(), (load_pack(write(tmp_path, OTHER)),)))
    assert (tmp_path / "app.py").read_text() == text
    assert [site.reason.code for site in report.sites] == ["target-lacks"]
