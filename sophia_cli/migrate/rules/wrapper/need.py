"""A name of the target that a site will read, brought in where the old one came from."""

from __future__ import annotations

import ast

from sophia_cli.migrate.aliases import alias_for
from sophia_cli.migrate.importable import is_guarded
from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.rules.constructor import import_of
from sophia_cli.migrate.rules.wrapper.identity import Known
from sophia_cli.migrate.site import Need


def need_of(known: Known, file: Parsed, use: ast.expr, name: str) -> Need:
    """The need for a name of the target's module, in the place of `use`."""
    module, beside = known.pack.target.module, import_of(file, use)
    guarded = beside is not None and is_guarded(file, beside)
    return Need(module, name, use, beside, alias_for(file, use, module, name), guarded)
