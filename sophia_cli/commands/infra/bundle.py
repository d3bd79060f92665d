"""`sophia infra bundle`: the images for machines that reach no registry."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from sophia_cli.commands.infra.asked import Name, pairs
from sophia_cli.commands.options import Json, Quiet, Root
from sophia_cli.output import Output
from sophia_cli.surroundings import here


def bundle(
    file: Annotated[Path, typer.Argument(help="The archive.")],
    load: Annotated[
        bool, typer.Option("--load", help="Give its images to the engine of this machine.")
    ] = False,
    image: Annotated[
        list[str] | None,
        typer.Option("--image", metavar="SERVER=IMAGE", help="Another image, of a closed network."),
    ] = None,
    root: Root = None,
    name: Name = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write the images of the stack into one archive; on the other machine --load reads it.

    Example:  sophia infra bundle images.tar
    """
    from sophia_cli.infra.bundle import load_images, save_images
    from sophia_cli.infra.sizes import size
    from sophia_cli.infra.up import Asked, settle

    output = Output(as_json=as_json, quiet=quiet)
    asked = Asked(here(root), name, images=pairs("--image", image), offline=load)
    stack = settle(asked, os.environ)
    path = file.absolute()
    if not load:
        made = save_images(stack, path, os.environ, output.note)
        output.envelope(
            "infra bundle", {"file": str(file), "images": list(made.images), "bytes": made.size}
        )
        output.line(f"{file}: {len(made.images)} images, {size(made.size)}")
        output.line(f"Next, on the other machine:  sophia infra bundle --load {file.name}")
        return
    there, lacking = load_images(stack, path, os.environ)
    output.envelope("infra bundle", {"there": list(there), "lacking": list(lacking)})
    for one in there:
        output.line(f"  {one}")
    for one in lacking:
        output.line(f"  {one}   is not in it")
    if lacking:
        raise typer.Exit(1)
    output.line("Next:  sophia infra up --offline")
