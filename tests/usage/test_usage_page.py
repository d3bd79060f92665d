"""The report as a page: well formed, escaped, and opened by a real browser without a word in its console."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest
from browser import console_of
from seeding import CHAT, CONFIG, NOW, Seeded, seed

from sophia_cli.llm.config import load_config
from sophia_cli.llm.ledger import Charge, Ledger
from sophia_cli.usage.groups import By
from sophia_cli.usage.page import make_html
from sophia_cli.usage.report import report
from sophia_cli.usage.span import read_span

_VOID = {"meta"}
NASTY = "<script>alert(1)</script>\"'&\x1b"


class Wellformed(HTMLParser):
    """Every element is closed where it should be."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def page(tmp_path: Path) -> str:
    (tmp_path / "sophia.toml").write_text(f"{CONFIG}\n[budgets.all]\nlimit = 1\n")
    config = load_config({"SOPHIA_LEDGER": str(tmp_path / "ledger.sqlite3")}, tmp_path)
    assert config.ledger is not None
    seed(config.ledger)
    more = Seeded(Ledger(config.ledger), 1000)
    more.call("2026-11-25", "", [[NASTY, NASTY]], why=NASTY, service=NASTY, id=NASTY, nano=10**9)
    more.call("2026-11-25", "", CHAT, outcome="error", error_kind="x", error=NASTY, nano=None)
    more.ledger.charge([Charge("all", "2026-11", spent=900_000_000)])
    found = report(more.ledger, config, read_span("30d", NOW), By.MODEL)
    more.ledger.close()
    return make_html(found)


def test_it_is_well_formed_and_harmless(page: str) -> None:
    parser = Wellformed()
    parser.feed(page)
    assert parser.open == []
    assert "script" not in parser.seen and "link" not in parser.seen
    assert page.isascii()
    assert "http://" not in page and "https://" not in page
    assert page.count("<rect ") == 27


def test_it_says_what_the_report_says(page: str) -> None:
    for words in (
        "$1.92", "forecast for 2026-11", "gpt-5 (portkey)", '<span class="tag">simulated</span>',
        "Warehouse first: $0.19 more than the next choice, in 69 of 69 answers",
        "[routes] sql_generation", "HTTP 429", "company/own", "runs out on Nov",
    ):  # fmt: skip
        assert words in page, words


def test_a_browser_has_nothing_to_say(page: str, tmp_path: Path) -> None:
    file = tmp_path / "usage.html"
    file.write_text(page)
    shown, console = console_of(file, tmp_path / "profile")
    assert console == ""
    assert "By model" in shown and "alert(1)" in shown and "<script" not in shown


def test_the_console_would_be_heard(page: str, tmp_path: Path) -> None:
    """The page's own policy refuses any script, and says so."""
    file = tmp_path / "usage.html"
    file.write_text(page.replace("</main>", "</main><script>1</script>"))
    _, console = console_of(file, tmp_path / "profile")
    assert "Content Security Policy" in console
