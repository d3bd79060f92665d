"""`python -m shop`: one day of the shop, with every language model call made once."""

from __future__ import annotations

import asyncio
from textwrap import shorten

from shop.answers import answer, closest
from shop.campaigns import subject, variants
from shop.copywriting import describe, preview
from shop.headlines import HeadlineWriter
from shop.notify import OpenAINotifier
from shop.pricing import propose
from shop.reports import weekly_report
from shop.search import SearchBox
from shop.summaries import ReviewSummariser
from shop.support import SupportDesk
from shop.tagging import tag_all

LAMP = "the desk lamp Lumo"
REVIEWS = ["Bright and small.", "The switch broke, they sent a new one."]


def main() -> None:
    show("answer", answer("Does it dim?", LAMP))
    show("closest", closest("light for reading", ["desk lamp", "rain coat", "tea pot"]))
    show("summary", ReviewSummariser().summarise(REVIEWS))
    show("headline", HeadlineWriter().headline(REVIEWS))
    show("tags", tag_all([LAMP])[LAMP])
    show("description", describe(LAMP))
    show("preview", "".join(preview(LAMP)))
    show("reply", SupportDesk("Lumo").reply("My lamp arrived without a bulb."))
    asyncio.run(evening())
    show("staff chat", OpenAINotifier().notify(4711))


async def evening() -> None:
    """What runs after closing time, all of it async."""
    pieces = [piece async for piece in SearchBox().suggest("desk la")]
    show("suggestion", "".join(pieces))
    show("price", await propose(LAMP, 14.5))
    report = await weekly_report({"lamps": 12, "coats": 3})
    show("report", report.text)
    show("", report.footer)
    line = await subject("lamps for dark months")
    show("subject", line)
    show("variants", await variants(line))


def show(label: str, value: object) -> None:
    print(f"  {label:<12} {shorten(str(value), 64, placeholder='...')}")


if __name__ == "__main__":
    main()
