"""`sophia migrate --apply --batch ... --verify ...` as it is typed: every screen whole."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from shell import sophia

CALL = "from openai import OpenAI\n\nclient = OpenAI()\n"
FILES = {
    "app/agents/a.py": CALL,
    "app/agents/b.py": CALL,
    "app/integrations/gong.py": CALL,
    "app/main.py": CALL,
    "requirements.txt": "openai\n",
}
# A runner that says what pytest says, so that the screens need none.
JUDGE = """\
#!/bin/sh
if grep -q http_client app/integrations/gong.py; then
    echo 'tests/test_gong.py:3: AssertionError'
    echo 'FAILED tests/test_gong.py::test_retries - AssertionError'
    echo '1 failed, 141 passed in 1.25s'
    exit 1
fi
echo '142 passed in 1.25s'
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name, text in {**FILES, "judge": JUDGE}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "judge").chmod(0o755)
    who = ["-c", "user.name=T", "-c", "user.email=t@example.invalid"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
        subprocess.run(["git", *who, *words], cwd=root, check=True)
    return root


def steady(text: str) -> str:
    text = re.sub(r"in \d+\.\d s", "in T s", text)
    return re.sub(r"(\b[Rr]un[: ]|rollback |migrate/)[0-9a-f]{4,}\b", r"\1RUN", text)


def test_the_dry_run_names_the_batches_and_what_is_left_out(project: Path) -> None:
    said = sophia("migrate", cwd=project)
    assert said.out.endswith(
        "In batches (--batch NAME, sites each): agents 2, integrations 1, other 1\n"
        "Next:  sophia migrate show safe      or      sophia migrate --apply\n"
    )
    said = sophia("migrate", "--batch", "agents", cwd=project)
    assert steady(said.out) == (
        "Looked at 4 Python files in T s.\n\n"
        "               sites  files  on --apply\n"
        "  safe             2      2  rewritten: proven to keep its meaning\n"
        "  review           0      0  rewritten with --class review; read them first\n"
        "  report only      0      0  left alone, the reason is beside each\n"
        "  left out         2      2  not named by --only, --changed-since or --batch\n\n"
        "Nothing was changed. The patch: .sophia/migrate/plan.patch (git apply takes it)\n"
        "Next:  sophia migrate show safe --batch agents\n"
        "   or  sophia migrate --apply --batch agents\n"
    )


def test_a_batch_is_kept_then_one_is_rolled_back(project: Path) -> None:
    said = sophia("migrate", "--apply", "--batch", "agents", "--verify", "./judge", cwd=project)
    assert (said.code, said.err) == (0, "")
    assert steady(said.out) == (
        "  before     142 passed\n"
        "  agents     3 files, 2 sites written\n"
        "  after      142 passed\n"
        "Run RUN is kept.\n"
        "2 of 4 sites left in 2 batches: integrations, other.\n"
        "Undo:  sophia migrate rollback RUN\n"
        "Next:  sophia migrate --apply --batch integrations --verify ./judge\n"
    )
    said = sophia("migrate", "--apply", "--verify", "./judge", cwd=project)
    assert (said.code, said.err) == (1, "")
    assert steady(said.out) == (
        "  before     142 passed\n"
        "  integrations  1 file, 1 site written\n"
        "  after      141 passed, 1 failed: tests/test_gong.py::test_retries\n"
        "  the end of what it said (all: .sophia/migrate/RUN/verify.log)\n"
        "    tests/test_gong.py:3: AssertionError\n"
        "    FAILED tests/test_gong.py::test_retries - AssertionError\n"
        "    1 failed, 141 passed in 1.25s\n"
        "Rolled back: the file is as it was, byte for byte.\n"
        "2 of 4 sites left in 2 batches: integrations, other.\n"
        "See why:  sophia migrate show run:RUN\n"
    )
    assert (project / "app/integrations/gong.py").read_text() == CALL
    name = re.findall(r"show run:(\w+)", said.out)[0]
    assert steady(sophia("migrate", "show", f"run:{name}", cwd=project).out) == (
        "Run RUN: undone, 1 file\n\n"
        "  app/integrations/gong.py\n"
        "      line 3: OpenAI, the constructor gains http_client, all else stays\n\n"
        "  checked by  ./judge\n"
        "  before      142 passed\n"
        "  after       141 passed, 1 failed\n"
        "              failed: tests/test_gong.py::test_retries\n"
        "  put back    141 passed, 1 failed\n"
        "  log         .sophia/migrate/RUN/verify.log\n\n"
        "Next:  sophia migrate\n"
    )
    other = sophia("migrate", "--apply", "--batch", "other", cwd=project)
    assert steady(other.out) == (
        "  other      1 file, 1 site written\n"
        "Run RUN is kept.\n"
        "1 of 4 sites left in 1 batch: integrations.\n"
        "Undo:  sophia migrate rollback RUN\n"
        "Next:  sophia migrate --apply --batch integrations\n"
    )
    assert sophia("migrate", "--apply", "--batch", "other", cwd=project).out == (
        "Nothing was written: there is nothing to write in batch other.\n"
        "1 of 4 sites left in 1 batch: integrations.\n"
        "Next:  sophia migrate --apply --batch integrations\n"
    )


def test_as_data(project: Path) -> None:
    said = sophia("migrate", "--apply", "--verify", "./judge", "--json", cwd=project)
    data = said.json["data"]
    assert said.code == 1
    good = {"code": 0, "words": "142 passed", "failed": []}
    assert data["before"] == good
    first, second = data["batches"]
    assert (first["batch"], first["kept"], first["after"]) == ("agent", True, good)
    assert (second["batch"], second["kept"], second["reason"]) == (
        "integration", False, "141 passed, 1 failed"
    )  # fmt: skip
    assert data["left"] == {
        "sites": 2,
        "of": 4,
        "batches": [
            {"batch": "integration", "sites": 1, "files": 1},
            {"batch": "other", "sites": 1, "files": 1},
        ],
    }
    assert data["next"] == "sophia migrate --apply --batch other --verify ./judge"


def test_all_batches_of_a_run_are_undone_by_one_command(project: Path) -> None:
    said = sophia("migrate", "--apply", "--batch", "all", cwd=project)
    undo, last = said.out.splitlines()[-2:]
    assert last == "Next:  sophia migrate"
    assert undo.startswith("Undo all 3:  sophia migrate rollback ")
    names = undo.split()[-3:]
    said = sophia("migrate", "rollback", *reversed(names), cwd=project)  # in whichever order
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        f"Rolled back run {names[0]}: 1 file as before the run, byte for byte.\n"
        f"Rolled back run {names[1]}: 1 file as before the run, byte for byte.\n"
        f"Rolled back run {names[2]}: 3 files as before the run, byte for byte.\n"
        "Next:  sophia migrate\n"
    )
    assert {name: (project / name).read_text() for name in FILES} == FILES


def test_what_was_kept_before_a_batch_was_put_back_can_be_undone(project: Path) -> None:
    said = sophia("migrate", "--apply", "--verify", "./judge", cwd=project)
    undo, why = said.out.splitlines()[-2:]
    assert undo.startswith("Undo:  sophia migrate rollback ")
    assert why.startswith("See why:  sophia migrate show run:")
    data = sophia("migrate", *undo.split()[3:], "--json", cwd=project).json["data"]
    assert (data["state"], len(data["files"])) == ("undone", 3)


def test_a_command_that_changes_files_itself(project: Path) -> None:
    meddling = "#!/bin/sh\ngrep -q http_client app/main.py || exit 0\necho '#' >> app/main.py\n"
    (project / "judge").write_text(f"{meddling}exit 1\n")
    words = ("migrate", "--apply", "--batch", "other", "--verify", "./judge")
    said = sophia(*words, cwd=project)
    assert said.code == 1
    forced = [line.split() for line in said.err.splitlines() if "--force" in line][0]
    back = sophia(*forced[1:], cwd=project)
    assert steady(back.out) == (
        "Rolled back run RUN: 2 files as before the run, byte for byte.\n"
        "What was changed since is kept: .sophia/migrate/RUN/changed\n"
        "Next:  sophia migrate\n"
    )
    assert {name: (project / name).read_text() for name in FILES} == FILES
    (project / "judge").write_text(meddling)
    said = sophia(*words, cwd=project)
    assert said.code == 0
    assert "Run RUN is kept, with what the command itself changed in app/main.py.\n" in steady(
        said.out
    )


MISTAKES: list[tuple[tuple[str, ...], int, str]] = [
    (("--batch", "agentz"), 2, "there is no batch agentz\n        one of: all, agent, workflow, "),
    (("--verify", "./judge"), 2, "--verify judges what --apply writes\n        add --apply, or"),
    (("--apply", "--verify", ""), 2, "--verify names no command\n"),
    (("--apply", "--verify", "'"), 2, '--verify "\'": No closing quotation\n'),
    (("--apply", "--verify", "nowhere -q"), 1, "nowhere is not installed\n        install "),
    (("--apply", "--verify", "false"), 1, "fails already (exit code 1) and cannot be compared"),
    (("--apply", "--verify", "./judge", "--verify-timeout", "0"), 2, "more than 0 seconds"),
    (("--only", "nothing.py"), 2, "--only nothing.py is no rule that found anything, and fits"),
    (("--changed-since", "nowhere"), 1, "git knows no commit nowhere\n        name a branch"),
]


@pytest.mark.parametrize(("words", "code", "error"), MISTAKES)
def test_a_mistake_is_a_line_and_its_mend(
    project: Path, words: tuple[str, ...], code: int, error: str
) -> None:
    said = sophia("migrate", *words, cwd=project)
    assert (said.code, said.out.replace("  before     exit code 1\n", "")) == (code, "")
    assert said.err.startswith("sophia: ") and error in said.err
    assert {name: (project / name).read_text() for name in FILES} == FILES
