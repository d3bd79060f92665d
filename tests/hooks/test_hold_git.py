"""Hold the line wherever a repository may be: in the middle of a merge, half staged, with odd names."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from gated import ROOT, Repository

CONFIG = '[tool.ruff.lint]\nselect = ["E", "F", "I", "W"]\n'
OLD = '"""Old."""\n\nimport os\n\n\ndef run( command ):\n    # runs it\n    return eval(command)\n'
NEW = "\n\ndef more(command):\n    return eval(command)\n"
EDITED = OLD.replace("runs it", "runs it, and waits")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository.at(tmp_path / "work")
    made.commit({"pyproject.toml": CONFIG, "old.py": OLD})
    return made


def judged(repository: Repository, *words: str) -> list[str]:
    done = repository.gate(*words)
    assert done.code == bool(done.places), done.out + done.err
    return done.places


LONG = "".join(f"# line {number}\n" for number in range(20))  # so that git sees what it was


def test_a_file_that_is_renamed(repository: Repository) -> None:
    repository.commit({"old.py": LONG + OLD})
    repository.git("mv", "old.py", "renamed.py")
    assert judged(repository) == []
    repository.stage({"renamed.py": LONG + EDITED})
    assert judged(repository) == []
    repository.stage({"renamed.py": LONG + EDITED + NEW})
    assert judged(repository) == ["renamed.py:32 bandit B307"]


def test_a_file_that_is_copied(repository: Repository) -> None:
    repository.commit({"old.py": LONG + OLD})
    repository.stage({"old.py": LONG + EDITED, "copy.py": LONG + EDITED + NEW})
    assert judged(repository) == ["copy.py:32 bandit B307"]


def test_a_file_that_is_deleted_and_a_link(repository: Repository) -> None:
    repository.commit({"fine.py": '"""Fine."""\n'})
    repository.git("rm", "-q", "fine.py")
    (repository.root / "link.py").symlink_to("old.py")
    repository.git("add", "--all")
    assert judged(repository) == []


@pytest.mark.parametrize(
    "name", ["with space.py", "-x.py", "ä.py", b"\xff.py", "new\nline.py", "a:b.py"]
)
def test_a_name_that_is_odd(repository: Repository, name: str | bytes) -> None:
    path = os.fsdecode(name)
    repository.commit({path: OLD})
    repository.stage({path: EDITED})
    assert judged(repository) == []
    repository.stage({path: EDITED + NEW})
    done = repository.gate("--", path)
    assert (done.code, done.out.count("bandit B307"), done.err) == (1, 1, "")


def test_before_the_first_commit(tmp_path: Path) -> None:
    repository = Repository.at(tmp_path / "fresh")
    repository.stage({"pyproject.toml": CONFIG, "old.py": OLD})
    assert judged(repository) == ["old.py:3 ruff F401", "old.py:6 black", "old.py:8 bandit B307"]


def test_what_is_staged_is_judged_and_not_what_is_not(repository: Repository) -> None:
    repository.stage({"old.py": EDITED})
    repository.write("old.py", EDITED + NEW)
    assert judged(repository) == []
    assert repository.read("old.py") == EDITED + NEW
    repository.git("add", "old.py")
    repository.write("old.py", EDITED)
    assert judged(repository) == ["old.py:12 bandit B307"]
    assert repository.read("old.py") == EDITED
    assert repository.git("status", "--short") == "MM old.py\n"


def test_a_configuration_that_changes_blocks_nobody(repository: Repository) -> None:
    strict = CONFIG.replace('"W"', '"W", "ANN"')
    repository.stage({"pyproject.toml": strict, "old.py": EDITED})
    assert judged(repository) == []
    repository.stage({"old.py": EDITED + NEW})
    places = ["old.py:11 ruff ANN201", "old.py:11 ruff ANN001", "old.py:12 bandit B307"]
    assert judged(repository) == places
    repository.git("reset", "-q", "pyproject.toml")  # it is not part of the commit now
    assert judged(repository) == ["old.py:12 bandit B307"]


def test_a_merge_leads_from_both_sides(repository: Repository) -> None:
    repository.git("checkout", "-q", "-b", "theirs")
    repository.commit({"old.py": OLD.replace("# runs it", "# theirs") + NEW})
    repository.git("checkout", "-q", "main")
    ours = OLD.replace("# runs it", "# ours").replace("import os\n", "import os\nimport re\n")
    repository.commit({"old.py": ours, "ours.py": "import os\n"})
    with pytest.raises(AssertionError):
        repository.git("merge", "theirs")
    merged = ours.replace("# ours", "# both") + NEW
    repository.stage({"old.py": merged})
    assert judged(repository) == []
    repository.stage({"old.py": merged + NEW.replace("more", "most")})
    assert judged(repository) == ["old.py:17 bandit B307"]


def test_each_folder_has_its_configuration(repository: Repository) -> None:
    """The mirror in which an old version is judged has all of them, and the project's own modules."""
    lines = "import shop\nimport typing\n\nprint(shop, typing)\n"
    files = {
        "a/pyproject.toml": '[tool.ruff.lint]\nselect = ["T20"]\n[tool.black]\nskip-string-normalization = true\n',
        "a/x.py": "print('x')\n",
        "shop/__init__.py": "",
        "app.py": lines,
    }  # fmt: skip
    repository.commit(dict(files))
    repository.stage({"a/x.py": "print('x')\nx = 'y'\n", "app.py": f"{lines}x = 1\n"})
    assert judged(repository) == []
    repository.stage({"a/x.py": "print('x')\nprint('y')\n", "app.py": f"{lines}x = 'y'\n"})
    assert judged(repository) == ["a/x.py:2 ruff T201", "app.py:5 black"]


def test_what_a_tool_leaves_out_stays_out(repository: Repository) -> None:
    config = (
        f'{CONFIG}[tool.ruff]\nextend-exclude = ["made"]\n[tool.black]\nforce-exclude = "made"\n'
        '[tool.bandit]\nexclude_dirs = ["made"]\n'
    )
    repository.commit({"pyproject.toml": config, "made/x.py": OLD})
    repository.stage({"made/x.py": OLD + NEW})
    assert judged(repository) == []


def test_a_broken_file_that_is_repaired(repository: Repository) -> None:
    """What nobody could see before is not new, but on the lines that were touched."""
    broken = EDITED.replace("def run( command ):", "def run( command :")
    repository.commit({"old.py": broken})
    repository.stage({"old.py": broken + "\n"})
    assert judged(repository)[0].startswith("old.py:6 ruff syntax")
    repository.stage({"old.py": EDITED.replace("( command )", "(command)")})
    assert judged(repository) == []


def test_a_worktree_and_a_submodule(repository: Repository, tmp_path: Path) -> None:
    repository.git("worktree", "add", "-q", str(tmp_path / "tree"))
    repository.git(
        "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repository.root), "sub"
    )
    for root in (tmp_path / "tree", repository.root / "sub"):
        place = Repository(root)
        place.stage({"old.py": EDITED + NEW})
        assert judged(place) == ["old.py:12 bandit B307"]
    assert judged(repository) == []


@pytest.mark.parametrize("words", [["-a"], ["old.py"], ["--amend", "-a"]])
def test_a_commit_with_an_index_of_its_own(repository: Repository, words: list[str]) -> None:
    hook = repository.root / ".git/hooks/pre-commit"
    hook.write_text(f"#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m sophia_cli.gate\n")
    hook.chmod(0o755)
    repository.write("old.py", EDITED + NEW)
    with pytest.raises(AssertionError):
        repository.git("commit", "-q", "-m", "x", *words)
    repository.write("old.py", EDITED)
    repository.git("commit", "-q", "-m", "x", *words)


def test_between_two_commits(repository: Repository) -> None:
    repository.git("checkout", "-q", "-b", "topic")
    repository.commit({"old.py": EDITED + NEW})
    assert judged(repository) == []
    assert judged(repository, "--from-ref", "main", "--to-ref", "HEAD") == ["old.py:12 bandit B307"]
    repository.write("old.py", "import re\n")  # what is not committed is not judged
    assert judged(repository, "--from-ref=main", "--to-ref=topic") == ["old.py:12 bandit B307"]


def test_a_tool_that_is_left_out(repository: Repository) -> None:
    repository.stage({"old.py": EDITED + NEW})
    assert repository.gate(env={"SKIP": "mypy,bandit"}).code == 0
    assert judged(repository, "--tool", "bandit") == ["old.py:12 bandit B307"]


@pytest.mark.parametrize("words", [["--nothing"], ["--severity", "some"], ["--node"]])
def test_words_that_it_does_not_know(repository: Repository, words: list[str]) -> None:
    done = repository.gate(*words)
    assert (done.code, done.err.splitlines()[-1].strip()) == (2, "sophia-gate --help")


def test_what_was_judged_once_is_remembered(repository: Repository) -> None:
    """The old side of the next commit is the new side of this one."""
    repository.stage({"old.py": EDITED})
    assert judged(repository) == []
    kept = repository.root / ".git/sophia/gate"
    names = {entry.name for entry in kept.iterdir()}
    assert len(names) == 6  # two versions for each of three tools
    for entry in kept.iterdir():
        entry.write_text("damaged")
    assert judged(repository) == []
    repository.commit()
    repository.stage({"old.py": EDITED + NEW})
    assert judged(repository) == ["old.py:12 bandit B307"]
    assert names < {entry.name for entry in kept.iterdir()}
    assert repository.git("status", "--short") == "M  old.py\n"
