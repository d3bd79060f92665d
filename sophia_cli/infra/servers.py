"""The servers that a stack can have."""

from __future__ import annotations

from dataclasses import dataclass

QUALITY, METRICS = "quality", "metrics"
PROFILES = (QUALITY, METRICS)


@dataclass(frozen=True)
class Server:
    """One service of `compose/compose.yaml`; `port` is where it listens on this machine, unless told."""

    name: str
    title: str
    profile: str
    port: int | None
    inside: int | None = None
    scraped: bool = False

    @property
    def variable(self) -> str:
        """The end of its variables' names."""
        return self.name.upper()


SERVERS = (
    Server("postgresql", "PostgreSQL", QUALITY, None),
    Server("sonarqube", "SonarQube", QUALITY, 9000, 9000),
    Server("prometheus", "Prometheus", METRICS, 9090, 9090, scraped=True),
    Server("alertmanager", "Alertmanager", METRICS, 9093, 9093, scraped=True),
    Server("grafana", "Grafana", METRICS, 3000, 3000, scraped=True),
)
NAMES = tuple(server.name for server in SERVERS)
WITH_PORT = tuple(server.name for server in SERVERS if server.port)
ATTACHABLE = ("sonarqube", "grafana", "prometheus")  # those that may run elsewhere


def server(name: str) -> Server:
    """The server of that name. Raises KeyError."""
    return {one.name: one for one in SERVERS}[name]
