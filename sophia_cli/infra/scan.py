"""An analysis of the working tree: pysonar runs it, the server judges it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sophia_cli.errors import SophiaError
from sophia_cli.infra import credentials, quality
from sophia_cli.infra.login import Login
from sophia_cli.infra.sonarqube import SonarQube
from sophia_cli.infra.stack import Stack
from sophia_cli.infra.vault import FOLDER, Vault
from sophia_cli.llm.folders import own_folder
from sophia_cli.process import record

LOG = "scan.log"
_SCANNER = "import sys; from pysonar_scanner.__main__ import main; sys.exit(main())"
_LOOK = 1.0  # seconds
_SHOWN = 500  # issues; the server gives no more at once
PASSED = "OK"


@dataclass(frozen=True)
class Issue:
    """One finding; `line` is 0 where it is about the whole file."""

    path: str
    line: int
    rule: str
    severity: str
    words: str


@dataclass(frozen=True)
class Condition:
    """One condition of the gate that does not hold: what was measured, and what it is held against."""

    metric: str
    found: str
    threshold: str
    operator: str


@dataclass(frozen=True)
class Verdict:
    """What the server says of an analysis. `since` is the beginning of the new code, empty at the first."""

    project: str
    passed: bool
    failed: tuple[Condition, ...]
    new: tuple[Issue, ...]
    measures: Mapping[str, str]
    url: str
    since: str
    seconds: float


def scan(stack: Stack, environ: Mapping[str, str], timeout: float) -> Verdict:
    """Analyse the stack's project and wait for the verdict; `timeout` in seconds is for all of it.

    Raises SophiaError when the analysis does not come to its end.
    """
    began = monotonic()
    url, vault = stack.url("sonarqube"), Vault(stack.home / FOLDER)
    token = vault.get(quality.TOKEN_SECRET)
    if not url or token is None:
        raise SophiaError("there is no SonarQube for this project yet", "sophia infra up")
    project = quality.wanted_of(stack).project
    login = credentials.need(stack, "sonarqube", environ)
    task = _analyse(stack, project, url, token.value, environ, timeout)
    with SonarQube(url, login) as server:
        _wait(server, task, began + timeout)
        status = server.gate_status(project)
    since = str(status.get("period", {}).get("date", ""))
    return Verdict(
        project,
        status["status"] in (PASSED, "NONE"),
        tuple(_failed(status)),
        _issues(url, login, project, since) if since else (),
        _measures(url, login, project),
        f"{url}/dashboard?id={project}",
        since,
        monotonic() - began,
    )


def _analyse(
    stack: Stack, project: str, url: str, token: str, environ: Mapping[str, str], timeout: float
) -> str:
    """Run pysonar to its end; gives the server's task. What it writes lies in the stack's folder."""
    work = stack.home / "scan"
    work.mkdir(exist_ok=True)
    (work / "report-task.txt").unlink(missing_ok=True)
    cache = own_folder(environ, "CACHE") or stack.home
    log = stack.home / LOG
    # pysonar asks the server without any time limit of its own; the token is never an argument.
    code = record(
        [
            sys.executable, "-c", _SCANNER,
            "--project-key", project,
            f"-Dsonar.working.directory={work}",
            *([] if _has_history(stack.root) else ["-Dsonar.scm.disabled=true"]),
        ],
        log,
        cwd=stack.root,
        timeout=timeout,
        environ={
            **environ,
            "SONAR_TOKEN": token,
            "SONAR_HOST_URL": url,
            "SONAR_USER_HOME": str(cache / "sonar"),
        },
    )  # fmt: skip
    try:
        lines = (work / "report-task.txt").read_text(encoding="utf-8").splitlines()
        found = dict(line.partition("=")[::2] for line in lines)
        return found["ceTaskId"]
    except (OSError, KeyError):
        raise SophiaError(
            f"the analysis ended with exit code {code}: {_reason(log)}", f"read {log}"
        ) from None


def _has_history(root: Path) -> bool:
    return any((folder / ".git").exists() for folder in (root, *root.parents))


def _reason(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = [line.partition("ERROR")[2].strip(": ") for line in lines if "ERROR" in line]
    return next((line for line in errors if line), "it does not say why")


def _wait(server: SonarQube, task: str, until: float) -> None:
    while (state := server.task_state(task))[0] in ("PENDING", "IN_PROGRESS"):
        if monotonic() > until:
            raise SophiaError("SonarQube has not finished its report in time", server.url)
        sleep(_LOOK)
    if state[0] != "SUCCESS":
        raise SophiaError(f"SonarQube could not take the analysis: {state[1]}", server.url)


def _failed(status: Mapping[str, Any]) -> list[Condition]:
    return [
        Condition(
            str(one["metricKey"]),
            str(one.get("actualValue", "")),
            str(one["errorThreshold"]),
            str(one["comparator"]),
        )
        for one in status.get("conditions", [])
        if one["status"] == "ERROR"
    ]


def _client(url: str, login: Login) -> Any:
    from sonarqube import SonarQubeClient

    return SonarQubeClient(
        sonarqube_url=url, username=login.user, password=login.password, token=login.token
    )


def _issues(url: str, login: Login, project: str, since: str) -> tuple[Issue, ...]:
    found = _asked(
        lambda: _client(url, login).issues.search_issues(
            componentKeys=project, createdAfter=since, resolved="false", ps=_SHOWN
        )
    )
    return tuple(
        Issue(
            str(one["component"]).partition(":")[2],
            int(one.get("line", 0)),
            str(one["rule"]),
            str(one.get("severity", "")),
            str(one["message"]),
        )
        for one in found["issues"]
        # The server counts the very moment in; what the analysis found that began the new code is not new.
        if one["creationDate"] != since
    )


def _measures(url: str, login: Login, project: str) -> dict[str, str]:
    names = "ncloc,violations,coverage,duplicated_lines_density"
    found = _asked(
        lambda: _client(url, login).measures.get_component_with_specified_measures(
            component=project, metricKeys=names
        )
    )
    return {
        str(one["metric"]): str(one["value"])
        for one in found["component"]["measures"]
        if "value" in one
    }


def _asked(question: Callable[[], Any]) -> Any:
    """The library's answer. What it lets through of other libraries becomes an error of ours."""
    try:
        found = question()
    except Exception as error:  # its own exceptions, requests', json's: it has no common one
        raise SophiaError(f"SonarQube cannot be read: {error}", "sophia infra status") from error
    if not isinstance(found, dict):  # a page of HTML comes back as a string
        raise SophiaError("SonarQube answered with a page", "sophia infra status")
    return found
