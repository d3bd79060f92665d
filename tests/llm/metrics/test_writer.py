"""Remote write: what is sent, when, and that nothing of it is ever felt by a call."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from partners import completion, provider, reply
from prometheus_server import PrometheusServer, decoded

from sophia_cli.llm import CallFailed, Ledger, UnifiedLLMService, load_config
from sophia_cli.llm.budgets.budget import Budget
from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.metrics import ways
from sophia_cli.llm.metrics.families import FAMILIES
from sophia_cli.llm.metrics.place import note_of, place_of
from sophia_cli.llm.metrics.remotewrite import NotWritten, encode, send
from sophia_cli.llm.metrics.writer import Writer
from sophia_cli.llm.prices import Price

BROKEN = reply({"error": {"message": "no"}}, 500, retry_after="0")
PRICE = Price(input=1.0, output=2.0, source="test", as_of="2026-11-01")
REQUESTS = "sophia_llm_requests_total"


@pytest.fixture
def prometheus() -> Iterator[PrometheusServer]:
    server = PrometheusServer()
    yield server
    server.close()


@pytest.fixture
def asked(prometheus: PrometheusServer, scripted: Any, service: Any) -> UnifiedLLMService:
    """A service whose ledger is written to the server."""
    server = scripted(reply(completion()))
    budgets = (Budget("all", 10**9),)
    return service(  # type: ignore[no-any-return]
        provider("p", server.url),
        write=prometheus.url,
        prices={"p/m": PRICE},
        budgets=budgets,
    )


@pytest.fixture
def by_hand(prometheus: PrometheusServer, scripted: Any, service: Any) -> Writer:
    """One of a ledger with one call, that writes when the test says so."""
    asked = service(provider("p", scripted(reply(completion())).url))
    asked.complete_text_sync("hi")
    return Writer(asked.engine.ledger, asked.engine.config, prometheus.url)


def written_by(ledger: Ledger) -> Writer:
    assert isinstance(ledger.reporter, Writer)
    return ledger.reporter


@pytest.mark.parametrize("size", [1, 59, 60, 61, 65_536, 65_537, 200_000])
def test_any_length_is_told_apart(size: int) -> None:
    labels = (("__name__", "a"), ("b", "x" * size))
    assert decoded(encode([(labels, 1.5)], 1_795_782_826_493)) == [(labels, 1.5, 1795782826493)]


def test_what_no_utf8_holds_is_spelled_out() -> None:
    found = decoded(encode([((("__name__", "a"), ("b", "\ud83d")), 1.0)], 1))
    assert found[0][0][1] == ("b", "\\ud83d")


def test_a_process_that_ends_has_written_what_its_ledger_holds(
    prometheus: PrometheusServer, asked: UnifiedLLMService
) -> None:
    for _ in range(3):
        asked.complete_text_sync("hi")
    asked.close()
    assert prometheus.last(REQUESTS, outcome="ok", provider="p", route="routes.default") == 3
    assert prometheus.last("sophia_llm_cost_usd_total") == pytest.approx(21e-6, abs=1e-12)
    assert prometheus.last("sophia_llm_budget_spent_usd", budget="all") == 21e-6
    assert prometheus.last("sophia_llm_request_duration_seconds_count", outcome="ok") == 3
    assert prometheus.last("sophia_llm_request_duration_seconds_bucket", le="+Inf") == 3
    path, headers, _ = prometheus.requests[-1]
    assert path == "/api/v1/write"
    assert headers["Content-Encoding"] == "snappy"
    assert headers["X-Prometheus-Remote-Write-Version"] == "0.1.0"


def test_every_series_is_of_a_declared_family_and_says_no_secret(
    prometheus: PrometheusServer, asked: UnifiedLLMService
) -> None:
    asked.complete_text_sync("a word that nobody says", user="ann", metadata={"a": "secret"})
    asked.close()
    declared = {name: one for one in FAMILIES for name in one.series}
    for key in prometheus.series:
        labels = dict(key)
        family = declared[labels.pop("__name__")]
        assert labels.pop("job") == "sophia-ledger" and labels.pop("instance")
        assert set(labels) - {"le"} <= set(family.labels)
    text = str(list(prometheus.series))
    assert not [word for word in ("ann", "secret", "key-0123", "nobody says") if word in text]


def test_the_ledger_of_each_user_is_told_apart(tmp_path: Path) -> None:
    from sophia_cli.llm.metrics.writer import labels_of

    one, other = Ledger(tmp_path / "a" / "l"), Ledger(tmp_path / "b" / "l")
    assert labels_of(one)["instance"] != labels_of(other)["instance"]
    assert str(tmp_path) not in labels_of(one)["instance"]


def test_a_service_writes_while_it_runs(
    prometheus: PrometheusServer, asked: UnifiedLLMService
) -> None:
    asked.complete_text_sync("hi")
    until = time.monotonic() + 20
    while prometheus.last(REQUESTS, outcome="ok") != 1 and time.monotonic() < until:
        time.sleep(0.02)
    assert prometheus.last(REQUESTS, outcome="ok") == 1


def test_later_moments_never_count_less(
    prometheus: PrometheusServer, asked: UnifiedLLMService
) -> None:
    for _ in range(5):
        asked.complete_text_sync("hi")
        assert written_by(asked.engine.ledger).write() == ""
    key = next(key for key in prometheus.series if dict(key).get("outcome") == "ok" and dict(key)["__name__"] == REQUESTS)  # fmt: skip
    kept = prometheus.series[key]
    assert [value for _, value in kept] == sorted(value for _, value in kept)
    assert [moment for moment, _ in kept] == sorted({moment for moment, _ in kept})


def test_a_clock_that_stands_still_gives_later_moments_all_the_same() -> None:
    before = ways.Way(ways.WRITE, "u", "h", 1, "b", 5 * 10**6, 0)
    assert ways.next_moment(None, 7_500_000) == 7_000_000
    assert ways.next_moment(before, 3 * 10**6) == 6 * 10**6
    assert ways.next_moment(before, 9 * 10**6) == 9 * 10**6
    ahead = before._replace(at_ns=10**15)
    assert ways.next_moment(ahead, 9 * 10**6) == 9 * 10**6


def test_who_comes_late_writes_again_what_is_counted_by_then(
    prometheus: PrometheusServer, by_hand: Writer
) -> None:
    prometheus.late = 2
    assert by_hand.write() == ""
    assert len(prometheus.requests) == 3
    assert prometheus.last(REQUESTS, outcome="ok") == 1


def test_who_always_comes_late_leaves_it_to_the_newer(
    prometheus: PrometheusServer, by_hand: Writer
) -> None:
    prometheus.late = 100
    assert by_hand.write() == ""
    assert prometheus.last(REQUESTS) is None


@pytest.mark.parametrize("status", [400, 404, 500])
def test_a_server_that_takes_nothing_is_left_alone_by_all(
    status: int, prometheus: PrometheusServer, by_hand: Writer
) -> None:
    prometheus.status = status
    assert by_hand.write() == f"{status} no"
    prometheus.status = 0
    assert by_hand.write() == f"{prometheus.url} did not take the last write; the next one is soon"
    assert len(prometheus.requests) == 1
    ledger = by_hand._ledger()
    assert ledger is not None
    ledger.patiently(lambda opened: opened.execute("UPDATE ways SET until_ns=1"))
    assert by_hand.write() == ""
    assert prometheus.last(REQUESTS, outcome="ok") == 1


def test_nobody_there_is_felt_by_no_call(scripted: Any, service: Any) -> None:
    asked = service(provider("p", scripted(reply(completion())).url), write="http://127.0.0.1:9")
    assert asked.complete_text_sync("hi")
    asked.close()
    assert Ledger(asked.engine.ledger.path).read("SELECT COUNT(*) FROM calls") == [(1,)]


def test_a_server_that_hangs_does_not_keep_a_process_from_its_end(
    prometheus: PrometheusServer, asked: UnifiedLLMService
) -> None:
    prometheus.hang = 30.0
    asked.complete_text_sync("hi")
    began = time.monotonic()
    asked.close()
    assert time.monotonic() - began < 20  # each wait has a limit of 2 s


def test_a_host_that_is_none_is_said() -> None:
    for url in ("http://127.0.0.1:99999", "http://"):
        with pytest.raises(NotWritten):
            send(url, b"", 1.0)


def test_failures_are_counted_exactly(
    prometheus: PrometheusServer, scripted: Any, service: Any
) -> None:
    asked = service(provider("p", scripted(BROKEN).url), write=prometheus.url, attempts=2)
    for _ in range(2):
        with pytest.raises(CallFailed):
            asked.complete_text_sync("hi")
    asked.close()
    assert prometheus.last(REQUESTS, outcome="error", error_type="server") == 2
    assert prometheus.last("sophia_llm_attempts_total", outcome="error") == 4


def test_a_ledger_that_is_exported_is_not_written(
    prometheus: PrometheusServer, asked: UnifiedLLMService
) -> None:
    ledger = asked.engine.ledger
    until = time.time_ns() + ways.LEASE_NS
    ledger.patiently(
        lambda opened: ways.note(opened, ways.SCRAPE, "http://x/metrics", ledger.source, 1, until)
    )
    asked.complete_text_sync("hi")
    words = "`sophia metrics serve` exports this ledger at http://x/metrics"
    assert written_by(ledger).write() == words
    asked.close()
    assert prometheus.requests == []


@pytest.mark.parametrize("pid, until", [(999_999_999, 2**62), (os.getpid(), 1)])
def test_an_exporter_that_is_gone_keeps_nobody(
    pid: int, until: int, prometheus: PrometheusServer, asked: UnifiedLLMService
) -> None:
    ledger = asked.engine.ledger
    gone = ledger.source._replace(pid=pid)
    ledger.patiently(lambda opened: ways.note(opened, ways.SCRAPE, "u", gone, 1, until))
    asked.complete_text_sync("hi")
    assert written_by(ledger).write() == ""
    assert prometheus.last(REQUESTS, outcome="ok") == 1


def test_what_is_counted_in_memory_is_not_written(
    prometheus: PrometheusServer, scripted: Any, service: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "no-folder"
    folder.write_text("")
    ledger = Ledger(folder / "ledger.sqlite3")
    config = load_config({"SOPHIA_METRICS_WRITE": prometheus.url}, tmp_path)
    words = Writer(ledger, config, prometheus.url).write()
    assert words.startswith("the ledger could not be read: ") and prometheus.requests == []
    ledger.close()


def test_the_child_of_a_fork_writes_for_itself(
    prometheus: PrometheusServer, asked: UnifiedLLMService
) -> None:
    asked.complete_text_sync("hi")
    child = os.fork()
    if not child:
        code = 1
        try:
            asked.complete_text_sync("hi")
            asked.close()
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert prometheus.last(REQUESTS, outcome="ok") == 2


def test_where_the_totals_go(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.sqlite3"
    assert place_of("auto", ledger) == ""
    note_of(ledger).write_text("http://localhost:9090\n")
    assert place_of("auto", ledger) == "http://localhost:9090"
    assert place_of("off", ledger) == place_of("auto", None) == ""
    assert place_of("https://other", ledger) == "https://other"
    note_of(ledger).write_text("nonsense")
    assert place_of("auto", ledger) == ""


@pytest.mark.parametrize("said", ["localhost:9090", "ftp://x", "http://user:word@host", "http://"])
def test_a_place_that_is_none(said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load_config({"SOPHIA_METRICS_WRITE": said}, tmp_path)
    assert error.value.message == "sophia.toml: [metrics] write must be a URL, 'auto' or 'off'"


def test_the_note_beside_the_ledger_is_read_when_a_process_begins(
    prometheus: PrometheusServer, scripted: Any, service: Any, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger.sqlite3"
    asked = service(provider("p", scripted(reply(completion())).url))
    path = asked.engine.ledger.path
    note_of(path).write_text(prometheus.url)
    again = UnifiedLLMService(asked.engine.config)
    again.complete_text_sync("hi")
    again.close()
    assert prometheus.last(REQUESTS, outcome="ok") == 1
    assert ledger.exists() == (path == ledger)


def test_a_busy_ledger_is_left_alone(
    prometheus: PrometheusServer, asked: UnifiedLLMService
) -> None:
    asked.complete_text_sync("hi")
    writer = written_by(asked.engine.ledger)
    other = sqlite3.connect(asked.engine.ledger.path or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert writer.write().startswith("the ledger could not be read: ")
    other.execute("ROLLBACK")
    other.close()
    assert writer.write() == ""
