"""Hooks out of a repository: what `install` wrote goes, what was there before comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sophia_cli.files import mode_of
from sophia_cli.hooks import record
from sophia_cli.hooks.clone import Clone, hook_owner, look
from sophia_cli.hooks.config import NAME, read_config
from sophia_cli.hooks.install import pre_commit
from sophia_cli.hooks.proposal import without_own
from sophia_cli.hooks.record import Kept, Record, Written, digest
from sophia_cli.hooks.splice import spliced
from sophia_cli.hooks.way import LEFTHOOKS, without_ours
from sophia_cli.hooks.write import alone, read, written

_HUSKY = ".husky/pre-commit"
_USUAL = ("pre-commit",)


@dataclass(frozen=True)
class Removal:
    """What an uninstallation would do in a clone.

    `files` are what it would write or remove, `left` those that were changed since and stay;
    `kinds` are the hooks of git's that go, and for those in `restored` an earlier one comes back.
    """

    clone: Clone
    record: Record | None
    files: tuple[Written, ...]
    left: tuple[str, ...]
    kinds: tuple[str, ...]
    restored: tuple[str, ...]

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return not self.files and not self.kinds and self.record is None


def plan_removal(folder: Path) -> Removal:
    """What `uninstall` would do; changes nothing. Raises SophiaError where it could not."""
    clone = look(folder)
    kept = record.load(clone.root)
    known = dict(kept.files) if kept else {}
    files, left = [], []
    for name in {NAME: None, **dict.fromkeys((_HUSKY, *LEFTHOOKS)), **known}:
        now = read(clone.root / name)
        if now is None:
            continue
        after = _before(name, now, known.get(name), kept)
        if after != now:
            files.append(Written(name, now, after, _mode(clone, name, known.get(name))))
        elif name in known:
            left.append(name)
    config = next((one.after for one in files if one.path == NAME), read(clone.root / NAME))
    kinds = _kinds(clone, kept, config)
    restored = tuple(kind for kind in kinds if (clone.hooks / f"{kind}.legacy").exists())
    return Removal(clone, kept, tuple(files), tuple(left), kinds, restored)


def uninstall(made: Removal, environ: Mapping[str, str]) -> None:
    """Carry out a removal; when that fails, everything is as it was. Raises SophiaError."""
    clone = made.clone
    with alone(clone), written(clone.root, made.files):
        for kind in made.kinds:
            pre_commit(clone, environ, "uninstall", "--hook-type", kind)
        record.forget(clone.root)


def _mode(clone: Clone, name: str, known: Kept | None) -> int:
    return known.mode if known and known.before is not None else mode_of(clone.root / name)


def _before(name: str, now: bytes, known: Kept | None, kept: Record | None) -> bytes | None:
    """What a file becomes: its bytes before, or what it is now without our part; None where it goes."""
    if known and known.whole and digest(now) == known.digest:
        return known.before
    if name == NAME:
        config = read_config(now)
        return spliced(config, without_own(config, kept.added if kept else None)).encode()
    if name == _HUSKY or name in LEFTHOOKS:
        return without_ours("husky" if name == _HUSKY else "lefthook", now)
    return now


def _kinds(clone: Clone, kept: Record | None, config: bytes | None) -> tuple[str, ...]:
    """The hooks of git's that go: those that `install` put there.

    Where nothing says which these are, pre-commit's own, unless other hooks are run by it.
    """
    if kept is not None:
        kinds = tuple(kept.hooks)
    else:
        data = read_config(config or b"").data
        kinds = () if data.get("repos") else tuple(data.get("default_install_hook_types") or _USUAL)
    return tuple(
        kind for kind in kinds if hook_owner(read(clone.hooks / kind) or b"") == "pre-commit"
    )
