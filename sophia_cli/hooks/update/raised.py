"""The text of a configuration with other versions in the places of its pins, and nothing else changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from sophia_cli.errors import SophiaError
from sophia_cli.hooks.config import NAME, Config, read_config
from sophia_cli.hooks.update.plan import Move
from sophia_cli.hooks.update.reader import read

_Edit = tuple[int, int, str]


def raised(config: Config, moves: Sequence[Move]) -> str:
    """The text with every move made, read again and compared. Raises SophiaError where more would change."""
    text = edited(
        config.text, [edit for move in moves if move.moves for edit in _edits(config, move)]
    )
    to = {move.pin.start: move.to for move in moves}
    before, after = read(config).pins, read_config(text.encode())
    wanted = [(pin.kind, pin.name, to.get(pin.start, pin.version)) for pin in before]
    found = [(pin.kind, pin.name, pin.version) for pin in read(after).pins]
    if wanted != found or _but_versions(config) != _but_versions(after):
        raise SophiaError(
            f"{NAME} is left alone: a version in it cannot be changed in place",
            "change it by hand, then:  pre-commit validate-config",
        )
    return text


def _edits(config: Config, move: Move) -> list[_Edit]:
    pin = move.pin
    text = move.to
    plain = config.text[pin.start - 1 : pin.start] not in ('"', "'")
    # `rev: 1.10` would be a number, which pre-commit refuses.
    if pin.kind == "git" and plain and not isinstance(yaml.safe_load(text), str):
        text = f'"{text}"'
    edits = [(pin.start, pin.end, text)]
    if pin.frozen and move.tag:
        edits.append((*pin.frozen, move.tag))
    return edits


def edited(text: str, edits: Sequence[_Edit]) -> str:
    """A text with other words in some places, each (start, end, words)."""
    for start, end, words in sorted(edits, reverse=True):
        text = text[:start] + words + text[end:]
    return text


def _but_versions(config: Config) -> Any:
    """What the configuration says besides the versions of its pins."""
    masked = [(pin.start, pin.end, "x") for pin in read(config).pins]
    return yaml.safe_load(edited(config.text, masked))
