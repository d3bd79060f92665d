"""Programs whose output is kept in a file: floods, silence, children that stay, and Ctrl-C; and those beside us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sophia_cli.errors import SophiaError
from sophia_cli.process import ProgramNotFound, TimedOut, beside, can_fork, fork, record

PYTHON = sys.executable


def python(code: str, root: Path, **options: float) -> int:
    settings = {"timeout": 30.0, **options}
    return record([PYTHON, "-c", code], root / "log", cwd=root, **settings)  # type: ignore[arg-type]


def log(root: Path) -> str:
    return (root / "log").read_text()


def alive(process: int) -> bool:
    """Whether it runs; one that nobody has waited for yet does not."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def gone(process: int) -> bool:
    for _ in range(200):
        if not alive(process):
            return True
        time.sleep(0.01)
    return False


def test_both_streams_and_the_code(tmp_path: Path) -> None:
    code = "import os; os.write(1, b'out\\n'); os.write(2, b'err\\n'); raise SystemExit(3)"
    assert python(code, tmp_path) == 3
    assert log(tmp_path) == "out\nerr\n"


def test_it_works_in_the_folder_and_reads_nothing(tmp_path: Path) -> None:
    assert python("import os, sys; print(os.getcwd(), repr(sys.stdin.read()))", tmp_path) == 0
    assert log(tmp_path) == f"{tmp_path} ''\n"


@pytest.mark.parametrize(("size", "kept"), [(199, 199), (200, 200), (500_000, None)])
def test_of_a_flood_the_beginning_and_the_end_are_kept(
    tmp_path: Path, size: int, kept: int | None
) -> None:
    code = f"print('a' + 'x' * {size - 3} + 'z')"
    assert python(code, tmp_path, most=100) == 0
    said = log(tmp_path)
    assert said.startswith("axx") and said.endswith("xz\n")
    if kept is not None:
        assert len(said) == kept
    else:
        assert "bytes left out ..." in said
        assert len(said) < 100 + 64 * 1024 + 200


def test_a_long_flood_costs_no_more_room_than_is_said(tmp_path: Path) -> None:
    code = "for n in range(40): print('x' * 99_999)"
    assert python(code, tmp_path, most=200_000) == 0
    assert len(log(tmp_path)) < 500_000


def test_one_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    code = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True)\ntime.sleep(600)\n"
    )
    with pytest.raises(TimedOut, match="did not end within 1 s"):
        python(code, tmp_path, timeout=1.0)
    assert gone(int(log(tmp_path)))


def test_a_child_that_stays_and_holds_the_pipe_does_not_keep_us(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid)\n"
    )
    assert python(code, tmp_path) == 0
    assert gone(int(log(tmp_path)))


def test_one_that_closes_its_streams_and_hangs(tmp_path: Path) -> None:
    with pytest.raises(TimedOut):
        python("import os, time; os.close(1); os.close(2); time.sleep(600)", tmp_path, timeout=1.0)


def test_ended_by_a_signal(tmp_path: Path) -> None:
    assert python("import os; os.kill(os.getpid(), 9)", tmp_path) == -9


def test_what_cannot_be_started(tmp_path: Path) -> None:
    with pytest.raises(ProgramNotFound, match="no-such-program is not installed"):
        record(["no-such-program"], tmp_path / "log", cwd=tmp_path, timeout=1)
    (tmp_path / "plain").write_text("x")
    with pytest.raises(SophiaError, match="plain cannot be started: Permission denied"):
        record(["./plain"], tmp_path / "log", cwd=tmp_path, timeout=1)


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(SophiaError, match="cannot be written: Is a directory"):
        record([PYTHON, "-c", ""], tmp_path, cwd=tmp_path, timeout=1)


def test_ctrl_c_ends_it_too(tmp_path: Path) -> None:
    code = (
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from pathlib import Path\n"
        "from sophia_cli.process import record\n"
        "inner = 'import os, time; print(os.getpid(), flush=True); time.sleep(600)'\n"
        "record([sys.executable, '-c', inner], Path('log'), cwd=Path('.'), timeout=60)\n"
    )
    with subprocess.Popen(
        [PYTHON, "-c", code], cwd=tmp_path, env={**os.environ}, stderr=subprocess.PIPE
    ) as outer:
        while not ((tmp_path / "log").exists() and log(tmp_path).endswith("\n")):
            assert outer.poll() is None
            time.sleep(0.01)
        inner = int(log(tmp_path))
        outer.send_signal(signal.SIGINT)
        assert outer.wait(20) != 0
    assert gone(inner)


def test_a_program_beside_us_answers_when_it_is_asked() -> None:
    code = "import sys; sys.stdout.write(sys.stdin.read()[::-1])"
    with beside([PYTHON, "-c", code], b"x" * 200_000 + b"y") as wait:
        assert wait() == b"y" + b"x" * 200_000


@pytest.mark.parametrize("command", [[PYTHON, "-c", "raise SystemExit(1)"], ["/none/such"]])
def test_one_that_fails_says_so_when_it_is_asked(command: list[str]) -> None:
    with beside(command, b"") as wait, pytest.raises(SophiaError, match="failed"):
        wait()


def test_it_does_not_outlive_the_block(tmp_path: Path) -> None:
    mark = tmp_path / "process"
    code = f"import os, time; open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    with pytest.raises(KeyboardInterrupt), beside([PYTHON, "-c", code], b""):
        while not mark.exists() or not mark.read_text():
            time.sleep(0.01)
        raise KeyboardInterrupt
    assert gone(int(mark.read_text()))


def test_a_copy_of_us_knows_what_we_know() -> None:
    known = b"x" * 200_000
    with fork(lambda: known + b"y") as wait:
        assert wait() == known + b"y"


def test_a_copy_that_fails_says_so_when_it_is_asked(capfd: pytest.CaptureFixture[str]) -> None:
    def work() -> bytes:
        raise ValueError("of its own")

    with fork(work) as wait, pytest.raises(SophiaError, match="failed"):
        wait()
    assert capfd.readouterr() == ("", "")


def test_a_copy_does_not_outlive_the_block(tmp_path: Path) -> None:
    mark = tmp_path / "process"

    def work() -> bytes:
        mark.write_text(str(os.getpid()))
        time.sleep(60)
        return b""

    with pytest.raises(KeyboardInterrupt), fork(work):
        while not mark.exists() or not mark.read_text():
            time.sleep(0.01)
        raise KeyboardInterrupt
    assert gone(int(mark.read_text()))


def test_a_process_with_threads_is_not_copied() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    alone = can_fork()
    thread.start()
    try:
        assert not can_fork()
    finally:
        done.set()
        thread.join()
    assert can_fork() is alone
