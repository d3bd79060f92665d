"""A stack: what runs, where, and from which images; kept in a folder of its own between commands."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from sophia_cli.errors import SophiaError
from sophia_cli.files import put
from sophia_cli.infra.servers import SERVERS, Server
from sophia_cli.infra.settings import load_settings
from sophia_cli.llm.folders import own_folder
from sophia_cli.lock import locked

VERSION = 1
FILE = "stack.json"
RESTORING = "restoring/before.json"  # what a stack was, while a restore changes it
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


@dataclass(frozen=True)
class Stack:
    """One stack of a project.

    `root` is the project, `home` the folder that is the stack's alone. `servers` run here; those
    named in `attached` run elsewhere, at their URL. `open_files` is the limit that SonarQube gets,
    and `search_checks` whether its search engine checks the machine. `registry` and `mapped` are what
    the settings said of images when it was brought up.
    """

    name: str
    root: Path
    home: Path
    servers: tuple[str, ...] = ()
    ports: Mapping[str, int] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    attached: Mapping[str, str] = field(default_factory=dict)
    open_files: int = 131_072
    search_checks: bool = True
    registry: str = ""
    mapped: Mapping[str, str] = field(default_factory=dict)

    @property
    def running(self) -> tuple[Server, ...]:
        """Its servers in the order of their start."""
        return tuple(one for one in SERVERS if one.name in self.servers)

    def url(self, name: str) -> str:
        """Where a server answers; empty for one that the stack has not."""
        if name in self.attached:
            return self.attached[name].rstrip("/")
        return f"http://localhost:{self.ports[name]}" if name in self.servers else ""


def name_of(root: Path) -> str:
    """The name of a project's stack where none is given: `sophia-` and the folder's name."""
    words = _NOT_IN_A_NAME.sub("-", root.name.lower()).strip("-")[:40]
    return f"sophia-{words or hashlib.sha256(str(root).encode()).hexdigest()[:8]}"


def named_of(root: Path, name: str, environ: Mapping[str, str]) -> str:
    """The name that was given, else that of the settings, else that of the folder.

    Raises SophiaError for one that is none, ConfigError.
    """
    return check_name(name or load_settings(root, environ).name or name_of(root))


def check_name(name: str) -> str:
    """The name, if Compose takes it. Raises SophiaError."""
    if not _NAME.fullmatch(name):
        raise SophiaError(
            f"`{name}` is no name of a stack", "small letters, digits, - and _, such as sophia-shop"
        )
    return name


def home_of(name: str, environ: Mapping[str, str]) -> Path:
    """The folder of the stack of that name. Raises SophiaError for a user without a home."""
    folder = own_folder(environ, "STATE")
    if folder is None:
        raise SophiaError("there is no folder for the stack: HOME is not set", "set HOME")
    return folder / "infra" / name


def load(name: str, environ: Mapping[str, str]) -> Stack | None:
    """The stack of that name as it was last brought up; None where it never was. Raises SophiaError."""
    return load_from(home_of(name, environ))


def load_from(home: Path) -> Stack | None:
    """The stack whose folder that is. Raises SophiaError."""
    path = home / FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise SophiaError(
            f"{path} cannot be read: {error}", f"look at it, or remove {home}"
        ) from error
    if not isinstance(found, dict) or found.pop("version", None) != VERSION:
        raise SophiaError(f"{path} is of another version of sophia", "update sophia")
    return _stack(found, home, path)


def of(settings: Mapping[str, Any], name: str, root: Path, home: Path) -> Stack:
    """A stack with the settings of a backup. Raises SophiaError where they are none."""
    return _stack({**settings, "name": name, "root": str(root)}, home, home / FILE)


def save(stack: Stack) -> None:
    """Keep it for the next command. Raises SophiaError where it has no folder, OSError."""
    data = {**asdict(replace(stack, root=stack.root.absolute())), "version": VERSION}
    del data["home"]
    _make(stack.home)
    put(stack.home / FILE, json.dumps(data, indent=2, default=str).encode() + b"\n", 0o600)


def forget(stack: Stack) -> None:
    """Let there be no stack of that name any more; its folder stays. Raises OSError."""
    (stack.home / FILE).unlink(missing_ok=True)


@contextmanager
def alone(home: Path, *, unfinished: bool = False) -> Iterator[None]:
    """One command at a time changes a stack; the lock goes with the process.

    Raises SophiaError, also for a stack whose restore is `unfinished`, unless it is meant.
    """
    _make(home)
    busy = SophiaError(
        f"another command is changing the stack `{home.name}`",
        "wait for it, then:  sophia infra status",
    )
    with locked(home / "lock", busy):
        if not unfinished and (error := cut_off(home)):
            raise error
        yield


def cut_off(home: Path) -> SophiaError | None:
    """The error of a stack that a killed restore has left; None for one that is whole."""
    try:
        archive = json.loads((home / RESTORING).read_text(encoding="utf-8"))["archive"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError):
        archive = "FILE"
    return SophiaError(
        f"a restore of the stack `{home.name}` was cut off",
        f"begin it again:  sophia infra restore {archive}\n"
        f"or put back what was before:  sophia infra restore --undo --name {home.name}",
    )


def _make(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SophiaError(
            f"{home} cannot be made: {error.strerror}", "free or unlock it, or set XDG_STATE_HOME"
        ) from error


def _stack(found: dict[str, Any], home: Path, path: Path) -> Stack:
    try:
        return Stack(
            **{
                **found,
                "home": home,
                "root": Path(found["root"]),
                "servers": tuple(found["servers"]),
            }
        )
    except (KeyError, TypeError) as error:
        raise SophiaError(f"{path} is damaged: {error}", f"look at it, or remove {home}") from error


def find(root: Path, name: str, environ: Mapping[str, str]) -> Stack:
    """The stack of that name, or of this project. Raises SophiaError where there is none, ConfigError."""
    named = named_of(root.resolve(), name, environ)
    stack = load(named, environ)
    if stack is None:
        raise SophiaError(f"there is no stack `{named}`", "sophia infra up")
    return stack
