"""Programs that a file holds as text, to write or run them: told, never edited."""

from __future__ import annotations

import ast
import re

from sophia_cli.migrate.scan import Found, Scan, site_at
from sophia_cli.migrate.site import Reason, Verdict

_REASON = Reason("in-string", "a program in a string: change it by hand")


def find(scan: Scan) -> None:
    """Add a site for each text with a line that imports an SDK or a declared service."""
    modules = {service.module: pack.name for pack in scan.packs for service in pack.services}
    names = "|".join(re.escape(name) for name in sorted({"openai", "anthropic", *modules}))
    pattern = re.compile(rf"^[ \t]*(?:from|import)[ \t]+({names})\b", re.MULTILINE)
    for file in scan.files:
        for node in file.table.strings:
            found = pattern.search(str(node.value)) if "\n" in str(node.value) else None
            # a text that stands for itself is a docstring: nobody runs it
            if found is not None and not isinstance(file.table.parents[node], ast.Expr):
                name = found.group(1)
                provider = modules.get(name, name)
                site_at(
                    scan, file, node, Found("templates", Verdict.REPORT, _REASON, provider, name)
                )
