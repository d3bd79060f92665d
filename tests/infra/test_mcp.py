"""The entry of SonarSource's MCP server: merged into what is there, the token by its variable's name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sophia_cli.errors import SophiaError
from sophia_cli.infra.mcp import CLIENTS, IMAGE, add_entry, clients_of, entry
from sophia_cli.infra.stack import Stack
from sophia_cli.infra.up import Asked, settle

CLAUDE, CURSOR, VSCODE = CLIENTS


def stack(tmp_path: Path, url: str = "") -> Stack:
    attached = {"sonarqube": url} if url else {}
    return settle(Asked(tmp_path, "shop", attached=attached), {"XDG_STATE_HOME": str(tmp_path)})


def made(tmp_path: Path, url: str = "", client: Any = CLAUDE) -> dict[str, Any]:
    return entry(stack(tmp_path, url), client, "SONARQUBE_TOKEN", writes=False)


# Left alone first: every one of these files holds the same bytes afterwards.
@pytest.mark.parametrize(
    "text",
    [
        '{"mcpServers": {"sonarqube": {"command": "mine"}}}',
        '{"mcpServers": {"sonarqube": {}, "other": {}}}',
        '{"mcpServers": []}',
        '{"mcpServers": "x"}',
        "[]",
        '// a comment\n{"mcpServers": {}}\n',
        '{"mcpServers": {}',
        "",
    ],
)
def test_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / ".mcp.json"
    path.write_text(text)
    try:
        state = add_entry(tmp_path, CLAUDE, made(tmp_path)).state
    except SophiaError as error:
        assert error.message.startswith(".mcp.json ") and "--client cursor" in (error.mend or "")
    else:
        assert state == "other"
    assert path.read_text() == text


def test_what_the_file_holds_stays_as_it_is(tmp_path: Path) -> None:
    before = '{\n\t"inputs": ["é"],\n\t"mcpServers": {\n\t\t"mine": {"command": "x"}\n\t}\n}\n'
    path = tmp_path / ".mcp.json"
    path.write_text(before, encoding="utf-8")
    path.chmod(0o600)
    wanted = made(tmp_path)
    assert add_entry(tmp_path, CLAUDE, wanted).state == "added"
    text = path.read_text(encoding="utf-8")
    assert json.loads(text) == {
        "inputs": ["é"],
        "mcpServers": {"mine": {"command": "x"}, "sonarqube": wanted},
    }
    assert text.startswith('{\n\t"inputs": [\n\t\t"é"\n\t],\n')
    assert path.stat().st_mode & 0o777 == 0o600
    assert add_entry(tmp_path, CLAUDE, wanted).state == "there"
    assert path.read_text(encoding="utf-8") == text


def test_a_server_of_our_own_is_reached_in_its_network(tmp_path: Path) -> None:
    assert made(tmp_path) == {
        "command": "docker",
        "args": [
            *("run", "--init", "-i", "--rm", "--network", "shop_default"),
            *("-e", "SONARQUBE_URL", "-e", "SONARQUBE_READ_ONLY", "-e", "TELEMETRY_DISABLED"),
            *("-e", "SONARQUBE_TOKEN", IMAGE),
        ],
        "env": {
            "SONARQUBE_URL": "http://sonarqube:9000",
            "SONARQUBE_READ_ONLY": "true",
            "TELEMETRY_DISABLED": "true",
            "SONARQUBE_TOKEN": "${SONARQUBE_TOKEN}",
        },
    }


@pytest.mark.parametrize(
    ("url", "network"),
    [
        ("https://sonar.test/", []),
        ("http://localhost:9000", ["--network", "host"]),
        ("http://127.0.0.1:9000", ["--network", "host"]),
    ],
)
def test_a_server_elsewhere(tmp_path: Path, url: str, network: list[str]) -> None:
    found = made(tmp_path, url)
    assert found["args"][4 : 4 + len(network)] == network
    assert ("--network" in found["args"]) == bool(network)
    assert found["env"]["SONARQUBE_URL"] == url.rstrip("/")


def test_each_client_has_its_own_words(tmp_path: Path) -> None:
    assert made(tmp_path, client=CURSOR)["env"]["SONARQUBE_TOKEN"] == "${env:SONARQUBE_TOKEN}"
    add_entry(tmp_path, VSCODE, made(tmp_path, client=VSCODE))
    table = json.loads((tmp_path / ".vscode/mcp.json").read_text())["servers"]
    assert table["sonarqube"]["type"] == "stdio"


def test_the_files_that_a_project_has(tmp_path: Path) -> None:
    assert clients_of(tmp_path, ()) == (CLAUDE,)
    (tmp_path / ".vscode").mkdir()
    assert clients_of(tmp_path, ()) == (VSCODE,)
    (tmp_path / ".mcp.json").touch()
    assert clients_of(tmp_path, ()) == (CLAUDE, VSCODE)
    assert clients_of(tmp_path, ("cursor",)) == (CURSOR,)


def test_writing_is_said_aloud(tmp_path: Path) -> None:
    found = entry(stack(tmp_path), CLAUDE, "MY_TOKEN", writes=True)
    assert found["env"]["SONARQUBE_READ_ONLY"] == "false"
    assert found["env"]["SONARQUBE_TOKEN"] == "${MY_TOKEN}"
