"""Answers on product pages, and the product that fits a question best."""

from __future__ import annotations

from shop.clients import EMBEDDING_MODEL, MODEL, client


def answer(question: str, product: str) -> str:
    """One short answer to a customer's question about a product."""
    completion = client.chat.completions.create(
        model=MODEL,
        messages=[
            {"role": "system", "content": f"You sell {product}. Answer in two sentences."},
            {"role": "user", "content": question},
        ],
        temperature=0.2,
    )
    return (completion.choices[0].message.content or "").strip()


def closest(question: str, products: list[str]) -> str:
    """The product whose name is nearest to the question."""
    vectors = [item.embedding for item in _embed([question, *products])]
    wanted, rest = vectors[0], vectors[1:]
    return max(zip(products, rest), key=lambda pair: _dot(wanted, pair[1]))[0]


def _embed(texts: list[str]):
    return client.embeddings.create(model=EMBEDDING_MODEL, input=texts).data


def _dot(left: list[float], right: list[float]) -> float:
    return sum(a * b for a, b in zip(left, right))
