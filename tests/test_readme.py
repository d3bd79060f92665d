"""The README cannot drift: its commands exist, and its tables say what the code knows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from sophia_cli.hooks.settings import KEYS as HOOKS_KEYS
from sophia_cli.hooks.settings import load_settings as load_hooks
from sophia_cli.infra.settings import KEYS as INFRA_KEYS
from sophia_cli.infra.settings import load_settings as load_infra
from sophia_cli.llm.budgets.budget import KEYS as BUDGET_KEYS
from sophia_cli.llm.cache.policy import KEYS as CACHE_KEYS
from sophia_cli.llm.config import KEYS as LLM_KEYS
from sophia_cli.llm.config import VARIABLES, describe_settings, load_config
from sophia_cli.llm.endpoints import COMMON, describe_options, describe_variables
from sophia_cli.llm.metrics.families import FAMILIES
from sophia_cli.llm.metrics.place import KEYS as METRICS_KEYS
from sophia_cli.llm.privacy import KEYS as PRIVACY_KEYS
from sophia_cli.llm.providers import KINDS
from sophia_cli.metrics.alerts.targets import KEYS as ALERTS_KEYS
from sophia_cli.metrics.alerts.targets import load_targets
from sophia_cli.settings import KEYS as COMMAND_LINE_KEYS
from sophia_cli.settings import VARIABLES as COMMAND_LINE_VARIABLES
from sophia_cli.settings import load_settings

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
TEMPLATE = ROOT / "templates" / "sophia.toml"
KEYS = (
    *LLM_KEYS,
    *CACHE_KEYS,
    *PRIVACY_KEYS,
    *METRICS_KEYS,
    *ALERTS_KEYS,
    *COMMAND_LINE_KEYS,
    *INFRA_KEYS,
    *HOOKS_KEYS,
)


def commands() -> list[str]:
    rows = re.findall(r"^\| `sophia([^`\n]*)` \|", README.read_text(), re.MULTILINE)
    return sorted({" ".join(word for word in row.split() if word.isalpha()) for row in rows})


@pytest.mark.parametrize("words", commands())
def test_every_command_exists(words: str) -> None:
    groups = words.split()[:2] if words != "migrate show safe" else ["migrate", "show"]
    done = subprocess.run(
        [sys.executable, "-m", "sophia_cli", *groups, "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines).replace("| --- ", "|---")


def settings() -> str:
    rows = []
    for path, default, env, text in describe_settings(KEYS):
        shown = "none" if default in ("", ()) else str(default)
        rows.append((f"`{path}`", shown, f"`{env}`" if env != "-" else "-", text))
    return table(("key", "default", "environment", "meaning"), rows)


def options() -> str:
    rows = [(f"`{name}`", who, words, text) for name, who, words, text in describe_options()]
    return table(("option", "provider", "type", "meaning"), rows)


def variables() -> str:
    described = [*VARIABLES, *describe_variables(), *COMMAND_LINE_VARIABLES]
    return table(("variable", "meaning"), [(f"`{name}`", text) for name, text in described])


def metrics() -> str:
    rows = [(f"`{one.name}`", one.kind, ", ".join(one.labels) or "-", one.help) for one in FAMILIES]
    return table(("metric", "kind", "labels", "meaning"), rows)


TABLES = {
    "settings": settings(),
    "options": options(),
    "variables": variables(),
    "metrics": metrics(),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_that_of_the_code(name: str) -> None:
    found = README.read_text().partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0]
    assert found == TABLES[name], f"the table should be:\n{TABLES[name]}"


ENVIRONMENT = re.compile(
    r"(SOPHIA|SNOWFLAKE|PORTKEY|OPENROUTER|OPENAI|ANTHROPIC|OLLAMA|XDG)_[A-Z_]+"
)


def variables_in(path: Path) -> Iterator[str]:
    """Names of variables that a module holds: those of our families, and any that it reads."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if ENVIRONMENT.fullmatch(node.value):
                yield node.value
        elif isinstance(node, ast.Call | ast.Subscript):
            read = node.func if isinstance(node, ast.Call) else node.value
            inner = (node.args or [node])[0] if isinstance(node, ast.Call) else node.slice
            reads = re.search(r"environ(\.get)?$|getenv$", ast.unparse(read))
            if reads and isinstance(inner, ast.Constant):
                yield str(inner.value)


def test_every_variable_that_is_read_is_described() -> None:
    # What the Compose file is given has names of ours, and nobody sets it: tests/infra compares those two.
    given = ROOT / "sophia_cli" / "infra" / "compose.py"
    code = [path for path in (ROOT / "sophia_cli").rglob("*.py") if path != given]
    read = {name for path in code for name in variables_in(path)}
    keys = {key.env for key in KEYS if key.env}
    described = {name for name, _ in [*VARIABLES, *describe_variables(), *COMMAND_LINE_VARIABLES]}
    by_others = {"HTTPS_PROXY", "SSL_CERT_FILE", "DOCKER_HOST"}  # read by httpx, and by docker
    of_the_system = {"HOME", "PATH", "GIT_CONFIG_COUNT"}
    assert read - of_the_system == keys | described - by_others


def written_out() -> str:
    """The template with every setting in it that is only shown."""
    shown = re.compile(r"^# (?=\[|[\w.\"@/-]+ = )", re.MULTILINE)
    return shown.sub("", TEMPLATE.read_text())


def test_the_template_is_right_as_it_is_and_written_out(tmp_path: Path) -> None:
    target = tmp_path / "sophia.toml"
    for text in (TEMPLATE.read_text(), written_out()):
        target.write_text(text)
        assert load_config({}, tmp_path).file == target
        assert load_settings(tmp_path, {}).root == tmp_path
        assert load_infra(tmp_path, {}).conditions
        assert load_targets({}, tmp_path).success == 0.99
        assert load_hooks(tmp_path, {}).cooldown_days >= 7


def test_the_template_shows_every_key() -> None:
    import tomllib

    shown = tomllib.loads(written_out())
    keys = [key.path.split(".") for key in KEYS]
    assert [name for part, name in keys if name not in shown[part]] == []
    options = {option.name for kind in KINDS.values() for option in COMMON + kind.options}
    assert options - {name for one in shown["providers"].values() for name in one} == set()
    assert set(BUDGET_KEYS) - {name for one in shown["budgets"].values() for name in one} == set()
