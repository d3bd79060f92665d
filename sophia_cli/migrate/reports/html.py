"""The report as one HTML file: opens offline, asks nobody for anything, light or dark as the reader's machine is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sophia_cli import __version__
from sophia_cli.counted import counted
from sophia_cli.migrate.site import Site, Verdict
from sophia_cli.migrate.standing import Standing
from sophia_cli.migrate.survey import NOBODY, Survey, Tally, percent
from sophia_cli.webpage import as_html, web_page

_CLASSES = (
    (Verdict.DONE, "done", "on the service"),
    (Verdict.SAFE, "safe", "safe: sophia migrate --apply"),
    (Verdict.REVIEW, "review", "to review: --class review"),
    (Verdict.REPORT, "hand", "by hand: the reason is beside each"),
)
_SHORT = {
    Verdict.DONE: "on the service",
    Verdict.SAFE: "safe",
    Verdict.REVIEW: "to review",
    Verdict.REPORT: "by hand",
}
_STYLE = {verdict: style for verdict, style, _ in _CLASSES}


def make_html(survey: Survey) -> str:
    """Every word of the user's is escaped."""
    name = survey.root.name or "this folder"
    body = [
        f"<h1>LLM calls in {_text(name)}</h1>",
        f'<p class="soft">Looked at {counted(survey.files, "Python file")}, '
        f'{counted(survey.notebooks, "notebook")} and {counted(survey.pages, "page")}.</p>',
        *_progress(survey),
        *_groups(survey),
        *_sites(survey),
        *_aside(survey),
        *_unseen(survey),
        f'<p class="soft">sophia {_text(__version__)}</p>',
    ]
    return web_page("migrate-report", f"LLM calls in {_text(name)}", body)


def _text(text: str) -> str:
    return as_html(text, "\n\t")


def _progress(survey: Survey) -> Iterable[str]:
    total = survey.total
    if not total.sites:
        yield '<p class="figure">No LLM call was found in source files.</p>'
        return
    share = percent(total.done, total.sites)
    yield f'<p class="figure">{total.done:,} of {total.sites:,} sites on the service ({share} %)</p>'
    share = percent(total.files_done, total.files)
    yield f"<p>{total.files_done:,} of {total.files:,} files ({share} %)</p>"
    yield _bar(total)
    yield '<ul class="legend">'
    for (_, style, words), number in zip(_CLASSES, _numbers(total), strict=True):
        yield f'<li><i class="{style}"></i>{number:,} {words}</li>'
    yield "</ul>"


def _numbers(one: Tally) -> tuple[int, int, int, int]:
    return one.done, one.safe, one.review, one.by_hand


def _bar(one: Tally) -> str:
    parts = "".join(
        f'<i class="{style}" style="width:{100 * number / one.sites:.2f}%"></i>'
        for (_, style, _), number in zip(_CLASSES, _numbers(one), strict=True)
        if number
    )
    return f'<div class="bar" aria-hidden="true">{parts}</div>'


def _groups(survey: Survey) -> Iterable[str]:
    if not survey.counted:
        return
    yield '<div class="pair">'
    for name, tallies in (("owner", survey.by_owner), ("part", survey.by_part)):
        yield f'<section><h2>By {name}</h2><table><thead><tr><th scope="col">{name}</th>'
        yield '<th scope="col" class="number">sites</th><th scope="col" class="number">files</th>'
        yield '<th scope="col">progress</th></tr></thead><tbody>'
        for one in tallies:
            yield f'<tr><td>{_text(one.name)}</td><td class="number">{_of(one.done, one.sites)}</td>'
            yield f'<td class="number">{_of(one.files_done, one.files)}</td><td>{_bar(one)}</td></tr>'
        yield "</tbody></table></section>"
    yield "</div>"


def _of(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} ({percent(part, whole)} %)"


def _sites(survey: Survey) -> Iterable[str]:
    if not survey.counted:
        return
    yield "<h2>Sites</h2>"
    yield '<div class="filters" id="filters" hidden>'
    yield _select("class", [_SHORT[verdict] for verdict, _, _ in _CLASSES])
    yield _select("owner", [one.name for one in survey.by_owner])
    yield _select("part", [one.name for one in survey.by_part])
    yield '<label>words<input id="words" type="search" placeholder="path, call, reason"></label>'
    yield '<button id="lines" type="button">Show all lines</button>'
    yield '<span id="count" class="soft" role="status"></span></div>'
    yield '<table class="sites"><thead><tr><th scope="col" class="wide">place and reason</th>'
    yield '<th scope="col" class="middle">call</th><th scope="col" class="badge">class</th>'
    yield '<th scope="col">owner</th><th scope="col" class="narrow">part</th></tr></thead>'
    for one in survey.counted:
        yield from _site(survey, one)
    yield "</table>"


def _select(name: str, values: Sequence[str]) -> str:
    options = "".join(f'<option value="{_text(value)}">{_text(value)}</option>' for value in values)
    return (
        f'<label>{name}<select id="{name}"><option value="">all</option>{options}</select></label>'
    )


def _site(survey: Survey, one: Standing) -> Iterable[str]:
    site, owner = one.site, one.site.owner or NOBODY
    short = _SHORT[one.verdict]
    yield (
        f'<tbody class="site" data-class="{_text(short)}" data-owner="{_text(owner)}" '
        f'data-part="{_text(site.part)}"><tr>'
    )
    yield f'<td><code class="place">{_text(site.place)}</code><br>{_reasons(site)}'
    yield from _lines(survey, one)
    yield f"</td><td><code>{_text(site.operation)}</code><br>"
    yield f'<span class="soft">{_text(site.provider)}{_model(site.model)}</span></td>'
    yield f'<td class="badge"><i class="{_STYLE[one.verdict]}"></i>{short}</td>'
    yield f"<td>{_text(owner)}</td><td>{_text(site.part)}</td></tr></tbody>"


def _reasons(site: Site) -> str:
    return "<br>".join(_text(reason.words) for reason in site.reason.every)


def _model(model: str | None) -> str:
    return f", {_text(model)}" if model else ""


def _lines(survey: Survey, one: Standing) -> Iterable[str]:
    excerpt = survey.excerpts[one.site]
    if not excerpt.before.strip():
        return
    changes = excerpt.after is not None
    yield f"<details><summary>{'before and after' if changes else 'the line'}</summary><pre>"
    tag, sign = ("del", "- ") if changes else ("span", "  ")
    lines = [f"<{tag}>{sign}{_text(line)}</{tag}>" for line in excerpt.before.split("\n")]
    if excerpt.after:
        lines += [f"<ins>+ {_text(line)}</ins>" for line in excerpt.after.split("\n")]
    lines += [f"<ins>+ {_text(name)}</ins>" for name in excerpt.imports]
    yield "".join(lines) + "</pre></details>"


def _aside(survey: Survey) -> Iterable[str]:
    if not survey.aside:
        return
    yield "<h2>Not counted</h2>"
    yield '<p class="soft">Tests, archives, vendored and generated code, and pages.</p>'
    yield '<table><thead><tr><th scope="col">place</th><th scope="col">call</th>'
    yield '<th scope="col">kind</th></tr></thead><tbody>'
    for one in survey.aside:
        site = one.site
        yield f'<tr><td><code class="place">{_text(site.place)}</code></td>'
        yield f"<td><code>{_text(site.operation)}</code></td><td>{_text(site.category)}</td></tr>"
    yield "</tbody></table>"


def _unseen(survey: Survey) -> Iterable[str]:
    if not survey.unseen:
        return
    yield "<h2>Not looked at</h2><table><tbody>"
    for item in survey.unseen:
        yield f'<tr><td><code class="place">{_text(item.path)}</code></td><td>{_text(item.reason)}</td></tr>'
    yield "</tbody></table>"
