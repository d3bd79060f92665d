"""A survey as a file that others read: one module for each format."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from sophia_cli.migrate.reports.html import make_html
from sophia_cli.migrate.reports.markdown import make_markdown
from sophia_cli.migrate.reports.sarif import make_sarif
from sophia_cli.migrate.survey import Survey

MARK = "sophia migrate report"  # each has it near its beginning


def make_json(survey: Survey) -> str:
    """The survey's own data."""
    return json.dumps({"report": MARK, "version": 1, **survey.data()}, indent=1) + "\n"


FORMATS: Mapping[str, Callable[[Survey], str]] = {
    "markdown": make_markdown,
    "json": make_json,
    "sarif": make_sarif,
    "html": make_html,
}
