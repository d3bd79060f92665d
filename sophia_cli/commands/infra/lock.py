"""`sophia infra lock`: the digests of the images, written down."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from sophia_cli.commands.infra.asked import pairs
from sophia_cli.commands.options import Json, Root
from sophia_cli.output import Output
from sophia_cli.surroundings import here


def lock(
    image: Annotated[
        list[str] | None,
        typer.Option("--image", metavar="SERVER=IMAGE", help="Another image, of a closed network."),
    ] = None,
    root: Root = None,
    as_json: Json = False,
) -> None:
    """Ask the registries for each image's digest and write infra.lock, which `up` goes by; exits 1 unless all are known.

    Example:  sophia infra lock
    """
    from sophia_cli.infra.images import OWN, Image, choose, read_lock
    from sophia_cli.infra.lock import resolve, write_lock
    from sophia_cli.infra.settings import load_settings

    output = Output(as_json=as_json)
    folder = here(root)
    known = read_lock(folder)
    mapped = {**load_settings(folder).images, **pairs("--image", image)}
    choose(known, mapped)
    wanted = {name: Image(mapped[name]) if name in mapped else one for name, one in known.items()}
    found = list(resolve(wanted, os.environ))
    write_lock(folder / OWN, {one.server: one.image for one in found})
    output.envelope(
        "infra lock",
        [
            {
                "server": one.server,
                "image": one.image.name,
                "digest": one.image.digest,
                "reason": one.reason,
            }
            for one in found
        ],
    )
    unknown = [one for one in found if one.reason]
    output.line(f"{len(found) - len(unknown)} of {len(found)} images are known by digest: {OWN}")
    output.table(("image", "digest"), [(one.image.name, one.image.digest[:19]) for one in found])
    for one in unknown:
        output.text(f"{one.image.name}: {one.reason}", indent=2)
    if unknown:
        raise typer.Exit(1)
    output.line("Next:  sophia infra up")
