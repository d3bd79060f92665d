"""`sophia.toml` and the environment: who wins, and one line for each thing that can be wrong."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sophia_cli.llm import ConfigError, load_config
from sophia_cli.llm.configfile import NAME
from sophia_cli.llm.prices import Price

KEY = "key-0123456789abcdef"
WRONG = {
    "broken": ("[llm\n", "is not valid TOML: ", ""),
    "an unknown table": ("[route]\n", "the file has no key 'route'", "allowed: llm, providers,"),
    "a table that is none": ("llm = 3\n", "[llm] must be a table", "write it as [llm]"),
    "an unknown key": ("[llm]\ntimeuot = 3\n", "[llm] has no key 'timeuot'", "allowed: service,"),
    "text for a number": ('[llm]\ntimeout = "3"\n', "[llm] timeout must be a number", ""),
    "truth for a number": ("[llm]\nattempts = true\n", "[llm] attempts must be a whole number", ""),
    "too small": (
        "[llm]\nattempts = 0\n",
        "[llm] attempts must be a whole number of at least 1",
        "",
    ),
    "a number for text": ("[llm]\nservice = 3\n", "[llm] service must be a string", ""),
    "an unknown kind": (
        '[providers.x]\nkind = "magic"\n',
        "[providers.x] kind 'magic' is not known",
        "allowed: cortex, portkey, openrouter, openai, anthropic, simulator",
    ),
    "a key of another kind": (
        "[providers.openai]\nslugs = {}\n",
        "[providers.openai] has no key 'slugs'",
        "allowed: kind, base_url, api_key_env, model, embedding_model",
    ),
    "an address that is none": (
        '[providers.openai]\nbase_url = "api.example"\n',
        "[providers.openai] base_url must start with http:// or https://",
        "",
    ),
    "a kind of token": (
        '[providers.cortex]\ntoken_type = "PASSWORD"\n',
        "[providers.cortex] token_type 'PASSWORD' is not known",
        "allowed: PROGRAMMATIC_ACCESS_TOKEN, KEYPAIR_JWT, OAUTH",
    ),
    "a kind that is a list": (
        '[providers.x]\nkind = ["openai"]\n',
        "[providers.x] kind '['openai']' is not known",
        "allowed: cortex,",
    ),
    "a name with a slash": (
        '[providers."a/b"]\nkind = "openai"\n',
        "[providers.a/b] a provider's name is of letters, digits, '-' and '_'",
        "",
    ),
    "a number of calls that is none": (
        "[providers.openai]\nmax_concurrency = -1\n",
        "[providers.openai] max_concurrency must be a whole number of at least 0, not -1",
        "",
    ),
    "text for a number of tokens": (
        '[providers.openai]\ntokens_per_minute = "9"\n',
        "[providers.openai] tokens_per_minute must be a whole number of at least 0, not '9'",
        "",
    ),
    "a truth for a number of requests": (
        "[providers.openai]\nrequests_per_minute = true\n",
        "[providers.openai] requests_per_minute must be a whole number of at least 0, not True",
        "",
    ),
    "faults that are none": (
        '[providers.simulator]\nfaults = ["tired"]\n',
        "[providers.simulator] 'tired' is not a fault; allowed: an error status,",
        "write it as KIND",
    ),
    "faults that are numbers": (
        "[providers.simulator]\nfaults = [429]\n",
        "[providers.simulator] faults must be a list of strings, not [429]",
        "",
    ),
    "truth for a seed": (
        "[providers.simulator]\nseed = true\n",
        "[providers.simulator] seed must be a whole number, not True",
        "",
    ),
    "a slug that is a number": (
        "[providers.portkey]\nslugs = {openai = 3}\n",
        "[providers.portkey] slugs must be a table of strings, not {'openai': 3}",
        "",
    ),
    "a header that cannot be sent": (
        '[providers.portkey]\nvirtual_key = "clé"\n',
        "[providers.portkey] virtual_key must be plain ASCII without spaces, not 'clé'",
        "",
    ),
    "a key in no variable": (
        '[providers.openai]\napi_key_env = ""\n',
        "[providers.openai] api_key_env must be plain ASCII without spaces, not ''",
        "",
    ),
    "no number": ("[llm]\ntimeout = nan\n", "[llm] timeout must be a number of at least", ""),
    "no end": ("[llm]\nlongest_wait = inf\n", "longest_wait must be a number of at least 0,", ""),
    "nobody's home": (
        '[llm]\nledger = "~nobody-of-that-name/x"\n',
        "[llm] ledger must be a path, not '~nobody-of-that-name/x'",
        "",
    ),
    "a path with a zero": (
        '[llm]\nledger = "a\\u0000"\n',
        "[llm] ledger must be a path, not 'a\\x00'",
        "",
    ),
    "a price without end": (
        '[prices."a/b"]\ninput = inf\noutput = 1\n',
        '[prices."a/b"] input must be USD per million tokens, not inf',
        "",
    ),
    "a price that is no number": (
        '[prices."a/b"]\ninput = 1\noutput = nan\n',
        '[prices."a/b"] output must be USD per million tokens, not nan',
        "",
    ),
    "an unknown task": (
        '[routes]\nmagic = ["openai/gpt-5"]\n',
        "[routes] has no key 'magic'",
        "allowed: data_analysis, sql_generation,",
    ),
    "a route that is no list": (
        '[routes]\nbulk = "openai/x"\n',
        "[routes] bulk must be a list",
        "",
    ),
    "a link without a model": (
        '[routes]\nbulk = ["openai"]\n',
        '[routes] bulk: "openai" must be "provider/model"',
        "",
    ),
    "a link to nobody": (
        '[routes]\nbulk = ["nobody/x"]\n',
        "[routes] bulk names the provider 'nobody', which is not known",
        "known: cortex, portkey, openrouter, openai, anthropic; or add [providers.nobody]",
    ),
    "a class for nobody": (
        '[data_classes]\ncustomer = ["nobody"]\n',
        "[data_classes] customer names the provider 'nobody', which is not known",
        "",
    ),
    "a price without output": (
        '[prices."a/b"]\ninput = 1\n',
        "[prices.\"a/b\"] output must be USD per million tokens, not 'missing'",
        "",
    ),
    "a price that is no table": (
        "[prices]\nx = 3\n",
        '[prices."x"] must be a table',
        "with input and output",
    ),
    "a price for nobody's model": (
        "[prices.cortex]\ninput = 1\n",
        "[prices.cortex] has no key 'input'",
        "allowed: usd_per_credit, as_of, source",
    ),
    "a credit that costs nothing": (
        "[prices.cortex]\nusd_per_credit = 0\n",
        "[prices.cortex] usd_per_credit must be USD, not 0",
        "",
    ),
    "a credit without its worth": (
        '[prices.cortex]\nas_of = "2026-11-01"\n',
        "[prices.cortex] usd_per_credit must be USD, not 'missing'",
        "",
    ),
    "credits of unknown worth": (
        '[prices."cortex/x"]\ncredits_input = 1\ncredits_output = 2\n',
        '[prices."cortex/x"] is in credits, and what one costs is not said',
        "add [prices.cortex] with usd_per_credit = ...",
    ),
    "a price in two currencies": (
        '[prices."cortex/x"]\ncredits_input = 1\noutput = 2\n',
        '[prices."cortex/x"] is in USD and in credits',
        "keep one of them",
    ),
    "half a price in credits": (
        '[prices.cortex]\nusd_per_credit = 3\n[prices."cortex/x"]\ncredits_input = 1\n',
        "[prices.\"cortex/x\"] credits_output must be credits per million tokens, not 'missing'",
        "",
    ),
    "a day that is none": (
        '[prices."a/b"]\ninput = 1\noutput = 1\nas_of = "lately"\n',
        '[prices."a/b"] as_of must be a date such as "2026-11-30"',
        "",
    ),
    "a year for a day": (
        "[prices.cortex]\nusd_per_credit = 3\nas_of = 2026\n",
        '[prices.cortex] as_of must be a date such as "2026-11-30"',
        "",
    ),
    "a price below zero": (
        '[prices."a/b"]\ninput = -1\noutput = 1\n',
        '[prices."a/b"] input must be USD per million tokens, not -1',
        "",
    ),
}


@pytest.mark.parametrize(("text", "words", "mend"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_said_with_file_and_key(
    tmp_path: Path, text: str, words: str, mend: str
) -> None:
    path = tmp_path / NAME
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config({}, tmp_path)
    assert caught.value.message.startswith(str(path))
    assert words in caught.value.message and "\n" not in caught.value.message
    assert caught.value.mend.startswith(mend)


def test_a_broken_file_names_its_line(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("[llm]\ntimeout = 3\nservice = \n")
    with pytest.raises(ConfigError, match="line 3"):
        load_config({}, tmp_path)


def test_a_named_file_in_nobody_s_home_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config({"SOPHIA_CONFIG": "~nobody-of-that-name/x"}, tmp_path)
    assert caught.value.message == (
        "the environment: SOPHIA_CONFIG must be a path, not '~nobody-of-that-name/x'"
    )


def test_an_address_without_its_scheme_is_said_before_a_call(tmp_path: Path) -> None:
    found = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "localhost:8080/v1"}
    openai = load_config(found, tmp_path).providers["openai"]
    assert openai.problem == "OPENAI_BASE_URL must start with http:// or https://"
    assert openai.mend == "export OPENAI_BASE_URL=https://..."


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config({"SOPHIA_LLM_ATTEMPTS": "many"}, tmp_path)
    assert caught.value.message == (
        "the environment: SOPHIA_LLM_ATTEMPTS must be a whole number of at least 1, not 'many'"
    )


def test_the_file_wins_over_the_default_and_the_environment_over_the_file(tmp_path: Path) -> None:
    assert load_config({}, tmp_path).timeout == 60.0
    (tmp_path / NAME).write_text("[llm]\ntimeout = 5\n")
    assert load_config({}, tmp_path).timeout == 5.0
    assert load_config({"SOPHIA_LLM_TIMEOUT": "7.5"}, tmp_path).timeout == 7.5
    assert load_config({"SOPHIA_LLM_TIMEOUT": "  "}, tmp_path).timeout == 5.0


def test_an_argument_wins_over_all(tmp_path: Path, simulated: Any, service: Any) -> None:
    from partners import provider

    server = simulated(latency=2.0)
    asked = service(provider("p", f"{server.url}/v1"), timeout=60.0)
    answer = asked.complete_response_sync("hi", timeout=0.05, on_error="return")
    assert answer.error is not None and "ReadTimeout" in answer.error


def test_the_nearest_file_upwards_is_the_one(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (tmp_path / NAME).write_text('[llm]\nservice = "far"\n')
    assert load_config({}, deep).service == "far"
    (tmp_path / "a" / NAME).write_text('[llm]\nservice = "near"\n')
    assert load_config({}, deep).service == "near"
    other = tmp_path / "other.toml"
    other.write_text('[llm]\nservice = "named"\n')
    assert load_config({"SOPHIA_CONFIG": str(other)}, deep).service == "named"


def test_a_named_file_that_is_not_there(tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    with pytest.raises(ConfigError) as caught:
        load_config({"SOPHIA_CONFIG": str(missing)}, tmp_path)
    assert caught.value.message == f"{missing} cannot be read: No such file or directory"


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b'\xef\xbb\xbf[llm]\nservice = "x"\n')
    assert load_config({}, tmp_path).service == "x"


READY = [
    ({"SNOWFLAKE_ACCOUNT": "my_org-acc", "SNOWFLAKE_PAT": KEY}, "cortex"),
    ({"PORTKEY_API_KEY": KEY}, "portkey"),
    ({"OPENROUTER_API_KEY": KEY}, "openrouter"),
    ({"OPENAI_API_KEY": KEY}, "openai"),
    ({"ANTHROPIC_API_KEY": KEY}, "anthropic"),
]


@pytest.mark.parametrize(("environ", "name"), READY)
def test_a_key_is_all_a_provider_needs(tmp_path: Path, environ: dict[str, str], name: str) -> None:
    config = load_config(environ, tmp_path)
    assert [p.name for p in config.providers.values() if p.ready] == [name]
    assert KEY not in repr(config)


def test_underscores_of_an_account_become_dashes_in_its_address(tmp_path: Path) -> None:
    config = load_config({"SNOWFLAKE_ACCOUNT": "my_org-acc", "SNOWFLAKE_PAT": KEY}, tmp_path)
    assert config.providers["cortex"].base_url == "https://my-org-acc.snowflakecomputing.com"


def test_a_local_endpoint_needs_no_key_a_distant_one_does(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(
        '[providers.ollama]\nkind = "openai"\nbase_url = "http://127.0.0.1:11434/v1"\n'
        '[providers.company]\nkind = "openai"\nbase_url = "https://llm.example/v1"\n'
        'api_key_env = "COMPANY_KEY"\n'
    )
    config = load_config({}, tmp_path)
    assert config.providers["ollama"].ready
    assert config.providers["company"].problem == (
        "COMPANY_KEY is not set, though [providers.company] is there"
    )


def test_a_vendor_s_key_goes_to_no_other_endpoint(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(
        '[providers.far]\nkind = "openai"\nbase_url = "https://llm.example/v1"\n'
        '[providers.near]\nkind = "openai"\nbase_url = "http://127.0.0.1:11434/v1"\n'
    )
    config = load_config({"OPENAI_API_KEY": KEY}, tmp_path)
    far, near = config.providers["far"], config.providers["near"]
    assert (far.secret, far.problem, far.mend) == (
        None,
        "its key is not named",
        "name the variable that holds it: api_key_env, in sophia.toml",
    )
    assert (near.secret, near.ready) == (None, True)


@pytest.mark.parametrize("account", ["org-acc", "my_org-acc", "xy12345", "xy12345.us-east-1"])
def test_every_form_of_an_account_is_taken(tmp_path: Path, account: str) -> None:
    config = load_config({"SNOWFLAKE_ACCOUNT": account, "SNOWFLAKE_PAT": KEY}, tmp_path)
    assert config.providers["cortex"].ready


@pytest.mark.parametrize("account", ["a/b", "a@b", ".", "a..b", "evil.example/x"])
def test_what_is_no_account_is_said(tmp_path: Path, account: str) -> None:
    config = load_config({"SNOWFLAKE_ACCOUNT": account, "SNOWFLAKE_PAT": KEY}, tmp_path)
    assert "is not of the form organisation-account" in config.providers["cortex"].problem


def test_nothing_is_simulated_unless_it_is_asked_for(tmp_path: Path) -> None:
    assert "simulator" not in load_config({}, tmp_path).providers
    (tmp_path / NAME).write_text('[providers.simulator]\nkind = "simulator"\n')
    assert load_config({}, tmp_path).providers["simulator"].ready


def test_credits_become_usd(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(
        "[prices.cortex]\nusd_per_credit = 3.0\nas_of = 2026-10-01\n"
        '[prices."cortex/a"]\ncredits_input = 1.5\ncredits_output = 7.5\ncredits_cached = 0.5\n'
        '[prices."cortex/b"]\ncredits_input = 1\ncredits_output = 2\nas_of = "2026-11-02"\n'
        '[prices."cortex/c"]\ninput = 1\noutput = 2\n'
    )
    source = "sophia.toml, 3 USD a credit"
    assert load_config({}, tmp_path).prices == {
        "cortex/a": Price(4.5, 22.5, 1.5, source=source, as_of="2026-10-01"),
        "cortex/b": Price(3.0, 6.0, source=source, as_of="2026-11-02"),
        "cortex/c": Price(1.0, 2.0),
    }


OWN_HOME = pwd.getpwuid(os.getuid()).pw_dir
PLACES = [
    ({"HOME": "/home/a"}, "/home/a/.local/state"),
    ({"HOME": "/home/a", "XDG_STATE_HOME": "/state"}, "/state"),
    ({"HOME": "/home/a", "XDG_STATE_HOME": "state"}, "/home/a/.local/state"),
    ({"HOME": ""}, f"{OWN_HOME}/.local/state"),
    ({"HOME": "a"}, f"{OWN_HOME}/.local/state"),
    ({}, f"{OWN_HOME}/.local/state"),
]


@pytest.mark.parametrize(("environ", "folder"), PLACES)
def test_the_ledger_is_never_in_the_folder_that_happens_to_be_the_current_one(
    tmp_path: Path, environ: dict[str, str], folder: str
) -> None:
    assert load_config(environ, tmp_path).ledger == Path(folder, "sophia", "ledger.sqlite3")


STRANGER = 4_000_000_001  # a number that no user has, as containers like to give


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_who_has_no_home_is_counted_in_memory_and_told() -> None:
    code = (
        "import os, sys; from sophia_cli.llm import load_config; "
        f"os.setuid({STRANGER}); print(load_config({{}}).ledger, load_config({{}}).ledger)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd="/", capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == (
        "None None\n",
        "there is no home for the ledger (HOME is not set): calls are counted in memory only;"
        " name a place with SOPHIA_LEDGER\n",
    )
