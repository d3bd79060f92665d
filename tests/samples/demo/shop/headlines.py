"""A headline for the review box: the base class holds the client."""

from __future__ import annotations

from shop.summaries import ReviewSummariser


class HeadlineWriter(ReviewSummariser):
    """Writes one line where its base class writes a paragraph."""

    def headline(self, reviews: list[str]) -> str:
        """At most eight words about the reviews."""
        completion = self.client.chat.completions.create(
            model="gpt-4o-mini",
            messages=[{"role": "user", "content": "Headline, eight words: " + " / ".join(reviews)}],
            max_tokens=24,
        )
        return (completion.choices[0].message.content or "").split("\n")[0]
