"""The gates before anything is written: a file that fails one is left alone and reported."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import replace

from sophia_cli.migrate.change import Change, Choice, Plan
from sophia_cli.migrate.groups import spread
from sophia_cli.migrate.importable import broken_import
from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.page import load_views
from sophia_cli.migrate.plan import scan_again, withdraw
from sophia_cli.migrate.scan import Scan
from sophia_cli.migrate.site import Reason
from sophia_cli.migrate.source import Unreadable

_BUILTINS = frozenset(dir(builtins)) | {
    "__file__",
    "__name__",
    "__doc__",
    "__path__",
    "__package__",
    "__spec__",
}


def verify(scan: Scan, plan: Plan, choice: Choice) -> Plan:
    """Drop every change that does not pass; its sites become reports."""
    results: dict[str, tuple[Parsed, ...]] = {}
    failed: dict[str, Reason] = {}
    for change in plan.changes:
        try:
            results[change.path] = _result(scan, change)
        except _Fails as error:
            failed[change.path] = error.reason
    failed |= _target(scan, plan, choice, failed)
    failed |= _second_pass(scan, results, choice, failed)
    for view in (view for views in results.values() for view in views):
        view.table.release()
    failed = spread(failed, [site for site in plan.sites if choice.takes(site)])
    if not failed:
        return plan
    changes = tuple(change for change in plan.changes if change.path not in failed)
    return replace(plan, changes=changes, sites=tuple(withdraw(plan.sites, failed, choice)))


class _Fails(Exception):
    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.reason = Reason(code, words)


def _result(scan: Scan, change: Change) -> tuple[Parsed, ...]:
    """The rewritten file by itself: it compiles, and reads no name that is not there."""
    before = scan.views(change.path)
    try:
        after = load_views(change.path, change.after)
        for view in after:
            view.source.check()
    except (Unreadable, SyntaxError, ValueError, RecursionError) as error:
        raise _Fails("does-not-compile", f"the result does not compile: {error}") from None
    if len(after) != len(before):
        raise _Fails("does-not-compile", "a sample of the result does not parse")
    for old, new in zip(before, after, strict=True):
        if fresh := sorted(undefined(new) - undefined(old)):
            words = f"the result would read {fresh[0]}, which is not defined"
            raise _Fails("undefined-name", words)
    return after


def undefined(file: Parsed) -> set[str]:
    """Names that are read somewhere and bound nowhere in sight."""
    table = file.table
    return {
        node.id
        for node in table.names
        if node.id not in _BUILTINS and table.scopes[node].lookup(node.id) is None
    }


def _target(
    scan: Scan, plan: Plan, choice: Choice, failed: Mapping[str, Reason]
) -> dict[str, Reason]:
    """Files that would import what the target module does not offer."""
    needs = {
        (site.path, need.module, need.name)
        for site in plan.sites
        if choice.takes(site) and site.path not in failed
        for need in site.needs
    }
    wanted = {(module, name) for _, module, name in needs}
    lacking = {(module, name) for module, name in wanted if not scan.offers(module, name)}
    broken = {module: broken_import(scan.modules, module) for _, module, _ in needs}
    return {
        path: (
            Reason("target-lacks", f"{module} does not offer {name}")
            if (module, name) in lacking
            else Reason("target-broken", f"{module} cannot be imported: {broken[module]}")
        )
        for path, module, name in sorted(needs)
        if (module, name) in lacking or broken[module]
    }


def _second_pass(
    scan: Scan,
    results: Mapping[str, tuple[Parsed, ...]],
    choice: Choice,
    failed: Mapping[str, Reason],
) -> dict[str, Reason]:
    """Files in which the rules would find more to do after the edits."""
    overlay = {path: views for path, views in results.items() if path not in failed}
    files = {path: views[0] for path, views in overlay.items() if path not in scan.blocks}
    pages = {path: views[0].source.data for path, views in overlay.items() if path in scan.blocks}
    again = scan_again(scan, files, pages) if overlay else scan
    reason = Reason("not-idempotent", "a second run would edit the result again")
    return {
        site.path: reason
        for site in again.sites
        if site.path in overlay and choice.takes(site) and not site.groups
    }
