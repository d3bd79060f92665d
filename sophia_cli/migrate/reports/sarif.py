"""The report as SARIF 2.1.0, for code scanning: every rule is declared, also those that found nothing.

What is on the service is no result: an alert closes when its site is migrated. What stands in
tests, archives and pages is a result that is suppressed, with the reason.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Any

from sophia_cli.migrate.rules.names import RULE_NAMES
from sophia_cli.migrate.site import Category, Site
from sophia_cli.migrate.standing import Standing
from sophia_cli.migrate.survey import Survey
from sophia_cli.sarif import location_of, make_log

_HELP = "See what would change: sophia migrate show safe. Change it: sophia migrate --apply."


def make_sarif(survey: Survey) -> str:
    """One run with one result for each site that is left."""
    names = {
        **RULE_NAMES,
        **{site.rule: site.rule for site in survey.sites if site.rule not in RULE_NAMES},
    }
    order = {rule: index for index, rule in enumerate(names)}
    return make_log(
        "migrate report",
        "sophia-migrate/",
        rules=[_rule(rule, words) for rule, words in names.items()],
        results=list(_results(survey, order)),
        notes=_notes(survey),
    )


def _rule(rule: str, words: str) -> dict[str, Any]:
    return {
        "id": rule,
        "name": "".join(word.capitalize() for word in rule.split("_")),
        "shortDescription": {"text": words},
        "fullDescription": {"text": f"{words}: it goes past the service."},
        "help": {"text": _HELP},
        "defaultConfiguration": {"level": "warning"},
    }


def _results(survey: Survey, order: dict[str, int]) -> Iterable[dict[str, Any]]:
    seen: Counter[str] = Counter()
    for one in survey.standings:
        site = one.site
        if one.on_service:
            continue
        excerpt = survey.excerpts[site]
        text = f"{site.rule}\0{site.operation}\0{site.path}\0{excerpt.before}"
        number = seen[text]
        seen[text] += 1
        digest = hashlib.sha256(f"{text}\0{number}".encode("utf-8", "replace")).hexdigest()
        result = {
            "ruleId": site.rule,
            "ruleIndex": order[site.rule],
            "level": "warning" if survey.choice.counts(site) else "note",
            "message": {"text": _message(one)},
            "locations": [location_of(site.path, site.line, site.column)],
            "partialFingerprints": {"sophiaSite/v1": digest},
            "properties": _properties(survey, one),
        }
        if not survey.choice.counts(site):
            result["suppressions"] = [{"kind": "external", "justification": _aside(site)}]
        yield result


def _message(one: Standing) -> str:
    site = one.site
    what = f"{site.operation} of {site.provider} goes past the service"
    return f"{what} ({one.verdict}): {site.reason.text}."


def _aside(site: Site) -> str:
    if site.category is Category.DOCUMENTATION:
        return "A page: no code that runs."
    return f"In {site.category} code, which is left alone unless --include names it."


def _properties(survey: Survey, one: Standing) -> dict[str, Any]:
    site, excerpt = one.site, survey.excerpts[one.site]
    return {
        "class": str(one.verdict),
        "reason": site.reason.code,
        "owner": site.owner,
        "part": site.part,
        "sdk": site.provider,
        "model": site.model,
        "before": excerpt.before,
        "after": excerpt.after,
    }


def _notes(survey: Survey) -> list[dict[str, Any]]:
    return [
        {
            "level": "warning",
            "message": {"text": f"not looked at: {item.reason}"},
            "locations": [location_of(item.path)],
        }
        for item in survey.unseen
    ]
