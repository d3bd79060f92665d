"""First replies to customers. The ticket system calls this from threads, not from a loop."""

from __future__ import annotations

from shop.llm.assistant import LLMRequest, SmartAssistant, TaskKind

APOLOGY = "Thank you. A person will answer you today."


class SupportDesk:
    """Drafts replies in the tone of one brand."""

    def __init__(self, brand: str) -> None:
        self.brand = brand
        self.assistant = SmartAssistant()
        self.problems: list[str] = []

    def reply(self, ticket: str) -> str:
        """A first reply; an apology, and the problem noted, when there is no answer."""
        answer = self.assistant.answer_now(
            LLMRequest(
                messages=[
                    {"role": "system", "content": f"You answer for {self.brand}. Be brief."},
                    {"role": "user", "content": ticket},
                ],
                kind=TaskKind.SUPPORT,
            )
        )
        if answer.error:
            self.problems.append(answer.error)
            return APOLOGY
        return answer.content
