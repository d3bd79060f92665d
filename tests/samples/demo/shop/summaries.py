"""What customers say about a product, in one paragraph."""

from __future__ import annotations

import openai
from openai import OpenAI


class ReviewSummariser:
    """Summarises reviews; when the model is down the newest review has to do."""

    instructions = "Summarise these reviews in one paragraph."

    def __init__(self) -> None:
        self.client = OpenAI(
            timeout=20,  # seconds: the page waits for it
            max_retries=0,
            # base_url comes from the environment
        )

    def summarise(self, reviews: list[str]) -> str:
        """One paragraph, or the newest review when no answer comes."""
        try:
            return self._ask(self.instructions, "\n".join(reviews))
        except openai.APIStatusError:
            return reviews[-1]

    def _ask(self, instructions: str, text: str) -> str:
        completion = self.client.chat.completions.create(
            model="gpt-4o",
            messages=[
                {"role": "system", "content": instructions},
                {"role": "user", "content": text},
            ],
        )
        return completion.choices[0].message.content or ""
