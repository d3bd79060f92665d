"""The weekly report for the owner."""

from __future__ import annotations

from dataclasses import dataclass

from shop.llm.assistant import LLMRequest, TaskKind, assistant


@dataclass(frozen=True)
class Report:
    """The text and the line below it."""

    text: str
    footer: str


async def weekly_report(sales: dict[str, int]) -> Report:
    """What sold, in the model's words; the bare figures when there is no answer."""
    figures = ", ".join(f"{name} {count}" for name, count in sales.items())
    answer = await assistant.generate_response(
        LLMRequest(
            messages=[
                {"role": "system", "content": "You report to the owner. Three sentences."},
                {"role": "user", "content": f"Sales this week: {figures}"},
            ],
            kind=TaskKind.REPORT,
            temperature=0.1,
        )
    )
    if answer.error:
        return Report(figures, f"no report: {answer.error}")
    cost = "cost unknown" if answer.cost_usd is None else f"${answer.cost_usd:.6f}"
    size = f"{answer.tokens_used} tokens, {answer.latency_ms:.0f} ms"
    return Report(answer.content, f"{answer.provider}/{answer.model}: {size}, {cost}")
