"""`Anthropic(...)` and `AsyncAnthropic(...)` send through the service; every later line stays."""

from __future__ import annotations

from sophia_cli.migrate.rules.constructor import Door, Vendor, find_constructors
from sophia_cli.migrate.scan import Scan
from sophia_cli.migrate.site import Reason

_SYNC = Door("Anthropic", "anthropic_http_client", False)
_ASYNC = Door("AsyncAnthropic", "anthropic_async_http_client", True)
_CLOUD = Reason("cloud-variant", "this variant signs and addresses requests in its own way")
_CLOUDS = ("Bedrock", "BedrockMantle", "Vertex", "Foundry", "AWS")

ANTHROPIC = Vendor(
    rule="anthropic_client",
    package="anthropic",
    doors={
        "anthropic.Anthropic": _SYNC,
        "anthropic.Client": _SYNC,
        "anthropic._client.Anthropic": _SYNC,
        "anthropic.AsyncAnthropic": _ASYNC,
        "anthropic.AsyncClient": _ASYNC,
        "anthropic._client.AsyncAnthropic": _ASYNC,
    },
    reported={
        f"anthropic{module}.{prefix}Anthropic{cloud}": _CLOUD
        for cloud in _CLOUDS
        for prefix in ("", "Async")
        for module in ("", f".lib.{cloud.lower()}")
    },
)


def find(scan: Scan) -> None:
    """Add the sites of the anthropic package's client classes."""
    find_constructors(scan, ANTHROPIC)
