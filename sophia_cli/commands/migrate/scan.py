"""`sophia migrate scan`: everything that has to do with a language model here, by who answers it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from textwrap import fill, indent
from typing import Annotated

import typer

from sophia_cli.commands.migrate.asked import Asked, Exclude, NoCache, Packs, looking
from sophia_cli.commands.migrate.ways import show_ways
from sophia_cli.commands.options import Json, NoColor, Quiet, Root
from sophia_cli.counted import counted
from sophia_cli.migrate.inventory import Inventory, take_inventory
from sophia_cli.migrate.site import Site, site_data
from sophia_cli.output import Output

_HEAD = 8


def scan(
    files: Annotated[
        bool, typer.Option("--files", help="Only the files, one path a line.")
    ] = False,
    exclude: Exclude = None,
    pack: Packs = None,
    no_cache: NoCache = False,
    root: Root = None,
    as_json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Count what calls a language model here, by provider; writes nothing.

    Example: sophia migrate scan --files
    """
    output = Output(as_json=as_json, quiet=quiet, color=not no_color)
    asked = Asked(root, exclude=exclude, pack=pack, no_cache=no_cache)
    options = asked.options()
    with looking(output) as advance:
        inventory = take_inventory(options, advance)
    paths = sorted({site.path for site in inventory.sites})
    if files:
        for path in paths:
            output.line(path)
    else:
        _show(output, inventory, len(paths), asked)
    output.envelope("migrate scan", _data(inventory, paths))


def _rows(sites: Sequence[Site]) -> list[tuple[str, str, str, int, int]]:
    """Provider, rule, category, sites and files; the most first."""
    groups: dict[tuple[str, str, str], list[Site]] = defaultdict(list)
    for site in sites:
        groups[(site.endpoint or site.provider, site.rule, str(site.category))].append(site)
    rows = [(*key, len(found), len({site.path for site in found})) for key, found in groups.items()]
    return sorted(rows, key=lambda row: (row[0], -row[3], row[1:3]))


def _show(output: Output, inventory: Inventory, count: int, asked: Asked) -> None:
    sites = inventory.sites
    output.line(f"{len(sites):,} sites in {count:,} of {inventory.files:,} files")
    output.line()
    if sites:
        output.table(("provider", "rule", "category", "sites", "files"), _rows(sites))
        output.line()
    wrappers = [site for site in sites if site.rule == "wrapper_proposed"]
    for site in wrappers[:_HEAD]:
        output.line(f"  {site.place}  {site.operation}")
        output.line(indent(fill(site.reason.words, 74), " " * 6))
    if len(wrappers) > _HEAD:
        more = f"  ... {len(wrappers) - _HEAD:,} more wrappers:"
        output.line(f"{more}  {asked.command('scan', '--json')}")
    if wrappers:
        output.line()
    if inventory.unseen:
        left = counted(len(inventory.unseen), "file")
        output.line(f"Not looked at: {left} (sophia migrate names them)")
    show_ways(output, "Next:", asked.command(), asked.command("scan", "--files"))


def _data(inventory: Inventory, paths: list[str]) -> dict[str, object]:
    names = ("provider", "rule", "category", "sites", "files")
    return {
        "files_looked_at": inventory.files,
        "files": paths,
        "counts": [dict(zip(names, row, strict=True)) for row in _rows(inventory.sites)],
        "sites": [site_data(site) for site in inventory.sites],
        "not_looked_at": [{"path": u.path, "reason": u.reason} for u in inventory.unseen],
    }
