"""`OpenAI(...)` and `AsyncOpenAI(...)` send through the service; every later line stays."""

from __future__ import annotations

from sophia_cli.migrate.rules.constructor import Door, Vendor, find_constructors
from sophia_cli.migrate.scan import Scan
from sophia_cli.migrate.site import Reason

_SYNC = Door("OpenAI", "openai_http_client", False)
_ASYNC = Door("AsyncOpenAI", "openai_async_http_client", True)
_AZURE = Reason("azure", "an Azure client: it signs and addresses in its own way")
# Modules of observers that offer the classes under their own name, changed in ways that are not seen.
_OBSERVERS = ("langfuse.openai", "langfuse.openai.openai", "posthog.ai.openai")
_OBSERVED = Reason("observed", "the class as an observer offers it: hand it the client by hand")

OPENAI = Vendor(
    rule="openai_client",
    package="openai",
    doors={
        "openai.OpenAI": _SYNC,
        "openai.Client": _SYNC,
        "openai._client.OpenAI": _SYNC,
        "openai.AsyncOpenAI": _ASYNC,
        "openai.AsyncClient": _ASYNC,
        "openai._client.AsyncOpenAI": _ASYNC,
    },
    reported={
        "openai.AzureOpenAI": _AZURE,
        "openai.AsyncAzureOpenAI": _AZURE,
        "openai.lib.azure.AzureOpenAI": _AZURE,
        "openai.lib.azure.AsyncAzureOpenAI": _AZURE,
        **{
            f"{module}.{front}{name}": _OBSERVED
            for module in _OBSERVERS
            for front in ("", "Async")
            for name in ("OpenAI", "AzureOpenAI")
        },
    },
)


def find(scan: Scan) -> None:
    """Add the sites of the openai package's client classes."""
    find_constructors(scan, OPENAI)
