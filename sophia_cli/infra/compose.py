"""`docker compose` for one stack: what it is given, and what it is asked."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING

from sophia_cli.assets import asset
from sophia_cli.errors import SophiaError
from sophia_cli.files import put
from sophia_cli.infra.containers import SERVICE, of_stack
from sophia_cli.infra.engine import Engine
from sophia_cli.infra.servers import SERVERS
from sophia_cli.infra.stack import Stack
from sophia_cli.infra.vault import FOLDER, Vault
from sophia_cli.metrics.alerts.prometheus import groups_of
from sophia_cli.metrics.alerts.targets import load_targets
from sophia_cli.metrics.alerts.yaml import yaml_of
from sophia_cli.process import Result, pour, run

if TYPE_CHECKING:
    from docker import DockerClient

HASH = "com.docker.compose.config-hash"
FILE, VARIABLES = "compose.yaml", ".env"
PASSCODE = "sonarqube-passcode"  # opens the server's health, and nothing else
PASSWORDS = {"postgresql": "postgresql", "grafana": "grafana"}


@dataclass(frozen=True)
class Compose:
    """Compose for a stack on an engine."""

    stack: Stack
    engine: Engine

    def prepare(self) -> None:
        """Write the file and its variables into the stack's folder: Compose by hand works there too."""
        self._write(self.stack.home)

    def _write(self, folder: Path) -> None:
        put(folder / FILE, asset("compose/compose.yaml").read_bytes())
        lines = [f"{name}={value}\n" for name, value in _variables(self.stack).items()]
        put(folder / VARIABLES, "".join(lines).encode())

    def run(self, *words: str, timeout: float, folder: Path | None = None) -> Result:
        """Run `docker compose WORDS` in the stack's folder, or another with its files.

        Raises SophiaError when it takes too long.
        """
        cwd = folder or self.stack.home
        return run(self._command(words), cwd=cwd, env=self._environ(), timeout=timeout)

    def pour(
        self,
        *words: str,
        timeout: float,
        stdin: IO[bytes] | None = None,
        stdout: IO[bytes] | None = None,
    ) -> Result:
        """The same from one file into another, of any size."""
        return pour(
            self._command(words),
            cwd=self.stack.home,
            env=self._environ(),
            timeout=timeout,
            stdin=stdin,
            stdout=stdout,
        )

    def do(self, *words: str, timeout: float) -> str:
        """Run it as `run` does, and give what it says. Raises SophiaError when it fails."""
        done = self.run(*words, timeout=timeout)
        if done.code:
            raise SophiaError(
                f"docker compose {words[0]} failed: {last_line(done.stderr)}", "docker ps"
            )
        return done.stdout

    def changed(self, client: DockerClient) -> tuple[str, ...]:
        """The servers whose containers Compose would make anew, by the hashes that it keeps.

        The stack's own files, of the last `up`, stay as they are.
        """
        with TemporaryDirectory() as folder:
            self._write(Path(folder))
            done = self.run("config", "--hash", "*", timeout=60, folder=Path(folder))
        wanted = dict(line.split()[:2] for line in done.stdout.splitlines() if line.strip())
        return tuple(
            one.labels[SERVICE]
            for one in of_stack(client, self.stack)
            if one.labels.get(SERVICE) in self.stack.servers
            and wanted.get(one.labels[SERVICE], "") != one.labels.get(HASH, "")
        )

    def _command(self, words: tuple[str, ...]) -> list[str]:
        fixed = ("--project-name", self.stack.name, "--progress", "plain")
        return ["docker", "compose", *fixed, *words]

    def _environ(self) -> dict[str, str]:
        return {**self.engine.environ, **self._contents()}

    def _contents(self) -> dict[str, str]:
        """What is copied into containers; never in a file of Compose, never an argument."""
        vault = Vault(self.stack.home / FOLDER)
        # One that runs elsewhere gets none: what is kept under its name is how it is logged in to.
        secrets = {
            name: vault.make(kept).value if name in self.stack.servers else ""
            for name, kept in PASSWORDS.items()
        }
        secrets["sonarqube"] = (
            f"sonar.jdbc.password={secrets['postgresql']}\n"
            f"sonar.web.systemPasscode={vault.make(PASSCODE).value}\n"
        )
        configs = configurations(self.stack)
        return {
            **{f"SOPHIA_SECRET_{name.upper()}": value for name, value in secrets.items()},
            **{f"SOPHIA_CONFIG_{name.upper()}": value for name, value in configs.items()},
        }


def configurations(stack: Stack) -> dict[str, str]:
    """The files of Prometheus and Alertmanager for this stack."""
    jobs = [
        f'  - job_name: {one.name}\n    static_configs: [{{targets: ["{one.name}:{one.inside}"]}}]\n'
        for one in stack.running
        if one.scraped
    ]
    return {
        "prometheus": asset("compose/prometheus/prometheus.yml").read_text() + "".join(jobs),
        "rules": asset("compose/prometheus/rules.yml").read_text() + _alerts(stack),
        "alertmanager": asset("compose/alertmanager/alertmanager.yml").read_text(),
    }


def _alerts(stack: Stack) -> str:
    """The groups made of the project's targets and budgets, as items of a rule file. Raises ConfigError."""
    targets = load_targets(os.environ, stack.root)
    grafana = stack.url("grafana") or targets.grafana
    return yaml_of(groups_of(replace(targets, grafana=grafana)), 2)


def last_line(text: str) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it says nothing"


def _variables(stack: Stack) -> Mapping[str, object]:
    configs = configurations(stack)
    vault = Vault(stack.home / FOLDER)
    # Compose makes a container anew when its definition changes, not when the content of its
    # configuration or secret does: that is what the labels are for. A secret has an age once it is made.
    mine = ("postgresql", PASSCODE)
    for name in mine:
        vault.make(name)
    age = max(map(vault.age, mine))
    return {
        "SOPHIA_STACK": stack.name,
        **{f"SOPHIA_IMAGE_{one.variable}": stack.images[one.name] for one in SERVERS},
        **{f"SOPHIA_PORT_{one.variable}": stack.ports[one.name] for one in SERVERS if one.port},
        "SOPHIA_OPEN_FILES": stack.open_files,
        "SOPHIA_SEARCH_CHECKS_OFF": "false" if stack.search_checks else "true",
        "SOPHIA_AGE_SONARQUBE": age,
        "SOPHIA_HASH_PROMETHEUS": _hash(configs["prometheus"] + configs["rules"]),
        "SOPHIA_HASH_ALERTMANAGER": _hash(configs["alertmanager"]),
    }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
