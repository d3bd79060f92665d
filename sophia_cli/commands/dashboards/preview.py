"""`sophia dashboards preview`: boards drawn from a Prometheus, without Grafana."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from sophia_cli.commands.dashboards.asked import Words
from sophia_cli.commands.infra.asked import Name, pairs
from sophia_cli.commands.options import Json, Root
from sophia_cli.errors import SophiaError, UsageError
from sophia_cli.output import Output
from sophia_cli.surroundings import here


def preview(
    words: Words = None,
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Where the pages go.")] = Path(
        "preview"
    ),
    png: Annotated[
        bool, typer.Option("--png", help="A picture of each, too (needs Chromium).")
    ] = False,
    prometheus_url: Annotated[
        str,
        typer.Option(
            "--prometheus-url", help="A Prometheus (default: that of this project's stack)."
        ),
    ] = "",
    since: Annotated[
        str, typer.Option("--since", help="How far back, such as 6h (default: the board's).")
    ] = "",
    until: Annotated[
        str, typer.Option("--until", help="Until when, such as 2026-11-27T12:00 in UTC.")
    ] = "",
    chosen: Annotated[
        list[str] | None, typer.Option("--var", metavar="NAME=VALUE", help="A variable's value.")
    ] = None,
    scrape: Annotated[
        float, typer.Option("--scrape", min=1, help="Seconds between Prometheus' scrapes.")
    ] = 15,
    root: Root = None,
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Draw boards as HTML pages, and pictures, from what a Prometheus has: a preview, not Grafana.

    Example:  sophia dashboards preview sophia-cost --png
    """
    from sophia_cli.dashboards.load import load
    from sophia_cli.dashboards.preview import picture
    from sophia_cli.dashboards.preview.page import page_of
    from sophia_cli.dashboards.preview.read import read
    from sophia_cli.dashboards.preview.span import Span, choices, length_of, seconds
    from sophia_cli.dashboards.prometheus import Prometheus

    output = Output(as_json=as_json)
    said, end = pairs("--var", chosen), _moment(until)
    back = seconds(since) if since else None
    program = picture.browser() if png else ""
    boards = load(words or (), here(root))
    folder = _folder(here(root), to)
    made: list[dict[str, object]] = []
    with Prometheus(_url(prometheus_url, here(root), name)) as server:
        for one in boards:
            span = Span(end - (back or length_of(one.board)), end, scrape)
            values = choices(one.board, said)
            panels = list(read(one.board, server, span, values))
            page = page_of(one.board, panels, span, values)
            file = _write(folder / f"{one.uid}.html", page.text)
            files = [str(to / file.name)]
            if png:
                picture.take(program, file, page.height, file.with_suffix(".png"))
                files.append(str(to / f"{one.uid}.png"))
            empty = [p.panel for p in panels if not (p.curves or p.cells and p.cells.rows)]
            drawn = [p for p in panels if p.panel.get("type") not in ("row", "text")]
            lacking = [p for p in drawn if p.panel in empty]
            trouble = [p.trouble for p in panels if p.trouble]
            made.append(
                {
                    "uid": one.uid,
                    "files": files,
                    "panels": len(drawn),
                    "empty": len(lacking),
                    "trouble": trouble,
                }
            )
            output.line(
                f"  {', '.join(files)}: {len(drawn)} panels{f', {len(lacking)} without data' if lacking else ''}"
            )
            for text in trouble:
                output.text(text, indent=4)
        output.envelope("dashboards preview", {"prometheus": server.url, "boards": made})
        output.line(f"Drawn from {server.url}: a preview, not Grafana.")


def _moment(text: str) -> float:
    if not text:
        return time.time()
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"`{text}` is no moment", "such as --until 2026-11-27T12:00") from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _folder(root: Path, to: Path) -> Path:
    try:
        (root / to).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SophiaError(
            f"{to} cannot be made: {error.strerror}", "name another:  --to FOLDER"
        ) from error
    return root / to


def _write(file: Path, text: str) -> Path:
    from sophia_cli.files import put

    try:
        put(file, text.encode("utf-8", "replace"))
    except OSError as error:
        raise SophiaError(f"{file} cannot be written: {error.strerror}") from error
    return file


def _url(given: str, root: Path, name: str) -> str:
    from sophia_cli.infra import stack

    if given:
        if not given.startswith(("http://", "https://")):
            raise UsageError(
                f"`{given}` is no URL", "such as --prometheus-url http://localhost:9090"
            )
        return given
    found = stack.find(root, name, os.environ)
    if not found.url("prometheus"):
        words = f"the stack `{found.name}` has no Prometheus"
        raise SophiaError(words, "sophia infra up --profile metrics   (or --prometheus-url URL)")
    return found.url("prometheus")
