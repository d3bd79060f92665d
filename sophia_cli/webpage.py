"""A report as one HTML page that opens offline, in the style that all of them have."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from string import Template

from sophia_cli.assets import asset


def web_page(template: str, title: str, body: Iterable[str]) -> str:
    """The page of a template such as `usage-report`; title and body are HTML.

    Only ASCII, so that no encoding can spoil it.
    """
    style = asset("templates/report.css").read_text("utf-8").rstrip()
    frame = Template(asset(f"templates/{template}.html").read_text("utf-8"))
    page = frame.substitute(title=title, style=style, body="\n".join(body))
    return page.encode("ascii", "xmlcharrefreplace").decode()


def as_html(text: str, kept: str = "") -> str:
    """Escaped; what no page may hold is shown as a replacement, but for the control characters that are `kept`."""
    return escape("".join(one if one.isprintable() or one in kept else "\ufffd" for one in text))
