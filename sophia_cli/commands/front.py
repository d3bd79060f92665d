"""`sophia` alone: what it can do, in the order in which a newcomer needs it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from sophia_cli import __version__
from sophia_cli.migrate.journal import cut_short
from sophia_cli.output import Output
from sophia_cli.surroundings import here, look_around

COMMANDS = (
    ('sophia llm ask "..."', "one call through the service, with what it cost"),
    ("sophia migrate", "find every LLM call here and show what would change"),
    ("sophia migrate --apply", "change it; sophia migrate rollback undoes it"),
    ("sophia hooks install", "Ruff, Black, Bandit and ESLint before every commit"),
    ("sophia infra up", "SonarQube, Prometheus and Grafana for this project"),
    ("sophia dashboards import", "LLM cost, latency and errors in Grafana"),
    ("sophia usage", "what was called, what it cost, what to change"),
    ("sophia llm sim", "simulated providers on this machine, for tests"),
)


def show_front_door(output: Output, root: Path | None) -> None:
    """The commands, what is here, and where to start."""
    folder = here(root)
    found = look_around(folder)
    start = "sophia migrate" if found.sdks else 'sophia llm ask "hello"'
    cut = cut_short(folder)
    if cut is not None:
        start = cut.ways_on
    commands = [{"command": command, "does": does} for command, does in COMMANDS]
    output.envelope(
        "sophia",
        {
            "version": __version__,
            "commands": commands,
            "here": asdict(found),
            "start": start,
            "cut_short": cut.data() if cut else None,
        },
    )
    output.line(
        f"sophia {__version__}   one service for your LLM calls, quality gates for the rest"
    )
    output.line()
    output.table(("", ""), COMMANDS)
    output.line()
    output.text(found.describe(), hang=6)
    for missing in found.half:
        output.line(f"  {missing}")
    if cut is not None:
        output.line(f"A migration is half done: {cut.words}.")
    output.line(f"Start with:  {start}")
