"""The shape of the code: who may import whom, and who alone may print, write user code or start programs."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sophia_cli"

# Part -> parts it may import. A part is a folder or a module of sophia_cli.
MAY_IMPORT = {
    "__main__": {"commands", "errors", "llm.errors", "output"},
    "gate": {"__main__", "hooks", "errors", "output"},
    "commands": {
        "counted",
        "migrate",
        "infra",
        "hooks",
        "checked",
        "usage",
        "dashboards",
        "llm",
        "ask",
        "keys",
        "budgets",
        "metrics",
        "prices",
        "surroundings",
        "typed",
        "settings",
        "exports",
        "files",
        "errors",
        "output",
    },
    "migrate": {
        "counted",
        "process",
        "webpage",
        "settings",
        "files",
        "lock",
        "sarif",
        "errors",
        "llm.folders",
        "llm.tomllines",
    },
    "hooks": {
        "counted",
        "migrate",
        "process",
        "http",
        "assets",
        "settings",
        "files",
        "lock",
        "checked",
        "sarif",
        "errors",
        "llm.folders",
        "llm.configfile",
    },
    "dashboards": {"client", "process", "http", "assets", "settings", "files", "errors", "llm"},
    "infra": {
        "client",
        "dashboards",
        "checked",
        "metrics.alerts",
        "process",
        "http",
        "assets",
        "settings",
        "files",
        "lock",
        "errors",
        "llm.folders",
        "llm.secret",
        "llm.configfile",
        "llm.errors",
    },
    "metrics": {"process", "http", "assets", "settings", "files", "errors", "llm"},
    "usage": {"counted", "budgets", "webpage", "settings", "files", "errors", "llm"},
    "ask": {"http", "errors", "llm"},
    "keys": {"http", "typed", "errors", "llm"},
    "budgets": {"errors", "llm"},
    "surroundings": {"errors", "llm"},
    "prices": {"http", "errors", "llm"},
    "pricelist": {"llm.catalogue", "llm.errors"},
    "settings": {"llm.configfile", "llm.errors", "errors"},
    "process": {"errors"},
    "assets": set(),
    "webpage": {"assets"},
    "client": {"http", "errors"},
    "http": set(),
    "typed": set(),
    "counted": set(),
    "exports": {"files", "errors"},
    "files": set(),
    "lock": {"errors"},
    "checked": set(),
    "sarif": set(),
    "errors": set(),
    "output": set(),
    "llm": set(),
}
# What an application that imports the service has installed.
LIBRARIES_OF_LLM = {
    "aiohttp",
    "cryptography",
    "httpx",
    "keyring",
    "opentelemetry",
    "prometheus_client",
}


def sources() -> list[Path]:
    fixtures = PACKAGE / "migrate" / "packs"  # code of users, before and after
    return sorted(path for path in PACKAGE.rglob("*.py") if fixtures not in path.parents)


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield node.lineno, node.module or ""


def allowed(part: str, name: str) -> bool:
    target = name.removeprefix("sophia_cli").lstrip(".")
    choices = MAY_IMPORT[part] | {part}
    return not target or any(
        target == choice or target.startswith(f"{choice}.") for choice in choices
    )


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    part = part_of(path)
    if part == "__init__":
        return
    wrong = [
        f"{path.name}:{line} imports {name}"
        for line, name in imported(path)
        if name.startswith("sophia_cli") and not allowed(part, name)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "llm").rglob("*.py")), ids=lambda path: path.name
)
def test_the_service_needs_only_what_an_application_has(path: Path) -> None:
    outside = {
        name.partition(".")[0]
        for _, name in imported(path)
        if name.partition(".")[0] not in sys.stdlib_module_names | LIBRARIES_OF_LLM | {"sophia_cli"}
    }
    assert outside == set()


def calls(name: str) -> list[str]:
    """The modules that call a function by that plain name."""
    found = set()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == name:
                found.add(str(path.relative_to(PACKAGE)))
    return sorted(found)


def test_only_the_output_and_the_entry_point_print() -> None:
    assert calls("print") == ["__main__.py", "output.py"]


def test_only_process_starts_programs() -> None:
    starting = ("subprocess.run", "subprocess.Popen", "os.system")
    assert {path for name in starting for path in calls(name)} == {"process.py"}


def test_only_one_module_of_migrate_replaces_files() -> None:
    assert calls("os.replace") in (["migrate/write.py"], [])


def test_importing_the_service_is_light() -> None:
    heavy = [
        "typer",
        "rich",
        "docker",
        "requests",
        "pydantic",
        "prometheus_client",
        "opentelemetry",
        "openai",
        "anthropic",
    ]
    # Where click is installed too, httpx imports rich for a command line of its own.
    code = (
        "import sys; sys.modules['click'] = None; import sophia_cli.llm;"
        "from sophia_cli.llm import get_unified_llm_service, openai_http_client;"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_functions_and_files_stay_short() -> None:
    lengths, long_files = [], []
    for path in sources():
        text = path.read_bytes()
        if len(text.splitlines()) > 400:
            long_files.append(path.name)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lengths.append((node.end_lineno or 0) - node.lineno + 1)
    assert long_files == []
    assert sorted(lengths)[int(len(lengths) * 0.95)] <= 45


def test_the_project_uses_the_hooks_it_ships() -> None:
    own = (ROOT / ".pre-commit-config.yaml").read_bytes()
    assert own == (ROOT / "templates" / "pre-commit-config.yaml").read_bytes()
