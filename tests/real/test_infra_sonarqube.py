"""`sophia infra` with the real SonarQube, PostgreSQL, Prometheus and Alertmanager: one stack, one test after the other."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from stacks import Shop, docker, gone_at_the_end, lacking

IMAGES = ("postgres", "sonarqube-before", "sonarqube", "prometheus", "alertmanager")
BEFORE, NOW = "26.1.0.118079", "26.9.0.129388"
pytestmark = pytest.mark.skipif(bool(lacking(*IMAGES)), reason=lacking(*IMAGES) or "-")
PASSPHRASE = "a passphrase of this run"
TO_NOW = ("--image", "sonarqube=sophia-test/sonarqube")
PATIENCE = 1200.0  # seconds; a machine that does other things too is slow

OLD_FAULTS = "def add(a, b, c):\n    if a == a:\n        return a + b\n"
FAULTS = """\
def run(text, items):
    if text == text:
        try:
            return eval(text)
        except:
            pass
"""
MENDED = "def run(text):\n    return text.strip()\n"


class Processes:
    """Every command line that is seen on this machine until the end."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Processes:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.2):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(path.read_bytes())
                except OSError:
                    continue


class Stopper:
    """Stops a container as soon as SonarQube's database is being migrated."""

    def __init__(self, url: str, container: str) -> None:
        self.saw = ""
        self._url, self._container = url, container
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Stopper:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        with httpx.Client(timeout=5) as client:
            while not self._ended.wait(0.02):
                with suppress(httpx.HTTPError, ValueError):
                    if client.get(self._url).json().get("status") == "DB_MIGRATION_RUNNING":
                        self.saw = "DB_MIGRATION_RUNNING"
                        docker("stop", "-t", "0", self._container)
                        return


class Real:
    """The stack of this module, what was seen of it, and every secret that it ever had."""

    def __init__(self, shop: Shop, processes: Processes) -> None:
        self.shop, self.processes = shop, processes
        self.secrets: set[str] = set()
        self.took: list[str] = []

    def sophia(self, *words: str, code: int = 0, stdin: str = "") -> Any:
        began = time.monotonic()
        data = self.shop.sophia(*words, code=code, stdin=stdin, patience=PATIENCE)["data"]
        self.took.append(f"sophia {' '.join(words[:2])}: {time.monotonic() - began:.0f} s")
        self.secrets.update(self.shop.secrets().values())
        return data

    def fails(self, *words: str) -> Any:
        """The error of a command that exits 1."""
        began = time.monotonic()
        error = self.shop.sophia(*words, code=1, patience=2 * PATIENCE)["error"]
        self.took.append(f"sophia {' '.join(words[:2])} (fails): {time.monotonic() - began:.0f} s")
        return error

    def image(self, server: str) -> str:
        name = f"{self.shop.name}-{server}-1"
        return docker("inspect", "--format", "{{.Config.Image}}", name).strip()

    def up(self) -> Any:
        return self.sophia(*self.shop.up_words, "--timeout", str(int(PATIENCE)))

    @property
    def project(self) -> str:
        return self.shop.name.removeprefix("sophia-")

    def held(self) -> dict[str, Any]:
        """What SonarQube says of the project's code, as it says it."""
        metrics = "ncloc,violations,code_smells,bugs,vulnerabilities,coverage,complexity"
        measures = self.ask("measures/component", component=self.project, metricKeys=metrics)
        for _ in range(120):  # the index is built anew
            issues = self.ask("issues/search", expect=(200, 503), components=self.project)
            if "issues" in issues:
                break
            time.sleep(1)
        return {
            "version": self.ask("system/status")["version"],
            "measures": sorted(
                (one["metric"], one["value"]) for one in measures["component"]["measures"]
            ),
            "issues": sorted(
                (one["key"], one["rule"], one.get("line", 0), one["status"])
                for one in issues["issues"]
            ),
            "analyses": [
                one["key"]
                for one in self.ask("project_analyses/search", project=self.project)["analyses"]
            ],
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.shop.ports['sonarqube']}"

    def ask(self, path: str, expect: tuple[int, ...] = (200,), **params: str) -> Any:
        login = ("admin", self.shop.secrets()["sonarqube"])
        answer = httpx.get(f"{self.url}/api/{path}", params=params, auth=login, timeout=60)
        assert answer.status_code in expect, answer.text
        return answer.json()

    def standing(self) -> dict[str, Any]:
        """All that a second `up` must leave as it is."""
        project = self.project
        return {
            "containers": self.shop.containers(),
            "secrets": self.shop.secrets(),
            "projects": self.ask("projects/search")["components"],
            "tokens": self.ask("user_tokens/search", login="admin")["userTokens"],
            "gates": self.ask("qualitygates/list")["qualitygates"],
            "conditions": self.ask("qualitygates/show", name="sophia")["conditions"],
            "gate": self.ask("qualitygates/get_by_project", project=project)["qualityGate"],
            "new code": self.ask("new_code_periods/show", project=project),
            "webhooks": self.ask("webhooks/list", project=project)["webhooks"],
            "profiles": self.ask("qualityprofiles/search", project=project)["profiles"],
        }

    def takes(self, user: str, password: str) -> bool:
        answer = httpx.get(f"{self.url}/api/authentication/validate", auth=(user, password))
        return bool(answer.json()["valid"])


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Real]:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "sums.py").write_text(OLD_FAULTS)
    images = {
        "postgresql": "sophia-test/postgres",
        "sonarqube": "sophia-test/sonarqube-before",
        "prometheus": "sophia-test/prometheus",
        "alertmanager": "sophia-test/alertmanager",
    }
    # The engines of CI may not open as many files as SonarQube's search engine asks for.
    shop = Shop(folder, images, "--no-search-checks")
    with Processes() as processes, gone_at_the_end(shop):
        made = Real(shop, processes)
        yield made
    reporter = pytestconfig.pluginmanager.getplugin("terminalreporter")
    reporter.write_line(f"\n{'; '.join(made.took)}")


def test_up_secures_what_it_brings_up(real: Real) -> None:
    made = real.up()
    answer = httpx.get(f"{real.url}/api/system/health", auth=("admin", "admin"), timeout=60)
    assert answer.status_code == 401
    project = real.project
    token = real.ask("user_tokens/search", login="admin")["userTokens"]
    assert [(one["name"], one["type"], one["project"]["key"]) for one in token] == [
        (f"sophia {project}", "PROJECT_ANALYSIS_TOKEN", project)
    ]
    assert made["changed"] == [
        "the administrator's password of SonarQube",
        f"project `{project}`",
        "quality gate `sophia`",
        f"gate of `{project}`",
        f"analysis token until {token[0]['expirationDate'][:10]}",
        "sonar-project.properties",
    ]
    bound = docker("ps", "--format", "{{.Ports}}", "--filter", f"name={real.shop.name}")
    assert bound.count("127.0.0.1:") == bound.count("->") == len(real.shop.ports) == 3


def test_the_first_analysis_is_green_since_nothing_is_new(real: Real) -> None:
    found = real.sophia("infra", "scan", "--wait")
    assert (found["passed"], found["failed"], found["new"]) == (True, [], [])
    assert (found["measures"]["ncloc"], found["measures"]["violations"]) == ("3", "2")


def test_an_upgrade_whose_database_stops_is_rolled_back(real: Real) -> None:
    """The database is stopped as soon as its migration has begun."""
    before = real.held()
    assert before["version"] == BEFORE
    with Stopper(f"{real.url}/api/system/status", f"{real.shop.name}-postgresql-1") as stopper:
        error = real.fails("infra", "upgrade", *TO_NOW)
    assert stopper.saw == "DB_MIGRATION_RUNNING"
    assert error["message"].endswith("; rolled back: images and data are those of before")
    assert real.held() == before
    assert real.image("sonarqube") == "sophia-test/sonarqube-before"


def test_an_upgrade_with_its_migration_keeps_the_measures(real: Real) -> None:
    before, standing = real.held(), real.standing()
    done = real.sophia("infra", "upgrade", *TO_NOW)
    assert done["version"] == {"before": BEFORE, "now": NOW}
    assert done["migrated"] is True
    assert real.held() == {**before, "version": NOW}
    after = real.standing()
    assert after["tokens"] == standing["tokens"]
    assert after["secrets"] == standing["secrets"]
    assert real.image("sonarqube") == "sophia-test/sonarqube"
    assert real.sophia("infra", "upgrade")["images"] == {}
    words = real.shop.up_words
    words[words.index("sonarqube=sophia-test/sonarqube-before")] = TO_NOW[1]


def test_a_second_up_changes_nothing(real: Real) -> None:
    before = real.standing()
    assert real.up()["changed"] == []
    assert real.standing() == before


def test_faults_make_the_gate_red(real: Real) -> None:
    (real.shop.folder / "faults.py").write_text(FAULTS)
    found = real.sophia("infra", "scan", "--wait", code=1)
    assert not found["passed"]
    assert [(one["metric"], one["found"]) for one in found["failed"]] == [("new_violations", "3")]
    assert [(one["path"], one["line"], one["rule"]) for one in found["new"]] == [
        ("faults.py", 1, "python:S1172"),
        ("faults.py", 2, "python:S1764"),
        ("faults.py", 5, "python:S5754"),
    ]


def test_a_new_token_analyses_and_what_is_mended_is_green(real: Real) -> None:
    before = real.shop.secrets()["sonarqube-token"]
    real.sophia("infra", "secrets", "rotate", "sonarqube-token")
    after = real.shop.secrets()["sonarqube-token"]
    assert (real.takes(before, ""), real.takes(after, "")) == (False, True)
    (real.shop.folder / "faults.py").write_text(MENDED)
    found = real.sophia("infra", "scan", "--wait")
    assert (found["passed"], found["failed"], found["new"]) == (True, [], [])


def test_a_container_that_is_made_anew_keeps_what_it_knew(real: Real) -> None:
    before = real.standing()
    port = real.shop.ports["sonarqube"] + 1
    real.shop.ports["sonarqube"] = port
    real.shop.up_words += ["--port", f"sonarqube={port}"]
    assert real.up()["changed"] == []
    after = real.standing()
    name = f"{real.shop.name}-sonarqube-1"
    assert before["containers"].pop(name) != after["containers"].pop(name)
    assert after == before
    assert real.sophia("infra", "status", code=1)["drift"] == []


def test_what_was_destroyed_is_restored(real: Real) -> None:
    held, before = real.held(), real.standing()
    path = real.shop.folder / "backup.tar"
    real.shop.environ["SOPHIA_BACKUP_PASSPHRASE"] = PASSPHRASE
    real.secrets.add(PASSPHRASE)
    saved = real.sophia("infra", "backup", str(path), "--secrets")
    assert (saved["counts"]["projects"], saved["secrets"]) == (1, True)
    real.sophia("infra", "down", "--volumes", "--yes")
    assert real.shop.secrets() == {}
    words = ("infra", "restore", str(path), "--yes", real.shop.name)
    restored = real.sophia(*words, "--timeout", str(int(PATIENCE)))
    assert restored["counts"] == saved["counts"]
    assert real.held() == held
    after = real.standing()
    kept, made = before.pop("secrets"), after.pop("secrets")
    assert {name for name in kept if kept[name] != made[name]} == {
        "postgresql",
        "sonarqube-passcode",
    }
    assert not set(before.pop("containers").values()) & set(after.pop("containers").values())
    assert after == before
    assert real.takes("admin", real.shop.secrets()["sonarqube"])
    assert real.takes(real.shop.secrets()["sonarqube-token"], "")


def test_secrets_are_nowhere_but_in_their_folder(real: Real) -> None:
    """In no output, log, process list, file of Compose, description of a container or history of an image."""
    secrets = {one.encode() for one in real.secrets}
    # The administrator's, two tokens, the passphrase, and two of the machine before and after the restore.
    assert len(secrets) == 8
    places = {
        "output": "".join(real.shop.said).encode(),
        "process list": b"".join(real.processes.seen),
    }
    for name, container in real.shop.containers().items():
        places[f"{name}: description"] = docker("inspect", container).encode()
        places[f"{name}: log"] = docker("logs", container, errors=True).encode()
        image = json.loads(docker("inspect", container))[0]["Image"]
        places[f"{name}: image"] = docker("history", "--no-trunc", image).encode()
    places["SonarQube's logs"] = docker(
        "exec", f"{real.shop.name}-sonarqube-1", "sh", "-c", "cat /opt/sonarqube/logs/*"
    ).encode()
    for path in real.shop.folder.rglob("*"):
        if path.is_file() and path.parent.name != "secrets":
            places[str(path.relative_to(real.shop.folder))] = path.read_bytes()
    assert any(name.endswith("compose.yaml") for name in places)
    assert [name for name, text in places.items() if any(one in text for one in secrets)] == []
