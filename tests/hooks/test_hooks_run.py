"""`sophia hooks run` and `sophia hooks baseline`, whole screens and exit codes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from gated import Repository

from sophia_cli.__main__ import run
from sophia_cli.hooks.baseline import NAME

CONFIG = '[tool.ruff.lint]\nselect = ["E", "F", "I", "W"]\n'
OLD = '"""Old."""\n\nimport os\n\n\ndef run( command ):\n    return eval(command)\n'
MORE = "\n\ndef more(command):\n    return eval(command)\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    made = Repository.at(tmp_path / "work")
    made.commit({"pyproject.toml": CONFIG, "old.py": OLD, "sub/fine.py": '"""Fine."""\n'})
    monkeypatch.chdir(made.root)
    return made


def told(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    capfd.readouterr()
    code = run(["hooks", *words])
    out, err = capfd.readouterr()
    return code, out + err


def test_nothing_was_changed(repository: Repository, capfd: pytest.CaptureFixture[str]) -> None:
    assert told(capfd, "run") == (0, "0 files judged: nothing new.\n")


def test_what_was_changed(repository: Repository, capfd: pytest.CaptureFixture[str]) -> None:
    repository.write("old.py", OLD + MORE)  # not staged
    repository.write("new.py", "import os\n")  # git does not know it
    screen = """\
2 files judged: 2 new findings in 2 files; 3 older findings stay.

  new.py:1:8    ruff F401    `os` imported but unused
  old.py:11:12  bandit B307  Use of possibly insecure function - consider using safer ast.literal_eval.
  (3 older findings in old.py stay)
"""
    assert told(capfd, "run") == (1, screen)
    assert told(capfd, "run", "--tool", "black") == (
        0, "2 files judged: nothing new; 1 older finding stays.\n",
    )  # fmt: skip


def test_as_the_installed_hook_does(
    repository: Repository, capfd: pytest.CaptureFixture[str]
) -> None:
    hook = "- {id: sophia-gate, args: [--tool=bandit, --severity=high]}"
    config = f"repos:\n  - repo: local\n    hooks:\n      {hook}\n"
    repository.commit({".pre-commit-config.yaml": config})
    repository.write("new.py", "import os\neval(os)\n")
    assert told(capfd, "run") == (0, "1 file judged: nothing new.\n")
    repository.write(".pre-commit-config.yaml", config.replace("high", "low"))
    assert told(capfd, "run")[0] == 1


def test_since_a_commit(repository: Repository, capfd: pytest.CaptureFixture[str]) -> None:
    repository.git("checkout", "-q", "-b", "topic")
    repository.commit({"new.py": "import os\n"})
    assert told(capfd, "run") == (0, "0 files judged: nothing new.\n")
    screen = """\
1 file judged: 1 new finding in 1 file.

  new.py:1:8  ruff F401  `os` imported but unused
"""
    assert told(capfd, "run", "--since", "main") == (1, screen)
    code, screen = told(capfd, "run", "--since", "nowhere")
    assert (code, screen.splitlines()[0]) == (1, "sophia: git knows no commit nowhere")


def test_the_baseline_only_falls(repository: Repository, capfd: pytest.CaptureFixture[str]) -> None:
    code, screen = told(capfd, "run", "--all")
    assert (code, screen.splitlines()[-1]) == (
        1, "There is no baseline. To let these stay, and no more:  sophia hooks baseline",
    )  # fmt: skip
    first = f"""\
3 findings may stay: {NAME}
          findings
  ruff           1
  black          1
  bandit         1
"""
    assert told(capfd, "baseline") == (0, first)
    whole = """\
2 files judged: nothing new; 3 older findings stay.

          new  older
  ruff      0      1
  black     0      1
  bandit    0      1
  eslint    0      0
"""
    assert told(capfd, "run", "--all") == (0, whole)
    written = repository.read(NAME)
    repository.write("old.py", OLD.replace("import os\n\n\n", "") + MORE)
    more = f"""\
2 findings may stay, 3 could before: {NAME}
          findings
  black          1
  bandit         1

1 are new and not among them:  sophia hooks run --all
To let them stay too:  sophia hooks baseline --accept-new
"""
    assert told(capfd, "baseline") == (1, more)
    assert told(capfd, "baseline", "--accept-new")[0] == 0
    assert told(capfd, "run", "--all")[0] == 0
    repository.write("old.py", OLD)
    repository.write(NAME, written)
    assert told(capfd, "baseline") == (0, first.replace("stay:", "stay, as before:"))


def test_a_file_that_moved_keeps_what_it_was_allowed(
    repository: Repository, capfd: pytest.CaptureFixture[str]
) -> None:
    assert told(capfd, "baseline")[0] == 0
    (repository.root / "old.py").rename(repository.root / "sub/renamed.py")
    assert told(capfd, "run", "--all")[0] == 0
    assert told(capfd, "baseline")[0] == 0
    assert list(json.loads(repository.read(NAME))["findings"]) == ["sub/renamed.py"]


def test_the_hook_over_all_files_goes_by_the_baseline(repository: Repository) -> None:
    assert repository.gate("old.py", "sub/fine.py").code == 0  # nothing is staged, nothing known
    assert run(["hooks", "baseline"]) == 0
    assert repository.gate("old.py", "sub/fine.py").code == 0
    repository.commit({"old.py": OLD + MORE})
    done = repository.gate("old.py", "sub/fine.py")
    assert (done.code, done.places) == (1, ["old.py:11 bandit B307"])


BROKEN = {
    "{": "line 1: Expecting property name enclosed in double quotes",
    "[]": "it is no baseline",
    '{"version": 1}': "it has no written_by",
    '{"version": 1, "written_by": "1", "findings": {"a": {"b": 1}}}': (
        "a has 1 of b, which are no findings"
    ),
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_baseline_that_is_none(
    repository: Repository, capfd: pytest.CaptureFixture[str], text: str
) -> None:
    repository.write(NAME, text)
    code, screen = told(capfd, "run", "--all")
    assert code == 1
    assert screen.splitlines()[0].endswith(f"{NAME} cannot be read: {BROKEN[text]}")


def test_as_data_and_as_sarif(
    repository: Repository, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    repository.write("old.py", OLD + MORE)
    file = tmp_path / "found.sarif"
    code, screen = told(capfd, "run", "--json", "--sarif", os.fspath(file))
    data = json.loads(screen)["data"]
    assert (code, data["passed"], data["files"], data["fixed"]) == (1, False, 1, 0)
    assert [(one["path"], one["line"], one["rule"]) for one in data["new"]] == [
        ("old.py", 11, "B307")
    ]
    results = json.loads(file.read_text())["runs"][0]["results"]
    assert [(one["ruleId"], one["level"], one["baselineState"]) for one in results] == [
        ("bandit/B307", "error", "new"),
        ("ruff/F401", "note", "unchanged"),
        ("black/format", "note", "unchanged"),
        ("bandit/B307", "note", "unchanged"),
    ]


def test_outside_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, screen = told(capfd, "run")
    assert (code, screen.splitlines()[-1].strip()) == (
        1,
        "run it inside a repository, or:  git init",
    )


def test_options_that_exclude_each_other(
    repository: Repository, capfd: pytest.CaptureFixture[str]
) -> None:
    assert told(capfd, "run", "--all", "--changed")[0] == 2
    assert told(capfd, "run", "--baseline", "x.json")[0] == 2
