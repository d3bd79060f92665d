"""A `.pre-commit-config.yaml` as it stands: what it says, and at which place of its text.

YAML is read to find places and to look again afterwards, never written: a round trip through a
parser loses comments and indentation. The parser is the one that pre-commit itself reads with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from sophia_cli.errors import SophiaError
from sophia_cli.hooks.render import Entry, Layout

NAME = ".pre-commit-config.yaml"
# As pre-commit chooses it: the two differ in what they take.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
OWN = "sophia-"  # what the ids of our hooks begin with; in the classic style their aliases


def is_own(repo: Entry, hook: Entry) -> bool:
    """Whether a hook is one that `sophia` writes: a local one by its id, else by its alias."""
    name = hook["id"] if repo.get("repo") == "local" else hook.get("alias", "")
    return str(name).startswith(OWN)


def own_id(hook: Entry) -> str:
    """The name by which one of our hooks is known, whatever its repository calls it."""
    return str(hook.get("alias") or hook["id"])


@dataclass(frozen=True)
class Config:
    """The text of a configuration and what pre-commit reads in it.

    `mark` is a byte order mark before the text.
    """

    mark: str
    text: str
    data: Mapping[str, Any]
    root: yaml.MappingNode | None
    tokens: tuple[yaml.Token, ...]

    @property
    def repos(self) -> list[Entry]:
        return list(self.data.get("repos") or [])

    @property
    def hooks(self) -> Iterator[tuple[Entry, Entry]]:
        """Every hook with its repository."""
        return ((repo, hook) for repo in self.repos for hook in repo.get("hooks") or [])

    @property
    def newline(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    def node(self, *path: str | int) -> yaml.Node | None:
        """The node that is reached through these keys and places; None where there is none."""
        found: yaml.Node | None = self.root
        for step in path:
            found = _child(found, step)
        return found


def _child(node: yaml.Node | None, step: str | int) -> yaml.Node | None:
    if isinstance(step, int):
        return node.value[step] if isinstance(node, yaml.SequenceNode) else None
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    return None


def read_config(data: bytes) -> Config:
    """Read a configuration. Raises SophiaError for one that pre-commit could not read either."""
    try:
        whole = data.decode("utf-8")
        text = whole.removeprefix("\ufeff")
        root = yaml.compose(text, Loader=_LOADER)
        found = _LOADER(text).get_single_data()
        tokens = tuple(yaml.scan(text, Loader=_LOADER))
    except (UnicodeDecodeError, yaml.YAMLError, ValueError) as error:
        raise _unreadable(_why(error)) from error
    mark = whole[: len(whole) - len(text)]
    if found is None:  # nothing but comments
        return Config(mark, text, {}, None, tokens)
    repos = found.get("repos") if isinstance(found, dict) else 0
    if not isinstance(root, yaml.MappingNode) or not _are_repos(repos):
        raise _unreadable("it is not a list of `repos` with `hooks`")
    return Config(mark, text, found, root, tokens)


def _are_repos(repos: object) -> bool:
    return repos is None or (
        isinstance(repos, list)
        and all(isinstance(repo, dict) and _are_hooks(repo.get("hooks")) for repo in repos)
    )


def _are_hooks(hooks: object) -> bool:
    return hooks is None or (
        isinstance(hooks, list) and all(isinstance(hook, dict) and "id" in hook for hook in hooks)
    )


def _why(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
    return f"line {mark.line + 1}: {getattr(error, 'problem', None) or 'no YAML'}"


def _unreadable(why: str) -> SophiaError:
    return SophiaError(f"{NAME} cannot be read and is left alone: {why}", f"mend {NAME}")


def layout_of(config: Config) -> Layout:
    """The layout of a file's own entries; the usual one where it has none."""
    usual = Layout(newline=config.newline)
    repos = config.node("repos")
    if not isinstance(repos, yaml.SequenceNode) or repos.flow_style or not repos.value:
        return usual
    dash = repos.start_mark.column
    last = repos.value[-1]
    gap = max(last.start_mark.column - dash, 2) if isinstance(last, yaml.MappingNode) else 2
    inner = 2
    for repo in repos.value:
        hooks = _child(repo, "hooks")
        if isinstance(hooks, yaml.SequenceNode) and not hooks.flow_style and hooks.value:
            inner = hooks.start_mark.column - repo.start_mark.column
    return Layout(dash, gap, inner, config.newline, _is_spaced(config, last))


def _is_spaced(config: Config, last: yaml.Node) -> bool:
    """Whether an empty line stands before the last of several repositories, or of its comment."""
    lines = config.text.splitlines()[: last.start_mark.line]
    while lines and lines[-1].lstrip().startswith("#"):
        lines.pop()
    return bool(lines) and not lines[-1].strip() and len(config.repos) > 1
