"""Mails for a campaign: a subject and a few variants of it."""

from __future__ import annotations

from shop.llm import LLMRequest, TaskKind, assistant


async def subject(campaign: str) -> str:
    """One subject line; the campaign's name when there is no answer."""
    request = LLMRequest(
        messages=[{"role": "user", "content": f"A subject line for: {campaign}"}],
        kind=TaskKind.COPY,
        max_tokens=40,  # longer ones are cut by mail readers
    )
    answer = await assistant.generate_response(request)
    return answer.content or campaign


async def variants(line: str, count: int = 3) -> list[str]:
    """Up to `count` variants of a subject line, for a test of which one is opened."""
    answer = await assistant.generate_response(
        LLMRequest(
            messages=[{"role": "user", "content": f"{count} variants, one a line, of: {line}"}],
            kind=TaskKind.COPY,
            temperature=0.9,
            cost_sensitivity=0.9,  # nobody reads most of them
        )
    )
    return [text for text in answer.content.splitlines() if text.strip()][:count]
