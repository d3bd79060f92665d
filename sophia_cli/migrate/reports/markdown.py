"""The report as Markdown for a pull request: progress first, then each site with its lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sophia_cli.counted import counted
from sophia_cli.migrate.site import Verdict
from sophia_cli.migrate.standing import Standing
from sophia_cli.migrate.survey import Survey, Tally, percent

LARGEST = 60_000  # characters: code hosts take 65,536 in one comment
_GROUPS = (
    (Verdict.SAFE, "Safe: rewritten by `sophia migrate --apply`"),
    (Verdict.REVIEW, "To review: rewritten with `--class review`"),
    (Verdict.REPORT, "By hand: left alone, with the reason"),
    (Verdict.DONE, "On the service"),
)
_SPECIAL = re.compile(r"([\\`*_\[\]|#~])")


def make_markdown(survey: Survey) -> str:
    """At most so long as fits in a comment; how many sites did not fit is said."""
    parts = [*_head(survey), *_tables(survey), *_unseen(survey)]
    text = "\n".join(parts) + "\n"
    left = 0
    for verdict, title in _GROUPS:
        group = [one for one in survey.counted if one.verdict is verdict]
        if not group:
            continue
        text += f"\n<details><summary>{_summary(title)} ({len(group):,})</summary>\n\n"
        for one in group:
            entry = _entry(survey, one)
            if len(text) + len(entry) > LARGEST:
                left += 1
            else:
                text += entry
        text += "</details>\n"
    if left:
        text += f"\n{left:,} sites more did not fit here: `sophia migrate report --format html`\n"
    return text


def _head(survey: Survey) -> list[str]:
    total = survey.total
    if not total.sites:
        words = ["No LLM call was found in source files."]
    else:
        words = [
            f"**{_of(total.done, total.sites, ' sites')}** and "
            f"**{_of(total.files_done, total.files, ' files')}** are on the service.",
            f"Left: {total.safe:,} safe, {total.review:,} to review, {total.by_hand:,} by hand.",
        ]
    if survey.aside:
        words.append(f"Not counted, in tests, archives and pages: {len(survey.aside):,}.")
    return ["<!-- sophia migrate report -->", "## LLM calls", "", *words]


def _of(part: int, whole: int, noun: str = "") -> str:
    return f"{part:,} of {whole:,}{noun} ({percent(part, whole)} %)"


def _tables(survey: Survey) -> Iterable[str]:
    for name, tallies in (("owner", survey.by_owner), ("part", survey.by_part)):
        if len(tallies) > 1 or (tallies and name == "part"):
            yield from ("", *_table(name, tallies))


def _table(name: str, tallies: Sequence[Tally]) -> Iterable[str]:
    yield f"| {name} | sites on the service | files | safe | review | by hand |"
    yield "|---|---|---|---|---|---|"
    for one in tallies:
        counts = f"{one.safe:,} | {one.review:,} | {one.by_hand:,}"
        done = f"{_of(one.done, one.sites)} | {_of(one.files_done, one.files)}"
        yield f"| {code(one.name)} | {done} | {counts} |"


def _unseen(survey: Survey) -> Iterable[str]:
    if survey.unseen:
        yield f"\nNot looked at: {counted(len(survey.unseen), 'file')}."
        yield from (f"- {code(item.path)}: {plain(item.reason)}" for item in survey.unseen[:10])


def _entry(survey: Survey, one: Standing) -> str:
    site, excerpt = one.site, survey.excerpts[one.site]
    owner = f", {code(site.owner)}" if site.owner else ""
    words = f"{code(site.operation)}{owner}: {plain(site.reason.text)}"
    lines = [f"- {code(site.place)} {words}"]
    if excerpt.before:
        body = [
            f"{'-' if excerpt.after is not None else ' '}{line}"
            for line in excerpt.before.split("\n")
        ]
        if excerpt.after:
            body += [f"+{line}" for line in excerpt.after.split("\n")]
        body += [f"+{name}" for name in excerpt.imports]
        ticks = max((len(run) for run in re.findall(r"`+", "\n".join(body))), default=0)
        fence = "`" * max(3, ticks + 1)
        lines += [f"  {fence}diff", *(f"  {line}".rstrip() for line in body), f"  {fence}"]
    return "\n".join(lines) + "\n"


def plain(text: str) -> str:
    """Words that mean nothing in Markdown; nobody is called by an @."""
    flat = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return _SPECIAL.sub(r"\\\1", flat).replace("@", "&#64;")


def code(text: str) -> str:
    """A name as it is written, on one line of a list or a table."""
    flat = " ".join(text.split())
    return plain(flat) if {"`", "|"} & set(flat) or not flat else f"`{flat}`"


def _summary(text: str) -> str:
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", text)
