"""What customers see: answers, suggestions, reviews."""

from __future__ import annotations

import asyncio

import openai
import pytest

from shop.answers import answer, closest
from shop.headlines import HeadlineWriter
from shop.search import SearchBox
from shop.summaries import ReviewSummariser


def test_answer_carries_product_and_question():
    assert answer("Does it dim?", "lamps") == (
        "[You sell lamps. Answer in two sentences.] Does it dim?"
    )


def test_answer_raises_the_error_of_the_sdk():
    with pytest.raises(openai.InternalServerError) as caught:
        answer("server is down", "lamps")
    assert caught.value.status_code == 500


def test_closest_is_the_nearest_vector():
    assert closest("tea pot", ["desk lamp", "rain coat", "tea pot"]) == "tea pot"


def test_suggestion_arrives_in_pieces():
    async def pieces() -> list[str]:
        return [piece async for piece in SearchBox("German").suggest("desk la")]

    assert asyncio.run(pieces()) == [
        "[Complete ",
        "the ",
        "search ",
        "in ",
        "German.] ",
        "desk ",
        "la ",
    ]


def test_summary_of_all_reviews():
    text = ReviewSummariser().summarise(["Bright.", "Small."])
    assert text == "[Summarise these reviews in one paragraph.] Bright.\nSmall."


def test_newest_review_stands_in_when_the_model_is_down():
    assert ReviewSummariser().summarise(["Bright.", "The server is down again."]) == (
        "The server is down again."
    )


def test_headline_uses_the_client_of_its_base_class():
    assert HeadlineWriter().headline(["Bright."]) == "[] Headline, eight words: Bright."
