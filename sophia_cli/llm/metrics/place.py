"""Where a ledger's totals are written to: `[metrics]` in `sophia.toml`, or a note beside the ledger."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from sophia_cli.llm.configfile import ConfigFile, Key
from sophia_cli.llm.errors import ConfigError

AUTO, OFF = "auto", "off"
KEYS = (
    Key(
        "metrics.write",
        str,
        AUTO,
        "where processes write the ledger's totals: URL of a Prometheus, `off`, or `auto`: that of `sophia infra up`",
        "SOPHIA_METRICS_WRITE",
    ),
)


def check_place(file: ConfigFile, said: str) -> str:
    """The setting. Raises ConfigError for what is no URL."""
    if said in (AUTO, OFF):
        return said
    parts = urlsplit(said)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ConfigError(
            f"{file.at('metrics', 'write')}: [metrics] write must be a URL, '{AUTO}' or '{OFF}'",
            'such as write = "http://localhost:9090"; a URL with a password is none',
        )
    return said.rstrip("/")


def note_of(ledger: Path) -> Path:
    """The file that `sophia infra up` leaves beside a ledger: one line, the URL of its Prometheus."""
    return ledger.with_name(f"{ledger.name}.metrics")


def place_of(said: str, ledger: Path | None) -> str:
    """The URL that a ledger's totals are written to; empty for nowhere."""
    if said == OFF or ledger is None:
        return ""
    if said != AUTO:
        return said
    try:
        url = note_of(ledger).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""
    return url if url.startswith(("http://", "https://")) else ""
