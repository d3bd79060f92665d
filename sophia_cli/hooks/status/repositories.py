"""Repositories of hooks that serve no longer, and packages that cannot be what was meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sophia_cli.checked import FAIL, WARN, Check
from sophia_cli.hooks.config import Config
from sophia_cli.hooks.detect import Project
from sophia_cli.hooks.render import Entry
from sophia_cli.hooks.update import semver
from sophia_cli.hooks.update.packages import package, version
from sophia_cli.hooks.update.pin import NPM
from sophia_cli.hooks.update.reader import read

# Names that ESLint's `extends` takes, and npm does not.
_EXTENDS = re.compile(
    r"(plugin|eslint):.*|(@?[\w.-]+/)?(@?[\w.-]+/)?(recommended|strict|core-web-vitals)[\w-]*"
)
# Read from the packages themselves: up to this version they take only that of the other.
_PEERS = (
    ("typescript-eslint", "8.74.0", "typescript", "<6.1.0"),
    ("@typescript-eslint/parser", "8.74.0", "typescript", "<6.1.0"),
    ("eslint-plugin-react", "7.37.5", "eslint", "<10.0.0"),
)
_ARCHIVED = {"mirrors-prettier": "a local hook, `language: node`, with prettier@VERSION"}


def repositories(config: Config, project: Project) -> Iterator[Check]:
    """Mirrors that are archived, names of configurations among packages, peers that cannot hold."""
    for repo in config.repos:
        name = str(repo.get("repo", "")).rstrip("/").rpartition("/")[2]
        if name in _ARCHIVED:
            words = f"{name} is archived: its tags will never be newer"
            yield Check("repository", WARN, words, _ARCHIVED[name])
        for hook in repo.get("hooks") or []:
            yield from _packages(name, hook)
    yield from _peers(config)
    yield from _eslint(config, project)


def _packages(repository: str, hook: Entry) -> Iterator[Check]:
    listed = [str(one) for one in hook.get("additional_dependencies") or []]
    node = hook.get("language") == "node" or repository in ("mirrors-eslint", "mirrors-prettier")
    wrong = [one for one in listed if node and _EXTENDS.fullmatch(one)]
    if wrong:
        verb = "is a configuration" if len(wrong) == 1 else "are configurations"
        words = f"additional_dependencies of {hook['id']}: {', '.join(wrong)} {verb} that `extends` takes, and no package"
        yield Check("packages", FAIL, words, "name the plugins:  eslint-plugin-NAME@VERSION")
    pinned = any(re.match(r"eslint@\d", one) for one in listed)
    if repository == "mirrors-eslint" and listed and not pinned and not wrong:
        words = f"{hook['id']} names plugins and no eslint@VERSION: npm picks one that may not take them"
        yield Check("packages", WARN, words, 'additional_dependencies: ["eslint@VERSION", ...]')


def _peers(config: Config) -> Iterator[Check]:
    groups: dict[int, dict[str, str]] = {}
    for pin in read(config).pins:
        if pin.kind == NPM:
            groups.setdefault(pin.group, {})[pin.name] = pin.version
    for pins in groups.values():
        for name, upto, other, taken in _PEERS:
            bound = name in pins and semver.fits(pins[name], f"<={upto}")
            if bound and other in pins and not semver.fits(pins[other], taken):
                words = f"{name} {pins[name]} takes {other} {taken}, and {pins[other]} is pinned"
                yield Check("packages", FAIL, words, f"sophia hooks update {name} {other}")


def _eslint(config: Config, project: Project) -> Iterator[Check]:
    """ESLint 9 and later read no `.eslintrc`."""
    if project.flat or not project.old:
        return
    for pin in read(config).pins:
        if package(pin) == (NPM, "eslint"):
            text = version(pin, pin.version)
            if semver.fits(text, ">=9.0.0"):
                words = f"ESLint {text} reads no {project.old[0]}, and there is no eslint.config.*"
                yield Check("eslint", FAIL, words, f"npx @eslint/migrate-config {project.old[0]}")
                return
