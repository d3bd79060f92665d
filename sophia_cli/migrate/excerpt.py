"""The lines of a site as they are and as they would be: what a report shows of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sophia_cli.migrate.discover import Tree
from sophia_cli.migrate.scan import Scan
from sophia_cli.migrate.site import Edit, Site
from sophia_cli.migrate.source import splice

LONGEST = 20  # lines of one side, and 200 characters of each
_WIDEST = 200


@dataclass(frozen=True)
class Excerpt:
    """`before` are lines of the file from `line` on, `after` what they become with this site alone;
    None where nothing would change. `imports` are what the file gains besides."""

    line: int
    before: str
    after: str | None = None
    imports: tuple[str, ...] = ()


def read_excerpts(scan: Scan, tree: Tree, sites: Iterable[Site]) -> dict[Site, Excerpt]:
    """The excerpt of every site whose file can be read."""
    lines: dict[str, list[str]] = {}
    found = {}
    for site in sites:
        excerpt = changed(scan.views(site.path)[0].source.code, site) if site.edits else None
        if excerpt is None:
            if site.path not in lines:
                text = (tree.read(site.path) or b"").decode("utf-8", "replace")
                lines[site.path] = text.splitlines()
            excerpt = _as_is(lines[site.path], site)
        found[site] = excerpt
    return found


def changed(code: bytes, site: Site) -> Excerpt | None:
    """The lines that a site's edits touch, before and after; None where they are not to be told apart."""
    edits = [edit for edit in site.edits if edit.start != edit.end or edit.text or edit.moved]
    if not edits:
        return None
    ends = [edit.moved[1] if edit.moved else edit.end for edit in edits]
    first = code.rfind(b"\n", 0, min(edit.start for edit in edits)) + 1
    if not site.cell:  # the line that the site is named by, also where it stays
        first = min(first, _offset(code, site.line))
    last = max([*ends, *(edit.end for edit in edits)])
    if last > first and code[last - 1 : last] == b"\n":  # whole lines
        stop = last
    else:
        stop = code.find(b"\n", last) + 1 or len(code)
    inside = [_shift(edit, -first) for edit in edits]
    try:
        after = splice(code[first:stop], inside)
    except ValueError:
        return None
    imports = tuple(dict.fromkeys(f"from {need.module} import {need.text}" for need in site.needs))
    line = code.count(b"\n", 0, first) + 1
    return Excerpt(line, shorten(code[first:stop]), shorten(after), imports)


def _offset(code: bytes, line: int) -> int:
    at = 0
    for _ in range(line - 1):
        at = code.find(b"\n", at) + 1
    return at


def _as_is(lines: list[str], site: Site) -> Excerpt:
    line = lines[site.line - 1] if site.line <= len(lines) else ""
    return Excerpt(site.line, shorten(line.encode()))


def _shift(edit: Edit, by: int) -> Edit:
    moved = (edit.moved[0] + by, edit.moved[1] + by) if edit.moved else None
    return replace(edit, start=edit.start + by, end=edit.end + by, moved=moved)


def shorten(code: bytes) -> str:
    """At most so many lines of so many characters, without the white space that all begin with."""
    lines = code.decode("utf-8", "replace").expandtabs(4).splitlines()
    margins = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    margin = min(margins, default=0)
    shown = [line[margin : margin + _WIDEST].rstrip() for line in lines]
    if len(shown) > LONGEST:
        half = LONGEST // 2
        shown = [*shown[:half], f"... {len(shown) - LONGEST:,} lines more", *shown[-half:]]
    return "\n".join(shown)
