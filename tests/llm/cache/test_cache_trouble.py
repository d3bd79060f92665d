"""The cache's file grows old, large, corrupt or unusable; the calls are answered all the same."""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from partners import completion, provider, reply

from sophia_cli.llm import LLMError, UnifiedLLMService
from sophia_cli.llm.cache.policy import CachePolicy
from sophia_cli.llm.cache.store import Answers, Kept

HOUR = 3600.0
ASK: Any = {"task_type": "bulk", "temperature": 0}
AGAIN = Kept("p", "m", False, b"{}")


def answers(folder: Path, max_bytes: int = 10_000_000) -> Answers:
    return Answers(folder / "cache.sqlite3", max_bytes)


def change(folder: Path, statement: str, *values: Any) -> None:
    """What time or another program would do to the file."""
    with closing(sqlite3.connect(folder / "cache.sqlite3")) as connection, connection:
        connection.execute(statement, values)


def test_the_file_is_for_this_user_alone(tmp_path: Path) -> None:
    kept = answers(tmp_path)
    kept.keep("k", "bulk", HOUR, AGAIN)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600} and "cache.sqlite3-wal" in modes
    kept.close()


def test_an_answer_has_its_time(tmp_path: Path) -> None:
    kept = answers(tmp_path)
    kept.keep("k", "bulk", HOUR, AGAIN)
    assert kept.find("k", HOUR) == AGAIN and kept.find("other", HOUR) is None
    change(tmp_path, "UPDATE answers SET born = born - 1800")
    assert kept.find("k", HOUR) == AGAIN
    assert kept.find("k", 1799.0) is None  # the setting was shortened since
    change(tmp_path, "UPDATE answers SET expires = ?", time.time() - 1)
    assert kept.find("k", 10 * HOUR) is None
    kept.close()


def test_an_answer_out_of_the_future_is_not_used(tmp_path: Path) -> None:
    kept = answers(tmp_path)
    kept.keep("k", "bulk", HOUR, AGAIN)
    change(tmp_path, "UPDATE answers SET born = born + 86400, expires = expires + 86400")
    assert kept.find("k", HOUR) is None
    kept.keep("k", "bulk", HOUR, AGAIN)
    assert kept.find("k", HOUR) == AGAIN
    kept.close()


def test_the_oldest_answers_make_room(tmp_path: Path) -> None:
    kept = answers(tmp_path, max_bytes=400_000)
    body = b"x" * 10_000
    for number in range(200):
        kept.keep(f"k{number}", "bulk", HOUR, Kept("p", "m", False, body))
    (status,) = kept.status()
    assert 20 < status.answers <= 40 and status.bytes <= 400_000
    assert kept.find("k0", HOUR) is None and kept.find("k199", HOUR) is not None
    kept.close()
    assert (tmp_path / "cache.sqlite3").stat().st_size < 600_000


def test_what_is_over_goes_before_what_is_old(tmp_path: Path) -> None:
    kept = answers(tmp_path, max_bytes=400_000)
    for number in range(30):
        kept.keep(f"k{number}", "bulk", HOUR, Kept("p", "m", False, b"x" * 10_000))
    change(tmp_path, "UPDATE answers SET expires = 1 WHERE key >= 'k20'")
    for number in range(8):
        kept.keep(f"n{number}", "bulk", HOUR, Kept("p", "m", False, b"x" * 10_000))
    assert kept.find("k0", HOUR) is not None
    kept.close()


def test_one_answer_does_not_drive_out_all_others(tmp_path: Path) -> None:
    kept = answers(tmp_path, max_bytes=400_000)
    kept.keep("small", "bulk", HOUR, AGAIN)
    kept.keep("large", "bulk", HOUR, Kept("p", "m", False, b"x" * 100_001))
    assert kept.find("small", HOUR) == AGAIN and kept.find("large", HOUR) is None
    kept.close()


def test_clearing_by_task_and_age(tmp_path: Path) -> None:
    kept = answers(tmp_path)
    for name, task in (("a", "bulk"), ("b", "bulk"), ("c", "embeddings")):
        kept.keep(name, task, HOUR, AGAIN)
    kept.count_hit("bulk", Kept("p", "m", False, b"{}", cost_nano=5))
    change(tmp_path, "UPDATE answers SET born = born - 100 WHERE key = 'a'")
    assert kept.clear(older=1000.0) == 0
    assert kept.clear("bulk", 50.0) == 1
    assert kept.clear("embeddings") == 1
    assert [(row.task, row.answers, row.hits, row.saved_nano) for row in kept.status()] == [
        ("bulk", 1, 1, 5)
    ]
    assert kept.clear() == 1
    kept.close()


Open = Callable[..., UnifiedLLMService]


@pytest.fixture
def two_calls(scripted: Any, service: Any, tmp_path: Path) -> Callable[..., tuple[Any, int]]:
    """Ask the same twice, something having happened before; gives the service and the requests sent."""

    def run(between: Callable[[], None] = lambda: None) -> tuple[Any, int]:
        server = scripted(reply(completion()))
        asked = service(provider("p", server.url), cache=CachePolicy({"bulk": HOUR}))
        assert asked.complete_text_sync("hi", **ASK) == "yes"
        between()
        assert asked.complete_text_sync("hi", **ASK) == "yes"
        return asked, len(server.requests)

    return run


def test_a_corrupt_file_is_moved_aside(
    two_calls: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    garbage = b"this is no database" * 500
    (tmp_path / "cache.sqlite3").write_bytes(garbage)
    asked, requests = two_calls()
    assert requests == 1 and asked.engine.archive.answers.file.problem == ""
    (aside,) = [path for path in tmp_path.iterdir() if "corrupt" in path.name]
    assert aside.read_bytes() == garbage
    assert [record.message for record in caplog.records] == [
        f"the cache was corrupt and is kept as {aside}; a new one begins"
    ]


def test_a_file_that_is_deleted_meanwhile_begins_anew(two_calls: Any, tmp_path: Path) -> None:
    def delete() -> None:
        for path in tmp_path.glob("cache.sqlite3*"):
            path.unlink()

    assert two_calls(delete)[1] == 2
    assert (tmp_path / "cache.sqlite3").exists()


def test_a_newer_file_is_left_alone(
    two_calls: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(tmp_path / "cache.sqlite3")) as connection:
        connection.execute("PRAGMA user_version=99")
    before = (tmp_path / "cache.sqlite3").read_bytes()
    asked, requests = two_calls()
    assert requests == 2 and (tmp_path / "cache.sqlite3").read_bytes() == before
    assert len(caplog.records) == 1  # said once, not for every call
    with pytest.raises(LLMError, match="cannot be used: it was written by a newer sophia"):
        asked.engine.archive.answers.status()


def test_a_folder_that_is_none(scripted: Any, service: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    server = scripted(reply(completion()))
    policy = CachePolicy({"bulk": HOUR}, path=tmp_path / "file" / "cache.sqlite3")
    asked = service(provider("p", server.url), cache=policy)
    for _ in range(2):
        assert asked.complete_text_sync("hi", **ASK) == "yes"
    assert len(server.requests) == 2
    assert "cannot be used" in asked.engine.archive.answers.file.problem


def test_a_full_disk(two_calls: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A limit on the file's pages is what SQLite says of a full disk."""
    kept = answers(tmp_path)
    kept.file.use(lambda opened: opened.execute("PRAGMA max_page_count=8").fetchall(), None)
    for number in range(10):
        kept.keep(f"k{number}", "bulk", HOUR, Kept("p", "m", False, b"x" * 10_000))
    assert kept.file.problem.endswith("cannot be used: database or disk is full")
    assert kept.find("k0", HOUR) is None
    assert len(caplog.records) == 1 and caplog.records[0].levelno == logging.WARNING
    kept.close()


def test_a_file_that_another_process_holds_is_passed_over(two_calls: Any, tmp_path: Path) -> None:
    holder: list[sqlite3.Connection] = []
    kept = answers(tmp_path)
    kept.keep("k", "bulk", HOUR, AGAIN)
    kept.close()

    def hold() -> None:
        holder.append(sqlite3.connect(tmp_path / "cache.sqlite3", isolation_level=None))
        holder[0].execute("BEGIN IMMEDIATE")

    asked, requests = two_calls(hold)
    assert requests == 1  # it can be read, only the hit is not counted
    holder[0].close()
    assert [(row.answers, row.hits) for row in asked.engine.archive.answers.status()] == [(2, 0)]
    assert asked.complete_response_sync("hi", **ASK).cached


def test_many_processes_share_it(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from sophia_cli.llm.cache.store import Answers, Kept
answers, name = Answers(Path(sys.argv[1]), 10_000_000), sys.argv[2]
for number in range(100):
    kept = Kept("p", "m", False, f"{number % 10}".encode() * 1000)
    answers.keep(f"k{number % 10}", "bulk", 3600.0, kept)
    found = answers.find(f"k{number % 10}", 3600.0)
    assert found is None or found.body == kept.body, found
    answers.count_hit("bulk", kept)
answers.close()
"""
    words = [sys.executable, "-c", code, str(tmp_path / "cache.sqlite3")]
    writers = [subprocess.Popen([*words, str(number)]) for number in range(6)]
    assert [writer.wait() for writer in writers] == [0] * 6
    kept = answers(tmp_path)
    assert [row.answers for row in kept.status()] == [10]
    kept.close()


def test_a_child_of_a_fork_has_a_connection_of_its_own(tmp_path: Path) -> None:
    kept = answers(tmp_path)
    kept.keep("parent", "bulk", HOUR, AGAIN)
    child = os.fork()
    if not child:
        # A connection that went through the fork would share its locks with the parent's.
        files = [name.resolve() for name in Path("/proc/self/fd").iterdir() if name.exists()]
        kept.keep("child", "bulk", HOUR, AGAIN)
        alone = tmp_path / "cache.sqlite3" not in files
        os._exit(0 if alone and kept.find("parent", HOUR) == AGAIN else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert kept.find("child", HOUR) == AGAIN and kept.find("parent", HOUR) == AGAIN
    kept.close()


def test_a_request_that_is_no_json_says_so_as_ever(scripted: Any, service: Any) -> None:
    asked = service(
        provider("p", scripted(reply(completion())).url), cache=CachePolicy({"bulk": HOUR})
    )
    with pytest.raises(TypeError):
        asked.complete_text_sync("hi", extra={"a": object()}, **ASK)
    assert asked.complete_text_sync("half a pair \ud83d", **ASK) == "yes"
    assert asked.complete_response_sync("half a pair \ud83d", **ASK).cached
