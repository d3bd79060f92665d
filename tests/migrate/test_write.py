"""Writing and its way back: byte for byte, whatever happens in between."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from trees import apply, commit, contents, git, look, plant

from sophia_cli.errors import SophiaError
from sophia_cli.migrate import journal
from sophia_cli.migrate.change import Change
from sophia_cli.migrate.inventory import Options
from sophia_cli.migrate.journal import State
from sophia_cli.migrate.pipeline import migrate
from sophia_cli.migrate.write import resume, rollback, write

CALL = "from openai import OpenAI\n\nclient = OpenAI()\n"
FILES: dict[str, str | bytes] = {
    "a.py": CALL,
    "b/crlf.py": CALL.replace("\n", "\r\n").encode(),
    "b/bom.py": b"\xef\xbb\xbf" + CALL.encode(),
    "c/latin.py": b"# coding: latin-1\n# \xe9\n" + CALL.encode(),
    "c/no newline.py": CALL.rstrip("\n"),
    "c/ünï\u2028code.py": CALL,
    "requirements.txt": "openai>=2",
    "untouched.py": "x = 1\n",
}


def test_a_dry_run_changes_nothing_of_the_users(tmp_path: Path) -> None:
    plant(tmp_path, FILES)
    before = contents(tmp_path)
    report = look(tmp_path)
    assert contents(tmp_path) == before
    assert len(report.changed) == 7
    assert (tmp_path / ".sophia/.gitignore").read_text() == "*\n"
    assert journal.runs(tmp_path) == []


def test_rollback_gives_every_byte_and_mode_back(tmp_path: Path) -> None:
    plant(tmp_path, FILES)
    (tmp_path / "a.py").chmod(0o750)
    before = contents(tmp_path)
    report = apply(tmp_path)
    after = contents(tmp_path)
    assert {name for name in after if after[name] != before[name]} == set(report.changed)
    assert stat.S_IMODE((tmp_path / "a.py").stat().st_mode) == 0o750
    rollback(tmp_path)
    assert contents(tmp_path) == before
    assert stat.S_IMODE((tmp_path / "a.py").stat().st_mode) == 0o750


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    plant(tmp_path, FILES)
    apply(tmp_path)
    after = contents(tmp_path)
    assert apply(tmp_path).changed == ()
    assert contents(tmp_path) == after
    assert len(journal.runs(tmp_path)) == 1


def test_the_patch_of_a_dry_run_is_what_apply_writes(tmp_path: Path) -> None:
    by_patch = commit(plant(tmp_path / "patch", FILES))
    by_apply = plant(tmp_path / "apply", FILES)
    (tmp_path / "the.patch").write_bytes(look(by_patch).patch)
    git(by_patch, "apply", str(tmp_path / "the.patch"))
    apply(by_apply)
    assert contents(by_patch) == contents(by_apply)


def test_runs_are_undone_one_by_one_from_the_newest(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": CALL})
    first = apply(tmp_path)
    plant(tmp_path, {"b.py": CALL})
    middle = contents(tmp_path)
    apply(tmp_path)
    rollback(tmp_path)
    assert contents(tmp_path) == middle
    rollback(tmp_path, first.run)
    assert contents(tmp_path) == {"a.py": CALL.encode(), "b.py": CALL.encode()}
    with pytest.raises(SophiaError, match="there is no run to undo"):
        rollback(tmp_path)


def test_rollback_refuses_files_that_were_changed_since_and_names_them(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": CALL, "b.py": CALL})
    apply(tmp_path)
    with (tmp_path / "b.py").open("a") as file:
        file.write("# mine\n")
    kept = contents(tmp_path)
    with pytest.raises(SophiaError) as caught:
        rollback(tmp_path)
    assert "1 file not as the run left it; nothing was changed" in caught.value.message
    assert "b.py: changed meanwhile" in caught.value.mend
    assert contents(tmp_path) == kept


def test_a_file_that_changes_between_scan_and_write_is_left_and_said(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": CALL, "b.py": CALL, "c.py": CALL})
    changes = [Change(name, CALL.encode(), b"new\n") for name in ("a.py", "b.py", "c.py")]
    (tmp_path / "a.py").unlink()
    (tmp_path / "b.py").write_text("mine\n")
    written = write(tmp_path, changes, [], dry_run=False)
    assert written.files == ("c.py",)
    assert written.skipped == {"a.py": "deleted meanwhile", "b.py": "changed meanwhile"}
    assert contents(tmp_path) == {"b.py": b"mine\n", "c.py": b"new\n"}
    rollback(tmp_path)
    assert contents(tmp_path) == {"b.py": b"mine\n", "c.py": CALL.encode()}


KILL = """
import os, signal, sys
left = int(sys.argv[2])
def hook(event, arguments):
    global left
    if event == "os.rename":
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
from pathlib import Path
from sophia_cli.migrate.inventory import Options
from sophia_cli.migrate.pipeline import migrate
migrate(Options(Path(sys.argv[1]), True))
"""


def killed_at(root: Path, rename: int) -> bool:
    """Migrate in a process that is killed at its n-th rename; whether it was."""
    command = [sys.executable, "-c", KILL, str(root), str(rename)]
    done = subprocess.run(command, env={**os.environ}, check=False)
    assert done.returncode in (0, -signal.SIGKILL)
    return done.returncode != 0


def test_killed_anywhere_it_can_be_finished_and_undone(tmp_path: Path) -> None:
    before = contents(plant(tmp_path / "model", FILES))
    apply(tmp_path / "model")
    after = contents(tmp_path / "model")
    seen = set()
    for rename in range(1, 200):
        root = plant(tmp_path / f"killed{rename}", FILES)
        if not killed_at(root, rename):
            break
        now = contents(root)
        kept = {name: now[name] for name in before}
        assert all(kept[name] in (before[name], after[name]) for name in before)
        seen.add(sum(kept[name] == after[name] != before[name] for name in before))
        run = journal.unfinished(root)
        if run is None:  # before the list of files was kept: nothing has begun
            assert kept == before
            continue
        with pytest.raises(SophiaError, match=f"run {run.name} was cut short"):
            migrate(Options(root, True))
        other = tmp_path / f"copy{rename}"
        shutil.copytree(root, other)
        resume(root)
        assert contents(root) == after
        rollback(other)
        assert contents(other) == before
    assert seen == set(range(8))  # of seven files none, some, all


def test_a_killed_rollback_is_finished_by_another(tmp_path: Path) -> None:
    root = plant(tmp_path, FILES)
    before = contents(root)
    apply(root)
    code = KILL.replace("import Options, migrate", "import Options").replace(
        "migrate(Options(Path(sys.argv[1]), True))",
        "from sophia_cli.migrate.write import rollback; rollback(Path(sys.argv[1]))",
    )
    done = subprocess.run([sys.executable, "-c", code, str(root), "5"], check=False)
    assert done.returncode == -signal.SIGKILL
    assert contents(root) != before
    rollback(root)
    assert contents(root) == before
    assert [run.state for run in journal.runs(root)] == [State.UNDONE]


def test_two_at_once(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": CALL})
    look(tmp_path)
    with (tmp_path / ".sophia/migrate/lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(SophiaError, match="another migration is running here"):
            apply(tmp_path)
    assert contents(tmp_path) == {"a.py": CALL.encode()}
    apply(tmp_path)


def test_a_run_that_another_is_about_to_finish_is_not_called_cut_short(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": CALL, "b.py": CALL})
    run = apply(tmp_path).run
    manifest = tmp_path / ".sophia/migrate" / run / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"done"', '"writing"'))
    plant(tmp_path, {"c.py": CALL})
    with (tmp_path / ".sophia/migrate/lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(SophiaError, match="another migration is running here"):
            apply(tmp_path)
    with pytest.raises(SophiaError, match=f"run {run} was cut short, 2 of 2 files written"):
        apply(tmp_path)


def test_what_another_run_has_written_is_not_written_again(tmp_path: Path) -> None:
    change = Change("a.py", CALL.encode(), b"new\n")
    gone = Change("b.py", CALL.encode(), b"", removed=True)
    plant(tmp_path, {"a.py": "new\n", "c.py": CALL})
    words = "written by another run meanwhile"
    done = write(tmp_path, [change, gone], [], dry_run=False)
    assert (done.run, done.files, done.skipped) == (None, (), {"a.py": words, "b.py": words})
    assert journal.runs(tmp_path) == []
    other = Change("c.py", CALL.encode(), b"new\n")
    done = write(tmp_path, [change, other], [], dry_run=False)
    assert (done.files, done.skipped) == (("c.py",), {"a.py": words})
    rollback(tmp_path)
    assert contents(tmp_path) == {"a.py": b"new\n", "c.py": CALL.encode()}


def test_a_lock_that_cannot_be_taken_is_said(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": CALL})
    lock = tmp_path / ".sophia/migrate/lock"
    lock.mkdir(parents=True)
    with pytest.raises(SophiaError, match="lock cannot be opened: Is a directory"):
        apply(tmp_path)
    assert contents(tmp_path) == {"a.py": CALL.encode()}


def test_a_read_only_file_is_left_and_said(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": CALL, "b.py": CALL})
    (tmp_path / "a.py").chmod(0o444)
    report = apply(tmp_path)
    assert report.changed == ("b.py",)
    assert report.skipped == {"a.py": "read-only"}
    assert (tmp_path / "a.py").read_text() == CALL


def test_a_journal_that_is_damaged_is_said_and_nothing_is_touched(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": CALL})
    run = apply(tmp_path).run
    kept = contents(tmp_path)
    for blob in (tmp_path / ".sophia/migrate" / run / "blobs").iterdir():
        blob.write_bytes(b"damaged")
    with pytest.raises(SophiaError, match="is damaged"):
        rollback(tmp_path)
    assert contents(tmp_path) == kept
    (tmp_path / ".sophia/migrate" / run / "manifest.json").write_text("{")
    with pytest.raises(SophiaError, match="cannot be read"):
        rollback(tmp_path)


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """A disk of 400 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if shutil.which("mount") is None:
        pytest.skip("there is no mount here")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("left", [0, 4, 8, 12, 16, 20, 28, 36, 48, 60, 80])
def test_a_full_disk_changes_nothing(small_disk: Path, left: int) -> None:
    plant(small_disk, {f"m{n}.py": CALL + f"# {'x' * 6000}\n" for n in range(8)})
    before = contents(small_disk)
    with (small_disk / "ballast").open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"0" * 4096):
            pass
    size = (small_disk / "ballast").stat().st_size
    os.truncate(small_disk / "ballast", max(size - left * 1024, 0))
    with pytest.raises(SophiaError) as caught:
        apply(small_disk)
    assert "No space left on device" in caught.value.message
    (small_disk / "ballast").unlink()
    assert journal.runs(small_disk) == []
    assert contents(small_disk) == before
    assert len(apply(small_disk).changed) == 8


@pytest.mark.parametrize("left", [12, 60])
def test_a_full_disk_says_how_to_begin_again(small_disk: Path, left: int) -> None:
    plant(small_disk, {f"m{n}.py": CALL + f"# {'x' * 6000}\n" for n in range(8)})
    with (small_disk / "ballast").open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"0" * 4096):
            pass
    size = (small_disk / "ballast").stat().st_size
    os.truncate(small_disk / "ballast", max(size - left * 1024, 0))
    again = "sophia migrate --apply --pack mine.toml"
    with pytest.raises(SophiaError) as caught:
        migrate(Options(small_disk, True, asked={"again": again}))
    assert caught.value.mend == f"free some space, then:  {again}"


def test_dirty_files_are_refused_and_named(tmp_path: Path) -> None:
    commit(plant(tmp_path, {"a.py": CALL, "b.py": CALL}))
    (tmp_path / "b.py").write_text(CALL + "# mine\n")
    with pytest.raises(SophiaError) as caught:
        apply(tmp_path)
    assert caught.value.message == "the working tree has changes in 1 file that the plan touches"
    assert caught.value.mend == "commit or stash them, or add --allow-dirty\nb.py"
    assert (tmp_path / "a.py").read_text() == CALL
    migrate(Options(tmp_path, True, allow_dirty=True))
    assert (tmp_path / "b.py").read_text().endswith("# mine\n")
