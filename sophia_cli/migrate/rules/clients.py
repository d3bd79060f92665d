"""Clients that a pack declares: their constructors gain what sends through the target."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.resolve import COPIES, is_new_client
from sophia_cli.migrate.rules.constructor import Door, Vendor, find_copy, judge
from sophia_cli.migrate.rules.family import model_of
from sophia_cli.migrate.rules.sdks import SDKS
from sophia_cli.migrate.scan import Scan, site_at

if TYPE_CHECKING:
    from sophia_cli.migrate.pack import Client, Pack


def find(scan: Scan) -> None:
    """Add a site for each construction of a client that a pack declares."""
    vendors = [_vendor(pack, client) for pack in scan.packs for client in pack.clients]
    for file in scan.files if vendors else ():
        for call in scan.foreign.of(file).calls:
            for vendor in vendors:
                _construction(scan, vendor, file, call)
        for call in file.table.calls_of(COPIES):
            for vendor in vendors if is_new_client(call) else ():
                find_copy(scan, vendor, file, call)


def _vendor(pack: Pack, client: Client) -> Vendor:
    door = Door(
        client.name,
        client.function,
        client.is_async,
        gains=client.spread or (client.argument,),
        spread=bool(client.spread),
        target=pack.target.module,
        report=client.report,
        look=client.look,
        say=client.say,
        review=client.review,
        needs=client.needs,
    )
    family = SDKS.of(f"{client.module}.{client.name}")
    return Vendor(
        rule="client",
        package=family.provider if family else pack.name,
        doors={f"{module}.{client.name}": door for module in client.modules},
        reported={},
    )


def _construction(scan: Scan, vendor: Vendor, file: Parsed, call: ast.Call) -> None:
    found = judge(scan, vendor, file, call)
    if found is None:
        return
    first = next(iter(vendor.doors))
    family = SDKS.of(first)
    answering = family.vendors.get(found.operation, "") if family else ""
    found = replace(
        found,
        model=model_of(scan, file, call),
        endpoint=found.endpoint or answering,
    )
    scan.constructors[(id(file), id(call))] = site_at(scan, file, call, found)
