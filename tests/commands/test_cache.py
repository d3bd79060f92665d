"""`sophia llm cache`, as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from shell import Said, sophia

from sophia_cli.llm.simulator.server import serve

SETTINGS = (
    '[cache]\nunset_temperature = true\n[cache.tasks]\nbulk = "1d"\ndocument_summary = "7d"\n'
)


@pytest.fixture
def used(tmp_path: Path) -> Said:
    """A project whose cache holds two answers, one of which was given again; what that call said."""
    (tmp_path / "sophia.toml").write_text(SETTINGS)
    with serve() as server:
        environ = {
            "OPENROUTER_API_KEY": "sk-or-0123456789ab",
            "OPENROUTER_BASE_URL": f"{server.url}/api/v1",
        }
        for task in ("bulk", "document_summary", "bulk"):
            said = sophia("llm", "ask", "hello", "--task", task, cwd=tmp_path, **environ)
            assert said.code == 0, said.err
        assert len(server.requests) == 2
    return said


def test_where_no_task_is_cached(tmp_path: Path, own_home: Path) -> None:
    said = sophia("llm", "cache", "status", cwd=tmp_path)
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        'No task is cached.\nNext:  in sophia.toml, [cache.tasks] document_summary = "1d"\n'
    )
    assert sophia("llm", "cache", "clear", cwd=tmp_path).out == "0 answers deleted.\n"
    assert not list(own_home.rglob("cache.sqlite3"))  # looking leaves nothing behind
    (tmp_path / "sophia.toml").write_text(SETTINGS)
    assert sophia("llm", "cache", "status", cwd=tmp_path).out == "No answer is kept yet.\n"


def test_the_answer_says_where_it_is_from(used: Said) -> None:
    assert " in, " in used.err and "(from the cache) · $0.0000\n" in used.err
    assert "simulated" in used.out


def test_status(tmp_path: Path, own_home: Path, used: Said) -> None:
    data = sophia("llm", "cache", "status", "--json", cwd=tmp_path).json["data"]
    path = own_home / "state" / "sophia" / "cache.sqlite3"
    assert (data["path"], data["max_bytes"]) == (str(path), 200_000_000)
    assert data["tasks"] == {"bulk": 86_400.0, "document_summary": 604_800.0}
    bulk, summary = data["rows"]
    assert (bulk["task"], bulk["answers"], bulk["hits"], bulk["unpriced"]) == ("bulk", 1, 1, 0)
    assert bulk["saved_usd"] > 0 and summary["hits"] == 0
    sizes = [row["bytes"] for row in (bulk, summary)]
    saved = f"${bulk['saved_usd']:.4f}"
    said = sophia("llm", "cache", "status", cwd=tmp_path)
    assert said.out == (
        f"{sum(sizes):,} of at most 200,000,000 bytes are taken, in\n"
        f"  {path}\n"
        "  task              answers  bytes  hits    saved  unpriced hits\n"
        f"  bulk                    1  {sizes[0]:>5,}     1  {saved}              0\n"
        f"  document_summary        1  {sizes[1]:>5,}     0  $0.0000              0\n"
    )


def test_clearing(tmp_path: Path, used: Said) -> None:
    def clear(*words: str) -> str:
        return sophia("llm", "cache", "clear", *words, cwd=tmp_path).out

    assert clear("--older", "1h") == "0 answers deleted.\n"
    assert clear("--task", "bulk") == "1 answer deleted.\n"
    assert sophia("llm", "cache", "clear", "--json", cwd=tmp_path).json["data"] == {"deleted": 1}
    (bulk,) = sophia("llm", "cache", "status", "--json", cwd=tmp_path).json["data"]["rows"]
    assert (bulk["answers"], bulk["hits"]) == (0, 1)  # what it saved stays counted


WRONG = [
    (["--older", "soon"], 2, "sophia: 'soon' is no time such as 90s, 30m, 12h or 7d\n"),
    (["--task", "magic"], 2, "sophia: unknown task 'magic'\n        allowed: data_analysis, "),
]


@pytest.mark.parametrize(("words", "code", "expected"), WRONG)
def test_wrong_words(tmp_path: Path, words: list[str], code: int, expected: str) -> None:
    said = sophia("llm", "cache", "clear", *words, cwd=tmp_path)
    assert (said.code, said.out) == (code, "") and said.err.startswith(expected)


def test_a_file_that_cannot_be_used(tmp_path: Path, own_home: Path) -> None:
    path = own_home / "state" / "sophia" / "cache.sqlite3"
    path.mkdir(parents=True)
    said = sophia("llm", "cache", "status", cwd=tmp_path)
    assert (said.code, said.out) == (1, "")
    assert said.err.endswith(
        f"\nsophia: the cache {path} cannot be used: Is a directory\n"
        f"        mend it, or remove it:  rm {path}\n"
    )
