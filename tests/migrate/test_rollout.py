"""Batches that the project's own command judges: kept, put back, cut short at any point."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from trees import commit, contents, plant

from sophia_cli.errors import SophiaError
from sophia_cli.migrate import journal
from sophia_cli.migrate.change import Choice
from sophia_cli.migrate.inventory import Options
from sophia_cli.migrate.journal import State
from sophia_cli.migrate.rollout import Ended, Left, Step, check_again, next_batch, roll_out
from sophia_cli.migrate.trial import Trial
from sophia_cli.migrate.write import resume, rollback

CALL = "from openai import OpenAI\n\nclient = OpenAI()\n"
FILES = {
    "agents/a.py": CALL,
    "agents/b.py": CALL,
    "flows/c.py": CALL,
    "main.py": CALL,
    "requirements.txt": "openai\n",
    "judge.py": "import sys\nfor name in sys.argv[1:]:\n"
    "    assert 'http_client' not in open(name).read(), name\n",
}


def judge(*names: str) -> Trial:
    """A command that fails once one of the files is migrated."""
    return Trial((sys.executable, "judge.py", *names), 60.0)


def steps(root: Path, trial: Trial | None, batch: str = "", **choice: object) -> list[Step]:
    choices = Choice(batch=batch, **choice)  # type: ignore[arg-type]
    return list(roll_out(Options(root, True, choices), trial))


def said(found: list[Step]) -> list[str]:
    """What happened, a word or two each."""
    words = []
    for step in found:
        if isinstance(step, Ended):
            words.append(f"{step.batch} {'put back' if step.reason else 'kept'}")
        elif isinstance(step, Left):
            words.append(f"{step.sites} of {step.total} in {len(step.batches)}")
        else:
            words.append(getattr(step, "when", "wrote"))
    return words


def moved(root: Path) -> set[str]:
    now = contents(root)
    return {Path(name).stem for name, text in FILES.items() if now[name] != text.encode()}


def test_each_batch_is_written_and_judged_and_kept(tmp_path: Path) -> None:
    commit(plant(tmp_path, FILES))
    assert said(steps(tmp_path, judge())) == [
        "before",
        *("wrote", "after", "agent kept"),
        *("wrote", "after", "workflow kept"),
        *("wrote", "after", "other kept"),
        "0 of 4 in 0",
    ]
    assert moved(tmp_path) == {"a", "b", "c", "main", "requirements"}
    assert [run.state for run in journal.runs(tmp_path)] == [State.DONE] * 3
    for _ in range(3):
        rollback(tmp_path)
    assert moved(tmp_path) == set()


def test_it_stops_at_the_first_that_makes_things_worse(tmp_path: Path) -> None:
    commit(plant(tmp_path, FILES))
    found = steps(tmp_path, judge("flows/c.py"))
    assert said(found) == [
        "before",
        *("wrote", "after", "agent kept"),
        *("wrote", "after", "workflow put back"),
        "2 of 4 in 2",
    ]
    assert moved(tmp_path) == {"a", "b", "requirements"}
    left = found[-1]
    assert isinstance(left, Left) and next_batch(left, ["agent", "workflow"]) == "other"
    run = journal.runs(tmp_path)[-1]
    assert (run.state, run.trial and run.trial["reason"]) == (State.UNDONE, "exit code 1")
    log = journal.home(tmp_path) / run.name / "verify.log"
    assert log.read_text().endswith("AssertionError: flows/c.py\n")


def test_one_batch_that_is_named(tmp_path: Path) -> None:
    plant(tmp_path, FILES)
    assert said(steps(tmp_path, judge(), "workflow")) == [
        "before", "wrote", "after", "workflow kept", "3 of 4 in 2"
    ]  # fmt: skip
    assert said(steps(tmp_path, None, "agent")) == ["wrote", "agent kept", "1 of 4 in 1"]
    assert said(steps(tmp_path, judge(), "agent")) == ["1 of 4 in 1"]  # and nothing is run


def test_a_command_that_fails_already_stops_it_before_anything_is_written(tmp_path: Path) -> None:
    plant(tmp_path, {**FILES, "judge.py": "raise SystemExit(3)\n"})
    with pytest.raises(SophiaError, match=r"fails already \(exit code 3\) and cannot be compared"):
        steps(tmp_path, judge())
    assert contents(tmp_path)["main.py"] == CALL.encode()
    assert journal.runs(tmp_path) == []


def test_a_command_that_is_not_there_or_hangs_stops_it_too(tmp_path: Path) -> None:
    plant(tmp_path, FILES)
    hangs = (sys.executable, "-c", "import time; time.sleep(600)")
    for command, words in (
        (("no-such-program",), "is not installed"),
        (hangs, "did not end within 1 s"),
    ):
        with pytest.raises(SophiaError, match=words):
            steps(tmp_path, Trial(command, 1.0))
    assert moved(tmp_path) == set()
    assert journal.runs(tmp_path) == []


def test_one_that_hangs_afterwards_is_worse(tmp_path: Path) -> None:
    slow = (
        "import sys, time\n"
        "while 'http_client' in open('main.py').read():\n    time.sleep(0.05)\n"
    )
    plant(tmp_path, {**FILES, "judge.py": slow})
    trial = Trial((sys.executable, "judge.py"), 2.0)
    assert said(steps(tmp_path, trial, "other"))[-2:] == ["other put back", "4 of 4 in 3"]
    assert moved(tmp_path) - {"judge"} == set()


def test_dirty_files_are_refused_before_the_command_runs(tmp_path: Path) -> None:
    commit(plant(tmp_path, FILES))
    (tmp_path / "agents/b.py").write_text(CALL + "# mine\n")
    with pytest.raises(SophiaError, match="changes in 1 file that the plan touches"):
        steps(tmp_path, Trial(("no-such-program",)))
    assert said(steps(tmp_path, judge(), "workflow"))[-2] == "workflow kept"


MEDDLES = (
    "text = open('main.py').read()\n"
    "if 'http' in text:\n"
    "    if text[-1] != '#':\n        open('main.py', 'a').write('#')\n"
    "    raise SystemExit({code})\n"
)
CHECKS_OUT = "import subprocess\nsubprocess.run(['git', 'checkout', '-q', 'main.py'], check=True)\n"


def test_a_command_that_changes_a_migrated_file_is_not_overwritten(tmp_path: Path) -> None:
    plant(tmp_path, {**FILES, "judge.py": MEDDLES.format(code=1)})
    with pytest.raises(SophiaError) as caught:
        steps(tmp_path, judge(), "other")
    run = journal.unfinished(tmp_path)
    assert run is not None and run.state is State.CHECKING
    assert caught.value.message == (
        "the command made changes of its own and got worse (exit code 1): "
        f"run {run.name} was not put back, nothing is lost"
    )
    assert caught.value.mend == (
        "its own changes are in main.py: take them out, then\n"
        f"  sophia migrate rollback {run.name}\n"
        "or keep a copy of them beside the journal and have all files as before the run:\n"
        f"  sophia migrate rollback {run.name} --force\n"
        "from then on name a command that leaves these files alone"
    )
    with pytest.raises(SophiaError) as refused:
        steps(tmp_path, judge(), "agent")
    assert refused.value.message == (
        f"run {run.name} is written, but made things worse (exit code 1) and was not put back"
    )
    with pytest.raises(SophiaError, match=r"1 file not as the run left it; nothing was changed"):
        rollback(tmp_path, run.name)
    main = tmp_path / "main.py"
    main.write_text(main.read_text().removesuffix("#"))
    rollback(tmp_path, run.name)
    assert contents(tmp_path)["main.py"] == CALL.encode()


def test_what_it_changed_is_kept_where_it_is_put_back_by_force(tmp_path: Path) -> None:
    plant(tmp_path, {**FILES, "judge.py": MEDDLES.format(code=1)})
    before = contents(tmp_path)
    with pytest.raises(SophiaError, match="was not put back"):
        steps(tmp_path, judge(), "other")
    meddled = (tmp_path / "main.py").read_bytes()
    (tmp_path / "requirements.txt").unlink()
    run = rollback(tmp_path, force=True).run
    assert run is not None and run.state is State.UNDONE
    assert contents(tmp_path) == before
    assert contents(journal.home(tmp_path) / run.name / "changed") == {"main.py": meddled}
    assert journal.unfinished(tmp_path) is None


@pytest.mark.parametrize("cut", [False, True])
def test_what_it_changed_and_passed_with_is_part_of_the_run(tmp_path: Path, cut: bool) -> None:
    plant(tmp_path, {**FILES, "judge.py": MEDDLES.format(code=1 if cut else 0)})
    before = contents(tmp_path)
    if cut:  # it is judged again, by a command that passes now
        with pytest.raises(SophiaError, match="was not put back"):
            steps(tmp_path, judge(), "other")
        (tmp_path / "judge.py").write_text("")
        before["judge.py"] = b""
        run = resume(tmp_path).run
        assert run is not None
        ended = list(check_again(tmp_path, run))[-1]
    else:
        ended = steps(tmp_path, judge(), "other")[-2]
    assert isinstance(ended, Ended)
    assert (ended.reason, ended.changed) == ("", ("main.py",))
    assert (tmp_path / "main.py").read_bytes().endswith(b"#")
    assert [run.state for run in journal.runs(tmp_path)] == [State.DONE]
    rollback(tmp_path)
    assert contents(tmp_path) == before


def test_a_command_that_takes_the_change_back_judged_nothing(tmp_path: Path) -> None:
    commit(plant(tmp_path, {**FILES, "judge.py": CHECKS_OUT}))
    before = contents(tmp_path)
    found = steps(tmp_path, judge(), "other")
    assert said(found) == ["before", "wrote", "after", "other put back", "4 of 4 in 3"]
    ended = found[-2]
    assert isinstance(ended, Ended)
    assert ended.reason == (
        "the command itself took back main.py: it did not judge what was written"
    )
    assert contents(tmp_path) == before
    assert [run.state for run in journal.runs(tmp_path)] == [State.UNDONE]


# The command that judges is at hand to end its parent, which is us.
KILLED = (
    "import os, signal\n"
    "if 'http_client' in open('main.py').read() and not os.path.exists('once'):\n"
    "    open('once', 'w').close()\n"
    "    os.kill(os.getppid(), signal.{name})\n"
    "    import time; time.sleep(600)\n"
    "raise SystemExit({code})\n"
)
ROLL_OUT = "from sophia_cli.__main__ import run; import signal, sys\nsignal.signal(signal.SIGINT, signal.default_int_handler)\nsys.exit(run(sys.argv[1:]))\n"


def ended(root: Path, name: str, code: str = "0") -> subprocess.CompletedProcess[str]:
    """Roll out while the command ends us as it judges."""
    plant(root, {**FILES, "judge.py": KILLED.format(name=name, code=code)})
    words = ["migrate", "--apply", "--batch", "other", "--verify", f"{sys.executable} judge.py"]
    command = [sys.executable, "-c", ROLL_OUT, *words]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT"])
def test_ended_while_it_is_judged_it_is_finished_or_undone(tmp_path: Path, name: str) -> None:
    stopped = ended(tmp_path, name)
    run = journal.unfinished(tmp_path)
    assert run is not None and run.state is State.CHECKING
    ways = f"sophia migrate resume      or      sophia migrate rollback {run.name}"
    if name == "SIGINT":
        assert stopped.returncode == 130
        assert stopped.stderr == (
            f"sophia: interrupted: run {run.name} is written, but was not checked to the end\n"
            f"        {ways}\n"
        )
    else:
        assert stopped.returncode == -signal.SIGKILL
    with pytest.raises(SophiaError) as caught:
        steps(tmp_path, judge())
    assert caught.value.mend == ways
    rollback(tmp_path)
    assert contents(tmp_path)["main.py"] == CALL.encode()
    assert contents(tmp_path)["requirements.txt"] == b"openai\n"


@pytest.mark.parametrize("code", ["0", "'http' in open('main.py').read()"])
def test_resume_judges_again(tmp_path: Path, code: str) -> None:
    ended(tmp_path, "SIGKILL", code)
    written = resume(tmp_path)
    assert written.run is not None and written.run.state is State.CHECKING
    found = list(check_again(tmp_path, written.run))
    assert said(found) == ["before", "after", f"other {'kept' if code == '0' else 'put back'}"]
    assert journal.unfinished(tmp_path) is None
    assert (contents(tmp_path)["main.py"] == CALL.encode()) is (code != "0")


def test_killed_at_any_rename_nothing_is_half(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\nleft = int(sys.argv[1])\n"
        "def hook(event, arguments):\n    global left\n"
        "    if event == 'os.rename':\n        left -= 1\n"
        "        if left == 0: os.kill(os.getpid(), signal.SIGKILL)\n"
        "sys.addaudithook(hook)\n"
        "from sophia_cli.__main__ import run\nsys.exit(run(sys.argv[2:]))\n"
    )
    for first, batch in enumerate(("other", "agent"), start=1):
        before = None
        for turn, rename in enumerate(range(first, 60, 3)):
            root = plant(tmp_path / f"{batch}{rename}", FILES)
            before = before or contents(root)
            # `other` is kept, `agent` is put back
            words = ["--batch", batch, "--verify", f"{sys.executable} judge.py agents/a.py"]
            command = [sys.executable, "-c", code, str(rename), "migrate", "--apply", *words]
            done = subprocess.run(command, cwd=root, capture_output=True, check=False)
            if done.returncode >= 0:
                break
            run = journal.unfinished(root)
            if run is not None and turn % 2:
                written = resume(root)
                if written.run is not None and written.run.state is State.CHECKING:
                    list(check_again(root, written.run))
            elif run is not None:
                rollback(root)
            assert journal.unfinished(root) is None
            now = {name: data for name, data in contents(root).items() if name in before}
            whole = now["main.py"] != before["main.py"]
            assert (now["requirements.txt"] != before["requirements.txt"]) is whole
            assert batch == "other" or not whole
            assert batch == "agent" or now["agents/a.py"] == before["agents/a.py"]
            if batch == "agent":
                assert now == before
        else:
            raise AssertionError("it was killed every time")
