"""The search in bytes: it passes over what only looks like a word, and over no word."""

from __future__ import annotations

import random

import pytest

from sophia_cli.migrate.prefilter import WORDS, Prefilter

LEAVE_ALONE = {
    "words that the noise holds apart": b"open ai = 1\nx = [anth, ropic]\n",
    "a word over two lines": b"lang\nchain\n",
    "signs without a word": b"router.ai = completion(deepcopy(infer), cohere, replicate, llama)\n",
    "a host's end": b"see https://example.ai and huggingface.co\n",
    "nothing": b"",
    "noise alone": b" \n\t()[]{}:;,'\"#%&*+<>!?|^~`$@\\",
}


@pytest.mark.parametrize("data", LEAVE_ALONE.values(), ids=LEAVE_ALONE.keys())
def test_what_holds_no_word_is_left_alone(data: bytes) -> None:
    assert not Prefilter(WORDS).finds(data)


@pytest.mark.parametrize("word", WORDS, ids=bytes.decode)
def test_every_word_is_found(word: bytes) -> None:
    prefilter = Prefilter(WORDS)
    for found in (word, word.upper(), word.title()):
        assert prefilter.finds(b"x = 1  # \xc3\xa9\n" + found + b"\n")
        assert prefilter.finds(found)


def test_a_pack_may_look_for_anything() -> None:
    """Words of other people hold spaces, signs and letters beyond ASCII; none hides another."""
    words = (b"ask the model(", b"***", b"gef\xc3\xa4llt", b"x.ai/own")
    for word in words:
        assert Prefilter(words).finds(b"before " + word + b" after")
    assert not Prefilter(words).finds(b"ask the models, ** and x.ai")


def test_it_finds_what_a_plain_search_finds() -> None:
    """Random lines of parts of words, of which few make a whole one."""
    rng = random.Random(7)
    parts = [word[:place] for word in WORDS for place in (3, 5, len(word))] + [b" ", b"\n", b"("]
    prefilter = Prefilter(WORDS)
    for _ in range(3000):
        data = b"".join(rng.choices(parts, k=3)).upper()
        assert prefilter.finds(data) == any(word in data.lower() for word in WORDS), data
