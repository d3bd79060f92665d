"""An update of the pins of a configuration: proposed, looked at, then written or not."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from sophia_cli.errors import SophiaError
from sophia_cli.files import put
from sophia_cli.hooks.clone import look
from sophia_cli.hooks.config import NAME, Config, read_config
from sophia_cli.hooks.elsewhere import EXACT, PYPI, RANGE, Place, places, plain
from sophia_cli.hooks.update import semver
from sophia_cli.hooks.update.packages import package, version
from sophia_cli.hooks.update.pin import Loose, Pin
from sophia_cli.hooks.update.plan import Asked, Move, moves
from sophia_cli.hooks.update.raised import edited, raised
from sophia_cli.hooks.update.reader import read


@dataclass(frozen=True)
class Apart:
    """A file of the project that holds a package to something else than the hooks will: `wanted`."""

    place: Place
    wanted: str

    @property
    def can_move(self) -> bool:
        return self.place.how == EXACT


@dataclass(frozen=True)
class Update:
    """What is proposed. `text` is the configuration with it, `apart` what the project says elsewhere."""

    path: Path
    config: Config
    moves: tuple[Move, ...]
    loose: tuple[Loose, ...]
    text: str
    apart: tuple[Apart, ...]

    @property
    def behind(self) -> tuple[Move, ...]:
        return tuple(move for move in self.moves if move.moves)

    @property
    def unknown(self) -> tuple[Move, ...]:
        return tuple(move for move in self.moves if move.trouble)


def top_of(folder: Path) -> Path:
    """Where the configuration of a folder stands: there, else at the top of its repository."""
    if not (folder / NAME).exists():
        with suppress(SophiaError):
            return look(folder).root
    return folder


def pins_of(root: Path) -> tuple[Config, Sequence[Pin]]:
    """The configuration of a folder and its pins. Raises SophiaError where there is none to read."""
    config = read_config(_bytes(root / NAME))
    return config, read(config).pins


def propose(asked: Asked, config: Config, tick: Callable[[], None]) -> Update:
    """Ask the registries and decide; nothing is written. Raises SophiaError."""
    found = read(config)
    judged = moves(found.pins, asked, tick)
    text = raised(config, judged)
    return Update(
        asked.root / NAME,
        config,
        judged,
        found.loose,
        text,
        tuple(apart(asked.root, {move.pin: move.to for move in judged})),
    )


def write(update: Update, *, sync: bool) -> list[str]:
    """Write the configuration, and where asked the other files that hold the same; gives their paths.

    Raises SophiaError where a file was changed since it was read.
    """
    root = update.path.parent
    mark = update.config.mark
    texts = {NAME: (mark + update.config.text, mark + update.text)} if update.behind else {}
    if sync:
        texts |= _synced(root, update.apart)
    for name, (before, _) in texts.items():
        if _bytes(root / name) != before.encode():
            raise SophiaError(f"{name} was changed meanwhile", "sophia hooks update   once more")
    for name, (_, after) in texts.items():
        path = (root / name).resolve()
        try:
            put(path, after.encode(), path.stat().st_mode & 0o777)
        except OSError as error:
            raise SophiaError(f"{name} cannot be written: {error.strerror}", "free it") from error
    return list(texts)


def apart(root: Path, to: dict[Pin, str]) -> Iterator[Apart]:
    """What the project's other files say of the same packages, where it is not what the hooks hold."""
    wanted: dict[tuple[str, str], list[str]] = {}
    for pin, text in to.items():
        kind, name = package(pin) or ("", "")
        if kind:
            name = plain(name) if kind == PYPI else name
            wanted.setdefault((kind, name), []).append(version(pin, text))
    for place in places(root, list(wanted)):
        versions = wanted[place.kind, place.name]
        if not any(_agrees(place, one) for one in versions):
            yield Apart(place, versions[0])


def _agrees(place: Place, wanted: str) -> bool:
    if place.how != RANGE:
        return place.version == wanted
    if place.kind != PYPI:
        return semver.fits(wanted, place.version)
    try:
        return SpecifierSet(place.version).contains(wanted, prereleases=True)
    except InvalidSpecifier:
        return True


def _synced(root: Path, found: Sequence[Apart]) -> dict[str, tuple[str, str]]:
    """The text of each file before and after. Raises SophiaError where more than versions would change."""
    texts = {}
    for name in dict.fromkeys(one.place.path for one in found if one.can_move):
        before = _bytes(root / name).decode()
        ours = [one for one in found if one.place.path == name and one.can_move]
        after = edited(before, [(one.place.start, one.place.end, one.wanted) for one in ours])
        masked = edited(before, [(one.place.start, one.place.end, "0") for one in ours])
        shift, spans = 0, []
        for one in sorted(ours, key=lambda one: one.place.start):
            start = one.place.start + shift
            spans.append((start, start + len(one.wanted), "0"))
            shift += len(one.wanted) - (one.place.end - one.place.start)
        if _parsed(name, edited(after, spans)) != _parsed(name, masked):
            raise SophiaError(f"{name} cannot be changed in place", f"change {name} by hand")
        texts[name] = (before, after)
    return texts


def _parsed(name: str, text: str) -> Any:
    try:
        if name.endswith(".toml"):
            return tomllib.loads(text)
        if name.endswith(".json"):
            return json.loads(text)
    except ValueError:
        return None
    return text


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise SophiaError(f"there is no {path.name} here", "sophia hooks install") from None
    except OSError as error:
        raise SophiaError(f"{path.name} cannot be read: {error.strerror}", "free it") from error
