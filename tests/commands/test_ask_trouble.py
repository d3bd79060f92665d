"""`sophia llm ask` where something is wrong: one line that says what, one that mends it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from answering import KEY, faulty, keyed, masked, rows
from shell import COMMAND, sophia, surroundings

from sophia_cli.llm.simulator import Simulator
from sophia_cli.llm.simulator.server import SimulatorServer, serve


@pytest.fixture
def local() -> Iterator[SimulatorServer]:
    """A server that asks for no key, as those on a developer's machine."""
    with serve(Simulator(flavour="local")) as started:
        yield started


ANOTHER = "add another provider to the route, in [routes] of sophia.toml"
PROBLEMS = [
    ("401", "openrouter answered 401: the API key is not valid: ", "set another:  unset OPENROUTER_API_KEY; sophia llm keys set openrouter"),
    ("402", "openrouter answered 402: the account has no credit left: ", ANOTHER),
    ("408", "openrouter answered 408: it took too long: ", f"ask for less, with max_tokens, or {ANOTHER}"),
    ("429", "openrouter answered 429: too many requests: ", ANOTHER),
    ("500", "openrouter answered 500: ", f"try again in a moment, or {ANOTHER}"),
    ("503", "openrouter answered 503: it is overloaded: ", ANOTHER),
    ("html", "openrouter answered 200: answered text/html that is no JSON object", "see whether base_url http://"),
    ("garbage", "openrouter answered 200: ", "ask again: what has come"),
    ("empty", "openrouter answered 200: ", "see whether base_url http://"),
    ("eof", "openrouter answered 200: the stream ended before the answer was complete", "ask again: what has come"),
    ("cut", "openrouter answered 200: ", "ask again: what has come"),
    ("error_first", "openrouter answered 200: ", ANOTHER),
    ("error_event", "openrouter answered 200: ", ANOTHER),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "words", "mend"), PROBLEMS)
def test_a_provider_that_fails_is_one_line_with_its_mend(
    tmp_path: Path, own_home: Path, fault: str, words: str, mend: str
) -> None:
    with faulty(fault) as server:
        said = sophia(
            "llm", "ask", "hi", cwd=tmp_path, SOPHIA_LLM_ATTEMPTS="1", **keyed(server.url)
        )
    assert said.code == 1
    summary, problem, advice = masked(said.err).splitlines()
    assert problem.startswith(f"sophia: {words}") and advice.startswith("        ")
    assert mend in advice
    assert summary.startswith("failed · ─ openrouter · openai/gpt-5.2 · ")
    assert summary.endswith(" · T s · call ID")
    assert said.out == "" or said.out.endswith("\n")
    assert KEY not in said.err + said.out
    assert [row[0] for row in rows(own_home)] == ["error"]


@pytest.mark.parametrize("fault", ["eof", "cut", "error_event"])
def test_what_has_come_of_an_answer_stays_apart_from_the_error(tmp_path: Path, fault: str) -> None:
    with faulty(fault) as server:
        done = subprocess.run(
            [*COMMAND, "llm", "ask", "hi"],
            cwd=tmp_path, env=surroundings(SOPHIA_LLM_ATTEMPTS="1", **keyed(server.url)),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False,
        )  # fmt: skip
    lines = masked(done.stdout).splitlines()
    assert len(lines) == 4 and lines[0].startswith("This is")
    assert lines[1].startswith("failed · ─ openrouter · ")
    assert lines[2].startswith("sophia: openrouter answered 200: ")


def test_a_whole_answer_that_fails_names_its_call_too(tmp_path: Path) -> None:
    with faulty("500") as server:
        said = sophia(
            "llm", "ask", "hi", "--no-stream",
            cwd=tmp_path, SOPHIA_LLM_ATTEMPTS="1", **keyed(server.url),
        )  # fmt: skip
    assert re.fullmatch(r"failed · ─ openrouter · call \w+\nsophia: .*\n        .*\n", said.err)


UNUSABLE = {
    "a proxy of a kind that is not spoken": {"ALL_PROXY": "socks5://127.0.0.1:1"},
    "a proxy that is none": {"HTTPS_PROXY": "magic://127.0.0.1:1"},
    "certificates that are not there": {"SSL_CERT_FILE": "/nope"},
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_the_environment_says_of_the_network_and_is_of_no_use(
    tmp_path: Path, name: str
) -> None:
    said = sophia("llm", "ask", "hi", cwd=tmp_path, OPENROUTER_API_KEY=KEY, **UNUSABLE[name])
    assert (said.code, said.out) == (1, "")
    problem, mend = said.err.splitlines()
    assert problem.startswith(
        ("sophia: the proxy of the env", "sophia: no connection can be opened")
    )
    assert any(variable in mend for variable in UNUSABLE[name])
    simulated = sophia("llm", "ask", "hi", cwd=tmp_path, **UNUSABLE[name])
    assert simulated.code == 0 and simulated.out.startswith("This is a simulated answer")


def test_a_keyless_endpoint_that_wants_a_key_is_told_where_to_name_it(
    tmp_path: Path,
) -> None:
    with faulty("401") as server:
        (tmp_path / "sophia.toml").write_text(
            f'[providers.p]\nkind = "openai"\nbase_url = "{server.url}/v1"\nmodel = "m"\n'
        )
        said = sophia("llm", "ask", "hi", "--provider", "p", cwd=tmp_path)
    assert said.err.endswith(
        "        name the variable that holds its key:  api_key_env, in [providers.p]\n"
    )


def test_a_wrong_key_shows_its_end_and_where_it_came_from(tmp_path: Path) -> None:
    with faulty("401") as server:
        said = sophia("llm", "ask", "hi", cwd=tmp_path, **keyed(server.url))
    assert "(key ends in ..f3a1, from OPENROUTER_API_KEY)" in said.err


def test_nobody_at_the_address(tmp_path: Path) -> None:
    said = sophia(
        "llm", "ask", "hi", cwd=tmp_path, **keyed("http://127.0.0.1:9"), SOPHIA_LLM_ATTEMPTS="1"
    )
    assert said.code == 1
    assert masked(said.err).splitlines()[1].startswith("sophia: openrouter cannot be reached: ")
    assert said.err.endswith("check the network, a proxy, and base_url http://127.0.0.1:9/api/v1\n")


HALVES = [
    ({"SNOWFLAKE_ACCOUNT": "o-a"}, "cortex", "SNOWFLAKE_PAT is not set", "SNOWFLAKE_PAT=..."),
    ({"SNOWFLAKE_PAT": KEY}, "cortex", "SNOWFLAKE_ACCOUNT is not set", "SNOWFLAKE_ACCOUNT=..."),
    (
        {"SNOWFLAKE_PRIVATE_KEY_PATH": "/k"},
        "cortex",
        "SNOWFLAKE_ACCOUNT is not set, though a private key is",
        "SNOWFLAKE_ACCOUNT=...",
    ),
    (
        {"OPENAI_API_KEY": "sk abc"},
        "openai",
        "OPENAI_API_KEY holds spaces, line breaks or letters that no key has",
        "OPENAI_API_KEY=...",
    ),
    (
        {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "llm.example"},
        "openai",
        "OPENAI_BASE_URL must start with http:// or https://",
        "OPENAI_BASE_URL=https://...",
    ),
    (
        {"OPENAI_BASE_URL": "llm.example"},
        "openai",
        "OPENAI_API_KEY is not set, though OPENAI_BASE_URL is",
        "OPENAI_API_KEY=...",
    ),
]


@pytest.mark.parametrize(("environ", "name", "missing", "mend"), HALVES)
def test_half_a_key_is_none_and_the_other_half_is_named(
    tmp_path: Path, environ: dict[str, str], name: str, missing: str, mend: str
) -> None:
    said = sophia("llm", "ask", "hi", cwd=tmp_path, **environ)
    assert said.code == 0 and said.out.startswith("This is a simulated answer")
    first, _, last = masked(said.err).splitlines()
    assert first == f"(simulated: {name} is half configured: {missing})"
    assert last == f"  a real one:  export {mend}"


def test_half_a_key_is_said_where_a_local_server_answers(
    tmp_path: Path, local: SimulatorServer
) -> None:
    said = sophia("llm", "ask", "hi", cwd=tmp_path, OLLAMA_HOST=local.url, SNOWFLAKE_ACCOUNT="o-a")
    assert said.err.startswith(
        "(local: cortex is half configured: SNOWFLAKE_PAT is not set,"
        f" ollama answers at {local.url}/v1)\n"
    )
    assert said.err.endswith("  a real one:  export SNOWFLAKE_PAT=...\n")


def test_half_a_key_is_said(tmp_path: Path) -> None:
    said = sophia(
        "llm", "ask", "hi", "--provider", "cortex", cwd=tmp_path, SNOWFLAKE_ACCOUNT="org-a"
    )
    assert said.err == (
        "sophia: cortex is not configured: SNOWFLAKE_PAT is not set\n        export SNOWFLAKE_PAT=...\n"
    )


BROKEN_LEDGERS = {"garbage": b"no database " * 999, "empty": b""}


@pytest.mark.parametrize("name", BROKEN_LEDGERS)
def test_a_broken_ledger_does_not_keep_the_answer(tmp_path: Path, name: str) -> None:
    path = tmp_path / "ledger.sqlite3"
    path.write_bytes(BROKEN_LEDGERS[name])
    said = sophia("llm", "ask", "hello", cwd=tmp_path, SOPHIA_LEDGER=str(path))
    assert said.code == 0 and said.out.startswith("This is a simulated answer")


def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = sophia("llm", "ask", "hello", cwd=tmp_path, SOPHIA_LEDGER=str(tmp_path / "file" / "x"))
    assert said.code == 0 and said.out.startswith("This is a simulated answer")
    notes = said.err.splitlines()
    assert notes[1].startswith(f"the ledger {tmp_path}/file/x cannot be written (")
    assert notes[1].endswith("): calls are counted in memory only")
    assert [note.startswith("the ledger") for note in notes].count(True) == 1


def test_quiet_is_quiet_about_the_ledger_too(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = sophia("llm", "ask", "hi", "-q", cwd=tmp_path, SOPHIA_LEDGER=str(tmp_path / "file/x"))
    assert (said.code, said.err) == (0, "")
