"""Old services: whatever names one keeps it; what nothing names goes, and comes back."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from trees import commit, contents, git, plant

from sophia_cli.errors import SophiaError
from sophia_cli.migrate import journal
from sophia_cli.migrate.change import Choice
from sophia_cli.migrate.cleanup import Cleanup, clean_up
from sophia_cli.migrate.inventory import Options
from sophia_cli.migrate.packfile import load_pack
from sophia_cli.migrate.write import resume, rollback

SERVICE = """
[[service]]
module = "app.services.{name}"
class = "{title}"

[[service.method]]
name = "answer"
to = "complete_text"
positional = ["text"]
arguments = {{ text = "prompt" }}
"""
PACK = SERVICE.format(name="smart_ai", title="SmartAI") + SERVICE.format(
    name="old_gate", title="OldGate"
)
FILES = {
    "app/__init__.py": "",
    "app/services/__init__.py": "",
    "app/services/smart_ai.py": "import openai\n\n\nclass SmartAI:\n    pass\n",
    "app/services/old_gate.py": "from app.services.smart_ai import SmartAI\n\n\nclass OldGate:\n"
    "    ai = SmartAI()\n",
    "app/main.py": "from sophia_cli.llm import get_unified_llm_service\n\nbrain_smart_ai2 = 1\n",
    "packs/own.toml": PACK,
    "requirements.txt": "openai>=2\nhttpx\nsophia-cli>=0.1,<0.2\n",
    "llm-baseline.json": '{"app/services/smart_ai.py": {}}\n',
}


def run(root: Path, *, apply: bool = False, exclude: tuple[str, ...] = ()) -> Cleanup:
    packs = (load_pack(root / "packs/own.toml"),)
    return clean_up(Options(root, apply, Choice(exclude=exclude), packs))


# A file, and the line of it that keeps smart_ai.
LOADED = "modules may be loaded here by names that do not stand there"
NAMED: list[tuple[str, str, int, str]] = [
    ("app/a.py", "from app.services.smart_ai import SmartAI as S\n", 1, ""),
    ("app/a.py", "from .services import smart_ai\n", 1, ""),
    ("app/services/__init__.py", "\nfrom .smart_ai import *\n", 2, ""),
    ("app/a.py", "x = import_module('app.services.smart_ai')\n", 1, ""),
    ("app/a.py", "x = registry['SmartAI']\n", 1, ""),
    ("app/a.py", "x = import_module(f'app.services.{name}')\n", 1, "a module's name may be put "
     "together here"),
    ("app/a.py", "x = import_module('app.services.' + name)\n", 1, "a module's name may be put "
     "together here"),
    ("app/services/load.py", "for m in pkgutil.iter_modules(p):\n    load(m)\n", 1,
     LOADED),
    ("app/services/__init__.py", "for p in folder.glob('*.py'):\n    import_module('.' + p.stem, __package__)\n",
     2, LOADED),
    ("app/__init__.py", "for m in pkgutil.walk_packages(p):\n    load(m)\n", 1, LOADED),
    ("run.py", "from app import services\n\nimport_module('.' + n, services.__name__)\n", 3, LOADED),
    ("conf/all.yaml", "load: app.services.*\n", 1, "a module's name may be put together here"),
    ("conf/services.toml", "[[service]]\nclass = 'app.services.smart_ai:SmartAI'\n", 2, ""),
    ("app/long.ipynb", "#" * 3_000_000 + "\nfrom app.services import smart_ai\n", 2, ""),
    ("tests/test_it.py", "@patch('app.services.smart_ai.SmartAI')\ndef test(): ...\n", 1, ""),
    ("conf/app.yaml", "ai:\n  class: app.services.smart_ai:SmartAI\n", 2, ""),
    ("Dockerfile", "COPY app/services/smart_ai.py /x\n", 1, ""),
    ("docs/use.md", "Call `SmartAI`.\n", 1, ""),
    ("CODEOWNERS", "app/services/smart_ai.py @team\n", 1, ""),
    ("old/broken.py", "import smart_ai (\n", 1, ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "line", "words"), NAMED)
def test_what_is_named_anywhere_stays_and_the_place_is_said(
    tmp_path: Path, name: str, text: str, line: int, words: str
) -> None:
    plant(tmp_path, {**FILES, name: text})
    before = contents(tmp_path)
    found = run(tmp_path, apply=True)
    held = {item.path: item for item in found.held}["app/services/smart_ai.py"]
    found_in = {ref.place: ref.how for ref in held.references if "old_gate" not in ref.place}
    assert list(found_in) == [f"{name}:{line}"]
    assert found_in[f"{name}:{line}"] == (words or text.splitlines()[line - 1].strip())
    assert contents(tmp_path).get("app/services/smart_ai.py") is not None
    if found.written is not None and found.written.run is not None:
        rollback(tmp_path)
    assert contents(tmp_path) == before


def test_a_module_of_the_same_name_without_the_class_is_another(tmp_path: Path) -> None:
    other = "lib/app/services/smart_ai.py"
    plant(tmp_path, {**FILES, other: "class Weather:\n    pass\n"})
    run(tmp_path, apply=True)
    assert other in contents(tmp_path)


def test_a_file_in_wide_letters_is_read_too(tmp_path: Path) -> None:
    plant(tmp_path, FILES)
    (tmp_path / "notes.txt").write_bytes("uses SmartAI\n".encode("utf-16"))
    held = {item.path: item for item in run(tmp_path).held}["app/services/smart_ai.py"]
    assert "notes.txt:1" in [reference.place for reference in held.references]


def test_what_only_another_that_goes_refers_to_goes_with_it(tmp_path: Path) -> None:
    commit(plant(tmp_path, FILES))
    (tmp_path / "app/services/old_gate.py").chmod(0o755)
    git(tmp_path, "commit", "-q", "-am", "mode")
    before = contents(tmp_path)
    found = run(tmp_path)
    assert [item.path for item in found.free] == [
        "app/services/old_gate.py",
        "app/services/smart_ai.py",
    ]
    assert (found.held, found.unused, found.advice) == ((), (("requirements.txt", "openai"),), "")
    assert contents(tmp_path) == before
    run(tmp_path, apply=True)
    assert set(before) - set(contents(tmp_path)) == {item.path for item in found.free}
    assert run(tmp_path).free == ()
    rollback(tmp_path)
    assert contents(tmp_path) == before
    assert stat.S_IMODE((tmp_path / "app/services/old_gate.py").stat().st_mode) == 0o755


def test_a_user_of_the_outer_one_keeps_both(tmp_path: Path) -> None:
    plant(tmp_path, {**FILES, "app/a.py": "from app.services import old_gate\n"})
    found = run(tmp_path)
    assert (found.free, found.unused) == ((), ())
    assert [[ref.place for ref in item.references] for item in found.held] == [
        ["app/a.py:1"],
        ["app/services/old_gate.py:1", "app/services/old_gate.py:5"],
    ]


def test_a_page_about_the_past_can_be_passed_over(tmp_path: Path) -> None:
    plant(tmp_path, {**FILES, "CHANGELOG.md": "SmartAI came\n"})
    assert len(run(tmp_path).free) == 1
    assert len(run(tmp_path, exclude=("CHANGELOG.md",)).free) == 2


def test_the_new_dependency_is_asked_for_where_it_lacks(tmp_path: Path) -> None:
    plant(tmp_path, {**FILES, "requirements.txt": "httpx\n"})
    found = run(tmp_path)
    assert found.advice == "add sophia-cli>=0.1,<0.2 to the dependencies in requirements.txt"
    assert found.unused == ()


MANIFESTS: list[tuple[str, str, bool]] = [
    ("requirements-dev.txt", "openai\n", True),
    ("requirements.txt", "OpenAI[x] >= 2  # why\n", True),
    ("requirements.txt", "openai-agents\nmy-openai\n# nothing\n", False),
    ("pyproject.toml", '[project]\ndependencies = ["httpx", "openai>=2"]\n', True),
    ("pyproject.toml", '[project]\ndependencies = ["httpx"]\n[tool.x]\nm = "openai.*"\n', False),
    ("setup.cfg", "[options]\ninstall_requires =\n    openai\n", True),
]


@pytest.mark.parametrize(("name", "text", "named"), MANIFESTS)
def test_dependencies_that_nothing_imports(
    tmp_path: Path, name: str, text: str, named: bool
) -> None:
    files = {key: value for key, value in FILES.items() if key != "requirements.txt"}
    plant(tmp_path, {**files, name: text})
    assert run(tmp_path).unused == (((name, "openai"),) if named else ())
    plant(tmp_path, {"app/late.py": "def f():\n    import openai\n"})
    assert run(tmp_path).unused == ()


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("google-genai", "from google import genai"),
        ("google-genai", "from google import (\n    auth,\n    genai,\n)"),
        ("google-genai", "import google.genai as g"),
        ("google-genai", "g = import_module('google.genai')"),
        ("azure-ai-inference", "from azure.ai.inference.models import UserMessage"),
        ("llama-index-llms-openai", "from llama_index.llms.openai import OpenAI"),
        ("pydantic-ai-slim", "from pydantic_ai import Agent"),
        ("ollama", "import httpx, ollama"),
    ],
)
def test_an_sdk_is_imported_in_whichever_way(tmp_path: Path, name: str, use: str) -> None:
    plant(tmp_path, {**FILES, "requirements.txt": f"sophia-cli\n{name}\n"})
    assert run(tmp_path).unused == (("requirements.txt", name),)
    plant(tmp_path, {"app/late.py": f"{use}\n"})
    assert run(tmp_path).unused == ()


def test_changes_that_are_in_no_commit_are_refused(tmp_path: Path) -> None:
    commit(plant(tmp_path, FILES))
    (tmp_path / "app/services/old_gate.py").write_text("class OldGate:\n    mine = 1\n")
    before = contents(tmp_path)
    with pytest.raises(SophiaError, match="changes in 1 file that the plan touches"):
        run(tmp_path, apply=True)
    assert contents(tmp_path) == before


def test_rollback_brings_back_a_folder_and_refuses_what_stands_there_now(tmp_path: Path) -> None:
    files = {key: value for key, value in FILES.items() if "__init__" not in key}
    plant(tmp_path, files)
    before = contents(tmp_path)
    run(tmp_path, apply=True)
    (tmp_path / "app/services").rmdir()
    rollback(tmp_path)
    assert contents(tmp_path) == before
    run(tmp_path, apply=True)
    plant(tmp_path, {"app/services/old_gate.py": "mine\n"})
    with pytest.raises(SophiaError, match="1 file not as the run left it; nothing was changed"):
        rollback(tmp_path)
    assert contents(tmp_path)["app/services/old_gate.py"] == b"mine\n"
    assert "app/services/smart_ai.py" not in contents(tmp_path)


def test_a_journal_of_another_version_is_refused(tmp_path: Path) -> None:
    plant(tmp_path, FILES)
    run(tmp_path, apply=True)
    (manifest,) = journal.home(tmp_path).glob("*/manifest.json")
    kept = contents(tmp_path)
    manifest.write_text(manifest.read_text().replace('"version": 2', '"version": 3'))
    for command in (rollback, resume, journal.runs):
        with pytest.raises(SophiaError) as caught:
            command(tmp_path)
        assert caught.value.message.endswith(
            "has version 3 of the journal, this sophia reads up to 2"
        )
    assert contents(tmp_path) == kept
    manifest.write_text(manifest.read_text().replace('"version": 3', '"version": 1'))
    assert len(journal.runs(tmp_path)) == 1
