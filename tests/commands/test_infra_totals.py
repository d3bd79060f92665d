"""Where `sophia infra up` has a ledger's totals written, and what it says of it, as it is typed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from engine_server import engine, program
from prometheus_server import PrometheusServer
from shell import Said, sophia

from sophia_cli.llm import Ledger
from sophia_cli.llm.metrics import ways
from sophia_cli.llm.metrics.place import note_of

NOBODY = "http://127.0.0.1:9"
CONFIG = """
[routes]
default = ["simulator/small"]
[providers.simulator]
"""
SCRAPE = "  No LLM call is counted there. Let it scrape:  sophia metrics serve\n"
LATER = "  No LLM call is counted there. Once it answers:  sophia infra up\n"
STATUS = "  Whether it is later:  sophia metrics status\n"


class Shop:
    """A project beside an engine on which nothing is started; all that is its own is in one folder."""

    def __init__(self, folder: Path, docker: str) -> None:
        self.folder = folder / "shop"
        self.folder.mkdir()
        (self.folder / "sophia.toml").write_text(CONFIG)
        self.ledger = self.folder / "ledger.sqlite3"
        self._given = {
            "PATH": program(folder / "bin"),
            "DOCKER_HOST": docker,
            "XDG_STATE_HOME": str(folder / "state"),
            "SOPHIA_LEDGER": str(self.ledger),
        }

    @property
    def note(self) -> str:
        """What processes are told; empty for nothing."""
        path = note_of(self.ledger)
        return path.read_text().strip() if path.exists() else ""

    def typed(self, *words: str, **given: str) -> Said:
        return sophia(*words, cwd=self.folder, **self._given, **given)

    def up(self, *words: str, **given: str) -> str:
        """What it says between the servers and its end."""
        more = ("--profile", "quality", "--sonar-url", NOBODY, *words)
        said = self.typed("infra", "up", *more, **given)
        assert said.code == 0, said.err
        lines = said.out.partition("  Prometheus    ")[2].partition("\n")[2]
        return lines.partition("Up in ")[0]

    def up_at(self, server: PrometheusServer, **given: str) -> str:
        return self.up("--prometheus-url", server.url, **given)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with engine() as docker:
        yield Shop(tmp_path, docker.url)


@pytest.fixture
def server() -> Iterator[PrometheusServer]:
    with closing(PrometheusServer()) as made:
        yield made


@pytest.fixture
def other() -> Iterator[PrometheusServer]:
    with closing(PrometheusServer()) as made:
        yield made


def written(server: PrometheusServer) -> str:
    return (
        f"  What LLM calls come to is written to {server.url} from now on.\n"
        "  Alerts for it:  sophia metrics alerts --rules --write FILE\n"
    )


def not_written(server: PrometheusServer, why: str) -> str:
    return f"  What LLM calls come to is not written to {server.url} now: {why}\n{STATUS}"


def plain(words: str) -> str:
    """Without the breaks of its lines."""
    return " ".join(words.split())


def test_a_prometheus_of_somebodys_own_is_written_to_until_the_stack_is_down(
    shop: Shop, server: PrometheusServer
) -> None:
    assert shop.up_at(server) == written(server)
    assert server.last("sophia_llm_requests_total") == 0  # they begin before they grow
    assert shop.typed("llm", "ask", "hello").code == 0
    assert server.last("sophia_llm_requests_total", outcome="ok") == 1
    assert shop.typed("infra", "down").code == 0
    assert shop.note == ""


def test_one_that_takes_no_writes_is_to_scrape(shop: Shop, server: PrometheusServer) -> None:
    server.receives = False
    assert (shop.up_at(server), shop.note, server.series) == (SCRAPE, "", {})


def test_settings_that_are_wrong_send_nobody_to_scrape(
    shop: Shop, server: PrometheusServer
) -> None:
    said = shop.up_at(server, SOPHIA_METRICS_WRITE="elsewhere")
    assert said == "  No LLM call is counted there.\n"
    assert (shop.note, server.series) == ("", {})


@pytest.mark.parametrize("path", ["", "/", "/api/v1/write"])
def test_settings_that_name_the_same_server_have_it_written_there(
    shop: Shop, server: PrometheusServer, path: str
) -> None:
    """Whoever let it scrape besides would stop the writing."""
    given = {"SOPHIA_METRICS_WRITE": f"{server.url}{path}"}
    assert shop.up_at(server, **given) == written(server)
    assert (shop.note, server.last("sophia_llm_requests_total")) == ("", 0)
    data = shop.typed("infra", "up", "--json", **given).json["data"]
    assert (data["metrics_of"], data["metrics_problem"]) == (str(shop.ledger), "")


def test_settings_that_name_another_are_said(
    shop: Shop, server: PrometheusServer, other: PrometheusServer
) -> None:
    said = shop.up_at(server, SOPHIA_METRICS_WRITE=other.url)
    assert plain(said) == f"What LLM calls come to is written to {other.url}, not there."
    assert (shop.note, server.series) == ("", {})
    assert shop.up_at(server, SOPHIA_METRICS_WRITE="off") == SCRAPE


@pytest.mark.parametrize(("status", "why"), [(401, "401 no"), (403, "403 no"), (404, "404 no")])
def test_a_write_that_is_refused_is_said(
    shop: Shop, server: PrometheusServer, status: int, why: str
) -> None:
    server.status = status
    assert plain(shop.up_at(server)) == plain(not_written(server, why))
    assert shop.note == server.url  # processes try again
    data = shop.typed("infra", "up", "--json").json["data"]
    rest = f"{server.url} did not take the last write; the next one is soon"
    assert (data["metrics_of"], data["metrics_problem"]) == (str(shop.ledger), rest)


def test_one_that_was_announced_and_does_not_answer_is_still_told_to_processes(shop: Shop) -> None:
    with closing(PrometheusServer()) as server:
        assert shop.up_at(server) == written(server)
    assert plain(shop.up()) == plain(not_written(server, "it does not answer"))
    assert shop.note == server.url


def test_one_that_takes_writes_no_more_is_told_no_more(
    shop: Shop, server: PrometheusServer
) -> None:
    shop.up_at(server)
    server.receives = False
    assert (shop.up(), shop.note) == (SCRAPE, "")


def test_another_takes_its_place(
    shop: Shop, server: PrometheusServer, other: PrometheusServer
) -> None:
    shop.up_at(server)
    assert (shop.up_at(other), shop.note) == (written(other), other.url)
    server.receives = False
    assert (shop.up_at(server), shop.note) == (SCRAPE, "")
    shop.up_at(other)
    assert (shop.up("--prometheus-url", NOBODY), shop.note) == (LATER, "")


def test_settings_go_before_one_that_was_told_before(
    shop: Shop, server: PrometheusServer, other: PrometheusServer
) -> None:
    shop.up_at(server)
    assert shop.up_at(other, SOPHIA_METRICS_WRITE=other.url) == written(other)
    assert shop.note == ""


def test_a_stack_that_has_none_any_more_leaves_no_note(
    shop: Shop, server: PrometheusServer
) -> None:
    shop.up_at(server)
    shop.up("--detach", "prometheus")
    assert shop.note == ""


def test_a_ledger_that_is_exported_is_not_written_besides(
    shop: Shop, server: PrometheusServer
) -> None:
    place, now = "http://127.0.0.1:9464/metrics", time.time_ns()
    with closing(Ledger(shop.ledger)) as ledger:
        who, until = ledger.source, now + ways.LEASE_NS
        ledger.patiently(lambda opened: ways.note(opened, ways.SCRAPE, place, who, now, until))
        why = f"`sophia metrics serve` exports this ledger at {place}"
        assert plain(shop.up_at(server)) == plain(not_written(server, why))
    assert server.series == {}
