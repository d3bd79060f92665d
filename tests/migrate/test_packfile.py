"""Rule packs: what a whole one says, and one line for each thing that can be wrong in one."""

from __future__ import annotations

from pathlib import Path

import pytest

from sophia_cli.errors import SophiaError
from sophia_cli.migrate.change import Choice
from sophia_cli.migrate.inventory import Options
from sophia_cli.migrate.pack import Enumeration, Field, Method, Pack, Service, Target
from sophia_cli.migrate.packfile import load_pack, load_packs
from sophia_cli.migrate.pipeline import migrate

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
CLIENT = '[[client]]\nmodule = "a"\nclass = "A"\n'
GIVEN = CLIENT + 'function = "openai_http_client"\n'
METHOD = SERVICE + 'class = "A"\n[[service.method]]\nname = "ask"\n'
CALL = METHOD + 'to = "complete_response"\n'
WRONG = {
    "not TOML": ("[pack", "is not valid TOML: "),
    "an unknown table": ("[rules]", "the file has no key 'rules'"),
    "no service": ("[pack]\nname = 'x'", "the file declares no service"),
    "a name that is no string": ("[pack]\nname = 3\n" + SERVICE, "[pack] name must be a string"),
    "a table that is none": ("target = 3", "the file target must be a table"),
    "a service without module": ("[[service]]\n", "[[service]] needs the key 'module'"),
    "a client without a function": (CLIENT, "[[client]] A: needs the key 'function'"),
    "a client of an unknown key": (CLIENT + "klass = 'A'", "[[client]] has no key 'klass'"),
    "a client that gains nothing": (GIVEN, "A: says not which arguments the function gives"),
    "a client that gains both ways": (
        GIVEN + 'argument = "a"\nspread = ["b"]',
        "A: says not which arguments the function gives",
    ),
    "a function that is not there": (
        CLIENT + 'function = "openai_client"\nargument = "a"',
        "A: function names 'openai_client', which the service does not have",
    ),
    "a version that is none": (
        GIVEN + 'argument = "a"\nneeds = "a-sdk==1.2"',
        "A: needs says 'a-sdk==1.2'",
    ),
    "a client's argument in two places": (
        GIVEN + 'argument = "a"\nreport = { b = "x" }\nlook = { b = "y" }',
        "A: b stands under report and look",
    ),
    "a client twice": (
        f'{GIVEN}argument = "a"\n{GIVEN}argument = "a"',
        "[[client]] declares a.A twice",
    ),
    "one service, not a list": ("[service]\nmodule = 'a'", "service must be a list of tables"),
    "a service without a way in": (SERVICE, "[[service]] a.b names no way in"),
    "instances that are no list": (
        SERVICE + "instances = 'x'",
        "[[service]] a.b instances must be a list of strings",
    ),
    "an unknown key": (SERVICE + "clas = 'A'", "[[service]] has no key 'clas'"),
    "a method without target": (METHOD, "ask: needs the key 'to'"),
    "a name that no code has": (
        METHOD.replace("ask", "chat..ask") + 'to = "complete"',
        "chat..ask: 'chat..ask' is no name of a method",
    ),
    "a static method with dots": (
        METHOD.replace("ask", "chat.ask") + 'to = "complete"\nstatic = true',
        "chat.ask: is called on the class itself, and named with dots",
    ),
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
    "a function twice": (
        SERVICE + "[[service.function]]\nname = 'f'\nto = 'complete'\n" * 2,
        "[[service]] a.b declares the function f twice",
    ),
    "a class twice": (
        METHOD + 'to = "complete"\n' + SERVICE + 'class = "A"',
        "[[service]] a.b declares A twice",
    ),
    "an argument in two places": (
        CALL + 'arguments = { x = "prompt" }\ndrop = { x = "gone" }',
        "ask: x stands under arguments and drop",
    ),
    "a default of nothing": (
        CALL + 'defaults = ["heat"]',
        "ask: defaults names 'heat', which is not among its arguments",
    ),
    "a field taken from text": (
        METHOD + 'to = "complete_text"\ntake = "content"',
        "ask: take is for complete_response",
    ),
    "a field taken that is not there": (
        CALL + 'take = "contents"',
        "ask: take names 'contents', which the service does not have",
    ),
    "a field taken, and fields": (
        CALL + 'take = "content"\nresult = { a = "content" }',
        "ask: has take and result",
    ),
    "a way that is none": (
        CALL + 'result = { "choices[x].text" = "content" }',
        "ask: result: 'choices[x].text' is no way into an answer",
    ),
    "a question with a default": (
        CALL + 'result = { ok = { field = "error", absent = true, nullable = true } }',
        "[service.method.result.ok] asks whether a field is None",
    ),
    "a task that is not there": (
        SERVICE + 'class = "A"\n[service.tasks]\nmass = "bulky"',
        "[service.tasks] mass names 'bulky', which the service does not have",
    ),
    "an argument without a new name": (
        CALL + 'arguments = { x = { review = "look" } }',
        "[service.method.arguments] x needs the key 'to'",
    ),
    "harmless values that are no list": (
        CALL + 'drop = { x = { reason = "gone", harmless = 3 } }',
        "[service.method.drop] x harmless must be a list of strings, numbers, true or false",
    ),
    "a report without a reason": (
        SERVICE + 'class = "A"\n[service.calls]\nclose = "report"',
        "[service.calls] close says 'report'",
    ),
    "a method that is taken away": (
        CALL + '[service.calls]\nask = "remove"',
        "[service.calls] ask is a method too",
    ),
    "the service itself": (
        '[[service]]\nmodule = "sophia_cli.llm"\nclass = "A"',
        "[[service]] sophia_cli.llm is the service itself",
    ),
    "a getter that is old": (
        '[target]\nmodule = "a.b"\ngetter = "A"\n' + METHOD + 'to = "ask"',
        "[target] names a.b.A, which a pack declares as old",
    ),
    "an enum that becomes itself": (
        '[target]\nmodule = "a.b"\n' + SERVICE + 'class = "A"\n'
        '[service.enum.Kind]\ntarget = "Kind"\nmembers = {}',
        "[service.enum.Kind] maps to a.b.Kind, which is old itself",
    ),
    "an enum that becomes another old one": (
        '[target]\nmodule = "a.b"\n' + SERVICE + 'class = "A"\n'
        '[service.enum.Kind]\ntarget = "Sort"\nmembers = {}\n'
        '[service.enum.Sort]\ntarget = "New"\nmembers = {}',
        "[service.enum.Kind] maps to a.b.Sort, which is old itself",
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


# The text of a pack, and the line on which it is wrong.
LINES = {
    "TOML": ('[pack]\nname = "x"\n= 3\n', 3),
    "TOML at its end": ("[pack]\nname = [\n", 3),
    "a key of the file": ("[pack]\n\n[rules]\nx = 1\n", 3),
    "a key that stands twice": (
        METHOD + 'to = "complete"\n[[service.method]]\nname = "b"\nto = "c"\n',
        9,
    ),
    "a method of the second service": (
        METHOD + 'to = "complete"\n' + SERVICE.replace("a.b", "c") + 'class = "C"\n'
        '[[service.method]]\nname = "d"\nto = "no"\n',
        12,
    ),
    "a key in a table of one line": (
        METHOD + 'to = "complete"\narguments = { a = "prompt", b = "no" }',
        7,
    ),
    "a key in quotes": (METHOD + 'to = "complete"\n[service.method.arguments]\n"b" = "no"', 8),
    "a key with dots": (METHOD + 'to = "complete"\narguments.a = "prompt"\narguments.b = "no"', 8),
    "after texts with brackets": (
        '[pack]\ndescription = """\n[[service]]\n# "no\n"""\nname = 3\n' + SERVICE,
        6,
    ),
    "after a list of several lines": (
        SERVICE + 'instances = [\n  "a", # one ]\n  "b",\n]\nfactories = 3\n',
        7,
    ),
    "a name that no code has": (METHOD.replace("ask", "chat ask") + 'to = "complete"', 5),
    "a client's function": (CLIENT + 'function = "no"\nargument = "a"', 4),
    "a client's version": (GIVEN + 'argument = "a"\nneeds = "a-sdk"', 6),
    "a client's second table": (
        f'{GIVEN}argument = "a"\n\n[client.report]\nb = "x"\n[client.look]\nb = "y"',
        8,
    ),
    "a table that lacks a key": (SERVICE + 'class = "A"\n\n[[service.method]]\nto = "x"\n', 5),
}


@pytest.mark.parametrize(("text", "line"), LINES.values(), ids=LINES.keys())
def test_the_line_is_said(tmp_path: Path, text: str, line: int) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SophiaError) as caught:
        load_pack(path)
    assert caught.value.message.startswith(f"{path}:{line}: ")


def test_two_packs_that_lead_to_each_other(tmp_path: Path) -> None:
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    for path, old, new in ((one, "a", "b"), (two, "b", "a")):
        head = f'[target]\nmodule = "{new}"\ngetter = "get"\n'
        path.write_text(head + f'[[service]]\nmodule = "{old}"\nfactories = ["get"]\n')
    with pytest.raises(SophiaError) as caught:
        load_packs([one, two])
    assert caught.value.message == f"{one}:2: [target] names b.get, which a pack declares as old"


def test_two_packs_for_one_service(tmp_path: Path) -> None:
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    for path in (one, two):
        path.write_text(SERVICE + 'class = "A"')
    with pytest.raises(SophiaError) as caught:
        load_packs([one, two])
    assert caught.value.message == f"{two}: a.b.A is declared in {one} too"


def test_a_pack_with_everything_that_a_method_can_say(tmp_path: Path) -> None:
    text = (
        SERVICE + 'class = "A"\nreview = "look"\n'
        '[service.tasks]\nmass = "bulk"\n[service.calls]\nsize = "report: none"\n'
        '[[service.method]]\nname = "ask"\nstatic = true\nto = "complete_response"\ntake = "content"\n'
        'arguments = { x = "prompt", heat = { to = "temperature", review = "hot" } }\n'
        'drop = { y = { reason = "gone", harmless = [false, 0] } }\n'
        'report = { z = "none" }\ndefaults = ["heat"]\n'
        '[[service.function]]\nname = "f"\nto = "complete_response"\nreview = ""\n'
        'result = { ok = { field = "error", absent = true } }\n'
    )
    (service,) = load_pack(write(tmp_path, text)).services
    assert service.methods == {
        "ask": Method(
            name="ask",
            to="complete_response",
            arguments={"x": "prompt", "heat": "temperature"},
            look={"heat": "hot"},
            drop={"y": "gone"},
            harmless={"y": (False, 0)},
            report={"z": "none"},
            defaults=("heat",),
            take="content",
            static=True,
            review="look",
        )
    }
    assert service.functions == {
        "f": Method(name="f", to="complete_response", result={"ok": Field("error", absent=True)})
    }
    assert (service.tasks, service.reported) == ({"mass": "bulk"}, {"size": "none"})
    assert service.entries == ("A", "f")


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
