"""What the back office asks its assistant, and what it does without an answer."""

from __future__ import annotations

import asyncio

from shop.campaigns import subject, variants
from shop.notify import OpenAINotifier
from shop.reports import weekly_report
from shop.support import APOLOGY, SupportDesk


def test_weekly_report_says_what_sold_and_what_it_took():
    report = asyncio.run(weekly_report({"lamps": 12, "coats": 3}))
    assert report.text == (
        "[You report to the owner. Three sentences.] Sales this week: lamps 12, coats 3"
    )
    assert "20 tokens" in report.footer


def test_weekly_report_without_an_answer_gives_figures_and_the_error():
    report = asyncio.run(weekly_report({"server is down": 1}))
    assert report.text == "server is down 1"
    assert report.footer.startswith("no report: ")
    assert "500" in report.footer


def test_subject_is_the_answer():
    assert asyncio.run(subject("spring")) == "[] A subject line for: spring"


def test_subject_falls_back_to_the_campaign():
    assert asyncio.run(subject("server is down")) == "server is down"


def test_variants_are_at_most_as_many_as_asked():
    assert asyncio.run(variants("Light\nDark\nDim\nOff", count=3)) == [
        "[] 3 variants, one a line, of: Light",
        "Dark",
        "Dim",
    ]


def test_support_reply_speaks_for_the_brand():
    reply = SupportDesk("Lumo").reply("No bulb in the box.")
    assert reply == "[You answer for Lumo. Be brief.] No bulb in the box."


def test_support_apologises_and_notes_the_problem():
    desk = SupportDesk("Lumo")
    assert desk.reply("Your server is down!") == APOLOGY
    assert len(desk.problems) == 1


def test_notifier_writes_to_the_staff_chat():
    assert OpenAINotifier().notify(7) == "[orders] order: 7 needs a person"
