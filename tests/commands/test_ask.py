"""`sophia llm ask`, as it is typed: who answers, what it says it cost, and every way to go wrong."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from answering import KEY, faulty, keyed, masked, rows
from shell import COMMAND, Said, interruptible, sophia, surroundings

from sophia_cli.llm.simulator import Simulator
from sophia_cli.llm.simulator.server import SimulatorServer, serve


@pytest.fixture
def server() -> Iterator[SimulatorServer]:
    with serve(Simulator()) as started:
        yield started


@pytest.fixture
def local() -> Iterator[SimulatorServer]:
    """A server that asks for no key, as those on a developer's machine."""
    with serve(Simulator(flavour="local")) as started:
        yield started


def test_with_nothing_configured_it_is_simulated_and_says_so(tmp_path: Path) -> None:
    said = sophia("llm", "ask", "hello", cwd=tmp_path)
    assert said.code == 0
    assert said.out.startswith("This is a simulated answer")
    assert masked(said.err) == (
        "(simulated: no provider is configured)\n"
        "─ simulator · small · 2 in, 29 out (simulated) · unpriced · T s · call ID\n"
        "  a real one:  sophia llm keys set openrouter\n"
    )
    assert sophia("llm", "ask", "hello", cwd=tmp_path).out == said.out


def test_a_configured_provider_answers(
    tmp_path: Path, server: SimulatorServer, own_home: Path
) -> None:
    said = sophia("llm", "ask", "hello", "--task", "bulk", cwd=tmp_path, **keyed(server.url))
    assert said.code == 0 and "simulated" in said.out
    assert masked(said.err).startswith(
        "─ openrouter · deepseek/deepseek-v3.2 · 2 in, 25 out · $0.000052 · T s"
    )
    assert [request.path for request in server.requests] == ["/api/v1/chat/completions"]
    assert rows(own_home) == [("ok", "", "bulk", "openrouter")]


def test_a_model_server_on_this_machine_answers_before_the_simulator(
    tmp_path: Path, local: SimulatorServer
) -> None:
    server = local
    said = sophia("llm", "ask", "hello", cwd=tmp_path, OLLAMA_HOST=server.url)
    assert said.err.startswith(
        f"(local: no provider is configured, ollama answers at {server.url}/v1)\n"
    )
    assert "─ ollama · " in said.err
    assert server.requests[-1].path == "/v1/chat/completions"


def test_a_provider_that_is_named_is_never_stood_in_for(tmp_path: Path) -> None:
    said = sophia("llm", "ask", "hello", "--provider", "portkey", cwd=tmp_path)
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        "sophia: portkey is not configured: PORTKEY_API_KEY is not set\n"
        "        export PORTKEY_API_KEY=...\n"
    )


def test_an_answer_without_usage_is_unknown_not_zero(tmp_path: Path) -> None:
    with faulty("no_usage") as server:
        said = sophia("llm", "ask", "hi", cwd=tmp_path, **keyed(server.url))
    assert said.code == 0
    assert " · tokens unknown · unpriced · " in said.err


def question(server: SimulatorServer) -> str:
    import json

    return str(json.loads(server.requests[-1].body)["messages"][-1]["content"])


def test_words_pipe_and_files_make_the_question(tmp_path: Path, server: SimulatorServer) -> None:
    (tmp_path / "a.md").write_text("alpha\n")
    (tmp_path / "b.md").write_text("beta\n")
    sophia(
        "llm", "ask", "sum up", "--file", "a.md", "--file", "b.md",
        cwd=tmp_path, stdin="piped\n", **keyed(server.url),
    )  # fmt: skip
    assert question(server) == "sum up\n\npiped\n\na.md:\nalpha\n\n\nb.md:\nbeta\n"


FILES = {
    "missing": (None, "none.txt cannot be read: No such file or directory"),
    "binary": (b"\xff\xfe\x00", "none.txt is not a text file in UTF-8"),
    "huge": (b"x" * 10_000_001, "none.txt is larger than 10 MB"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_asked_about(tmp_path: Path, name: str) -> None:
    data, words = FILES[name]
    if data is not None:
        (tmp_path / "none.txt").write_bytes(data)
    said = sophia("llm", "ask", "hi", "--file", "none.txt", cwd=tmp_path)
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith(f"sophia: {words}\n")


def test_nothing_to_ask(tmp_path: Path) -> None:
    said = sophia("llm", "ask", cwd=tmp_path)
    assert said.code == 2
    assert said.err == (
        'sophia: there is nothing to ask\n        sophia llm ask "..."   or pipe a text into it\n'
    )


def test_json_is_one_envelope(tmp_path: Path) -> None:
    said = sophia("llm", "ask", "hello", "--json", cwd=tmp_path)
    assert set(said.json) == {"version", "command", "ok", "data", "error"}
    assert (said.json["command"], said.json["ok"], said.json["error"]) == ("llm ask", True, None)
    data = said.json["data"]
    assert data["content"].startswith("This is a simulated answer")
    assert (data["provider"], data["unpriced"], data["cost_usd"]) == ("simulator", True, None)
    assert data["route"] == [
        {
            "provider": "simulator",
            "model": "small",
            "taken": True,
            "reason": "primary model",
            "route": "built-in.primary",
        }
    ]


def test_an_error_is_an_envelope_too(tmp_path: Path) -> None:
    said = sophia("llm", "ask", "hi", "--provider", "portkey", "--json", cwd=tmp_path)
    assert said.code == 1
    assert said.json == {
        "version": said.json["version"],
        "command": "llm ask",
        "ok": False,
        "data": None,
        "error": {
            "message": "portkey is not configured: PORTKEY_API_KEY is not set",
            "mend": "export PORTKEY_API_KEY=...",
        },
    }


def test_explain_shows_the_route_before_the_answer(tmp_path: Path, server: SimulatorServer) -> None:
    said = sophia("llm", "ask", "hi", "--explain", cwd=tmp_path, **keyed(server.url))
    head, _, rest = said.out.partition("This is")
    assert rest
    assert head == (
        "  portkey     @openai/gpt-5.2    out: PORTKEY_API_KEY is not set\n"
        "  openrouter  openai/gpt-5.2     chosen: primary model\n"
        "  cortex      openai-gpt-5       out: SNOWFLAKE_ACCOUNT is not set\n"
        "  openai      gpt-5.2            out: OPENAI_API_KEY is not set\n"
        "  anthropic   claude-sonnet-4-6  out: ANTHROPIC_API_KEY is not set\n"
    )


def test_no_stream_gives_the_same_words(tmp_path: Path) -> None:
    whole = sophia("llm", "ask", "hello", "--no-stream", cwd=tmp_path)
    assert whole.out == sophia("llm", "ask", "hello", cwd=tmp_path).out


def test_a_data_class_is_kept(tmp_path: Path, server: SimulatorServer) -> None:
    (tmp_path / "sophia.toml").write_text('[data_classes]\ncustomer = ["cortex"]\n')
    said = sophia("llm", "ask", "hi", "--data-class", "customer", cwd=tmp_path, **keyed(server.url))
    assert said.code == 1 and server.requests == []
    assert "cortex: SNOWFLAKE_ACCOUNT is not set" in said.err
    assert "openrouter: data class 'customer' may not go there" in said.err


def test_a_wrong_file_is_said_with_its_key(tmp_path: Path) -> None:
    (tmp_path / "sophia.toml").write_text("[llm]\ntimeuot = 3\n")
    said = sophia("llm", "ask", "hi", cwd=tmp_path)
    assert said.code == 1
    assert said.err.startswith(f"sophia: {tmp_path}/sophia.toml:2: [llm] has no key 'timeuot'\n")


def test_an_unknown_task_is_said_with_those_that_are(tmp_path: Path) -> None:
    said = sophia("llm", "ask", "hi", "--task", "magic", cwd=tmp_path)
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "sophia: unknown task 'magic'\n"
        "        allowed: data_analysis, sql_generation, embeddings, code_generation,\n"
        "        code_analysis, business_intelligence, document_summary,\n"
        "        chat_conversation, experimental, bulk\n"
    )


def test_ctrl_c_leaves_a_cancelled_row(tmp_path: Path, own_home: Path) -> None:
    with serve(Simulator(latency=0.2)) as server:
        process = subprocess.Popen(
            [*COMMAND, "llm", "ask", "hello"],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=surroundings(**keyed(server.url)),
            preexec_fn=interruptible,
        )
        deadline = time.monotonic() + 30
        while not server.requests and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.decode().endswith("sophia: interrupted\n")
    assert rows(own_home) == [("cancelled", "cancelled", "", "openrouter")]


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    command = f"{' '.join(COMMAND)} llm ask hello --json | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=tmp_path, env=surroundings(), capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert done.stdout == "{\n"
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr


def test_a_terminal_without_unicode_gets_a_stand_in(tmp_path: Path) -> None:
    said = sophia("llm", "ask", "héllo", cwd=tmp_path, PYTHONIOENCODING="ascii", LANG="C")
    assert said.code == 0
    assert "? simulator ? small" in said.err


def test_quiet_says_only_the_answer(tmp_path: Path) -> None:
    said = sophia("llm", "ask", "hello", "--quiet", cwd=tmp_path)
    assert said.err == "" and said.out.startswith("This is a simulated answer")


def test_root_is_where_the_configuration_is(tmp_path: Path, local: SimulatorServer) -> None:
    server = local
    (tmp_path / "app").mkdir()
    (tmp_path / "app/sophia.toml").write_text(
        f'[providers.near]\nkind = "openai"\nbase_url = "{server.url}/v1"\nmodel = "m1"\n'
        '[routes]\ndefault = ["near/m1"]\n'
    )
    said: Said = sophia("llm", "ask", "hi", "--root", "app", cwd=tmp_path)
    assert "─ near · m1 · " in said.err


def test_sim_serves_until_ctrl_c(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "llm", "sim", "--port", "0"],
        cwd=tmp_path, env=surroundings(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=interruptible,
    )  # fmt: skip
    assert process.stdout is not None and process.stderr is not None
    watchdog = threading.Timer(30, process.kill)
    watchdog.start()
    url = process.stdout.readline().split()[-1]
    host, port = url.removeprefix("http://").split(":")
    socket.create_connection((host, int(port)), timeout=5).close()
    said = sophia("llm", "ask", "hi", cwd=tmp_path, OPENAI_API_KEY=KEY, OPENAI_BASE_URL=f"{url}/v1")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    watchdog.cancel()
    assert (said.code, process.returncode) == (0, 130)


@pytest.mark.parametrize("option", ["--no-stream", "--json", "--quiet"])
def test_an_answer_that_the_terminal_cannot_show(tmp_path: Path, option: str) -> None:
    said = sophia("llm", "ask", "ünï 日本", option, cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert (said.code, "Traceback" in said.err) == (0, False)
    if option == "--json":
        assert "ünï 日本" in said.json["data"]["content"]


def test_sim_says_what_is_wrong(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = sophia("llm", "sim", "--port", port, cwd=tmp_path)
    assert (said.code, said.err) == (
        1,
        f"sophia: port {port} cannot be opened: Address already in use\n"
        "        sophia llm sim --port 0\n",
    )
    said = sophia("llm", "sim", "--fault", "bogus", cwd=tmp_path)
    assert said.code == 2 and said.err.startswith(
        "sophia: 'bogus' is not a fault\n        allowed: "
    )
    assert all(len(line) <= 80 for line in said.err.splitlines())
