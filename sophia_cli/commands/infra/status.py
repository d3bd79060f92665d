"""`sophia infra status`: what answers, why what does not, and where it differs from its files."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from sophia_cli.commands.infra.asked import Name
from sophia_cli.commands.options import Json, Root
from sophia_cli.output import Output
from sophia_cli.surroundings import here

if TYPE_CHECKING:
    from sophia_cli.infra.status import Status


def status(root: Root = None, name: Name = "", as_json: Json = False) -> None:
    """Show each server's health with its reason, URL, version and disk, and what drifted; exits 1 unless all is well.

    Example:  sophia infra status
    """
    from sophia_cli.infra.stack import find
    from sophia_cli.infra.status import read_status

    output = Output(as_json=as_json)
    found = read_status(find(here(root), name, os.environ), os.environ)
    output.envelope("infra status", _data(found))
    _show(output, found)
    if not found.is_well:
        raise typer.Exit(1)


def _show(output: Output, found: Status) -> None:
    from sophia_cli.infra.servers import server
    from sophia_cli.infra.sizes import size

    well = sum(one.phase == "ready" for one in found.servers)
    output.line(f"{found.stack.name}: {well} of {len(found.servers)} servers are ready")
    output.line()
    rows = [(server(one.server).title, one.phase, one.version, one.url) for one in found.servers]
    output.table(("server", "state", "version", "address"), rows)
    for one in found.servers:
        if one.reason:
            output.text(f"{server(one.server).title}: {one.reason}", indent=2)
    if found.disk:
        output.line()
        sizes = [f"{name} {size(bytes_)}" for name, bytes_ in sorted(found.disk.items())]
        output.text(f"disk: {', '.join(sizes)}", indent=2)
    for words in found.drift:
        output.text(f"drift: {words}", indent=2)
    for words in found.left:
        output.text(words, indent=2, hang=2)
    output.line()
    bad = [one.server for one in found.servers if one.phase != "ready"]
    if found.cut_off:
        output.line(f"{found.cut_off.message}:")
        for line in found.cut_off.mend.splitlines():
            output.line(f"  {line}")
    elif bad:
        here = [name for name in bad if name in found.stack.servers]
        output.line(f"Next:  sophia infra {f'logs {here[0]}' if here else 'doctor'}")
    elif found.drift:
        output.line("Next:  sophia infra up")
    else:
        output.line("Next:  sophia infra scan")


def _data(found: Status) -> dict[str, object]:
    return {
        "stack": found.stack.name,
        "well": found.is_well,
        "servers": [asdict(one) for one in found.servers],
        "drift": list(found.drift),
        "left": list(found.left),
        "disk": dict(found.disk),
        "cut_off": found.cut_off.message if found.cut_off else None,
    }
