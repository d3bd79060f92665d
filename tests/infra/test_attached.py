"""Servers that exist already: told of the project by what somebody gave, and changed in nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from grafana_server import Grafana
from serving import serving
from sonar_server import Sonar
from theirs import TOKENS

from sophia_cli.errors import SophiaError, UsageError
from sophia_cli.infra import attached, credentials
from sophia_cli.infra.login import Login
from sophia_cli.infra.provide import lacking, provide
from sophia_cli.infra.rotate import rotate
from sophia_cli.infra.stack import Stack
from sophia_cli.infra.vault import FOLDER, Vault

BOARDS = ("cost", "latency", "overview", "reliability", "routing")  # what ships
VARIABLES = {credentials.VARIABLES[name]: token for name, token in TOKENS.items()}
SONAR = "http://sonar.internal"


@pytest.fixture
def stack(tmp_path: Path, quality: Sonar, metrics: Grafana) -> Stack:
    (tmp_path / "shop").mkdir()
    urls = {"sonarqube": quality.url, "grafana": metrics.url}
    servers, ports = ("prometheus", "alertmanager"), {"prometheus": 9090}
    return Stack("sophia-shop", tmp_path / "shop", tmp_path, servers, ports, attached=urls)


def told(stack: Stack, environ: dict[str, str] | None = None) -> list[str]:
    return [
        f"{one.state} {one.name}: {one.words}" + (f" -> {one.mend}" if one.mend else "")
        for one in attached.check(stack, environ or {})
    ]


def test_credentials_are_given_by_variables(stack: Stack) -> None:
    urls = stack.attached
    assert told(stack, VARIABLES) == [
        f"ok sonarqube: {urls['sonarqube']} is ready",
        f"ok grafana: {urls['grafana']} is ready",
    ]
    assert Vault(stack.home / FOLDER).names() == ()


@pytest.mark.parametrize("name", ["sonarqube", "grafana"])
@pytest.mark.parametrize("kind", ["token", "password"])
def test_or_kept(stack: Stack, name: str, kind: str) -> None:
    Vault(stack.home / FOLDER).keep(name, TOKENS[name] if kind == "token" else "theirs")
    alone = replace(stack, attached={name: stack.attached[name]})
    assert told(alone) == [f"ok {name}: {stack.attached[name]} is ready"]


def test_without_any_nothing_is_started(stack: Stack, quality: Sonar, metrics: Grafana) -> None:
    assert told(stack) == [
        f"fail sonarqube: there are no credentials for SonarQube at {quality.url}"
        " -> sophia infra secrets set sonarqube   (a token, or admin's password),"
        " or SOPHIA_SONARQUBE_TOKEN",
        f"fail grafana: there are no credentials for Grafana at {metrics.url}"
        " -> sophia infra secrets set grafana   (a token, or admin's password),"
        " or SOPHIA_GRAFANA_TOKEN",
    ]


@pytest.mark.parametrize("name", ["sonarqube", "grafana"])
@pytest.mark.parametrize("value", ["wrong", "squ_wrong", "glsa_wrong"])
def test_wrong_ones_are_told(stack: Stack, name: str, value: str) -> None:
    Vault(stack.home / FOLDER).keep(name, value)
    alone = replace(stack, attached={name: stack.attached[name]})
    title = {"sonarqube": "SonarQube", "grafana": "Grafana"}[name]
    assert told(alone) == [
        f"fail {name}: {title} at {stack.attached[name]} does not take the credentials that it was given"
        f" -> give the right ones:  sophia infra secrets set {name}"
    ]


@pytest.mark.parametrize("name", ["sonarqube", "grafana"])
def test_the_password_that_all_know_is_not_changed_there(
    stack: Stack, quality: Sonar, metrics: Grafana, name: str
) -> None:
    server = quality if name == "sonarqube" else metrics
    server.password = "admin"
    Vault(stack.home / FOLDER).keep(name, "admin")
    title = {"sonarqube": "SonarQube", "grafana": "Grafana"}[name]
    assert told(replace(stack, attached={name: server.url})) == [
        f"fail {name}: {title} at {server.url} has the administrator's password that all know"
        f" -> change it there, then:  sophia infra secrets set {name}"
    ]
    assert server.password == "admin"


def test_one_that_does_not_answer_keeps_the_others_from_nothing(stack: Stack) -> None:
    silent = replace(
        stack, attached={"sonarqube": "http://127.0.0.1:9", "grafana": "http://127.0.0.1:9"}
    )
    checks = attached.check(silent, {})
    assert told(silent) == [
        f"warn {name}: http://127.0.0.1:9 does not answer: it is told nothing"
        " -> once it answers:  sophia infra up"
        for name in ("sonarqube", "grafana")
    ]
    assert list(provide(silent, 0.1, attached.silent(checks))) == []


def test_one_that_is_starting_is_waited_for(
    stack: Stack, quality: Sonar, monkeypatch: pytest.MonkeyPatch
) -> None:
    quality.states = ["STARTING", "STARTING", "UP"]
    alone = replace(stack, attached={"sonarqube": quality.url})
    assert told(alone) == [f"ok sonarqube: {quality.url} is starting"]
    monkeypatch.setenv("SOPHIA_SONARQUBE_TOKEN", TOKENS["sonarqube"])
    assert next(iter(provide(alone, 20))) == "project `shop`"


@pytest.mark.parametrize("kind", ["tokens", "passwords"])
def test_they_are_told_of_the_project_once(
    stack: Stack, quality: Sonar, metrics: Grafana, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = Vault(stack.home / FOLDER)
    for name, token in TOKENS.items():
        if kind == "tokens":
            monkeypatch.setenv(credentials.VARIABLES[name], token)
        else:
            vault.keep(name, "theirs")
    made = [words.partition(" until ")[0] for words in provide(stack, 20)]
    assert made == [
        "project `shop`",
        "quality gate `sophia`",
        "gate of `shop`",
        "analysis token",
        "sonar-project.properties",
        "data source `sophia-prometheus`",
        "folder `sophia`",
        *(f"board `sophia-{name}`" for name in BOARDS),
        *(["Grafana's token"] if kind == "passwords" else []),
    ]
    assert (quality.password, metrics.password) == ("theirs", "theirs")
    assert metrics.sources["sophia-prometheus"]["url"] == "http://localhost:9090"
    for one in (quality, metrics):
        one.seen.clear()
    assert list(provide(stack, 20)) == []
    assert [one.written for one in (quality, metrics)] == [[], []]
    assert list(lacking(stack, "grafana", vault)) == []


def test_a_data_source_that_is_there_is_not_turned_to_another(
    stack: Stack, metrics: Grafana, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = replace(stack, attached={"grafana": metrics.url})
    monkeypatch.setenv("SOPHIA_GRAFANA_TOKEN", TOKENS["grafana"])
    list(provide(alone, 20))
    metrics.sources["sophia-prometheus"]["url"] = "http://prometheus.internal"
    with pytest.raises(SophiaError) as caught:
        list(provide(alone, 20))
    assert caught.value.message == (
        f"Grafana at {metrics.url} has a data source `sophia-prometheus` for http://prometheus.internal"
    )
    assert caught.value.mend == (
        "use that:  --prometheus-url http://prometheus.internal   (or remove it there)"
    )


def test_a_token_that_may_not_is_told(
    stack: Stack, metrics: Grafana, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics.accounts[1].role = "Editor"
    monkeypatch.setenv("SOPHIA_GRAFANA_TOKEN", TOKENS["grafana"])
    with pytest.raises(SophiaError) as caught:
        list(provide(replace(stack, attached={"grafana": metrics.url}), 20))
    assert caught.value.message == (
        "Grafana answered 403 to /api/datasources/uid/sophia-prometheus:"
        " You'll need additional permissions to perform this action."
    )
    assert caught.value.mend == "log in as an administrator"


@pytest.mark.parametrize(
    ("urls", "servers", "words"),
    [
        ({"grafana": "http://127.0.0.1:9"}, ("prometheus",), ""),
        ({"grafana": "https://g.internal", "prometheus": "http://localhost:9"}, (), ""),
        ({"grafana": "https://g.internal"}, ("sonarqube",), ""),
        (
            {"grafana": "https://g.internal"},
            ("prometheus",),
            "Grafana at https://g.internal cannot reach a Prometheus that listens on this machine alone",
        ),
        (
            {"prometheus": "http://localhost:9"},
            ("grafana",),
            "Grafana runs in a container and cannot reach http://localhost:9",
        ),
    ],
)
def test_what_grafana_can_reach(
    stack: Stack, urls: dict[str, str], servers: tuple[str, ...], words: str
) -> None:
    ports = {"prometheus": 9090, "grafana": 3000, "sonarqube": 9000}
    asked = replace(stack, servers=servers, ports=ports, attached=urls)
    found = [one.words for one in attached._reach(asked)]
    assert found == ([words] if words else [])


class PrometheusHandler(BaseHTTPRequestHandler):
    """Answers what its server says of each path."""

    def do_GET(self) -> None:
        said: dict[str, object] = self.server.said  # type: ignore[attr-defined]
        body = json.dumps({"status": "success", "data": said.get(self.path)}).encode()
        self.send_response(200 if self.path in said else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


READY = {"/-/ready": ""}
BUILT = {"/api/v1/status/buildinfo": {"version": "3.5.0"}}


def flags(**found: str) -> dict[str, object]:
    return {"/api/v1/status/flags": {name.replace("_", "-"): one for name, one in found.items()}}


@pytest.mark.parametrize(
    ("said", "version"),
    [
        (READY, ""),  # of another kind: it has flags of its own
        ({**READY, **BUILT}, ", version 3.5.0"),
        ({**READY, **BUILT, "/api/v1/status/flags": None}, ", version 3.5.0"),
        (
            {
                **READY,
                **BUILT,
                "/api/v1/status/flags": {"web.enable-remote-write-receiver": "true"},
            },
            ", version 3.5.0",
        ),
        (
            {**READY, **BUILT, **flags(enable_feature="exemplar-storage,remote-write-receiver")},
            ", version 3.5.0",
        ),
    ],
)
def test_a_prometheus_that_is_there(stack: Stack, said: dict[str, object], version: str) -> None:
    with serving(PrometheusHandler, {"said": said}) as port:
        url = f"http://127.0.0.1:{port}"
        assert told(replace(stack, attached={"prometheus": url})) == [
            f"ok prometheus: {url} is ready{version}"
        ]
        asked = replace(stack, attached={"prometheus": url})
        assert attached.takes_totals(asked, attached.check(asked, {}))


@pytest.mark.parametrize(
    "found", [{"web.enable-remote-write-receiver": "false"}, {"enable-feature": "agent"}]
)
def test_a_prometheus_that_cannot_be_written_to(stack: Stack, found: dict[str, str]) -> None:
    said = {**READY, **BUILT, "/api/v1/status/flags": found}
    with serving(PrometheusHandler, {"said": said}) as port:
        url = f"http://127.0.0.1:{port}"
        asked = replace(stack, attached={"prometheus": url})
        assert told(asked) == [
            f"ok prometheus: {url} is ready, version 3.5.0",
            f"warn remote write: {url} takes no remote writes: the totals of LLM calls cannot be"
            " written to it -> start it with --web.enable-remote-write-receiver   (from 2.33 on)",
        ]
        assert attached.silent(attached.check(asked, {})) == frozenset()
        assert not attached.takes_totals(asked, attached.check(asked, {}))


def test_where_llm_calls_are_counted(stack: Stack) -> None:
    """By the stack's own; not by one that is silent, nor where there is none."""
    assert attached.takes_totals(stack, attached.check(stack, {}))
    away = replace(stack, attached={"prometheus": "http://127.0.0.1:9"})
    assert not attached.takes_totals(away, attached.check(away, {}))
    assert not attached.takes_totals(replace(stack, servers=("sonarqube",)), ())


@pytest.mark.parametrize("name", ["sonarqube", "grafana"])
def test_a_password_of_somebody_else_is_not_made_anew(stack: Stack, name: str) -> None:
    Vault(stack.home / FOLDER).keep(name, "theirs")
    with pytest.raises(SophiaError, match="is not this stack's: its password is changed there"):
        rotate(stack, name)


def test_tokens_are_made_anew_there(stack: Stack, quality: Sonar, metrics: Grafana) -> None:
    vault = Vault(stack.home / FOLDER)
    for name in TOKENS:
        vault.keep(name, "theirs")
    list(provide(stack, 20))
    before = [vault.get(f"{name}-token") for name in TOKENS]
    for name in TOKENS:
        rotate(stack, f"{name}-token")
    after = [vault.get(f"{name}-token") for name in TOKENS]
    assert all(one and one != other for one, other in zip(after, before, strict=True))
    assert len(quality.tokens) == 1
    assert [one.name for one in metrics.accounts.values()] == ["theirs", "sophia-shop"]


def test_a_token_that_was_given_is_not_made_anew(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOPHIA_GRAFANA_TOKEN", TOKENS["grafana"])
    with pytest.raises(SophiaError, match="is made anew there"):
        rotate(stack, "grafana-token")
    with pytest.raises(UsageError, match="`postgresql` cannot be made anew"):
        rotate(stack, "postgresql")


def test_passwords_of_its_own_servers_are_made_anew(
    stack: Stack, quality: Sonar, metrics: Grafana
) -> None:
    ports = {name: int(url.rpartition(":")[2]) for name, url in stack.attached.items()}
    own = replace(stack, servers=("sonarqube", "grafana"), ports=ports, attached={})
    vault = Vault(own.home / FOLDER)
    for name, server in (("sonarqube", quality), ("grafana", metrics)):
        vault.keep(name, "theirs")
        rotate(own, name)
        kept = vault.get(name)
        assert kept and kept.value == server.password != "theirs"
    with pytest.raises(SophiaError, match="the stack has no Grafana yet"):
        rotate(replace(own, servers=()), "grafana")


def test_of_servers_of_its_own_a_variable_says_nothing(stack: Stack) -> None:
    own = replace(stack, attached={})
    assert credentials.find(own, "grafana", VARIABLES) is None
    assert credentials.find(stack, "grafana", VARIABLES) == Login(token=TOKENS["grafana"])
