"""Suggestions that appear word by word under the search box."""

from __future__ import annotations

from collections.abc import AsyncIterator

from openai import AsyncOpenAI


class SearchBox:
    """One client for all search boxes of the process."""

    client = AsyncOpenAI(max_retries=1)

    def __init__(self, language: str = "English") -> None:
        self.language = language

    async def suggest(self, typed: str) -> AsyncIterator[str]:
        """Yield the suggestion in the pieces in which it arrives."""
        stream = await self.client.chat.completions.create(
            model="gpt-4o-mini",
            messages=[
                {"role": "system", "content": f"Complete the search in {self.language}."},
                {"role": "user", "content": typed},
            ],
            max_tokens=60,
            stream=True,
        )
        async for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                yield chunk.choices[0].delta.content
