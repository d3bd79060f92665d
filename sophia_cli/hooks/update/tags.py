"""Releases of a repository: its tags, and when each was made."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.version import InvalidVersion, Version

from sophia_cli.errors import SophiaError
from sophia_cli.hooks.update.release import Release
from sophia_cli.process import Result, TimedOut, run

_TIMEOUT = 60.0
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHAPE = re.compile(r"(?P<before>.*?)(?P<version>\d+(?:[._]\d+)*(?:[._-]?[a-z]+[._-]?\d*)*)")


def is_commit(rev: str) -> bool:
    """Whether a `rev:` names a commit rather than a tag or a branch."""
    return bool(_COMMIT.fullmatch(rev))


def releases(url: str, like: str) -> tuple[Release, ...]:
    """The tags that are spelled like `like` (`v1.2.3`), oldest first; their ages are not asked for.

    Where `like` is a commit, its tag decides the spelling. Raises SophiaError where git cannot
    read the repository.
    """
    tags = dict(_tags(url))
    if is_commit(like):
        like = next(
            (tag for tag, commit in tags.items() if commit == like and _SHAPE.fullmatch(tag)), ""
        )
    shape = _SHAPE.fullmatch(like)
    found = []
    for tag, commit in tags.items() if shape else ():
        one = _SHAPE.fullmatch(tag)
        key = _version(one["version"]) if one else None
        if one and key and shape and one["before"] == shape["before"]:
            found.append(Release(tag, key, None, key.is_prerelease, commit=commit))
    return tuple(sorted(found, key=lambda one: one.key))


def dated(url: str, release: Release) -> Release:
    """The same release with the moment at which its tag was made, or else its commit."""
    with TemporaryDirectory(prefix="sophia-tags-") as folder:
        _git(["init", "--quiet", "--bare", folder])
        ref = f"refs/tags/{release.version}"
        words = ["fetch", "--quiet", "--depth=1", "--filter=tree:0", url, f"{ref}:{ref}"]
        _checked(_git(words, Path(folder)), url)
        said = _git(["for-each-ref", "--format=%(creatordate:unix)", ref], Path(folder))
    moment = said.stdout.strip()
    when = datetime.fromtimestamp(int(moment), UTC) if moment.isdigit() else None
    return replace(release, uploaded=when)


def _tags(url: str) -> Iterator[tuple[str, str]]:
    """Each tag and the commit that it stands for, however it was made."""
    said = _checked(_git(["ls-remote", "--tags", "--", url]), url)
    for line in said.stdout.splitlines():
        commit, _, ref = line.partition("\t")
        # The commit of an annotated tag follows its own line, as `TAG^{}`.
        yield ref.removeprefix("refs/tags/").removesuffix("^{}"), commit


def _version(text: str) -> Version | None:
    try:
        return Version(text.replace("_", "."))
    except InvalidVersion:
        return None


def _git(words: list[str], folder: Path | None = None) -> Result:
    try:
        return run(["git", *words], cwd=folder, env=_environ(), timeout=_TIMEOUT)
    except TimedOut as error:
        raise SophiaError(error.message, "check the network") from None


def _checked(said: Result, url: str) -> Result:
    if said.code:
        lines = [line for line in said.stderr.splitlines() if line.strip()]
        words = next((line for line in lines if line.startswith("fatal:")), (lines or [""])[0])
        raise SophiaError(
            f"{url} cannot be read: {words.removeprefix('fatal:').strip()}", f"git ls-remote {url}"
        )
    return said


def _environ() -> dict[str, str]:
    """Nobody is asked for a password, and a hook's own repository does not stand in the way."""
    ours = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "GIT_TERMINAL_PROMPT": "0"}
