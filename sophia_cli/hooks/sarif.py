"""What was found as SARIF: what is new and what was there before, told apart as the format does."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sophia_cli.hooks.finding import Finding
from sophia_cli.hooks.hold import Held
from sophia_cli.sarif import location_of, make_log


def make_sarif(held: Held) -> str:
    """One run, with a result for each finding."""
    findings = [*held.compared.new, *held.compared.stay]
    names = sorted({(one.tool, one.rule) for one in findings})
    order = {name: index for index, name in enumerate(names)}
    results = [
        *_results(held.compared.new, order, "new", "error"),
        *_results(held.compared.stay, order, "unchanged", "note"),
    ]
    return make_log(
        "hooks run",
        "sophia-hooks/",
        rules=[_rule(*name) for name in names],
        results=results,
        notes=[{"level": "error", "message": {"text": one.message}} for one in held.errors],
    )


def _rule(tool: str, rule: str) -> dict[str, Any]:
    words = f"{rule} of {tool.capitalize()}"
    return {"id": f"{tool}/{rule}", "name": rule, "shortDescription": {"text": words}}


def _results(
    findings: Sequence[Finding], order: dict[tuple[str, str], int], state: str, level: str
) -> Iterator[dict[str, Any]]:
    seen: Counter[object] = Counter()
    for one in findings:
        number = seen[one.fingerprint]
        seen[one.fingerprint] += 1
        text = "\0".join((*one.fingerprint, str(number)))
        digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
        yield {
            "ruleId": f"{one.tool}/{one.rule}",
            "ruleIndex": order[one.tool, one.rule],
            "level": level,
            "baselineState": state,
            "message": {"text": one.message},
            "locations": [location_of(one.path, one.line, one.column)],
            "partialFingerprints": {"sophiaFinding/v1": digest},
        }
