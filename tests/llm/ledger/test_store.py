"""A call is answered whatever becomes of its ledger, and no row is lost, doubled or made up."""

from __future__ import annotations

import json
import multiprocessing
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sophia_cli.llm.errors import LLMError
from sophia_cli.llm.ledger import Ledger
from sophia_cli.llm.ledger.record import Attempt, Final, Opening

FILE = "ledger.sqlite3"


def opening(name: str) -> Opening:
    return Opening(id=name, started_ns=time.time_ns(), door="native", operation="chat")


def final(name: str, cost: int = 5) -> Final:
    done = (Attempt(1, "p", "m", "ok", "", 200, 100),)
    return Final(name, "ok", provider="p", model="m", attempts=done, cost_nano=cost, billable=True)


def write(ledger: Ledger, name: str) -> None:
    ledger.begin(opening(name))
    ledger.finish(final(name))


def outcomes(ledger: Ledger) -> dict[str, int]:
    return dict(ledger.read("SELECT outcome, COUNT(*) FROM calls GROUP BY outcome"))


def books(ledger: Ledger) -> tuple[Any, ...]:
    """Calls and cost by their rows, then by their totals."""
    rows = ledger.read("SELECT COUNT(*), SUM(cost_nano) FROM calls WHERE outcome != 'open'")
    totals = ledger.read("SELECT SUM(calls), SUM(cost_nano) FROM totals")
    attempts = ledger.read("SELECT COUNT(*) FROM attempts")
    sent = ledger.read("SELECT SUM(attempts) FROM attempt_totals")
    return (*rows[0], *totals[0], *attempts[0], *sent[0])


def test_a_call_ends_once(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / FILE)
    write(ledger, "a")
    ledger.finish(final("a", cost=700))
    ledger.begin(opening("a"))
    assert books(ledger) == (1, 5, 1, 5, 1, 1)
    ledger.close()


def test_a_file_is_private(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "deep" / "er" / FILE)
    write(ledger, "a")
    files = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "deep/er").iterdir()}
    assert set(files.values()) == {0o600}
    assert (tmp_path / "deep/er").stat().st_mode & 0o077 == 0
    ledger.close()


@pytest.mark.parametrize(
    "garbage", [b"this is no database" * 500, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_corrupt_file_is_kept_aside_and_a_new_one_begun(tmp_path: Path, garbage: bytes) -> None:
    path = tmp_path / FILE
    path.write_bytes(garbage)
    ledger = Ledger(path)
    write(ledger, "a")
    assert outcomes(ledger) == {"ok": 1}
    ledger.close()
    kept = [item for item in tmp_path.iterdir() if "corrupt" in item.name]
    assert [item.read_bytes() for item in kept] == [garbage]


def test_a_file_that_is_cut_in_the_middle_of_its_use(tmp_path: Path) -> None:
    path = tmp_path / FILE
    ledger = Ledger(path)
    for number in range(200):
        write(ledger, f"before-{number}")
    ledger.close()
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\0" * 100 + data[9000:20000])
    again = Ledger(path)
    for number in range(20):
        write(again, f"after-{number}")
    assert outcomes(again)["ok"] >= 20
    again.close()


def test_a_locked_file_gets_its_rows_later(tmp_path: Path) -> None:
    path = tmp_path / FILE
    ledger = Ledger(path)
    write(ledger, "before")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    write(ledger, "meanwhile")
    other.execute("ROLLBACK")
    other.close()
    write(ledger, "after")
    assert books(ledger) == (3, 15, 3, 15, 3, 3)
    ledger.close()


def test_rows_that_found_no_way_into_the_file_wait_beside_it(tmp_path: Path) -> None:
    path = tmp_path / FILE
    first = Ledger(path)
    first.read("SELECT 1")
    first.close()
    code = (
        "import sqlite3, sys; sys.path.insert(0, sys.argv[2])\n"
        "from sophia_cli.llm.ledger import store\n"
        "from pathlib import Path\n"
        "from test_store import write\n"
        "ledger = store.Ledger(Path(sys.argv[1]))\n"
        "write(ledger, 'late')\n"
    )
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    here = str(Path(__file__).parent)
    subprocess.run([sys.executable, "-c", code, str(path), here], check=True)
    blocker.execute("ROLLBACK")
    blocker.close()
    spilled = [item for item in tmp_path.iterdir() if "spill" in item.name]
    assert [item.stat().st_mode & 0o777 for item in spilled] == [0o600]
    ledger = Ledger(path)
    assert outcomes(ledger) == {"ok": 1}
    assert not [item for item in tmp_path.iterdir() if "spill" in item.name]
    ledger.close()


def test_who_reads_alone_leaves_nothing_beside_a_ledger_that_is_held(tmp_path: Path) -> None:
    path = tmp_path / FILE
    ledger = Ledger(path)
    write(ledger, "a")
    ledger.close()
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("PRAGMA locking_mode=EXCLUSIVE")
    blocker.execute("BEGIN EXCLUSIVE")
    ledger = Ledger(path)
    with pytest.raises(LLMError, match="in use by another process"):
        ledger.read("SELECT 1")
    ledger.close()
    blocker.execute("ROLLBACK")
    blocker.close()
    assert not [item for item in tmp_path.iterdir() if "spill" in item.name]
    (tmp_path / f"{FILE}.spill-999999999").touch()  # one of before
    ledger = Ledger(path)
    assert outcomes(ledger) == {"ok": 1}
    ledger.close()
    assert {item.name for item in tmp_path.iterdir()} == {FILE}


def test_a_folder_that_cannot_be_written_leaves_the_calls_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file, not a folder")
    ledger = Ledger(tmp_path / "file" / FILE)
    write(ledger, "a")
    assert outcomes(ledger) == {"ok": 1}
    assert "cannot be written" in ledger.problem and str(tmp_path / "file") in ledger.problem
    ledger.close()


def test_a_file_of_a_newer_version_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / FILE
    newer = sqlite3.connect(path)
    newer.execute("CREATE TABLE calls(something_else)")
    newer.execute("PRAGMA user_version=99")
    newer.commit()
    newer.close()
    before = path.read_bytes()
    ledger = Ledger(path)
    write(ledger, "a")
    assert outcomes(ledger) == {"ok": 1}
    assert "newer sophia" in ledger.problem
    ledger.close()
    assert path.read_bytes() == before


def test_threads(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / FILE)

    def work(who: int) -> None:
        for number in range(50):
            write(ledger, f"{who}-{number}")

    threads = [threading.Thread(target=work, args=(who,)) for who in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert books(ledger) == (800, 4000, 800, 4000, 800, 800)
    ledger.close()


def _process(path: str, who: int) -> None:
    ledger = Ledger(Path(path))
    for number in range(50):
        write(ledger, f"{who}-{number}")
    ledger.close()


def test_processes(tmp_path: Path) -> None:
    path = str(tmp_path / FILE)
    fresh = multiprocessing.get_context("spawn")
    workers = [fresh.Process(target=_process, args=(path, who)) for who in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    ledger = Ledger(Path(path))
    assert books(ledger) == (400, 2000, 400, 2000, 400, 400)
    ledger.close()


FORK = """
import os, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from sophia_cli.llm.ledger import Ledger
from test_store import write
ledger = Ledger(Path(sys.argv[1]))
write(ledger, "parent-before")
child = os.fork()
if child == 0:
    for number in range(20):
        write(ledger, f"child-{number}")
    ledger.close()
    os._exit(0)
for number in range(20):
    write(ledger, f"parent-{number}")
assert os.waitpid(child, 0)[1] == 0
ledger.close()
"""


def test_fork(tmp_path: Path) -> None:
    here = str(Path(__file__).parent)
    path = tmp_path / FILE
    subprocess.run([sys.executable, "-c", FORK, str(path), here], check=True)
    ledger = Ledger(path)
    assert books(ledger) == (41, 205, 41, 205, 41, 41)
    ledger.close()


def test_a_killed_process_leaves_an_unknown_call(tmp_path: Path) -> None:
    path = tmp_path / FILE
    code = (
        "import sys, time; sys.path.insert(0, sys.argv[2])\n"
        "from pathlib import Path\n"
        "from sophia_cli.llm.ledger import Ledger\n"
        "from test_store import opening, write\n"
        "ledger = Ledger(Path(sys.argv[1]))\n"
        "write(ledger, 'done'); ledger.begin(opening('cut'))\n"
        "print('ready', flush=True); time.sleep(60)\n"
    )
    here = str(Path(__file__).parent)
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path), here], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    ledger = Ledger(path)
    assert outcomes(ledger) == {"ok": 1, "unknown": 1}
    rows = ledger.read("SELECT id, error_kind, cost_nano FROM calls WHERE outcome = 'unknown'")
    assert rows == [("cut", "process_gone", None)]
    ledger.close()


def test_calls_of_a_running_process_stay_open(tmp_path: Path) -> None:
    path = tmp_path / FILE
    mine = Ledger(path)
    mine.begin(opening("running"))
    other = Ledger(path)
    assert outcomes(other) == {"open": 1}
    other.close()
    mine.close()


def test_half_a_surrogate_pair_is_written_out(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / FILE)
    ledger.begin(Opening(id="a", started_ns=1, door="n", operation="chat", user="x\ud83d"))
    ledger.finish(final("a"))
    assert ledger.read("SELECT user FROM calls") == [("x\\ud83d",)]
    ledger.close()


@pytest.mark.parametrize("label", ["it's", "''); --", "two\nlines", "nul\0", "\ud83d", "é", ""])
def test_what_all_calls_of_a_buffer_have_is_written_as_it_is(tmp_path: Path, label: str) -> None:
    ledger = Ledger(tmp_path / FILE, "batch")
    for name in "ab":
        ledger.begin(opening(name)._replace(service=label, door=label))
        ledger.finish(final(name)._replace(cost_source=label, finish_reason=label))
    held = label.encode("utf-8", "backslashreplace").decode()
    rows = ledger.read("SELECT id, service, door, cost_source, finish_reason, status FROM calls")
    assert rows == [("a", *[held] * 4, 0), ("b", *[held] * 4, 0)]
    ledger.close()


def test_it_opens_again_after_it_was_closed(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / FILE)
    write(ledger, "a")
    ledger.close()
    write(ledger, "b")
    assert outcomes(ledger) == {"ok": 2}
    ledger.close()


def test_without_a_path_it_is_in_memory(tmp_path: Path) -> None:
    ledger = Ledger(None)
    write(ledger, "a")
    assert Counter(outcomes(ledger)) == {"ok": 1}
    ledger.close()


def test_a_spill_that_was_cut_gives_what_is_whole(tmp_path: Path) -> None:
    path = tmp_path / FILE
    whole = (
        json.dumps(["Opening", opening("a")._asdict()])
        + "\n"
        + json.dumps(["Final", final("a")._asdict() | {"attempts": []}])
    )
    (tmp_path / f"{FILE}.spill-999999999").write_text(whole + '\n["Final", {"id": "b"')
    ledger = Ledger(path)
    assert outcomes(ledger) == {"ok": 1}
    ledger.close()
    assert [item.name for item in tmp_path.iterdir()] == [FILE]


def test_what_a_dead_process_had_taken_is_taken_again_and_counted_once(tmp_path: Path) -> None:
    path = tmp_path / FILE
    lines = [
        ["Opening", opening("a")._asdict()],
        ["Final", final("a")._asdict() | {"attempts": []}],
    ]
    text = "\n".join(json.dumps(line) for line in lines)
    for name in (f"{FILE}.taken-999999999-0", f"{FILE}.spill-999999998"):
        (tmp_path / name).write_text(text)
    ledger = Ledger(path)
    assert books(ledger)[:4] == (1, 5, 1, 5)
    ledger.close()
    assert [item.name for item in tmp_path.iterdir()] == [FILE]


UNEVEN = """
import os, sys, time
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from sophia_cli.llm.ledger import Ledger
from test_store import write
ledger = Ledger(Path(sys.argv[1]), sys.argv[3])
write(ledger, "parent-before")
child = os.fork()
if child == 0:
    for number in range(20):
        write(ledger, f"child-{number}")
    ledger.read("SELECT 1")
    time.sleep(0.3)
    os._exit(0)
ledger.read("SELECT 1")
ledger.close()
assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.parametrize("durability", ["call", "batch"])
def test_a_parent_that_closes_first_takes_nothing_from_its_child(
    tmp_path: Path, durability: str
) -> None:
    here = str(Path(__file__).parent)
    path = tmp_path / FILE
    subprocess.run([sys.executable, "-c", UNEVEN, str(path), here, durability], check=True)
    ledger = Ledger(path)
    assert books(ledger) == (21, 105, 21, 105, 21, 21)
    ledger.close()
