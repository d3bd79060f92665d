"""A run that later ones stand on is undone after them, and says which they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from trees import apply, contents, plant

from sophia_cli.errors import SophiaError
from sophia_cli.migrate import journal
from sophia_cli.migrate.change import Change
from sophia_cli.migrate.write import rollback, write

CALL = "from openai import OpenAI\n\nclient = OpenAI()\n"
FILES = {
    "agents/a.py": CALL,
    "flows/b.py": CALL,
    "requirements.txt": "openai\n",
    "old_ai.py": "class OldAI: ...\n",
}


def written(root: Path, *changes: Change) -> str:
    run = write(root, changes, [], dry_run=False).run
    assert run is not None
    return run.name


def gone(root: Path, path: str) -> str:
    return written(root, Change(path, (root / path).read_bytes(), b"", removed=True))


def replaced(root: Path, path: str, text: str) -> str:
    return written(root, Change(path, (root / path).read_bytes(), text.encode()))


def refused(root: Path, name: str) -> tuple[str, str]:
    before = contents(root)
    with pytest.raises(SophiaError) as caught:
        rollback(root, name)
    assert contents(root) == before
    return caught.value.message, caught.value.mend


def test_an_earlier_run_that_nothing_stands_on_goes_back(tmp_path: Path) -> None:
    plant(tmp_path, {**FILES, "requirements.txt": "sophia-cli\n"})
    before = contents(tmp_path)
    first = apply(tmp_path, batch="agent").run
    second = apply(tmp_path, batch="workflow").run
    third = replaced(tmp_path, "old_ai.py", "class OldAI: pass\n")
    for name in (first, third, second):
        rollback(tmp_path, name)
    assert contents(tmp_path) == before


def test_the_requirement_stays_while_a_later_run_needs_it(tmp_path: Path) -> None:
    plant(tmp_path, FILES)
    before = contents(tmp_path)
    first = apply(tmp_path, batch="agent").run
    second = apply(tmp_path, batch="workflow").run
    assert refused(tmp_path, first) == (
        f"run {first} cannot be undone before run {second}; nothing was changed",
        f"requirements.txt: flows/b.py, which run {second} wrote, needs the requirement in it\n"
        f"sophia migrate rollback {second} {first}",
    )
    for name in journal.newest_first(tmp_path, [first, second]):
        rollback(tmp_path, name)
    assert contents(tmp_path) == before


def test_a_later_run_in_another_package_does_not_need_it(tmp_path: Path) -> None:
    plant(tmp_path, {**FILES, "flows/requirements.txt": "sophia-cli\n"})
    first = apply(tmp_path, batch="agent").run
    apply(tmp_path, batch="workflow")
    rollback(tmp_path, first)
    assert contents(tmp_path)["requirements.txt"] == b"openai\n"


def test_what_was_removed_comes_back_before_the_code_that_names_it(tmp_path: Path) -> None:
    plant(tmp_path, FILES)
    plant(tmp_path, {"flows/b.py": "from old_ai import OldAI\n", "docs.md": "old_ai\n"})
    page = replaced(tmp_path, "docs.md", "new\n")
    first = replaced(tmp_path, "flows/b.py", "new = 1\n")
    other = replaced(tmp_path, "agents/a.py", "new = 1\n")
    cleanup = gone(tmp_path, "old_ai.py")
    words = f"flows/b.py: it names old_ai.py, which run {cleanup} removed\n"
    assert refused(tmp_path, first) == (
        f"run {first} cannot be undone before run {cleanup}; nothing was changed",
        f"{words}sophia migrate rollback {cleanup} {first}",
    )
    rollback(tmp_path, other)
    rollback(tmp_path, page)
    plant(tmp_path, {"old_ai.py": FILES["old_ai.py"]})  # brought back by hand
    rollback(tmp_path, first)


def test_a_file_that_was_written_again_names_the_run_and_all_that_stand_on_that(
    tmp_path: Path,
) -> None:
    plant(tmp_path, FILES)
    first = replaced(tmp_path, "old_ai.py", "class OldAI: pass\n")
    second = replaced(tmp_path, "old_ai.py", "class OldAI: x = 1\n")
    third = gone(tmp_path, "old_ai.py")
    assert refused(tmp_path, second)[1] == (
        f"old_ai.py: run {third} removed it after this one\n"
        f"sophia migrate rollback {third} {second}"
    )
    assert refused(tmp_path, first) == (
        f"run {first} cannot be undone before runs {third}, {second}; nothing was changed",
        f"old_ai.py: run {second} wrote it after this one\n"
        f"old_ai.py: run {third} removed it after this one\n"
        f"sophia migrate rollback {third} {second} {first}",
    )
    for name in (third, second):
        rollback(tmp_path, name)
    rollback(tmp_path, first)
    assert contents(tmp_path)["old_ai.py"] == FILES["old_ai.py"].encode()


def test_a_change_by_hand_is_no_later_run(tmp_path: Path) -> None:
    plant(tmp_path, FILES)
    first = replaced(tmp_path, "old_ai.py", "class OldAI: pass\n")
    plant(tmp_path, {"old_ai.py": "mine\n"})
    assert refused(tmp_path, first)[1] == (
        "old_ai.py: changed meanwhile\nput them back as the run left them, then roll back again\n"
        "or, with a copy of what they are now kept beside the journal:\n"
        f"sophia migrate rollback {first} --force"
    )
