"""What a call can end with: one tree, each error with what is wrong and the mend."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sophia_cli.llm.routing.decision import Decision


MORE_MONEY = "raise its limit in [budgets] of sophia.toml, or ask for less with max_tokens"


class LLMError(Exception):
    """Base of every error that `sophia_cli.llm` raises on purpose.

    `message` says what is wrong, `mend` what puts it right (may be empty), `kind` is the
    error's short name in the ledger and in metrics.
    """

    kind = "error"

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(f"{message}\n{mend}" if mend else message)
        self.message = message
        self.mend = mend


class ConfigError(LLMError):
    """`sophia.toml` or the environment says something that cannot be used."""

    kind = "config"


class NotRouted(LLMError):
    """No candidate may or can take the call; `decision` says of each why not (None: there were none)."""

    def __init__(self, message: str, mend: str = "", *, decision: Decision | None = None) -> None:
        super().__init__(message, mend)
        self.decision = decision


class NotConfigured(NotRouted):
    """No provider is configured that could take the call."""

    kind = "not_configured"


class NoRoute(NotRouted):
    """Providers are configured, but none of them may or can take this call."""

    kind = "no_route"


class BudgetExceeded(NotRouted):
    """A budget does not hold what the call may cost; nothing was sent."""

    kind = "budget_exceeded"


class CallFailed(LLMError):
    """Every candidate failed; carries how the last one did.

    `status` is the HTTP status (0 where no answer came), `attempts` how many requests were sent,
    `call_id` names the row in the ledger.
    """

    def __init__(
        self,
        message: str,
        mend: str = "",
        *,
        kind: str,
        status: int,
        provider: str,
        attempts: int,
        call_id: str,
    ) -> None:
        super().__init__(message, mend)
        self.kind = kind
        self.status = status
        self.provider = provider
        self.attempts = attempts
        self.call_id = call_id
