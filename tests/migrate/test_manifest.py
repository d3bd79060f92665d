"""The dependency goes into the one manifest that owns the edited files, and nothing else moves."""

from __future__ import annotations

from pathlib import Path

import pytest
from trees import apply, contents, plant

CALL = "from openai import OpenAI\n\nclient = OpenAI()\n"
LINE = "sophia-cli>=0.1,<0.2"
HEAD = '[project]\nname = "x"\n'
LEFT = {
    "no manifest": ({}, f"add {LINE} to the project's dependencies"),
    "poetry": (
        {"pyproject.toml": '[tool.poetry.dependencies]\nopenai = "*"\n'},
        f"add {LINE} to the dependencies in pyproject.toml",
    ),
    "dynamic": (
        {"pyproject.toml": HEAD + 'dynamic = ["dependencies"]\n'},
        f"add {LINE} to the dependencies in pyproject.toml",
    ),
    "setup.py": ({"setup.py": "setup()\n"}, f"add {LINE} to the dependencies in setup.py"),
    "two of them": (
        {"requirements.txt": "openai\n", "pyproject.toml": HEAD + "dependencies = []\n"},
        f"add {LINE} to the project's dependencies (pyproject.toml, requirements.txt)",
    ),
    "hashes": (
        {"requirements.txt": "openai==1 --hash=sha256:0\n"},
        f"add {LINE} to the dependencies in requirements.txt",
    ),
    "broken": (
        {"pyproject.toml": "[project\n"},
        f"add {LINE} to the dependencies in pyproject.toml",
    ),
    "there already": ({"requirements.txt": "sophia_cli[redis]~=0.1\n"}, ""),
    "there already, in an array": (
        {"pyproject.toml": HEAD + 'dependencies = ["openai", "Sophia.CLI>=0.1"]\n'},
        "",
    ),
}


@pytest.mark.parametrize(("files", "advice"), LEFT.values(), ids=LEFT.keys())
def test_is_left_and_said(tmp_path: Path, files: dict[str, str], advice: str) -> None:
    plant(tmp_path, {**files, "app.py": CALL})
    report = apply(tmp_path)
    assert report.advice == advice
    assert report.changed == ("app.py",)
    assert {name: contents(tmp_path)[name] for name in files} == {
        name: text.encode() for name, text in files.items()
    }


ADDED = {
    "an empty array": ("dependencies = []\n", f'dependencies = ["{LINE}"]\n'),
    "one line": ('dependencies = ["openai"]\n', f'dependencies = ["openai", "{LINE}"]\n'),
    "a comma at the end": (
        'dependencies = ["openai", ]\n',
        f'dependencies = ["openai", "{LINE}" ]\n',
    ),
    "one a line": (
        'dependencies = [\n  "openai",  # gpt\n  # more\n]\n',
        f'dependencies = [\n  "openai",  # gpt\n  # more\n  "{LINE}",\n]\n',
    ),
    "no comma": (
        "dependencies = [\n    \"a[b]>=1; python_version < '4'\"\n]\n",
        f'dependencies = [\n    "a[b]>=1; python_version < \'4\'",\n    "{LINE}",\n]\n',
    ),
    "CRLF": (
        'dependencies = [\r\n    "openai",\r\n]\r\n',
        f'dependencies = [\r\n    "openai",\r\n    "{LINE}",\r\n]\r\n',
    ),
    "tables around": (
        'dependencies = ["openai"]\n\n[project.optional-dependencies]\ndependencies = ["x"]\n',
        f'dependencies = ["openai", "{LINE}"]\n\n'
        '[project.optional-dependencies]\ndependencies = ["x"]\n',
    ),
    "brackets in text": (
        'description = "dependencies = [ ]"\ndependencies = ["openai"]\n',
        f'description = "dependencies = [ ]"\ndependencies = ["openai", "{LINE}"]\n',
    ),
}


@pytest.mark.parametrize(("before", "after"), ADDED.values(), ids=ADDED.keys())
def test_is_added_by_position(tmp_path: Path, before: str, after: str) -> None:
    plant(tmp_path, {"pyproject.toml": HEAD + before, "src/app.py": CALL})
    report = apply(tmp_path)
    assert contents(tmp_path)["pyproject.toml"] == (HEAD + after).encode()
    assert (report.advice, report.changed) == ("", ("pyproject.toml", "src/app.py"))


REQUIREMENTS = {
    "a line": ("openai\n", f"openai\n{LINE}\n"),
    "no newline": ("openai", f"openai\n{LINE}\n"),
    "CRLF": ("openai\r\n", f"openai\r\n{LINE}\r\n"),
    "empty": ("", f"{LINE}\n"),
}


@pytest.mark.parametrize(("before", "after"), REQUIREMENTS.values(), ids=REQUIREMENTS.keys())
def test_is_added_to_requirements(tmp_path: Path, before: str, after: str) -> None:
    plant(tmp_path, {"requirements.txt": before, "app.py": CALL})
    apply(tmp_path)
    assert contents(tmp_path)["requirements.txt"] == after.encode()


def test_the_nearest_manifest_owns_the_file(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "pyproject.toml": "[tool.black]\nline-length = 100\n",
            "service/requirements.txt": "openai\n",
            "service/app/main.py": CALL,
        },
    )
    assert apply(tmp_path).changed == ("service/app/main.py", "service/requirements.txt")


def test_files_of_two_owners_are_left_to_a_person(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "a/requirements.txt": "openai\n",
            "a/x.py": CALL,
            "b/requirements.txt": "openai\n",
            "b/y.py": CALL,
        },
    )
    report = apply(tmp_path)
    assert report.advice == (
        f"add {LINE} to the project's dependencies (a/requirements.txt, b/requirements.txt)"
    )
