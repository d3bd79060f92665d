"""The file is taken away, damaged or held while calls run: they are answered, and their rows are kept."""

from __future__ import annotations

import gc
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import uuid
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from partners import ScriptedServer, completion, provider, reply
from test_store import FILE, books, final, opening, outcomes, write

from sophia_cli.llm import LLMError
from sophia_cli.llm.ledger import Final, Ledger
from sophia_cli.llm.ledger.accounts import Demand, grant
from sophia_cli.llm.ledger.birth import is_alive, own_birth
from sophia_cli.llm.ledger.schema import UPGRADES

HERE = str(Path(__file__).parent)
GARBAGE = b"this is no database" * 500


def spilled(*entries: Any) -> str:
    return "".join(
        json.dumps([type(entry).__name__, entry._asdict() | changes]) + "\n"
        for entry, changes in (
            (e, {"attempts": []} if isinstance(e, Final) else {}) for e in entries
        )
    )


def test_a_call_that_runs_while_the_file_breaks_ends_in_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / FILE
    ledger = Ledger(path)
    write(ledger, "before")
    ledger.begin(opening("a"))
    ledger.close()
    path.write_bytes(GARBAGE)
    ledger.finish(final("a"))
    assert books(ledger) == (1, 5, 1, 5, 1, 1)
    ledger.close()
    (kept,) = [item for item in tmp_path.iterdir() if "corrupt" in item.name]
    assert kept.read_bytes() == GARBAGE


@pytest.mark.parametrize("parts", [("",), ("", "-wal", "-shm")])
def test_a_file_that_is_deleted_while_it_is_open_is_begun_anew(
    tmp_path: Path, parts: tuple[str, ...]
) -> None:
    path = tmp_path / FILE
    ledger = Ledger(path)
    ledger.begin(opening("a"))
    for part in parts:
        path.with_name(FILE + part).unlink()
    ledger.finish(final("a"))
    write(ledger, "b")
    ledger.close()
    again = Ledger(path)
    assert books(again) == (2, 10, 2, 10, 2, 2)
    again.close()


def test_two_files_that_break_at_the_same_moment_are_both_kept(tmp_path: Path) -> None:
    path = tmp_path / FILE
    for content in (GARBAGE, GARBAGE + b"again"):
        path.write_bytes(content)
        ledger = Ledger(path)
        write(ledger, "a")
        ledger.close()
    kept = [item.read_bytes() for item in tmp_path.iterdir() if "corrupt" in item.name]
    assert sorted(kept) == [GARBAGE, GARBAGE + b"again"]


MANY = """
import sys
sys.path.insert(0, sys.argv[2])
from test_store import *
ledger = Ledger(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(10):
    write(ledger, f"{sys.argv[3]}-{number}")
ledger.close()
"""


def test_processes_that_meet_a_corrupt_file_put_it_aside_once(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.write_bytes(GARBAGE)
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", MANY, str(path), HERE, str(who)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for who in range(6)
    ]
    for worker in workers:
        assert worker.stdout is not None and worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate()
        assert worker.returncode == 0
    ledger = Ledger(path)
    assert books(ledger) == (60, 300, 60, 300, 60, 60)
    ledger.close()
    kept = [item for item in tmp_path.iterdir() if item.name.startswith(f"{FILE}.corrupt")]
    assert [item.read_bytes() for item in kept] == [GARBAGE]


def test_reading_goes_on_while_another_process_writes(tmp_path: Path) -> None:
    path = tmp_path / FILE
    ledger = Ledger(path)
    ledger.begin(opening("a"))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    ledger.finish(final("a"))
    assert outcomes(ledger) == {"open": 1}
    other.execute("ROLLBACK")
    other.close()
    assert outcomes(ledger) == {"ok": 1}
    ledger.close()


def test_a_file_that_another_process_keeps_to_itself_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / FILE
    first = Ledger(path)
    write(first, "a")
    first.close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    ledger = Ledger(path)
    with pytest.raises(LLMError) as caught:
        ledger.summary()
    other.execute("ROLLBACK")
    other.close()
    assert caught.value.message == f"the ledger {path} is in use by another process"
    assert caught.value.mend == "try again in a moment"
    assert [row.calls for row in ledger.summary()] == [1]
    ledger.close()


def test_many_calls_begin_and_end_while_the_file_is_locked(tmp_path: Path) -> None:
    path = tmp_path / FILE
    ledger = Ledger(path)
    write(ledger, "before")
    ledger.close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    for name in "abc":
        ledger.begin(opening(name))
    for name in "abc":
        ledger.finish(final(name))
    other.execute("ROLLBACK")
    other.close()
    assert books(ledger) == (4, 20, 4, 20, 4, 4)
    ledger.close()


def test_an_end_that_was_spilled_is_known_before_the_dead_are_counted(tmp_path: Path) -> None:
    path = tmp_path / FILE
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[2])\n"
        "from test_store import *\n"
        "ledger = Ledger(Path(sys.argv[1]))\n"
        "ledger.begin(opening('a')); ledger.begin(opening('b')); os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path), HERE], check=True)
    (tmp_path / f"{FILE}.spill-999999999").write_text(spilled(final("a")))
    ledger = Ledger(path)
    assert ledger.read("SELECT id, outcome FROM calls ORDER BY id") == [
        ("a", "ok"),
        ("b", "unknown"),
    ]
    ledger.close()


def test_a_beginning_that_a_dead_process_left_is_not_taken_for_our_own(tmp_path: Path) -> None:
    """A process that is killed while another keeps the file to itself."""
    text = spilled(opening("a"), opening("b"), final("b"))
    (tmp_path / f"{FILE}.spill-999999999").write_text(text)
    ledger = Ledger(tmp_path / FILE)
    assert outcomes(ledger) == {"ok": 1, "unknown": 1}
    ledger.close()


def test_a_process_that_has_the_number_of_a_dead_one_books_what_that_left(tmp_path: Path) -> None:
    path = tmp_path / FILE
    before = Ledger(path)
    before.begin(opening("a"))
    before.patiently(
        lambda file: grant(file, Demand("all", "2026-11", 100, "lease", 5, 5), *before.source)
    )
    again = Ledger(path)  # of the same process: it lives
    assert again.read("SELECT outcome, held FROM calls, leases") == [("open", 5)]
    again.close()
    # A container that is started anew has the same name, and its first process the same number.
    other = (f"{own_birth()}0",)
    before.patiently(lambda file: file.execute("UPDATE leases SET born=?", other))
    before.patiently(lambda file: file.execute("UPDATE calls SET born=?", other))
    after = Ledger(path)
    assert after.read("SELECT outcome, error_kind FROM calls") == [("unknown", "process_gone")]
    assert after.read("SELECT held, unknown FROM accounts") == [(0, 5)]
    after.close()
    before.close()


def test_a_number_that_another_program_was_given_since_is_of_a_dead_process() -> None:
    assert not is_alive(999_999_999)
    assert is_alive(os.getpid(), own_birth())
    assert not is_alive(os.getpid(), f"{own_birth()}0")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        assert is_alive(other.pid) and is_alive(other.pid, ".whoever")
        if Path("/proc/self/stat").exists():
            began = own_birth().partition(".")[0]
            assert not is_alive(other.pid, f"{began}0.whoever")
        other.communicate(b"\n")


def test_a_ledger_of_the_version_before_knows_numbers_only(tmp_path: Path) -> None:
    path = tmp_path / FILE
    old = sqlite3.connect(path, isolation_level=None)
    for statement in (*UPGRADES[0], *UPGRADES[1], "PRAGMA user_version=2"):
        old.execute(statement)
    rows = [("alive", os.getppid()), ("gone", 999_999_999)]
    host = socket.gethostname()
    for name, pid in rows:
        old.execute(
            "INSERT INTO calls(id, started_ns, host, pid) VALUES(?,?,?,?)", (name, 1, host, pid)
        )
    old.close()
    ledger = Ledger(path)
    assert ledger.read("SELECT id, outcome FROM calls ORDER BY id") == [
        ("alive", "open"),
        ("gone", "unknown"),
    ]
    ledger.close()


def test_a_ledger_of_version_3_is_ordered_by_its_moments(tmp_path: Path) -> None:
    path = tmp_path / FILE
    old = sqlite3.connect(path, isolation_level=None)
    for statement in (*chain(*UPGRADES[:3]), "PRAGMA user_version=3"):
        old.execute(statement)
    for name, moment in (("d", 9), ("a", 5), ("b", 5), ("c", 5), ("e", 9), ("f", 6)):
        old.execute(
            "INSERT INTO calls(id, started_ns, host, pid, outcome, attempts, provider, team, tokens_written)"
            " VALUES(?,?,'h',1,'ok',1,'p','data',3)",
            (name, moment),
        )
    old.execute("INSERT INTO calls(id, started_ns, host, pid, born) VALUES('g', 1, 'h', 1, 'x')")
    old.close()
    ledger = Ledger(path)
    assert ledger.read("SELECT started_ns, id FROM calls") == [
        *((1, "g"), (5, "a"), (6, "b"), (7, "c"), (8, "f"), (9, "d"), (10, "e"))
    ]
    assert ledger.read("SELECT DISTINCT outcome, born, team, tokens_written FROM calls") == [
        ("open", "x", "", None),
        ("ok", "", "data", 3),
    ]
    assert ledger.read("SELECT call_id FROM attempts WHERE provider = 'p'") == [
        (n,) for n in "abcfde"
    ]
    ledger.finish(final("g"))
    write(ledger, "h")
    ledger.close()


@pytest.mark.parametrize("durability", ["call", "batch"])
def test_calls_that_begin_in_the_same_nanosecond_are_all_there(
    tmp_path: Path, durability: str
) -> None:
    ledger = Ledger(tmp_path / FILE, durability)
    begun = [opening(name)._replace(started_ns=5) for name in "abc"]
    for one in begun:
        ledger.begin(one)
    for one in begun:
        ledger.finish(final(one.id))
    assert ledger.read("SELECT id, started_ns, outcome FROM calls") == [
        ("a", 5, "ok"),
        ("b", 6, "ok"),
        ("c", 7, "ok"),
    ]
    assert books(ledger) == (3, 15, 3, 15, 3, 3)
    # What another process left of the same calls is not written twice, wherever they stand now.
    text = spilled(*begun, *map(final, "abc"))
    (tmp_path / f"{FILE}.spill-999999999").write_text(text)
    ledger.close()
    assert books(ledger) == (3, 15, 3, 15, 3, 3)
    ledger.close()


@pytest.mark.parametrize("moment", [2**70, -5, "now"], ids=str)
@pytest.mark.parametrize("durability", ["call", "batch"])
def test_a_moment_that_no_clock_has_keeps_no_call_from_the_ledger(
    tmp_path: Path, durability: str, moment: Any
) -> None:
    """Nothing that a file does not take may be mistaken for a call that is there already."""
    ledger = Ledger(tmp_path / FILE, durability)
    for name in "ab":
        ledger.begin(opening(name)._replace(started_ns=moment))
        ledger.finish(final(name))
    write(ledger, "c")
    assert (outcomes(ledger), ledger.problem) == ({"ok": 3}, "")
    assert books(ledger) == (3, 15, 3, 15, 3, 3)
    ledger.close()


def test_what_a_running_process_keeps_beside_the_ledger_is_its_own(tmp_path: Path) -> None:
    mine = tmp_path / f"{FILE}.spill-{os.getppid()}"
    text = spilled(opening("a"))
    mine.write_text(text)
    ledger = Ledger(tmp_path / FILE)
    write(ledger, "b")
    assert outcomes(ledger) == {"ok": 1}
    ledger.close()
    assert mine.read_text() == text


def test_a_call_that_is_under_way_at_a_clean_end_is_known(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from test_store import *\n"
        "ledger = Ledger(Path(sys.argv[1]), 'batch')\n"
        "ledger.begin(opening('a')); write(ledger, 'b')\n"
    )
    path = tmp_path / FILE
    subprocess.run([sys.executable, "-c", code, str(path), HERE], check=True)
    ledger = Ledger(path)
    assert outcomes(ledger) == {"ok": 1, "unknown": 1}
    ledger.close()


LEFT_BEHIND: dict[str, bytes] = {
    "spill-999999999": b"\xff\xfe\x00\n[]\n{}\n5\nnull\n",
    "spill-999999998": b'["Opening", {"id": ["a"], "started_ns": "x"}]\n["Final", {"id": 3}]\n',
    "spill-999999997": b'["Final", {"id": "a", "outcome": "ok", "attempts": 3, "fallbacks": []}]\n',
    "spill-999999996": b'["Final",{"id":"a","outcome":"ok","attempts":[],"fallbacks":[[1]]}]\n',
    "taken-what-ever": b"not of this ledger",
    "taken-99999999999999999999999-0": b"a number that no process has",
}


@pytest.mark.parametrize("name", LEFT_BEHIND)
def test_whatever_lies_beside_the_ledger_a_call_is_written(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{FILE}.{name}").write_bytes(LEFT_BEHIND[name])
    (tmp_path / f"{FILE}.spill-3").mkdir()
    ledger = Ledger(tmp_path / FILE)
    write(ledger, "b")
    assert (outcomes(ledger), ledger.problem) == ({"ok": 1}, "")
    ledger.close()


def fill(ledger: Ledger) -> None:
    """From now on the connection finds the disk full; the next one does not."""
    (pages,) = ledger._open().execute("PRAGMA page_count").fetchone()
    ledger._open().execute(f"PRAGMA max_page_count={pages}")


def write_until_full(ledger: Ledger) -> int:
    """Write calls with long names until the file takes no more; how many that were."""
    for number in range(1_000):
        write(ledger, f"{number}-{'x' * 2_000}")
        if ledger.problem:
            return number + 1
    raise AssertionError("it never was full")


@pytest.mark.parametrize("durability", ["call", "batch"])
def test_what_a_full_disk_kept_in_memory_is_written_once_there_is_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, durability: str
) -> None:
    path = tmp_path / FILE
    ledger = Ledger(path, durability, again=3600.0)
    write(ledger, "before")
    ledger.read("SELECT 1")
    ledger.begin(opening("under way"))
    fill(ledger)
    count = 1
    while not ledger.problem:
        write(ledger, f"{count}-{'x' * 2_000}")
        ledger.read("SELECT 1")
        count += 1
    assert "full" in ledger.problem and ledger.path is None
    write(ledger, "in memory")
    ledger.finish(final("under way"))
    assert ledger.read("SELECT id, outcome FROM calls WHERE id LIKE '%e%'") != []
    assert ledger._exile is not None
    ledger._exile._until = 0.0  # the while is over
    write(ledger, "after")
    assert (ledger.read("SELECT 1"), ledger.problem, ledger.path) == ([(1,)], "", path)
    total = count + 3
    assert books(ledger) == (total, 5 * total, total, 5 * total, total, total)
    ledger.close()
    said = [record.message.rpartition(f"{FILE} ")[2] for record in caplog.records]
    assert [words.partition(" (")[0] for words in said] == ["cannot be written", "is written again"]


def test_a_file_system_that_is_full(tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    try:
        done = subprocess.run(mounting, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if done.returncode:
        pytest.skip(f"a small file system needs the right to mount one: {done.stderr.strip()}")
    try:
        ledger = Ledger(place / FILE, again=0.0)
        write(ledger, "before")
        (place / "filler").write_bytes(b"x" * 300_000)
        count = 1 + write_until_full(ledger)
        (place / "filler").unlink()
        write(ledger, "after")
        total = count + 1
        assert (ledger.problem, ledger.path) == ("", place / FILE)
        assert books(ledger) == (total, 5 * total, total, 5 * total, total, total)
        ledger.close()
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_what_is_kept_at_the_end_is_tried_once_more(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file, not a folder")
    ledger = Ledger(tmp_path / "folder" / FILE)
    write(ledger, "a")
    assert ledger.problem
    (tmp_path / "folder").unlink()
    ledger.close()
    again = Ledger(tmp_path / "folder" / FILE)
    assert books(again) == (1, 5, 1, 5, 1, 1)
    again.close()


def test_no_more_is_kept_in_memory_than_there_is_room_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("a file, not a folder")
    ledger = Ledger(tmp_path / "file" / FILE, "batch")
    for number in range(6_000):
        write(ledger, str(number))
    assert outcomes(ledger)["ok"] <= 10_100
    assert ledger.read("SELECT SUM(calls) FROM totals") == [(6_000,)]
    assert ledger._exile is not None and len(ledger._exile.entries) <= 10_000
    assert len(ledger._exile.entries) + ledger._exile.lost == 12_000
    caplog.clear()
    ledger.close()
    early = re.search(r"(\d+) entries of the ledger are lost: too many to keep", caplog.text)
    late = re.search(r"(\d+) entries of the ledger are lost: .* to the end", caplog.text)
    assert early and late and int(early[1]) + int(late[1]) == 12_000


def test_spilled_rows_are_not_spent_on_a_ledger_in_memory(tmp_path: Path) -> None:
    spill = tmp_path / f"{FILE}.spill-999999999"
    text = spilled(opening("a"), final("a"))
    spill.write_text(text)
    newer = sqlite3.connect(tmp_path / FILE)
    newer.execute("PRAGMA user_version=99")
    newer.close()
    ledger = Ledger(tmp_path / FILE)
    write(ledger, "b")
    assert ledger.path is None and outcomes(ledger) == {"ok": 1}
    ledger.close()
    assert spill.read_text() == text


ODD: list[dict[str, Any]] = [
    {"user": uuid.UUID(int=5)},
    {"session": 2**80},
    {"service": b"bytes"},
    {"metadata": {"key": {1, 2}}},
    {"model": "p/half \ud83d"},
    {"model": "p/nul \0"},
]


@pytest.mark.parametrize("labels", ODD, ids=str)
def test_no_label_keeps_a_call_from_its_answer_or_the_next_from_the_ledger(
    scripted: Any, service: Any, labels: dict[str, Any]
) -> None:
    server: ScriptedServer = scripted(reply(completion()))
    asked = service(provider("p", server.url))
    assert asked.complete_text_sync("hi", **labels) == "yes"
    assert asked.complete_text_sync("hi") == "yes"
    assert asked.engine.ledger.problem == ""
    assert asked.engine.ledger.read("SELECT outcome, attempts FROM calls") == [("ok", 1)] * 2
    assert asked.engine.ledger.read("SELECT SUM(calls) FROM totals") == [(2,)]
    assert asked.engine.ledger.read("SELECT COUNT(*) FROM attempts") == [(2,)]


def test_a_figure_that_no_ledger_holds_is_not_known(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / FILE)
    ledger.begin(opening("a"))
    ledger.finish(final("a", cost=10**30))
    assert ledger.read("SELECT outcome, cost_nano FROM calls") == [("ok", None)]
    assert ledger.read("SELECT calls, unpriced, cost_nano FROM totals") == [(1, 1, 0)]
    ledger.close()


OTHER = """
import sys
sys.path.insert(0, sys.argv[2])
from test_store import *
ledger = Ledger(Path(sys.argv[1]))
write(ledger, sys.argv[3])
ledger.close()
"""


def test_two_ledgers_of_a_process_on_one_file_keep_each_others_locks(tmp_path: Path) -> None:
    """A process that believes to be the last one would throw the other's rows away."""
    path = tmp_path / FILE
    first, second = Ledger(path), Ledger(path)
    for ledger, name in ((first, "a"), (second, "b")):
        write(ledger, name)
    for number in range(2):
        subprocess.run([sys.executable, "-c", OTHER, path, HERE, f"other-{number}"], check=True)
        write(first, f"late-{number}")
    first.close()
    second.close()
    again = Ledger(path)
    assert books(again) == (6, 30, 6, 30, 6, 6)
    again.close()


def test_a_child_does_not_end_the_calls_of_its_parent(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / FILE)
    ledger.begin(opening("a"))
    child = os.fork()
    if child == 0:
        ledger.finish(Final("a", "cancelled"))
        ledger.close()
        os._exit(0)
    os.waitpid(child, 0)
    ledger.finish(final("a"))
    assert outcomes(ledger) == {"ok": 1}
    ledger.close()


def test_what_waits_is_written_although_nobody_needs_the_ledger_any_more(tmp_path: Path) -> None:
    path = tmp_path / FILE
    ledger = Ledger(path, "batch")
    for number in range(3):
        write(ledger, f"{number}")
    clerk = ledger._clerk
    assert clerk is not None
    del ledger
    gc.collect()
    clerk._thread.join(10)  # it ends with the ledger
    again = Ledger(path)
    assert books(again) == (3, 15, 3, 15, 3, 3)
    again.close()


def test_a_killed_process_that_nobody_asked_for_is_gone() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert is_alive(child.pid)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # over, and still known by its number
    assert not is_alive(child.pid)
    child.communicate()


def test_a_ledger_of_version_4_keeps_its_totals(tmp_path: Path) -> None:
    path = tmp_path / FILE
    old = sqlite3.connect(path, isolation_level=None)
    for statement in (*chain(*UPGRADES[:4]), "PRAGMA user_version=4"):
        old.execute(statement)
    old.execute(
        "INSERT INTO totals(provider, model, task, outcome, error_kind, calls, cost_nano, last_ns, saved_nano)"
        " VALUES('p', 'm', 'bulk', 'ok', '', 3, 15, 7, 2)"
    )
    old.close()
    ledger = Ledger(path)
    told = "SELECT provider, model, route, task, calls, cost_nano, saved_nano, missed FROM totals"
    assert ledger.read(told) == [("p", "m", "", "bulk", 3, 15, 2, 0)]
    write(ledger, "a")
    ledger.close()
