"""Where keys come from when no variable holds them, and which files are not believed."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from partners import completion, reply

from sophia_cli.llm import (
    BudgetExceeded,
    Config,
    ConfigError,
    NotConfigured,
    UnifiedLLMService,
    load_config,
)
from sophia_cli.llm.keyfile import key_file, read_keys, write_key
from sophia_cli.llm.providers.snowflake import JWT, OAUTH, PAT

FIRST, SECOND = "sk-or-first-0123456789", "sk-or-second-0123456789"


def put(environ: Mapping[str, str], text: str, mode: int = 0o600) -> Path:
    path = key_file(environ)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def configured(tmp_path: Path, **environ: str) -> Config:
    return load_config({**os.environ, **environ}, tmp_path)


def test_a_key_in_the_file_is_found(tmp_path: Path) -> None:
    put(os.environ, json.dumps({"OPENROUTER_API_KEY": FIRST}))
    provider = configured(tmp_path).providers["openrouter"]
    assert provider.ready and provider.secret is not None
    assert (provider.secret.value, provider.secret.source) == (FIRST, "keys.json")
    assert [p.name for p in configured(tmp_path).providers.values() if p.ready] == ["openrouter"]


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    put(os.environ, json.dumps({"OPENROUTER_API_KEY": FIRST}))
    provider = configured(tmp_path, OPENROUTER_API_KEY=SECOND).providers["openrouter"]
    assert provider.secret is not None
    assert (provider.secret.value, provider.secret.source) == (SECOND, "OPENROUTER_API_KEY")
    blank = configured(tmp_path, OPENROUTER_API_KEY=" ").providers["openrouter"]
    assert blank.secret is not None and blank.secret.value == FIRST


VIRTUAL_KEYS = """
[providers.portkey]
config = "env:PC_FOR_ALL"
[providers.portkey.virtual_keys]
billing = "env:VK_BILLING"
search = "env:VK_SEARCH"
missing = "env:VK_MISSING"
"""


def test_a_virtual_key_is_found_where_keys_are(tmp_path: Path) -> None:
    kept = {"PORTKEY_API_KEY": FIRST, "PC_FOR_ALL": "pc", "VK_BILLING": "kept", "VK_SEARCH": "kept"}
    put(os.environ, json.dumps(kept))
    (tmp_path / "sophia.toml").write_text(VIRTUAL_KEYS)
    portkey = configured(tmp_path, VK_SEARCH="set").providers["portkey"]
    assert portkey.ready and portkey.options["config"].value == "pc"
    found = {name: portkey.for_service(name) for name in ("billing", "search", "missing")}
    keys = {name: one.options["virtual_key"].value for name, one in found.items()}
    assert keys == {"billing": "kept", "search": "set", "missing": ""}
    assert [one.problem for one in found.values()] == ["", "", "VK_MISSING is not set"]


def test_a_key_has_one_name_wherever_it_is_kept(tmp_path: Path) -> None:
    put(os.environ, json.dumps({"OPENROUTER_API_KEY": FIRST}))
    kept = configured(tmp_path).providers["openrouter"]
    told = configured(tmp_path, OPENROUTER_API_KEY=FIRST).providers["openrouter"]
    assert (kept.key_name, told.key_name) == ("OPENROUTER_API_KEY", "OPENROUTER_API_KEY")
    assert configured(tmp_path).providers["portkey"].key_name == ""


def test_a_budget_for_a_key_knows_it_from_the_file(
    tmp_path: Path, scripted: Any, closing: Any
) -> None:
    put(os.environ, json.dumps({"OPENROUTER_API_KEY": FIRST}))
    server = scripted(reply(completion()))
    (tmp_path / "sophia.toml").write_text(
        f'[providers.openrouter]\nbase_url = "{server.url}"\n'
        '[routes]\ndefault = ["openrouter/a/b"]\n'
        '[prices."openrouter/a/b"]\ninput = 1.0\noutput = 1.0\n'
        '[budgets.key]\nlimit = 0\nkey = "OPENROUTER_API_KEY"\n'
    )
    asked = UnifiedLLMService(configured(tmp_path, SOPHIA_LEDGER=str(tmp_path / "l.sqlite3")))
    closing.callback(asked.close)
    with pytest.raises(BudgetExceeded):
        asked.complete_text_sync("hi")
    assert server.requests == []


SNOWFLAKE = [
    ({"SNOWFLAKE_JWT": "file"}, {}, ("file", JWT)),
    ({"SNOWFLAKE_PAT": "file"}, {"SNOWFLAKE_OAUTH_TOKEN": "environment"}, ("environment", OAUTH)),
    ({"SNOWFLAKE_JWT": "file", "SNOWFLAKE_PAT": "pat"}, {}, ("pat", PAT)),
]


@pytest.mark.parametrize(("kept", "environ", "expected"), SNOWFLAKE)
def test_a_snowflake_token_is_of_the_kind_that_its_name_says(
    tmp_path: Path, kept: Any, environ: Any, expected: Any
) -> None:
    put(os.environ, json.dumps(kept))
    cortex = configured(tmp_path, SNOWFLAKE_ACCOUNT="org-a", **environ).providers["cortex"]
    assert cortex.secret is not None
    assert (cortex.secret.value, cortex.options["token_type"]) == expected


def test_a_provider_of_the_file_reads_the_key_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "sophia.toml").write_text(
        '[providers.gate]\nkind = "openai"\nbase_url = "https://gate.example/v1"\n'
        'api_key_env = "GATE_KEY"\n'
    )
    put(os.environ, json.dumps({"GATE_KEY": FIRST, "OPENAI_API_KEY": SECOND}))
    gate = configured(tmp_path).providers["gate"]
    assert gate.secret is not None and gate.secret.value == FIRST and gate.key_env == "GATE_KEY"


REFUSED = {
    "read by the group": (0o640, "{}", "is open to other users", "chmod 600 "),
    "read by all": (0o644, "{}", "is open to other users", "chmod 600 "),
    "written by the group": (0o620, "{}", "is open to other users", "chmod 600 "),
    "no JSON": (0o600, f'{{"A_KEY": "{FIRST}', "is not a table of keys", "rm "),
    "a list": (0o600, f'["{FIRST}"]', "is not a table of keys", "rm "),
    "a number": (0o600, '{"A_KEY": 5}', "is not a table of keys", "rm "),
    "nested": (0o600, "[" * 100_000, "is not a table of keys", "rm "),
    "no text": (0o600, "\udcff", "is not a table of keys", "rm "),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_not_believed(tmp_path: Path, name: str) -> None:
    mode, text, words, mend = REFUSED[name]
    path = put(os.environ, "")
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    path.chmod(mode)
    with pytest.raises(ConfigError) as caught:
        read_keys(os.environ)
    assert caught.value.message == f"{path} {words}"
    assert mend in caught.value.mend and str(path) in caught.value.mend
    assert FIRST not in str(caught.value)
    with pytest.raises(ConfigError):  # nor is it written over
        write_key(os.environ, "B_KEY", SECOND)
    assert path.read_bytes() == text.encode("utf-8", "surrogateescape")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_not_believed() -> None:
    path = put(os.environ, "{}")
    os.chown(path, 12345, 12345)
    with pytest.raises(ConfigError) as caught:
        read_keys(os.environ)
    assert caught.value.message == f"{path} belongs to another user"
    assert caught.value.mend == f'sudo chown "$(id -u)" {path}'


def test_a_refused_file_stops_only_those_who_need_it(tmp_path: Path) -> None:
    path = put(os.environ, json.dumps({"PORTKEY_API_KEY": FIRST}), 0o644)
    config = configured(tmp_path, OPENROUTER_API_KEY=SECOND)
    assert config.providers["openrouter"].ready
    assert config.providers["portkey"].problem == f"{path} is open to other users"
    service = UnifiedLLMService(config)
    with pytest.raises(NotConfigured) as caught:
        service.decide("hi", provider="portkey")
    assert caught.value.mend == f"chmod 600 {path}"
    service.close()


def test_what_is_written_is_for_this_user_alone(own_home: Path) -> None:
    path = write_key(os.environ, "A_KEY", FIRST)
    assert path == own_home / "config" / "sophia" / "keys.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    write_key(os.environ, "B_KEY", SECOND)
    assert read_keys(os.environ) == {"A_KEY": FIRST, "B_KEY": SECOND}
    write_key(os.environ, "A_KEY", None)
    assert read_keys(os.environ) == {"B_KEY": SECOND}
    assert list(path.parent.iterdir()) == [path]


def test_a_link_stays_one(tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles" / "keys.json"
    kept.parent.mkdir()
    kept.write_text("{}")
    kept.chmod(0o600)
    path = key_file(os.environ)
    path.parent.mkdir(parents=True)
    path.symlink_to(kept)
    write_key(os.environ, "A_KEY", FIRST)
    assert path.is_symlink() and json.loads(kept.read_text()) == {"A_KEY": FIRST}


def test_keys_that_are_set_at_once_are_all_kept() -> None:
    code = (
        "import os, sys; from sophia_cli.llm.keyfile import write_key\n"
        "for n in range(20): write_key(os.environ, f'K{sys.argv[1]}_{n}', 'v')"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(n)]) for n in range(4)]
    assert [writer.wait() for writer in writers] == [0] * 4
    assert len(read_keys(os.environ)) == 80


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    import keyring

    before = keyring.get_keyring()
    monkeypatch.setenv("OWN_KEYRING", str(tmp_path / "keyring.json"))
    import own_keyring

    keyring.set_keyring(own_keyring.FileKeyring())
    yield tmp_path / "keyring.json"
    keyring.set_keyring(before)


def test_the_keyring_is_asked_where_the_settings_say_so(tmp_path: Path, keyring: Path) -> None:
    keyring.write_text(json.dumps({"sophia/OPENROUTER_API_KEY": FIRST}))
    put(os.environ, json.dumps({"OPENROUTER_API_KEY": SECOND, "PORTKEY_API_KEY": SECOND}))
    plain = configured(tmp_path).providers["openrouter"].secret
    assert plain is not None and plain.source == "keys.json"
    found = configured(tmp_path, SOPHIA_KEYS="keyring").providers
    assert [(s.value, s.source) for p in found.values() if (s := p.secret)] == [
        (SECOND, "keys.json"),
        (FIRST, "keyring"),
    ]


def test_a_keyring_that_is_locked_stops_only_those_who_need_it(
    tmp_path: Path, keyring: Path
) -> None:
    keyring.write_text('{"locked": ""}')
    found = configured(tmp_path, SOPHIA_KEYS="keyring", OPENROUTER_API_KEY=FIRST).providers
    assert found["openrouter"].ready
    assert found["portkey"].problem == "the keyring cannot be used: it is locked"
    assert found["portkey"].mend == 'unlock it, or set keys = "file" in [llm]'


def test_a_keyring_that_is_not_installed_is_said(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['keyring'] = None\n"
        "from sophia_cli.llm import load_config\n"
        "p = load_config().providers['portkey']; print(p.problem, '|', p.mend)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "SOPHIA_KEYS": "keyring"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == (
        'keys = "keyring" in [llm] needs the package keyring | pip install "sophia-cli[keyring]"\n'
    )


def test_a_place_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="\\[llm\\] keys = .vault. is not known"):
        configured(tmp_path, SOPHIA_KEYS="vault")


def test_the_keyring_is_not_imported_for_a_file(tmp_path: Path) -> None:
    code = "import sys; from sophia_cli.llm import load_config; load_config(); print('keyring' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
