"""A price proposal: the model has to answer through a tool."""

from __future__ import annotations

import anthropic

TOOL = {
    "name": "propose_price",
    "description": "Propose a price for a product.",
    "input_schema": {
        "type": "object",
        "properties": {
            "price": {"type": "number", "description": "in euros"},
            "reason": {"type": "string"},
        },
        "required": ["price", "reason"],
    },
}


async def propose(product: str, cost: float) -> dict[str, object]:
    """`{"price": ..., "reason": ...}` as the model proposes it; empty when it does not."""
    async with anthropic.AsyncAnthropic() as client:
        message = await client.messages.create(
            model="claude-haiku-5-5",
            max_tokens=200,
            tools=[TOOL],
            tool_choice={"type": "tool", "name": "propose_price"},
            messages=[{"role": "user", "content": f"{product} costs us {cost:.2f} euros."}],
        )
    for block in message.content:
        if block.type == "tool_use" and block.name == "propose_price":
            return dict(block.input)
    return {}
