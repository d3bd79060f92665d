"""What is wrong in `sophia.toml` is said with the line on which it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from sophia_cli.infra.settings import load_settings as load_infra
from sophia_cli.llm.config import load_config
from sophia_cli.llm.errors import ConfigError
from sophia_cli.settings import load_settings

TWO_RULES = """\
[[rules]]
use = ["openai/a"]

[[rules]]
when = {team = "data"}
use = [
  "openai/a",
  WRONG
]
"""
WRONG = [
    ("# of the team\n[llms]\n", 2, "the file has no key 'llms'"),
    ("llm = 1\n", 1, "[llm] must be a table"),
    ("[llm]\n\ntimeuot = 1\n", 3, "[llm] has no key 'timeuot'"),
    ("[llm]\nservice = 'a'\ntimeout = 'b'\n", 3, "[llm] timeout must be a number"),
    ("[llm]\ntimeout = nan\n", 2, "[llm] timeout must be a number"),
    ("[llm]\ndurability = 'never'\n", 2, "[llm] durability = 'never' is not known"),
    ("llm.keys = 7\n", 1, "[llm] keys must be a string, not 7"),
    ("[cache]\nshared_by = 'x'\n", 2, "[cache] shared_by 'x' is not known"),
    ("[cache]\ntasks = 1\n", 2, "[cache.tasks] must be a table"),
    ("[cache.tasks]\n# a day\nchat = 'long'\n", 3, "[cache.tasks] has no key 'chat'"),
    (
        "[cache.tasks]\ndocument_summary = 'long'\n",
        2,
        "[cache.tasks] document_summary: 'long' is no time",
    ),
    ("[privacy]\nredact = ['x']\n", 2, "[privacy] redact names 'x'"),
    ("[privacy.patterns]\na = 'a'\nb = '('\n", 3, "[privacy.patterns] b is no regular expression"),
    ("[data_classes]\na = ['x']\n", 2, "[data_classes] a names the provider 'x'"),
    ("[data_classes]\na = 'x'\n", 2, "[data_classes] a must be a list of strings"),
    ("[providers.x]\nkind = 'y'\n", 2, "[providers.x] kind 'y' is not known"),
    ("[providers]\nx = 1\n", 2, "[providers.x] must be a table"),
    ("[providers.openai]\n\nspeed = 1\n", 3, "[providers.openai] has no key 'speed'"),
    ("[providers.openai]\nbase_url = 'x'\n", 2, "[providers.openai] base_url must start with"),
    ("[prices.'a/b']\ninput = 1\noutput = 'x'\n", 3, '[prices."a/b"] output must be USD'),
    ("[prices.'a/b']\ninput = 1\n", 1, '[prices."a/b"] output must be USD'),
    ("[prices.a]\nusd_per_credit = 0\n", 2, "[prices.a] usd_per_credit must be USD, not 0"),
    ("[budgets.a]\nlimit = 1\n[budgets.b]\nlimit = -1\n", 4, "[budgets.b] limit must be USD"),
    ("[budgets.a]\nlimit = 1\nper = 'x'\n", 3, "[budgets.a] per = 'x' is not known"),
    ("[limits.'a/b']\ntools = 1\n", 2, '[limits."a/b"] tools must be true or false'),
    ("[models]\na = ['openai/b', 'c']\n", 2, '[models] a: "c" must be "provider/model"'),
    ("[routes]\nbulk = 1\n", 2, "[routes] bulk must be a list of strings"),
    (TWO_RULES.replace("WRONG", "'b'"), 8, 'rule 2 use: "b" must be "provider/model"'),
    (TWO_RULES.replace("WRONG", "'b/c'"), 8, "rule 2 use names the provider 'b'"),
    (TWO_RULES.replace("WRONG", "").replace("team", "taem"), 5, "rule 2 when has no key 'taem'"),
    ("[migrate]\npack = []\n", 2, "[migrate] has no key 'pack'"),
    ("[migrate]\nexclude = [\n'a',\n1]\n", 2, "[migrate] exclude must be a list of strings"),
    ("[infra]\nports = { sonarqube = 1 }\ntimeout = 0\n", 3, "[infra] timeout must be a number"),
    ("[infra]\nname = 'a'\n\n[infra.ports]\nsonar = 9001\n", 4, "[infra] ports cannot be 'sonar'"),
]


@pytest.mark.parametrize(("text", "line", "words"), WRONG, ids=[words for _, _, words in WRONG])
def test_the_line_is_said(tmp_path: Path, text: str, line: int, words: str) -> None:
    (tmp_path / "sophia.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config({}, tmp_path)
        load_settings(tmp_path, {})
        load_infra(tmp_path, {})
    assert caught.value.message.startswith(f"{tmp_path}/sophia.toml:{line}: {words}")


def test_of_two_rules_both_lines_are_said(tmp_path: Path) -> None:
    (tmp_path / "sophia.toml").write_text(
        "[[rules]]\nuse = ['openai/a']\n\n[[rules]]\nname = 'b'\nuse = ['cortex/b']\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_config({}, tmp_path)
    file = f"{tmp_path}/sophia.toml"
    assert caught.value.message == (
        f"{file}:4: rule 'b' and rule 1 ({file}:1) are about the same calls, but say different things"
    )
