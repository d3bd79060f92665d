"""`sophia.toml` and the environment: who wins, and one line for each thing that can be wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sophia_cli.llm import ConfigError, load_config
from sophia_cli.llm.configfile import NAME

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
    assert config.providers["company"].problem == "COMPANY_KEY is not set"


def test_nothing_is_simulated_unless_it_is_asked_for(tmp_path: Path) -> None:
    assert "simulator" not in load_config({}, tmp_path).providers
    (tmp_path / NAME).write_text('[providers.simulator]\nkind = "simulator"\n')
    assert load_config({}, tmp_path).providers["simulator"].ready
