"""Changes of a configuration's text, place by place: what is not changed keeps its bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import yaml

from sophia_cli.errors import SophiaError
from sophia_cli.hooks.config import NAME, Config, is_own, layout_of, own_id, read_config
from sophia_cli.hooks.render import Entry, Layout, flow, render_hook, render_repo

Place = tuple[int, int]  # a repository and one of its hooks, by number


@dataclass(frozen=True)
class Edit:
    """`text` in place of what stands from `start` to `end`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Change:
    """What becomes of a configuration: hooks taken out, hooks replaced, repositories added."""

    remove: tuple[Place, ...] = ()
    replace: tuple[tuple[Place, Entry], ...] = ()
    add: tuple[Entry, ...] = ()


def spliced(config: Config, change: Change) -> str:
    """The text with the change in it, read again and compared.

    Raises SophiaError where it cannot be made, or would change anything else.
    """
    layout = layout_of(config)
    edits = [*_removals(config, change), *_replacements(config, change, layout)]
    edits += _additions(config, change, layout)
    text = config.text
    for edit in sorted(edits, key=lambda one: one.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    _look_again(config, change, text)
    return config.mark + text


def _look_again(config: Config, change: Change, text: str) -> None:
    after = read_config(text.encode())
    others = {key: value for key, value in config.data.items() if key != "repos"}
    same = others == {key: value for key, value in after.data.items() if key != "repos"}
    if not same or after.repos != _expected(config, change):
        raise _by_hand("its layout is one that cannot be changed in place")


def _expected(config: Config, change: Change) -> list[Entry]:
    replaced = dict(change.replace)
    found: list[Entry] = []
    for number, repo in enumerate(config.repos):
        hooks = list(repo.get("hooks") or [])
        kept = [
            dict(replaced.get((number, place), hook))
            for place, hook in enumerate(hooks)
            if (number, place) not in change.remove
        ]
        if kept or not hooks:
            found.append({**repo, "hooks": kept} if hooks else repo)
    return [*found, *({**repo, "hooks": [*map(dict, repo["hooks"])]} for repo in change.add)]


def _by_hand(why: str) -> SophiaError:
    return SophiaError(f"{NAME} is left alone: {why}", "write its hooks in lines of their own")


# What is taken out or replaced


def _removals(config: Config, change: Change) -> list[Edit]:
    gone = set(change.remove)
    whole = {
        number
        for number, repo in enumerate(config.repos)
        if (hooks := repo.get("hooks")) and {(number, i) for i in range(len(hooks))} <= gone
    }
    edits = [_without(config, _items(config, config.node("repos"))[number]) for number in whole]
    edits += [
        _without(config, _items(config, config.node("repos", number, "hooks"))[place])
        for number, place in sorted(gone)
        if number not in whole
    ]
    if whole and len(whole) == len(config.repos) and not change.add:
        key = config.node("repos")
        assert key is not None
        edits.append(_after_word(config, key, " []"))
    return edits


def _replacements(config: Config, change: Change, layout: Layout) -> list[Edit]:
    edits = []
    for (number, place), hook in change.replace:
        hooks = config.node("repos", number, "hooks")
        start, end = _items(config, hooks)[place]
        assert hooks is not None
        edits.append(Edit(start, end, render_hook(hook, hooks.start_mark.column, layout)))
    return edits


def _without(config: Config, span: tuple[int, int]) -> Edit:
    """An item goes with the empty line before it where none stands between its neighbours."""
    start, end = span
    before = re.search(r"(?:^|\n)([ \t]*\r?\n)$", config.text[:start])
    after = config.text[end:].split("\n")[0].strip()
    if before and after in ("", "..."):
        start = before.start(1)
    return Edit(start, end, "")


def _items(config: Config, node: yaml.Node | None) -> list[tuple[int, int]]:
    """From where to where each item of a list goes: whole lines. Raises SophiaError for a flow list."""
    if not isinstance(node, yaml.SequenceNode) or node.flow_style:
        raise _by_hand("hooks that should be changed are written in brackets")
    stop = node.end_mark.index
    dashes = [
        token.start_mark.index
        for token in config.tokens
        if isinstance(token, yaml.BlockEntryToken)
        and token.start_mark.column == node.start_mark.column
        and node.start_mark.index <= token.start_mark.index < stop
    ]
    spans = []
    for dash, after in zip(dashes, [*dashes[1:], stop], strict=True):
        start = _line_start(config.text, dash)
        if config.text[start:dash].strip():
            raise _by_hand("a hook that should be changed does not begin on a line of its own")
        spans.append((start, _end_of(config, dash, after)))
    return spans


def _end_of(config: Config, start: int, stop: int) -> int:
    """Where the lines of what stands from `start` on end: with comments that are indented deeper."""
    text = config.text
    last = max(
        token.end_mark.index
        for token in config.tokens
        if start <= token.start_mark.index < stop and token.end_mark.index > token.start_mark.index
    )
    last = len(text[:last].rstrip())
    end = _line_end(text, last)
    column = start - _line_start(text, start)
    while (line := text[end : _line_end(text, end)]).lstrip().startswith("#"):
        if len(line) - len(line.lstrip()) <= column:
            break
        end += len(line)
    return end


def _line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def _line_end(text: str, index: int) -> int:
    found = text.find("\n", index)
    return len(text) if found < 0 else found + 1


# What is added


def _additions(config: Config, change: Change, layout: Layout) -> list[Edit]:
    if not change.add:
        return []
    node = config.node("repos")
    if node is None:
        return [_with_word(config, change.add, layout)]
    if isinstance(node, yaml.SequenceNode) and node.value:
        way = _into_brackets if node.flow_style else _at_the_end
        return [way(config, node, change.add, layout)]
    return _in_place_of_nothing(config, node, change.add, layout)


def _blocks(repos: Sequence[Entry], layout: Layout) -> str:
    gap = layout.newline if layout.spaced else ""
    return gap.join(render_repo(repo, layout) for repo in repos)


def _at_the_end(
    config: Config, node: yaml.SequenceNode, repos: Sequence[Entry], layout: Layout
) -> Edit:
    end = _items(config, node)[-1][1]
    gap = layout.newline if layout.spaced else ""
    return Edit(end, end, _fresh_line(config, end) + gap + _blocks(repos, layout))


def _into_brackets(
    config: Config, node: yaml.SequenceNode, repos: Sequence[Entry], layout: Layout
) -> Edit:
    inside = [
        token
        for token in config.tokens
        if node.start_mark.index < token.end_mark.index < node.end_mark.index
        and token.end_mark.index > token.start_mark.index
    ]
    comma = "" if isinstance(inside[-1], yaml.FlowEntryToken) else ","
    end = inside[-1].end_mark.index
    return Edit(end, end, f"{comma} {', '.join(map(flow, repos))}")


def _in_place_of_nothing(
    config: Config, node: yaml.Node, repos: Sequence[Entry], layout: Layout
) -> list[Edit]:
    """`repos:` and `repos: []` become a list in the lines below."""
    start, end = node.start_mark.index, node.end_mark.index
    if "\n" in config.text[start:end] or _in_braces(config):
        raise _by_hand("its `repos` are written in brackets")
    word = len(config.text[:start].rstrip(" "))
    line = _line_end(config.text, end)
    text = _fresh_line(config, line) + _blocks(repos, layout)
    return [*([Edit(word, end, "")] if end > start else []), Edit(line, line, text)]


def _with_word(config: Config, repos: Sequence[Entry], layout: Layout) -> Edit:
    """A file without `repos`: they go to its end, before a mark of the document's end."""
    if _in_braces(config):
        raise _by_hand("it is written in braces")
    ends = [
        token.start_mark.index
        for token in config.tokens
        if isinstance(token, yaml.DocumentEndToken)
    ]
    end = ends[0] if ends else len(config.text)
    text = f"repos:{layout.newline}{_blocks(repos, layout)}"
    return Edit(end, end, _fresh_line(config, end) + text)


def _in_braces(config: Config) -> bool:
    return config.root is not None and bool(config.root.flow_style)


def _fresh_line(config: Config, index: int) -> str:
    before = config.text[:index]
    return config.newline if before and not before.endswith("\n") else ""


def _after_word(config: Config, node: yaml.Node, text: str) -> Edit:
    """`text` behind the colon before a list that has no item any more."""
    colon = max(
        token.end_mark.index
        for token in config.tokens
        if isinstance(token, yaml.ValueToken) and token.end_mark.index <= node.start_mark.index
    )
    return Edit(colon, colon, text)


# Our own hooks


def own_places(config: Config, wanted: Callable[[str], bool] = lambda _: True) -> tuple[Place, ...]:
    """Where our hooks stand; only those whose id is `wanted`."""
    return tuple(
        (number, place)
        for number, repo in enumerate(config.repos)
        for place, hook in enumerate(repo.get("hooks") or [])
        if is_own(repo, hook) and wanted(own_id(hook))
    )


def hook_at(config: Config, place: Place) -> Entry:
    """The hook at a place."""
    number, index = place
    hook: Entry = config.repos[number]["hooks"][index]
    return hook


def joined(there: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """A list with what it lacks, by the name of a package: a version that is there stays."""
    found = list(there)
    names = {package_of(one) for one in found}
    return found + [one for one in wanted if package_of(one) not in names]


def package_of(word: str) -> str:
    """The package that `ruff==1`, `bandit[toml]>=1` or `@eslint/js@10` asks for; else the word itself.

    An argument, `--node=eslint@10`, is known by its option and the package.
    """
    option, equals, value = word.partition("=")
    if word.startswith("-") and equals:
        return f"{option}={package_of(value)}"
    match = re.match(r"(@?[\w./-]+?)(?:\[[^]]*\])?(?:[=<>~!].*|@[\d^~].*)?$", word)
    return match[1].lower() if match else word
