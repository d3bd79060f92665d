"""`sophia metrics`, as it is typed: one way out for one ledger, said plainly."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_server import PrometheusServer
from shell import COMMAND, Said, interruptible, sophia, surroundings

from sophia_cli.llm import Ledger
from sophia_cli.llm.metrics.place import note_of
from sophia_cli.metrics.state import Told, announce, withdraw

CONFIG = """
[routes]
default = ["simulator/small"]
[providers.simulator]
[budgets.all]
limit = 75.0
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "sophia.toml").write_text(CONFIG)
    return tmp_path


def ledger_of(shop: Path) -> Path:
    return shop / "ledger.sqlite3"


def typed(shop: Path, *words: str, **environ: str) -> Said:
    return sophia(*words, cwd=shop, SOPHIA_LEDGER=str(ledger_of(shop)), **environ)


@contextmanager
def serving(shop: Path, *words: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """An exporter on a free port, its URL and its process."""
    environ = surroundings(SOPHIA_LEDGER=str(ledger_of(shop)))
    with subprocess.Popen(
        [*COMMAND, "metrics", "serve", "--port", "0", *words],
        cwd=shop, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=interruptible,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            found = re.search(r"http://[\w.:]+/metrics", process.stdout.readline())
            assert found
            yield found[0], process
        finally:
            process.kill()


def test_what_a_scrape_would_say(shop: Path) -> None:
    typed(shop, "llm", "ask", "hello")
    said = typed(shop, "metrics", "show")
    assert (said.code, said.err) == (0, "")
    assert 'sophia_llm_budget_limit_usd{budget="all"} 75.0' in said.out.splitlines()
    assert "sophia_ledger_rows 1" in said.out.splitlines()
    assert typed(shop, "metrics", "show", "--json").json["data"]["text"] == said.out


def test_without_a_ledger_there_are_zeros_and_no_file(shop: Path) -> None:
    said = typed(shop, "metrics", "show")
    assert "sophia_ledger_rows 0" in said.out.splitlines()
    assert not ledger_of(shop).exists()


def test_a_ledger_that_is_none_is_said(shop: Path) -> None:
    ledger_of(shop).mkdir()
    said = typed(shop, "metrics", "show")
    assert said.code == 1 and "cannot be written" in said.err


def test_totals_that_go_nowhere(shop: Path) -> None:
    said = typed(shop, "metrics", "status")
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        f"Ledger: {ledger_of(shop)}\n"
        "Its totals go nowhere.\n"
        "Next:  sophia infra up   or   sophia metrics serve\n"
    )


def test_an_exporter_until_it_is_told_to_end(shop: Path) -> None:
    typed(shop, "llm", "ask", "hello")
    with serving(shop) as (url, process):
        plain = httpx.get(url)
        assert plain.headers["content-type"].startswith("text/plain; version=")
        assert "sophia_ledger_rows 1" in plain.text
        kind = {"accept": "application/openmetrics-text; version=1.0.0"}
        opened = httpx.get(url, headers=kind)
        assert opened.headers["content-type"].startswith("application/openmetrics-text")
        names = {family.name for family in text_string_to_metric_families(opened.text)}
        assert "sophia_llm_requests" in names
        assert httpx.get(url.replace("metrics", "other")).status_code == 404
        assert httpx.get(url.replace("metrics", "")).text.startswith("sophia: ")
        typed(shop, "llm", "ask", "hello again")
        assert "sophia_ledger_rows 2" in httpx.get(url).text
        status = typed(shop, "metrics", "status").out.splitlines()
        assert status[1] == f"Exported by process {process.pid} at {url}"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert typed(shop, "metrics", "status").out.splitlines()[1] == "Its totals go nowhere."


def test_an_exporter_tells_of_a_limit_that_was_edited(shop: Path) -> None:
    limit = 'sophia_llm_budget_limit_usd{budget="all"}'
    with serving(shop) as (url, _):
        assert f"{limit} 75.0" in httpx.get(url).text
        (shop / "sophia.toml").write_text(CONFIG.replace("75.0", "80.0"))
        assert f"{limit} 80.0" in httpx.get(url).text
        (shop / "sophia.toml").write_text("[budgets.all]\nlimit = 'none'\n")
        assert f"{limit} 80.0" in httpx.get(url).text


def test_an_exporter_listens_on_this_machine_alone(shop: Path) -> None:
    with serving(shop) as (url, process):
        assert url.startswith("http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130


def test_two_exporters_of_one_ledger(shop: Path) -> None:
    with serving(shop) as (url, process):
        said = typed(shop, "metrics", "serve", "--port", "0")
        assert (said.code, said.out) == (1, "")
        assert f"exports {ledger_of(shop)} already, at {url}" in said.err
        assert f"kill {process.pid}" in said.err
    with serving(shop):  # one that was killed is gone
        pass


def test_an_exporter_of_a_ledger_that_is_written(shop: Path) -> None:
    said = typed(shop, "metrics", "serve", "--port", "0", SOPHIA_METRICS_WRITE="http://127.0.0.1:9")
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        f"sophia: the totals of {ledger_of(shop)} are written to http://127.0.0.1:9 by the processes "
        "themselves: scraped too, they would be counted twice\n"
        '        leave it so, or in sophia.toml:  [metrics]  write = "off"\n'
    )


def test_a_port_that_is_taken(shop: Path) -> None:
    with serving(shop) as (url, _):
        port = url.partition("127.0.0.1:")[2].partition("/")[0]
        other = shop / "other"
        other.mkdir()
        said = typed(other, "metrics", "serve", "--port", port)
    assert said.code == 1 and f"127.0.0.1:{port} cannot be opened" in said.err


def test_processes_learn_where_to_write_from_up_and_forget_it_with_down(shop: Path) -> None:
    server = PrometheusServer()
    environ = {"SOPHIA_LEDGER": str(ledger_of(shop))}
    try:
        assert announce(environ, shop, server.url) == Told(str(ledger_of(shop)), server.url)
        assert server.last("sophia_llm_requests_total") == 0  # they begin before they grow
        assert typed(shop, "llm", "ask", "hello").code == 0
        assert server.last("sophia_llm_requests_total", outcome="ok") == 1
        lines = typed(shop, "metrics", "status").out.splitlines()
        assert lines[1] == f"Written by the processes themselves to {server.url}"
        assert re.fullmatch(r"Last write: 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC", lines[2])
        withdraw(environ, shop, "http://another")
        assert note_of(ledger_of(shop)).exists()
        withdraw(environ, shop, server.url)
        withdraw(environ, shop, server.url)
        assert not note_of(ledger_of(shop)).exists()
        count = len(server.requests)
        typed(shop, "llm", "ask", "hello")
        assert len(server.requests) == count
    finally:
        server.close()


def test_settings_go_before_what_up_says(shop: Path) -> None:
    environ = {"SOPHIA_LEDGER": str(ledger_of(shop)), "SOPHIA_METRICS_WRITE": "off"}
    told = Told(str(ledger_of(shop)), "")
    assert announce(environ, shop, "http://127.0.0.1:9") == told
    assert not note_of(ledger_of(shop)).exists()


def test_a_server_that_took_nothing_is_a_finding(shop: Path) -> None:
    note_of(ledger_of(shop)).write_text("http://127.0.0.1:9\n")
    assert typed(shop, "llm", "ask", "hello").code == 0
    said = typed(shop, "metrics", "status")
    assert said.code == 1
    assert said.out.splitlines()[-2:] == [
        "http://127.0.0.1:9 did not take the last write.",
        "Next:  sophia infra status",
    ]


def test_who_changes_from_writing_to_scraping_is_counted_once(shop: Path) -> None:
    server = PrometheusServer()
    try:
        note_of(ledger_of(shop)).write_text(server.url)
        typed(shop, "llm", "ask", "hello")
        note_of(ledger_of(shop)).unlink()
        with serving(shop):
            until = time.monotonic() + 10
            while server.last("sophia_ledger_rows") == 1 and time.monotonic() < until:
                time.sleep(0.05)
            ended = server.last("sophia_ledger_rows")
        assert ended is not None and ended != ended  # the mark by which a series ends
    finally:
        server.close()
    assert Ledger(ledger_of(shop)).read("SELECT way FROM ways") in ([], [("scrape",)])


def test_the_alerts_of_a_project(shop: Path) -> None:
    said = typed(shop, "metrics", "alerts")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0] == "13 alerts, of the targets and budgets in sophia.toml"
    assert lines[3].split() == [
        "SophiaErrorsFast",
        "critical",
        "2m",
        *["sophia", "usage", "--since", "1d"],
    ]
    assert all(len(line) <= 80 for line in lines)
    told = typed(shop, "metrics", "alerts", "--json").json["data"]
    assert told[0]["link"] == "http://localhost:3000/d/sophia-reliability"


def test_alerts_as_files(shop: Path) -> None:
    rules = typed(shop, "metrics", "alerts", "--rules")
    assert rules.out.startswith("# Made by `sophia metrics alerts` of")
    said = typed(shop, "metrics", "alerts", "--rules", "--write", "rules.yml")
    assert (said.code, said.out) == (0, "Written: rules.yml\n")
    assert (shop / "rules.yml").read_text() == rules.out
    assert "rule_files:" in typed(shop, "metrics", "alerts", "--tests").out
    assert "apiVersion: 1" in typed(shop, "metrics", "alerts", "--grafana").out
    wrong = typed(shop, "metrics", "alerts", "--write", "no/folder/rules.yml")
    assert wrong.code == 1 and "no/folder/rules.yml cannot be written" in wrong.err
    again = typed(shop, "metrics", "alerts", "--grafana", "--write", "rules.yml")
    assert (again.code, again.out) == (0, "Written: rules.yml\n")
    assert "apiVersion: 1" in (shop / "rules.yml").read_text()


def test_a_slip_of_the_pen_costs_no_file(shop: Path) -> None:
    before = (shop / "sophia.toml").read_text()
    said = typed(shop, "metrics", "alerts", "--rules", "--write", "sophia.toml")
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        "sophia: sophia.toml is there, and no rules of sophia's\n"
        "        name another, or remove it\n"
    )
    assert (shop / "sophia.toml").read_text() == before
    said = typed(shop, "metrics", "alerts", "--rules", "--tests")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("sophia: --grafana, --tests and --rules are a file each\n")


def test_promtool_judges_them(shop: Path) -> None:
    program = shop / "promtool"
    program.write_text('#!/bin/sh\nif [ "$1" = test ]; then echo "a test failed" >&2; exit 1; fi\n')
    program.chmod(0o755)
    said = typed(shop, "metrics", "alerts", "--check", PATH=f"{shop}:/bin:/usr/bin")
    assert (said.code, said.out) == (1, "a test failed\n")
    program.write_text("#!/bin/sh\n")
    said = typed(shop, "metrics", "alerts", "--check", PATH=f"{shop}:/bin:/usr/bin")
    words = "13 alerts: each fires in its test, and stays quiet in the other.\n"
    assert (said.code, said.out) == (0, words)
    said = typed(shop, "metrics", "alerts", "--check", PATH=str(shop / "nothing"))
    assert said.code == 1 and said.err.startswith("sophia: promtool is not installed\n")
