"""`sophia migrate report` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shell import sophia

CALL = "from openai import OpenAI\n\nclient = OpenAI()\n"
FILES = {
    "CODEOWNERS": "/agents/ @ai\n",
    "agents/a.py": CALL + "client.chat.completions.create(model='m', messages=[])\n",
    "scripts/azure.py": "from openai import AzureOpenAI\n\nclient = AzureOpenAI()\n",
    "tests/test_a.py": CALL,
    "broken.py": "import openai\nx = (\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_the_screen(project: Path) -> None:
    said = sophia("migrate", "report", cwd=project)
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        "0 of 3 sites (0 %) and 0 of 2 files (0 %) are on the service.\n"
        "Not counted: 1 site in tests, archives and pages.\n"
        "Not looked at: 1 file.\n"
        "\n"
        "  owner     sites  done  %  files  done  %  safe  review  by hand\n"
        "  @ai           2     0  0      1     0  0     2       0        0\n"
        "  (nobody)      1     0  0      1     0  0     0       0        1\n"
        "\n"
        "  part    sites  done  %  files  done  %  safe  review  by hand\n"
        "  agent       2     0  0      1     0  0     2       0        0\n"
        "  script      1     0  0      1     0  0     0       0        1\n"
        "\n"
        "Next:  sophia migrate      or      sophia migrate report --format html\n"
    )
    assert not (project / ".sophia/migrate").exists()


def test_the_screen_of_a_tree_without_calls_and_of_long_names(tmp_path: Path) -> None:
    said = sophia("migrate", "report", cwd=tmp_path)
    assert said.out == "No LLM call was found in source files.\n"
    (tmp_path / "a.py").write_text(CALL)
    (tmp_path / "CODEOWNERS").write_text(f"* @{'a-very-long-name/' * 5} @b\n")
    said = sophia("migrate", "report", cwd=tmp_path)
    assert all(len(line) <= 80 for line in said.out.splitlines())


def test_progress_after_a_run(project: Path) -> None:
    sophia("migrate", "--apply", cwd=project)
    assert sophia("migrate", "report", cwd=project).out.startswith(
        "2 of 3 sites (66 %) and 1 of 2 files (50 %) are on the service.\n"
    )


@pytest.mark.parametrize(
    ("form", "begins"),
    [
        ("html", "<!doctype html>\n"),
        ("markdown", "<!-- sophia migrate report -->\n"),
        ("sarif", '{\n "version": "2.1.0",\n'),
        ("json", '{\n "report": "sophia migrate report",\n "version": 1,\n'),
    ],
)
def test_a_document_on_stdout_is_that_in_a_file(project: Path, form: str, begins: str) -> None:
    printed = sophia("migrate", "report", "--format", form, cwd=project)
    assert (printed.code, printed.err) == (0, "")
    assert printed.out.startswith(begins)
    for _ in range(2):  # an earlier report gives way
        written = sophia("migrate", "report", "--format", form, "--output", "r", cwd=project)
        assert (written.code, written.out) == (
            0,
            f"r: {form} report of 4 sites, {len(printed.out.encode()):,} bytes.\n",
        )
        assert (project / "r").read_text() == printed.out


def test_as_data(project: Path) -> None:
    words = ("migrate", "report", "--json")
    said = sophia(*words, cwd=project).json
    document = json.loads(sophia("migrate", "report", "--format", "json", cwd=project).out)
    assert said["command"] == "migrate report"
    assert {"report": "sophia migrate report", "version": 1, **said["data"]} == document
    written = sophia(*words, "--format", "sarif", "--output", "r", cwd=project).json["data"]
    size = (project / "r").stat().st_size
    assert written == {"file": "r", "format": "sarif", "bytes": size}


def test_stdout_holds_one_thing(project: Path) -> None:
    said = sophia("migrate", "report", "--format", "html", "--json", cwd=project)
    assert (said.code, said.json["error"]) == (
        2,
        {"message": "--json and --format both ask for stdout", "mend": "add --output FILE"},
    )


MISTAKES = [
    (
        ("--output", "r"),
        2,
        "--output needs a --format\n        one of: markdown, json, sarif, html\n",
    ),
    (("--format", "pdf"), 2, "'pdf' is not one of 'markdown', 'json', 'sarif', 'html'"),
    (
        ("--format", "html", "--output", "agents/a.py"),
        1,
        "agents/a.py is there, and no report of sophia's\n        name another, or remove it\n",
    ),
    (("--format", "html", "--output", "agents"), 1, "agents cannot be read: Is a directory\n"),
    (("--format", "html", "--output", "no/r"), 1, "no/r cannot be written: No such file"),
    (("--root", "nowhere"), 2, "nowhere is not a folder\n"),
]


@pytest.mark.parametrize(("words", "code", "error"), MISTAKES)
def test_a_mistake_is_a_line_and_its_mend(
    project: Path, words: tuple[str, ...], code: int, error: str
) -> None:
    said = sophia("migrate", "report", *words, cwd=project)
    assert (said.code, said.out) == (code, "")
    assert said.err.startswith("sophia: ") and error in said.err
    assert {name: (project / name).read_text() for name in FILES} == FILES
