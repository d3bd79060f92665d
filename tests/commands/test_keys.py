"""`sophia llm keys`, as it is typed: set, listed, tried out, removed, and never shown."""

from __future__ import annotations

import json
import os
import pty
import select
import sqlite3
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dropin_server import JSON, Script, ScriptedServer
from shell import COMMAND, Said, sophia, surroundings

from sophia_cli.llm.simulator.server import Recorded

KEY = "sk-or-v1-planted0123456789abcdef"
OTHER = "pk-planted-abcdefghij0123456789wxyz"


@pytest.fixture
def path(own_home: Path) -> Path:
    return own_home / "config" / "sophia" / "keys.json"


def test_a_key_is_set_from_a_pipe_listed_masked_and_removed(tmp_path: Path, path: Path) -> None:
    said = sophia("llm", "keys", "set", "openrouter", cwd=tmp_path, stdin=f" {KEY} \nmore\n")
    assert (said.code, said.err) == (0, "")
    assert said.out == (f"The key of openrouter is kept in {path}.\nNext:  sophia llm keys test\n")
    assert json.loads(path.read_text()) == {"OPENROUTER_API_KEY": KEY}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    sophia("llm", "keys", "set", "SNOWFLAKE_PAT", cwd=tmp_path, stdin=OTHER)
    listed = sophia(
        "llm", "keys", "list", cwd=tmp_path, PORTKEY_API_KEY="short", OPENAI_API_KEY=OTHER
    )
    assert listed.out == (
        "  provider    key     source\n"
        "  cortex      ..wxyz  keys.json\n"
        "  portkey     ...     PORTKEY_API_KEY\n"
        "  openrouter  ..cdef  keys.json\n"
        "  openai      ..wxyz  OPENAI_API_KEY\n"
    )
    assert sophia("llm", "keys", "list", "--json", cwd=tmp_path).json["data"] == [
        {"provider": "cortex", "key": "..wxyz", "source": "keys.json"},
        {"provider": "openrouter", "key": "..cdef", "source": "keys.json"},
    ]
    for name in ("openrouter", "cortex"):
        removed = sophia("llm", "keys", "remove", name, cwd=tmp_path)
        expected = {
            "openrouter": f"The key of openrouter is taken out of {path}.\n",
            "cortex": f"The key of cortex is taken out of {path}.\n",
        }
        assert removed.out == expected[name]
    again = sophia("llm", "keys", "remove", "cortex", cwd=tmp_path)
    assert (again.code, again.out) == (0, f"No key of cortex was kept in {path}.\n")
    assert sophia("llm", "keys", "list", cwd=tmp_path).out == (
        "No key is set.\nNext:  sophia llm keys set openrouter\n"
    )


def test_a_name_that_no_provider_reads_is_listed_as_it_is(tmp_path: Path) -> None:
    sophia("llm", "keys", "set", "GATE_KEY", cwd=tmp_path, stdin=KEY)
    assert sophia("llm", "keys", "list", cwd=tmp_path).out == (
        "  provider  key     source\n  GATE_KEY  ..cdef  keys.json\n"
    )


def test_a_variable_that_goes_before_it_is_said(tmp_path: Path) -> None:
    environ = {"OPENROUTER_API_KEY": OTHER}
    said = sophia("llm", "keys", "set", "openrouter", cwd=tmp_path, stdin=KEY, **environ)
    assert "Another in the environment goes before it:  unset OPENROUTER_API_KEY\n" in said.out
    said = sophia("llm", "keys", "remove", "openrouter", cwd=tmp_path, **environ)
    assert said.out.endswith("One is left in the environment:  unset OPENROUTER_API_KEY\n")


NO_KEY = (
    "sophia: no key was typed on a terminal, and none was piped in\n"
    "        on a terminal:  sophia llm keys set openrouter\n"
    "        from a pipe:    sophia llm keys set openrouter < FILE\n"
)
NO_NAME = (
    "sophia: {} is not the name of a provider\n"
    "        known: cortex, portkey, openrouter, openai, anthropic\n"
    "        or a variable, such as SNOWFLAKE_PAT\n"
)
NOT_AN_ARGUMENT = (
    "sophia: a key is never an argument: other users could read it\n"
    "        sophia llm keys set NAME   (it asks; replace a key that was typed here)\n"
)
REFUSED = [
    (["openrouter"], "", NO_KEY),
    (["openrouter"], "\n", NO_KEY),
    (["openrouter"], f"{KEY} {KEY}\n", "sophia: that is no key: it has spaces, line breaks or letters that no key has\n"),
    (["openrouter"], "schlüssel\n", "sophia: that is no key: it has spaces, line breaks or letters that no key has\n"),
    (["openruoter"], KEY, NO_NAME.format("'openruoter'")),
    ([KEY], OTHER, NO_NAME.format("that")),
    (["abcdefghijklmnopqrstuvwxyz"], OTHER, NO_NAME.format("that")),
    (["openrouter", KEY], "", NOT_AN_ARGUMENT),
    (["openrouter", f"--key={KEY}"], "", NOT_AN_ARGUMENT),
    (["openrouter", "--key", KEY], "", NOT_AN_ARGUMENT),
]  # fmt: skip


@pytest.mark.parametrize(("words", "stdin", "expected"), REFUSED)
def test_refused(tmp_path: Path, path: Path, words: list[str], stdin: str, expected: str) -> None:
    said = sophia("llm", "keys", "set", *words, cwd=tmp_path, stdin=stdin)
    assert (said.code, said.out, said.err) == (2, "", expected)
    assert not path.exists()
    assert all(len(line) <= 80 for line in said.err.splitlines())


def test_without_any_input_it_refuses(tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", '"$@" <&-', "sh", *COMMAND, "llm", "keys", "set", "openrouter"],
        cwd=tmp_path,
        env=surroundings(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", NO_KEY)


def test_a_terminal_is_asked_without_an_echo(tmp_path: Path, path: Path) -> None:
    shown, code = typed(tmp_path, KEY)
    assert code == 0 and KEY not in shown
    assert shown.startswith("Key of openrouter (it is not shown): ")
    assert json.loads(path.read_text()) == {"OPENROUTER_API_KEY": KEY}


def typed(folder: Path, text: str) -> tuple[str, int]:
    """What a terminal shows while a key is typed into it, and how the command ends."""
    child, terminal = pty.fork()
    if not child:
        os.chdir(folder)
        os.execve(COMMAND[0], [*COMMAND, "llm", "keys", "set", "openrouter"], surroundings())
    shown, sent = b"", False
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        if not select.select([terminal], [], [], 0.1)[0]:
            continue
        try:
            shown += os.read(terminal, 1000)
        except OSError:  # the other side has closed it
            break
        if not sent and b": " in shown:
            os.write(terminal, f"{text}\n".encode())
            sent = True
    os.close(terminal)
    return shown.decode(), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_file_that_others_may_read_is_no_reason_to_simulate(tmp_path: Path, path: Path) -> None:
    sophia("llm", "keys", "set", "openrouter", cwd=tmp_path, stdin=KEY)
    path.chmod(0o644)
    expected = f"sophia: {path} is open to other users\n        chmod 600 {path}\n"
    for words in (["ask", "hi"], ["keys", "list"], ["keys", "test"], ["keys", "remove", "portkey"]):
        said = sophia("llm", *words, cwd=tmp_path)
        assert (said.code, said.out, said.err) == (1, "", expected), words
    path.chmod(0o600)
    assert sophia("llm", "keys", "list", cwd=tmp_path).code == 0


def test_a_keyring_keeps_them_where_the_settings_say_so(tmp_path: Path, path: Path) -> None:
    environ = {
        "SOPHIA_KEYS": "keyring",
        "PYTHON_KEYRING_BACKEND": "own_keyring.FileKeyring",
        "PYTHONPATH": str(Path(__file__).parents[1] / "llm"),
        "OWN_KEYRING": str(tmp_path / "keyring.json"),
    }
    said = sophia("llm", "keys", "set", "portkey", cwd=tmp_path, stdin=OTHER, **environ)
    assert said.out.startswith("The key of portkey is kept in the keyring.\n")
    assert not path.exists()
    listed = sophia("llm", "keys", "list", cwd=tmp_path, **environ)
    assert listed.out == "  provider  key     source\n  portkey   ..wxyz  keyring\n"
    sophia("llm", "keys", "remove", "portkey", cwd=tmp_path, **environ)
    assert sophia("llm", "keys", "list", cwd=tmp_path, **environ).out.startswith("No key is set")
    assert sophia("llm", "keys", "remove", "portkey", cwd=tmp_path, **environ).code == 0


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(Script(headers=(JSON,), body=b'{"data": []}')) as started:
        yield started


def everywhere(url: str) -> dict[str, str]:
    return {
        "OPENROUTER_API_KEY": KEY,
        "OPENROUTER_BASE_URL": f"{url}/api/v1",
        "PORTKEY_API_KEY": OTHER,
        "PORTKEY_BASE_URL": f"{url}/portkey",
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": f"{url}/openai",
        "ANTHROPIC_API_KEY": KEY,
        "ANTHROPIC_BASE_URL": f"{url}/anthropic",
        "SNOWFLAKE_ACCOUNT": "org-account",
        "SNOWFLAKE_PAT": KEY,
        "SNOWFLAKE_HOST_URL": f"{url}/snowflake",
    }


def test_every_key_is_tried_with_a_request_that_costs_nothing(
    tmp_path: Path, server: ScriptedServer
) -> None:
    said = sophia("llm", "keys", "test", cwd=tmp_path, **everywhere(server.url))
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        "  cortex      not tested: costs a call:  sophia llm keys test --call\n"
        "  portkey     ok\n"
        "  openrouter  ok\n"
        "  openai      ok\n"
        "  anthropic   ok\n"
    )
    assert [(request.method, request.path) for request in server.requests] == [
        ("GET", "/portkey/models"),
        ("GET", "/api/v1/key"),
        ("GET", "/openai/models"),
        ("GET", "/anthropic/v1/models"),
    ]
    assert [signed(request) for request in server.requests] == [OTHER, KEY, KEY, KEY]


def signed(request: Recorded) -> str:
    names = ("x-portkey-api-key", "x-api-key", "authorization")
    found = next(request.headers[name] for name in names if name in request.headers)
    return found.removeprefix("Bearer ")


def test_with_call_a_provider_without_such_a_request_is_asked_a_little(tmp_path: Path) -> None:
    from sophia_cli.llm.simulator.server import serve

    with serve() as simulator:
        environ = {
            "SNOWFLAKE_ACCOUNT": "org-account",
            "SNOWFLAKE_PAT": KEY,
            "SNOWFLAKE_HOST_URL": simulator.url,
        }
        said = sophia("llm", "keys", "test", "cortex", "--call", cwd=tmp_path, **environ)
        assert (said.code, said.out) == (0, "  cortex  ok\n")
        (request,) = simulator.requests
    assert request.path == "/api/v2/cortex/v1/chat/completions"
    assert json.loads(request.body)["max_completion_tokens"] == 16


ANOTHER = "    set another:  unset OPENROUTER_API_KEY; sophia llm keys set openrouter\n"
ANSWERS = [
    (
        401,
        {"error": {"message": f"no such key {KEY}"}},
        "  openrouter  refused: 401 no such key [api_key] (key ends in ..cdef, from\n"
        f"              OPENROUTER_API_KEY)\n{ANOTHER}",
    ),
    (
        403,
        {"message": "not allowed"},
        "  openrouter  refused: 403 not allowed (key ends in ..cdef, from\n"
        f"              OPENROUTER_API_KEY)\n{ANOTHER}",
    ),
    (
        500,
        {},
        "  openrouter  failed: 500; that says nothing of the key\n    try again in a moment\n",
    ),
    (
        503,
        {"error": {"message": "no provider is available " * 4}},
        "  openrouter  failed: 503 no provider is available no provider is available no\n"
        "              provider is available no provider is available ; that says nothing\n"
        "              of the key\n"
        "    try again in a moment\n",
    ),
    (
        404,
        {},
        "  openrouter  failed: 404; that says nothing of the key\n"
        "    see whether base_url URL/api/v1 is an API's\n",
    ),
]


@pytest.mark.parametrize("call", [[], ["--call"]])
@pytest.mark.parametrize(("status", "body", "expected"), ANSWERS)
def test_a_key_that_is_not_taken_and_whether_that_is_about_the_key(
    tmp_path: Path, status: int, body: dict[str, object], expected: str, call: list[str]
) -> None:
    with ScriptedServer(Script(status, json.dumps(body).encode())) as server:
        environ = everywhere(server.url)
        said = sophia("llm", "keys", "test", "openrouter", *call, cwd=tmp_path, **environ)
    assert (said.code, said.err) == (1, "")
    assert said.out.replace(server.url, "URL") == expected
    assert all(len(line) <= 80 for line in said.out.splitlines())


@pytest.mark.parametrize(("status", "state"), [(401, "refused"), (429, "failed"), (500, "failed")])
def test_what_a_call_says_of_the_key(tmp_path: Path, status: int, state: str) -> None:
    with ScriptedServer(Script(status, b"{}")) as server:
        environ = {**everywhere(server.url), "SOPHIA_LLM_ATTEMPTS": "1"}
        said = sophia("llm", "keys", "test", "cortex", "--call", "--json", cwd=tmp_path, **environ)
    (check,) = said.json["data"]
    assert (said.code, check["state"]) == (1, state)


def test_nobody_at_the_address(tmp_path: Path) -> None:
    environ = everywhere("http://127.0.0.1:9")
    said = sophia("llm", "keys", "test", "openai", "--json", cwd=tmp_path, **environ)
    (check,) = said.json["data"]
    assert said.code == 1 and (check["provider"], check["state"]) == ("openai", "unreachable")
    assert check["mend"] == "check the network, a proxy, and base_url http://127.0.0.1:9/openai"
    shown = sophia("llm", "keys", "test", cwd=tmp_path, **environ).out
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_the_simulator_plays_every_request_that_tries_a_key(tmp_path: Path) -> None:
    from sophia_cli.llm.simulator.server import serve

    with serve() as simulator:
        environ = everywhere(simulator.url)
        environ["OPENAI_BASE_URL"] = f"{simulator.url}/v1"
        del environ["SNOWFLAKE_PAT"], environ["PORTKEY_BASE_URL"], environ["PORTKEY_API_KEY"]
        said = sophia("llm", "keys", "test", cwd=tmp_path, **environ)
        assert said.out == "  openrouter  ok\n  openai      ok\n  anthropic   ok\n"
        environ["OPENROUTER_API_KEY"] = "invalid"
        said = sophia("llm", "keys", "test", "openrouter", cwd=tmp_path, **environ)
    assert (said.code, said.out.startswith("  openrouter  refused: 401 User not found.")) == (
        1,
        True,
    )


SHARED = """\
[providers.gate]
kind = "openai"
base_url = "https://gate.example/v1"
model = "m"
api_key_env = "GATE_KEY"

[providers.spare]
kind = "openai"
base_url = "https://spare.example/v1"
model = "m"
api_key_env = "GATE_KEY"
"""


def test_a_key_that_another_provider_reads_too_is_said_with_its_name(
    tmp_path: Path, path: Path
) -> None:
    (tmp_path / "sophia.toml").write_text(SHARED)
    said = sophia("llm", "keys", "set", "gate", cwd=tmp_path, stdin=KEY)
    assert said.out.splitlines()[1] == "It is the key of spare too."
    said = sophia("llm", "keys", "remove", "gate", cwd=tmp_path)
    assert said.out == (
        f"The key of gate is taken out of {path}.\n" "It was the key of spare too.\n"
    )
    said = sophia("llm", "keys", "remove", "spare", "--json", cwd=tmp_path)
    assert (said.json["data"]["was_there"], said.json["data"]["shared"]) == (False, ["gate"])


def test_nothing_to_test(tmp_path: Path) -> None:
    said = sophia("llm", "keys", "test", cwd=tmp_path)
    assert (said.code, said.out) == (1, "")
    assert said.err == ("sophia: there is no key to test\n        sophia llm keys set openrouter\n")
    assert sophia("llm", "keys", "test", "portkey", cwd=tmp_path).err.endswith("set portkey\n")
    assert sophia("llm", "keys", "test", "nobody", cwd=tmp_path).err == NO_NAME.format("'nobody'")


def test_a_planted_key_is_shown_nowhere(tmp_path: Path, path: Path, own_home: Path) -> None:
    """Not on a screen, not in a file but its own, not among the words that other users can list."""
    echo = Script(401, json.dumps({"error": {"message": f"{KEY} {OTHER} {KEY}"}}).encode())
    commands = [
        ["keys", "list"],
        ["keys", "list", "--json"],
        ["keys", "test"],
        ["keys", "test", "--json"],
        ["ask", "hi"],
        ["ask", "hi", "--json"],
        ["ask", "hi", "--no-stream", "--explain", "--provider", "portkey"],
        ["cache", "status"],
        ["keys", "remove", "openrouter"],
    ]
    with ScriptedServer(echo) as server:
        urls = {n: u for n, u in everywhere(server.url).items() if n.endswith("_URL")}
        options = {**urls, "SOPHIA_LLM_ATTEMPTS": "1", "SOPHIA_STORE_PROMPTS": "1"}
        said = [set_and_look(tmp_path, "openrouter", KEY), set_and_look(tmp_path, "portkey", OTHER)]
        said += [sophia("llm", *words, cwd=tmp_path, **options) for words in commands]
        assert len(server.requests) >= 7  # the keys did go out, and came back
    shown = "".join(one.out + one.err for one in said)
    assert KEY not in shown and OTHER not in shown and "[api_key]" in shown
    with sqlite3.connect(own_home / "state" / "sophia" / "ledger.sqlite3") as connection:
        held = "\n".join(connection.iterdump())
    connection.close()
    assert KEY not in held and OTHER not in held and "[api_key]" in held
    files = [file for file in [*own_home.rglob("*"), *tmp_path.rglob("*")] if file.is_file()]
    assert len(files) >= 3
    keeps = {file for file in files if {KEY, OTHER} & words_of(file)}
    assert keeps == {path}


def words_of(file: Path) -> set[str]:
    data = file.read_bytes()
    return {key for key in (KEY, OTHER) if key.encode() in data}


def set_and_look(folder: Path, name: str, key: str) -> Said:
    """Set a key, looking at the words of the process while it waits for the pipe."""
    with subprocess.Popen(
        [*COMMAND, "llm", "keys", "set", name],
        cwd=folder,
        env=surroundings(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(key.encode())
        process.stdin.flush()
        words = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        environ = Path(f"/proc/{process.pid}/environ").read_bytes()
        assert key.encode() not in words + environ
        out, err = process.communicate()
    return Said(process.returncode, out.decode(), err.decode())
