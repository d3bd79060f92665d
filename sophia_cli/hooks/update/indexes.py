"""The package indexes that pip is configured for: its files, lowest first, then the environment."""

from __future__ import annotations

import configparser
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sophia_cli.errors import SophiaError

_DEFAULT = "https://pypi.org/simple"
_EVERYBODY = "/etc/xdg"
_KEYS = ("index-url", "extra-index-url", "no-index", "trusted-host", "cert", "proxy")


@dataclass(frozen=True)
class Indexes:
    """Addresses of simple indexes, first the main one; `cert` is a file of certificates to trust instead."""

    urls: tuple[str, ...] = (_DEFAULT,)
    trusted: tuple[str, ...] = ()
    cert: str = ""
    proxy: str = ""


def indexes(environ: Mapping[str, str]) -> Indexes:
    """Where pip would install from. Raises SophiaError for a file that pip could not read either."""
    said: dict[str, str] = {}
    for path in _files(environ):
        said |= _read(path)
    said |= {
        key: environ[name]
        for key in _KEYS
        if environ.get(name := f"PIP_{key.replace('-', '_').upper()}", "")
    }
    urls = [said.get("index-url", _DEFAULT), *said.get("extra-index-url", "").split()]
    if _is_on(said.get("no-index", "")):
        urls = []
    return Indexes(
        tuple(url.strip().rstrip("/") for url in urls),
        tuple(said.get("trusted-host", "").split()),
        said.get("cert", ""),
        said.get("proxy", ""),
    )


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    """In pip's own order: of the machine, of the user, and the one that is named."""
    named = environ.get("PIP_CONFIG_FILE", "")
    if named == "/dev/null":
        return
    for folder in reversed((environ.get("XDG_CONFIG_DIRS") or _EVERYBODY).split(":")):
        yield Path(folder or _EVERYBODY) / "pip" / "pip.conf"
    yield Path("/etc/pip.conf")
    home = environ.get("HOME", "")
    if home:
        yield Path(home) / ".pip" / "pip.conf"
        mac = Path(home) / "Library" / "Application Support" / "pip"
        user = Path(environ.get("XDG_CONFIG_HOME") or Path(home) / ".config") / "pip"
        yield (mac if mac.is_dir() else user) / "pip.conf"
    if named:
        yield Path(named)


def _read(path: Path) -> dict[str, str]:
    """What a file says to every command and to `install`, the latter before the former."""
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text("utf-8"), str(path))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return {}
    except (configparser.Error, UnicodeDecodeError, OSError) as error:
        words = str(error).splitlines()[0]
        raise SophiaError(
            f"{path} cannot be read: {words}", "put it right: pip reads it too"
        ) from None
    said: dict[str, str] = {}
    for section in ("global", "install"):
        if parser.has_section(section):
            said |= {name.replace("_", "-"): value for name, value in parser.items(section)}
    return {key: said[key] for key in _KEYS if said.get(key)}


def _is_on(text: str) -> bool:
    return text.strip().lower() in ("1", "true", "yes", "on", "y", "t")
