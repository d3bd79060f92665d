"""Keys and addresses that are set on a package itself, as with openai 0.x: a constructor takes them now."""

from __future__ import annotations

import ast

from sophia_cli.migrate.scan import Found, Scan, site_at
from sophia_cli.migrate.site import Reason, Verdict
from sophia_cli.migrate.value import Symbol

_PACKAGES = frozenset({"openai", "anthropic", "litellm", "cohere"})
_SETTINGS = frozenset(
    {
        *("api_key", "api_base", "api_type", "api_version", "base_url", "organization", "proxy"),
        *("azure_endpoint", "azure_ad_token", "http_client", "openai_key", "api_key_path"),
    }
)
_REASON = Reason("module-settings", "set for the package as a whole: give it to a client instead")


def find(scan: Scan) -> None:
    """Add a site for each such assignment."""
    for file in scan.files:
        for node in file.table.attributes_of(_SETTINGS):
            if isinstance(node.ctx, ast.Store):
                owner = scan.near.one(file, node.value)
                if isinstance(owner, Symbol) and owner.name in _PACKAGES:
                    operation = f"{owner.name}.{node.attr} ="
                    found = Found("module_settings", Verdict.NOTED, _REASON, owner.name, operation)
                    site_at(scan, file, node, found)
