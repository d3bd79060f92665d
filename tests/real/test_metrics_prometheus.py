"""Metrics and alerts on a real Prometheus and a real Alertmanager: what they say is what the ledgers hold."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from sophia_cli.dashboards.files import read_boards, shipped
from sophia_cli.dashboards.model import panels, targets
from sophia_cli.dashboards.promql import durations, filled
from sophia_cli.llm.metrics.families import FAMILIES
from sophia_cli.metrics.alerts.prometheus import alerts_of, rules_text
from sophia_cli.metrics.alerts.targets import load_targets
from sophia_cli.metrics.state import announce

PROGRAMS = ("prometheus", "prometheus-alertmanager")
MISSING = [name for name in PROGRAMS if shutil.which(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"{' and '.join(MISSING)} not installed")

PROCESSES, EVERY = 240, 40  # every fortieth fails: six
LOOKBACK = 20  # seconds after which this Prometheus forgets a series; usually it is five minutes
SETTINGS = """
[llm]
attempts = 1
[routes]
default = ["simulator/small"]
experimental = ["broken/m"]
[providers.simulator]
[providers.broken]
kind = "openai"
base_url = "http://127.0.0.1:9/v1"
[prices."simulator/small"]
input = 100.0
output = 300.0
[budgets.all]
limit = 1.0
stop = false
"""
PROMETHEUS = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]}}]}}
scrape_configs:
  - {{job_name: sophia, static_configs: [{{targets: ["127.0.0.1:{exporter}"]}}]}}
"""
ALERTMANAGER = """
route: {{receiver: hook, group_by: [alertname], group_wait: 0s}}
receivers: [{{name: hook, webhook_configs: [{{url: "http://127.0.0.1:{hook}/"}}]}}]
"""


class Hook(ThreadingHTTPServer):
    """Keeps what an Alertmanager tells it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Told)
        self.told: list[dict[str, Any]] = []


class _Told(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.told += body["alerts"]
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Servers:
    """A Prometheus at `url`, and what it was told of; the ledgers are written to it, and scraped by it."""

    url: str
    hook: Hook
    shop: Path
    written: Path
    scraped: Path

    def ask(self, query: str) -> dict[str, float]:
        """The value of each series by its `outcome`, of one alone by nothing."""
        done = httpx.get(f"{self.url}/api/v1/query", params={"query": query}, timeout=30)
        assert done.json()["status"] == "success", done.text
        return {
            one["metric"].get("outcome", ""): float(one["value"][1])
            for one in done.json()["data"]["result"]
        }

    def environ(self, ledger: Path) -> dict[str, str]:
        paths = {"SOPHIA_LEDGER": str(ledger), "SOPHIA_CONFIG": str(self.shop / "sophia.toml")}
        return {**os.environ, **paths}

    def sophia(self, ledger: Path, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "sophia_cli", *words],
            env=self.environ(ledger), cwd=self.shop, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


@contextmanager
def running(folder: Path, *command: str | Path, **options: Any) -> Iterator[None]:
    """A program until the block ends; what it says is kept beside its data."""
    with (folder / f"{Path(command[0]).name}.log").open("w") as log:
        process = subprocess.Popen([*map(str, command)], stdout=log, stderr=log, **options)
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def until(true: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Whether it comes true within that time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(httpx.HTTPError):
            if true():
                return True
        time.sleep(0.1)
    return False


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("servers")
    shop = folder / "shop"
    shop.mkdir()
    (shop / "sophia.toml").write_text(SETTINGS)
    prometheus, alertmanager, exporter = free_ports(3)
    hook = Hook()
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    (folder / "rules.yml").write_text(rules_text(load_targets({}, shop)))
    ports = {"alertmanager": alertmanager, "exporter": exporter, "hook": hook.server_address[1]}
    (folder / "prometheus.yml").write_text(PROMETHEUS.format(**ports))
    (folder / "alertmanager.yml").write_text(ALERTMANAGER.format(**ports))
    made = Servers(
        f"http://127.0.0.1:{prometheus}", hook, shop, folder / "written.sqlite3", folder / "scraped.sqlite3"
    )  # fmt: skip
    serve = (sys.executable, "-m", "sophia_cli", "metrics", "serve", "--port", exporter)
    with (
        running(
            folder, "prometheus-alertmanager", f"--config.file={folder}/alertmanager.yml",
            f"--storage.path={folder}/alertmanager", "--cluster.listen-address=",
            f"--web.listen-address=127.0.0.1:{alertmanager}",
        ),
        running(
            folder, "prometheus", f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/prometheus", f"--query.lookback-delta={LOOKBACK}s",
            f"--web.listen-address=127.0.0.1:{prometheus}", "--web.enable-remote-write-receiver",
        ),
        running(folder, *map(str, serve), env=made.environ(made.scraped), cwd=shop),
    ):  # fmt: skip
        assert until(lambda: httpx.get(f"{made.url}/-/ready").is_success)
        # Prometheus knows its Alertmanagers five seconds later; what fires before is told to nobody for a minute.
        assert until(lambda: bool(alertmanagers(made.url)))
        yield made
    hook.shutdown()
    hook.server_close()


def alertmanagers(url: str) -> list[dict[str, str]]:
    """Those that the Prometheus at `url` sends its alerts to."""
    answer = httpx.get(f"{url}/api/v1/alertmanagers").json()
    known: list[dict[str, str]] = answer["data"]["activeAlertmanagers"]
    return known


@pytest.fixture(scope="module")
def called(servers: Servers) -> Servers:
    """The same after 240 processes that lived for one call each."""
    announce({"SOPHIA_LEDGER": str(servers.written)}, servers.shop, servers.url)
    assert until(lambda: servers.ask(total("sophia_llm_requests_total")) == {"": 0.0})
    program = Path(__file__).with_name("short_lived.py")
    subprocess.run(
        [sys.executable, program, str(PROCESSES), str(EVERY)],
        env=servers.environ(servers.written), cwd=servers.shop, check=True, timeout=300,
    )  # fmt: skip
    return servers


def total(name: str, by: str = "", job: str = "sophia-ledger") -> str:
    return f'sum{f" by ({by})" if by else ""}({name}{{job="{job}"}})'


def held(ledger: Path, what: str) -> Any:
    with closing(sqlite3.connect(ledger)) as file:
        return file.execute(f"SELECT {what} FROM calls").fetchone()[0]


def test_240_processes_are_240_calls_and_six_errors_are_six(called: Servers) -> None:
    found = called.ask(f"{total('sophia_llm_requests_total', 'outcome')} > 0")
    assert found == {"ok": 234.0, "error": 6.0}
    assert held(called.written, "COUNT(*)") == PROCESSES
    failed = 'sum(sophia_llm_requests_total{job="sophia-ledger",error_type="connection"})'
    assert called.ask(failed) == {"": 6.0}
    sent = called.ask(f"{total('sophia_llm_attempts_total', 'outcome')} > 0")
    assert sent == {"ok": 234.0, "error": 6.0}


def test_growth_is_exact_too(called: Servers) -> None:
    """No call is lost at the birth of a series: it was there at 0."""
    series = 'sophia_llm_requests_total{job="sophia-ledger"}[30m]'
    grown = f"sum by (outcome) (max_over_time({series}) - min_over_time({series})) > 0"
    assert called.ask(grown) == {"ok": 234.0, "error": 6.0}


def test_money_tokens_and_times_are_the_ledgers(called: Servers) -> None:
    cost = held(called.written, "SUM(cost_nano) / 1e9")
    assert cost > 1
    spent = called.ask('sophia_llm_budget_spent_usd{budget="all",job="sophia-ledger"}')
    assert called.ask(total("sophia_llm_cost_usd_total")) == pytest.approx({"": cost}, abs=1e-9)
    assert spent == pytest.approx({"": cost}, abs=1e-9)
    for name, what in (
        ("sophia_llm_tokens_total", "SUM(tokens_in) + SUM(tokens_out)"),
        ("sophia_llm_request_duration_seconds_sum", "SUM(latency_us) / 1e6"),
        ("sophia_llm_request_duration_seconds_count", "COUNT(*)"),
        ("sophia_ledger_rows", "COUNT(*)"),
    ):
        wanted = pytest.approx({"": held(called.written, what)}, rel=1e-9)
        assert called.ask(total(name)) == wanted, name


def test_an_alert_reaches_a_webhook_through_alertmanager(called: Servers) -> None:
    cost = held(called.written, "SUM(cost_nano) / 1e9")

    def told() -> list[dict[str, Any]]:
        return [one for one in called.hook.told if one["labels"]["alertname"] == "SophiaBudget100"]

    assert until(lambda: bool(told()))
    first, *_ = told()
    assert first["status"] == "firing"
    assert first["labels"]["severity"] == "critical"
    percent = re.fullmatch(r"Budget all is ([\d.]+)% used", first["annotations"]["summary"])
    assert percent and 100 <= float(percent[1]) <= cost * 100 + 0.1
    assert first["annotations"]["runbook"] == "sophia llm budgets"
    assert first["annotations"]["link"] == "http://localhost:3000/d/sophia-cost"


def test_every_alert_is_asked_and_none_fails(called: Servers) -> None:
    for alert in alerts_of(load_targets({}, called.shop)):
        called.ask(alert.expr)
    groups = httpx.get(f"{called.url}/api/v1/rules").json()["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert until(
        lambda: {
            rule["health"]
            for group in httpx.get(f"{called.url}/api/v1/rules").json()["data"]["groups"]
            for rule in group["rules"]
        }
        == {"ok"}
    )
    carried = sum(len(family.series) for family in FAMILIES)
    assert len(rules) == carried + len(alerts_of(load_targets({}, called.shop)))


def test_every_query_of_every_board_runs_on_what_processes_wrote_and_what_is_scraped(
    called: Servers,
) -> None:
    """What figures must be, `test_boards_on_prometheus` asks; here the totals of both ledgers stand side by side."""
    values = {
        **dict.fromkeys(("provider", "model", "route", "task"), ".*"),
        **durations(1, 15, 3600),
    }
    kept: dict[str, float] = {}
    for board in read_boards(shipped()).values():
        for panel in panels(board):
            for target in targets(panel):
                expr = filled(target["expr"], values)
                for value in called.ask(expr).values():
                    kept[panel["title"]] = value
    cost, count = (
        sum(held(ledger, what) or 0 for ledger in (called.written, called.scraped))
        for what in ("SUM(cost_nano) / 1e9", "COUNT(*)")
    )
    assert kept["Spend"] == pytest.approx(cost, abs=1e-9)
    assert (kept["Calls"], kept["Failed calls"], kept["Failed attempts"]) == (count, 6.0, 6.0)
    assert (kept["Unpriced"], kept["Cancelled"], kept["Ledger readable"]) == (0.0, 0.0, 1.0)


def test_an_exporter_is_scraped(servers: Servers) -> None:
    servers.sophia(servers.scraped, "llm", "ask", "hello", "--task", "bulk")
    job = 'job="sophia"'
    assert until(lambda: servers.ask(total("sophia_llm_requests_total", job="sophia")) == {"": 1.0})
    servers.sophia(servers.scraped, "llm", "ask", "hello again", "--task", "bulk")
    assert until(lambda: servers.ask(total("sophia_llm_requests_total", job="sophia")) == {"": 2.0})
    cost = held(servers.scraped, "SUM(cost_nano) / 1e9")
    found = servers.ask(total("sophia_llm_cost_usd_total", job="sophia"))
    assert found == pytest.approx({"": cost}, abs=1e-9)
    assert servers.ask(f"sophia_llm_budget_spent_usd{{{job}}}") == pytest.approx({"": cost})
    assert servers.ask(f"up{{{job}}}") == {"": 1.0}


def test_series_are_there_when_nobody_has_called_for_longer_than_prometheus_remembers(
    called: Servers,
) -> None:
    with closing(sqlite3.connect(called.written)) as file:
        (last,) = file.execute("SELECT at_ns / 1e9 FROM ways WHERE way='write'").fetchone()
    time.sleep(max(0.0, last + LOOKBACK + 3 - time.time()))
    assert called.ask(total("sophia_llm_requests_total")) == {"": float(PROCESSES)}
    called.sophia(called.written, "llm", "ask", "one more", "--task", "bulk")
    assert called.ask(total("sophia_llm_requests_total")) == {"": PROCESSES + 1.0}
