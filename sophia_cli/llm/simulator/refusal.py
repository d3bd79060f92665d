"""A request that is answered with an error."""

from __future__ import annotations


class Refusal(Exception):
    """What is wrong, before it is put into a provider's own shape.

    `reason` is a short name; `param` the argument at fault. For the reason `unknown_model` the
    message is only the model's name: each provider words that error differently.
    """

    def __init__(
        self, status: int, message: str, reason: str = "", param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.reason = reason
        self.param = param
