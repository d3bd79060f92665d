"""Why servers did not come up: by their logs first, since their exit codes say little."""

from __future__ import annotations

import pytest

from sophia_cli.infra.containers import State
from sophia_cli.infra.trouble import explain, known_cause

SONAR = State("sonarqube", "exited", "shop-sonarqube-1", "sonarqube:26", 0)
# Lines as the servers wrote them.
LOGS = [
    (
        "bootstrap check failure [1] of [1]: max virtual memory areas vm.max_map_count [65530]"
        " is too low, increase to at least [262144]",
        "vm.max_map_count is 65530, too low for its search engine",
    ),
    (
        "bootstrap check failure [1] of [1]: max file descriptors [20000] for elasticsearch"
        " process is too low, increase to at least [65535]",
        "its search engine may open 20000 files only, it needs 65535",
    ),
    (
        "Database charset is SQL_ASCII. It must support UTF8.",
        "its database is SQL_ASCII, it must be UTF-8",
    ),
    (
        'FATAL:  password authentication failed for user "sonarqube"',
        "PostgreSQL refuses its password: the data is of another stack's secrets",
    ),
    ("java.io.IOException: No space left on device", "the engine's disk is full"),
]


@pytest.mark.parametrize(
    "log",
    [
        "",
        "SonarQube is operational",
        "vm.max_map_count is fine",
        "Database charset is UTF8",
        "password changed for user",
    ],
)
def test_logs_that_name_no_cause(log: str) -> None:
    assert known_cause(log) == ""


@pytest.mark.parametrize(("log", "words"), LOGS, ids=lambda text: text[:30])
def test_a_server_that_ends_with_exit_code_0_says_why_in_its_log(log: str, words: str) -> None:
    error = explain("", [SONAR], {"sonarqube": f"INFO starting\n{log}\nINFO stopped\n"})
    assert error.message == f"SonarQube did not start: {words}"
    assert error.mend


@pytest.mark.parametrize(
    ("said", "states", "words", "mend"),
    [
        (
            'container "shop-sonarqube-1" exited (1)',
            [State("sonarqube", "exited", "shop-sonarqube-1", "x", 137)],
            "SonarQube ended with exit code 137",
            "sophia infra logs sonarqube",
        ),
        (
            "container shop-prometheus-1 is unhealthy",
            [State("prometheus", "unhealthy", "shop-prometheus-1")],
            "Prometheus runs, but is not healthy",
            "sophia infra logs prometheus",
        ),
        (
            "container shop-grafana-1 is unhealthy",
            [State("grafana", "restarting", "shop-grafana-1", "x", 2)],
            "Grafana ends again and again",
            "sophia infra logs grafana",
        ),
        (
            "Error response from daemon: Bind for 127.0.0.1:9000 failed: port is already allocated",
            [State("sonarqube", "starting", "shop-sonarqube-1")],
            "a port is taken: Error response from daemon: Bind for 127.0.0.1:9000 failed:"
            " port is already allocated",
            "sophia infra up --port SERVER=PORT",
        ),
        (
            "application not healthy after 600s",
            [
                State("postgresql", "ready", "shop-postgresql-1"),
                State("sonarqube", "starting", "shop-sonarqube-1"),
            ],
            "SonarQube is not ready yet: application not healthy after 600s",
            "sophia infra up --timeout 1800",
        ),
        (
            "something\nelse\n",
            [State("sonarqube", "ready", "shop-sonarqube-1")],
            "docker compose failed: else",
            "sophia infra doctor",
        ),
    ],
)
def test_what_compose_says(said: str, states: list[State], words: str, mend: str) -> None:
    error = explain(said, states, {})
    assert (error.message, error.mend) == (words, mend)
