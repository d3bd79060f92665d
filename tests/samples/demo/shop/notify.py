"""Messages to the staff chat. Nothing in this file calls a language model.

An early version did: `client = OpenAI()` stood here, and every message was written by it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

# client = OpenAI(timeout=5)   <- the early version
FOOTER = "Sent by the shop. Do not reply; OpenAI(...) does not read this."


@dataclass
class _Completions:
    """Tasks that staff have completed; `create` files one."""

    filed: list[str] = field(default_factory=list)

    def create(self, model: str, messages: list[str]) -> str:
        self.filed.append(f"{model}: {' '.join(messages)}")
        return self.filed[-1]


@dataclass
class _Chat:
    completions: _Completions = field(default_factory=_Completions)


class OpenAI:
    """The staff chat 'Open All Inquiries', older than the company of that name."""

    def __init__(self, room: str = "front") -> None:
        self.room = room
        self.chat = _Chat()


class OpenAINotifier:
    """Tells the room when an order needs a person."""

    def __init__(self) -> None:
        self.client = OpenAI(room="orders")

    def notify(self, order: int) -> str:
        """File the message and return it as the room sees it."""
        client = self.client
        text = client.chat.completions.create(
            model="order", messages=[str(order), "needs a person"]
        )
        return f"[{client.room}] {text}"
