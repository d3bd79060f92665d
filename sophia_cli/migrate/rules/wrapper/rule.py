"""Finds every use of a declared service and says what may become of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.rules.wrapper.constructions import find_constructions
from sophia_cli.migrate.rules.wrapper.identity import Known, identify
from sophia_cli.migrate.rules.wrapper.removals import enter_removals
from sophia_cli.migrate.rules.wrapper.replaced import (
    Replaced,
    read_replaced,
    read_set,
    read_stubbed,
)
from sophia_cli.migrate.rules.wrapper.uses import find_passed, find_uses
from sophia_cli.migrate.rules.wrapper.visit import Visit
from sophia_cli.migrate.scan import Scan
from sophia_cli.migrate.site import Category
from sophia_cli.migrate.stand_ins import read_stand_ins


def find_services(scan: Scan) -> None:
    """Add the sites of all services that the packs declare."""
    replaced = read_replaced(scan)
    for pack in scan.packs:
        for service in pack.services:
            _service(identify(scan, pack, service), replaced)


def _service(known: Known, replaced: Replaced) -> None:
    """Visit all files that can hold the service; a new one may show what the others meant."""
    scan, found = known.scan, len(known.scan.sites)
    files = [file for file in scan.files if file.path not in known.homes]
    paths = {file.path for file in scan.files} | known.homes
    while True:
        visit = Visit(known, replaced, read_stubbed(known, scan.files), read_set(known, scan.files))
        for file in files:
            find_constructions(visit, file)
        further = list(_further(visit, paths))
        if not further:
            break
        files += further
        paths |= {file.path for file in further}
        del scan.sites[found:]
        scan.near.forget()
        _note_stand_ins(scan, further)
    for file in files:
        find_passed(visit, file)
    for file in files:
        find_uses(visit, file)
    enter_removals(visit)
    scan.sites[found:] = [
        (
            replace(site, groups=(*site.groups, known.handed))
            if visit.linked & {*site.groups}
            else site
        )
        for site in scan.sites[found:]
    ]


def _further(visit: Visit, known: set[str]) -> Iterator[Parsed]:
    """Files without a word of the pack in which an instance may be used by its name."""
    modules = visit.known.scan.modules
    if not visit.names:
        return
    names = "|".join(re.escape(name) for name in sorted(visit.names))
    pattern = re.compile(rf"\b(?:{names})\b".encode())
    for path in sorted(modules.paths - known):
        data = modules.read(path) or b""
        if pattern.search(data) and _reaches(visit, data) and (file := modules.get(path)):
            yield file


def _reaches(visit: Visit, data: bytes) -> bool:
    """Whether a file reads, binds or quotes an attribute, or has a name beside that of its module."""
    names = "|".join(re.escape(name) for name in sorted(visit.attributes))
    reads = rf"(?:\.\s*|['\"])(?:{names})\b"
    binds = rf"^[ \t]+(?:(?:async )?def )?(?:{names})\s*[=:(]"
    updates = r"__dict__\.update\("
    if names and re.search(f"{reads}|{binds}|{updates}".encode(), data, re.MULTILINE):
        return True
    return any(
        stem.encode() in data and name.encode() in data for name, stem in sorted(visit.shared)
    )


def _note_stand_ins(scan: Scan, files: list[Parsed]) -> None:
    """Tests without a word of the pack may replace what an instance is kept in."""
    tests = tuple(file for file in files if scan.category(file.path) is Category.TEST)
    found = read_stand_ins(tests, scan.near, frozenset())
    for key, place in found.names.items():
        scan.stand_ins.names.setdefault(key, place)
