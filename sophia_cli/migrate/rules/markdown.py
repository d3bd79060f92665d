"""Python samples of Markdown pages: rewritten like code where they are whole, else told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from sophia_cli.migrate.callers import Callers
from sophia_cli.migrate.groups import level
from sophia_cli.migrate.modules import Modules, Parsed
from sophia_cli.migrate.page import BY_HAND, read_page
from sophia_cli.migrate.resolve import Resolver
from sophia_cli.migrate.rules.calls import hand_in
from sophia_cli.migrate.scan import Rule, Scan
from sophia_cli.migrate.site import Reason, Site, Verdict, join_reasons
from sophia_cli.migrate.stand_ins import StandIns

if TYPE_CHECKING:
    from sophia_cli.migrate.pack import Pack

SAMPLE = Reason("sample", "a sample on a page: see whether the page tells of now")
_CALL = (
    r"\b(AsyncOpenAI|OpenAI|AsyncAnthropic|Anthropic|AzureOpenAI|AnthropicBedrock|AnthropicVertex)\(|"
    r"\.(chat\.completions\.create|responses\.create|embeddings\.create|messages\.create|messages\.stream)\("
)


def over(rules: Iterable[Rule]) -> Rule:
    """The rule that lets others look at each sample as a module of its own."""
    rules = tuple(rules)

    def find(scan: Scan) -> None:
        for path, data in scan.pages.items():
            samples = read_page(path, data)
            scan.blocks[path] = tuple(sample.block for sample in samples if sample.block)
            for sample in samples:
                sites = _found(scan, rules, sample.block) if sample.block else []
                sites = [_left(site, sample.left) for site in sites]
                scan.sites.extend(sites)
                seen = {site.line for site in sites}
                for site in told(scan, path, sample.lines, sample.left or BY_HAND):
                    if site.line not in seen:
                        scan.sites.append(site)

    return find


def _found(scan: Scan, rules: Iterable[Rule], block: Parsed) -> list[Site]:
    """What the rules find in a sample. It sees packages, not the tree: nobody runs it there."""
    world = Modules(frozenset(), lambda path: None)
    alone = replace(
        scan,
        modules=world,
        files=(block,),
        pages={},
        queries={},
        near=Resolver(world),
        far=Resolver(world, eager=True, callers=Callers(lambda name: (block,))),
        stand_ins=StandIns(),
        constructors={},
        sites=[],
    )
    for rule in rules:
        rule(alone)
    alone.sites[:] = hand_in(alone.sites, alone.constructors.values())
    # its objects are its own: the code's do not wait for them
    return [replace(site, groups=()) for site in level(alone.sites, lambda site: True)]


def _left(site: Site, reason: Reason | None) -> Site:
    if reason is None and site.verdict in (Verdict.SAFE, Verdict.REVIEW):
        # Only a person sees whether a page tells of now.
        own = site.reason.every if site.verdict is Verdict.REVIEW else ()
        return replace(site, verdict=Verdict.REVIEW, reason=join_reasons([*own, SAMPLE]))
    if reason is None or site.verdict is Verdict.DONE:
        return site
    return replace(site, verdict=Verdict.REPORT, reason=reason, edits=(), needs=(), retired=())


def told(
    scan: Scan, path: str, lines: Iterable[tuple[int, str]], reason: Reason, cell: int = 0
) -> Iterator[Site]:
    """A site for each of some lines that reads like a call: they are not seen as code."""
    pattern = _pattern(scan.packs)
    for number, line in lines:
        for match in pattern.finditer(line):
            if line.lstrip().startswith("#"):
                continue
            vendor, operation, own = match.group(1, 2, 3)
            name = vendor or operation or own
            provider = (
                "anthropic" if "nthropic" in name or name.startswith("messages") else "openai"
            )
            yield Site(
                rule="markdown",
                verdict=Verdict.REPORT,
                reason=reason,
                path=path,
                line=number,
                column=match.start() + 1,
                cell=cell,
                provider=_owner(scan.packs, own) if own else provider,
                operation=name,
                category=scan.category(path),
            )


def _pattern(packs: Iterable[Pack]) -> re.Pattern[str]:
    names = {name for pack in packs for service in pack.services for name in service.entries}
    own = "|".join(re.escape(name) for name in sorted(names)) or r"(?!)"
    return re.compile(rf"{_CALL}|\b({own})(?:\.\w+)?\(")


def _owner(packs: Iterable[Pack], name: str) -> str:
    return next(pack.name for pack in packs for service in pack.services if name in service.entries)
