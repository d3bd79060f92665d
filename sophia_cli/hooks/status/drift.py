"""The same package in another version elsewhere: manifests, lock files, CI, or another hook."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sophia_cli.checked import OK, WARN, Check
from sophia_cli.hooks.config import Config
from sophia_cli.hooks.update.packages import package, version
from sophia_cli.hooks.update.reader import read
from sophia_cli.hooks.update.update import apart

_SAYS = {"exact": "pins", "range": "takes", "locked": "has"}
_OURS = "sophia-cli"


def drift(config: Config, root: Path) -> Iterator[Check]:
    """Every place that holds a package of the hooks to something else than they do."""
    pins = read(config).pins
    bad = 0
    versions: dict[tuple[str, str], dict[str, int]] = {}
    for pin in pins:
        if known := package(pin):
            versions.setdefault(known, {}).setdefault(version(pin, pin.version), pin.line)
    for (_, name), found in versions.items():
        if len(found) > 1:
            bad += 1
            lines = " and ".join(f"{one} (line {line})" for one, line in found.items())
            words = f"the hooks pin {name} to {lines}"
            yield Check("versions", WARN, words, f"sophia hooks update {name}")
    for one in apart(root, {pin: pin.version for pin in pins if pin.name != _OURS}):
        bad += 1
        place = one.place
        words = (
            f"{place.where} {_SAYS[place.how]} {place.name} {place.version}, the hooks {one.wanted}"
        )
        mend = place.mend or (
            "sophia hooks update --sync"
            if one.can_move
            else f"change it in {place.path}, or in the hooks"
        )
        yield Check("versions", WARN, words, mend)
    if pins and not bad:
        yield Check("versions", OK, f"{len(pins)} pins, the same wherever the project names them")
