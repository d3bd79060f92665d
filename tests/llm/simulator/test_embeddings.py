from __future__ import annotations

import math

import openai
import pytest


def cosine(one: list[float], two: list[float]) -> float:
    return sum(a * b for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize(
    ("model", "size"),
    [("text-embedding-3-small", 1536), ("text-embedding-3-large", 3072), ("small-embedding", 1024)],
)
def test_vectors_have_the_models_size_and_length_one(
    gpt: openai.OpenAI, model: str, size: int
) -> None:
    answer = gpt.embeddings.create(model=model, input=["one text", "another"])
    assert [row.index for row in answer.data] == [0, 1]
    assert [len(row.embedding) for row in answer.data] == [size, size]
    assert all(math.isclose(cosine(r.embedding, r.embedding), 1, rel_tol=1e-5) for r in answer.data)
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (4, 4)


def test_floats_and_base64_are_the_same_vector(gpt: openai.OpenAI) -> None:
    as_floats = gpt.embeddings.create(
        model="m", input="text", encoding_format="float", dimensions=8
    )
    # Without a format the client asks for base64 and decodes it.
    decoded = gpt.embeddings.create(model="m", input="text", dimensions=8)
    assert decoded.data[0].embedding == as_floats.data[0].embedding
    assert len(decoded.data[0].embedding) == 8


def test_texts_that_share_words_lie_nearer(gpt: openai.OpenAI) -> None:
    texts = ["revenue of the last year", "the revenue of last year", "a cat on a mat"]
    first, near, far = (r.embedding for r in gpt.embeddings.create(model="m", input=texts).data)
    assert cosine(first, near) > 0.9 > 0.3 > abs(cosine(first, far))


def test_token_numbers_are_taken_too(gpt: openai.OpenAI) -> None:
    assert len(gpt.embeddings.create(model="m", input=[1, 2, 3]).data) == 1
    assert len(gpt.embeddings.create(model="m", input=[[1, 2], [3]]).data) == 2


def test_dimensions_have_a_range(gpt: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="'dimensions' must be from 1 to 8192."):
        gpt.embeddings.create(model="m", input="text", dimensions=0)


def test_no_vector_is_empty(gpt: openai.OpenAI) -> None:
    words = [f"word{number}" for number in range(40)]
    answer = gpt.embeddings.create(model="m", input=words, dimensions=1)
    assert {abs(row.embedding[0]) for row in answer.data} == {1.0}
