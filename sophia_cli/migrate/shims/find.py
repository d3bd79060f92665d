"""Finds the modules of old services that can become shims, and says of the others why they cannot."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

from sophia_cli.migrate.importable import broken_import
from sophia_cli.migrate.modules import Parsed, target_parts
from sophia_cli.migrate.rules.wrapper.identity import Known, identify
from sophia_cli.migrate.scan import Found, Scan, site_at
from sophia_cli.migrate.shims.lacks import Lacks
from sophia_cli.migrate.shims.mark import is_shim
from sophia_cli.migrate.shims.module import Shim, make_shim
from sophia_cli.migrate.shims.outside import Outside
from sophia_cli.migrate.shims.state import refuse_state
from sophia_cli.migrate.site import Edit, Reason, Site, Verdict
from sophia_cli.migrate.value import Class

# Where an instance, or what gives one, goes on to code that is not followed.
_OUT_OF_SIGHT = frozenset({"passed-on", "class-import", "function-passed", "receiver-unknown"})
_OUT_OF_SIGHT |= {"several-meanings", "unseen-instance", "handed-in", "class-passed"}
# Uses that only the old code itself can answer.
_BEYOND = frozenset({"no-counterpart", "unknown-argument", "unknown-member", "context-manager"})
_BEYOND |= {"unknown-field", "old-error", "stream-awaited", "not-a-stream"}
_COMPUTED = re.compile(rb"\b[gs]etattr\(\s*[\w.]+\s*,\s*[A-Za-z_f]")


def find_shims(scan: Scan) -> None:
    """Put one site for each module of an old service in the place of all that the rules found."""
    uses = [site for site in scan.sites if site.rule == "wrapper"]
    scan.sites.clear()
    modules: dict[str, list[Known]] = {}
    for pack in scan.packs:
        for service in pack.services:
            known = identify(scan, pack, service)
            if known.home is not None:
                modules.setdefault(known.home.path, []).append(known)
    for path, knowns in sorted(modules.items()):
        file = scan.modules.parsed[path]
        if not is_shim(file.source.data):
            site_at(scan, file, file.source.tree.body[0], _found(scan, file, knowns, uses))


def _found(scan: Scan, file: Parsed, knowns: list[Known], uses: list[Site]) -> Found:
    pack = knowns[0].pack
    operation = f"shim of {knowns[0].service.module}"
    try:
        _refuse(scan, file, knowns)
        outside = Outside(scan, file, knowns)
        outside.look()
        shim = make_shim(file, knowns, _used(outside))
        refuse_state(file, shim.statements, outside.files.values())
        notes = tuple(_loaded(scan, file, knowns[0].service.module))
        if notes and shim.left:
            raise Lacks("shim-lacks", f"{notes[0]}, and {min(shim.left)} would be left out")
        tasks = (s for s in uses if s.provider == pack.name and s.reason.code == "computed-task")
        notes += tuple(f"{site.place}: {site.reason.words}" for site in tasks)
        shim = replace(shim, notes=(*shim.notes, *notes))
        for known in knowns:
            _refuse_uses(outside, known, shim, uses)
    except Lacks as lacks:
        return Found("shim", Verdict.REPORT, lacks.reason, pack.name, operation)
    code, eol = file.source.code, file.source.eol(1).decode()
    edit = Edit(0, len(code), shim.text.replace("\n", eol).encode())
    reason = Reason("shimmed", "; ".join(_words(shim)))
    return Found("shim", Verdict.REVIEW, reason, pack.name, operation, edits=(edit,))


def _words(shim: Shim) -> Iterator[str]:
    """What to read. Nothing proves what an old method did besides the call that the pack declares."""
    yield "its names stay, its calls go through the new service"
    yield "read its methods beside the old ones: what those did besides the call goes"
    yield from shim.notes
    if shim.left:
        yield f"left out, as nothing here uses it: {', '.join(sorted(shim.left))}"


def _refuse(scan: Scan, file: Parsed, knowns: list[Known]) -> None:
    """Raises Lacks for a module that no shim can stand for."""
    module, target = knowns[0].service.module, knowns[0].pack.target
    if file.path.endswith("__init__.py"):
        raise Lacks("shim-package", f"{module} is a package: its other modules would be lost")
    if len({known.pack.target for known in knowns}) > 1:
        raise Lacks("shim-targets", f"packs name different targets for {module}")
    if file.table.module.stars:
        line = file.table.module.stars[0].lineno
        raise Lacks("shim-lacks", f"what its import of * at line {line} gives cannot be seen")
    if "__getattr__" in file.table.module.names:
        raise Lacks("shim-lacks", f"{module} has __getattr__, which makes names as they are read")
    _refuse_circle(scan, file.path, target.module)
    if broken := knowns[0].broken:
        raise Lacks("dead-path", f"the old module cannot be imported: {broken}; so it never ran")
    if broken := broken_import(scan.modules, target.module):
        raise Lacks("target-broken", f"{target.module} cannot be imported: {broken}")
    if not scan.offers(target.module, target.getter):
        raise Lacks("target-lacks", f"{target.module} does not offer {target.getter}")


def _used(outside: Outside) -> frozenset[str]:
    """The module's names that other files import, read as its attributes, or quote in a string."""
    scan, file = outside.scan, outside.home
    names = frozenset(file.table.module.names)
    quoted = set(_quoted(scan, file, outside.knowns))
    return scan.read_from(file.path, names) | outside.used.keys() | (names & quoted)


def _quoted(scan: Scan, file: Parsed, knowns: list[Known]) -> Iterator[str]:
    """The names that strings give after the module's own. Raises Lacks for what no string may ask."""
    dotted = re.escape(knowns[0].service.module).encode()
    pattern = re.compile(rb"[\"'](?:[\w.]*\.)?" + dotted + rb"[.:](\w+)")
    stay = {name for known in knowns for name in known.service.instances}
    for path, data in _texts(scan, file):
        for match in pattern.finditer(data):
            name = match[1].decode()
            line = data.count(b"\n", 0, match.start()) + 1
            place = f"{path}:{line}"
            if name not in file.table.module.names:
                raise Lacks(
                    "shim-lacks", f"{place}: {name} is quoted, which is not to be seen in it"
                )
            if name.startswith("_"):
                raise Lacks("shim-lacks", f"{place}: {name} is private")
            before = data[max(match.start() - 40, 0) : match.start()].rpartition(b"\n")[2]
            if name not in stay and re.search(rb"patch|setattr", before):
                raise Lacks("shim-lacks", f"{place}: {name} is set from outside")
            yield name


def _loaded(scan: Scan, file: Parsed, module: str) -> Iterator[str]:
    """Where the module is named as a string by itself: perhaps to be imported."""
    pattern = re.compile(rb"[\"']" + re.escape(module).encode() + rb"\\?[\"']")
    for path, data in _texts(scan, file):
        for match in pattern.finditer(data):
            line = data.count(b"\n", 0, match.start()) + 1
            yield f"{path}:{line} names it in a string, what is read of it cannot be seen"


def _texts(scan: Scan, file: Parsed) -> Iterator[tuple[str, bytes]]:
    """The other files of code, notebooks too."""
    for path in sorted((scan.modules.paths | scan.modules.notebooks) - {file.path}):
        yield path, scan.modules.read(path) or b""


def _refuse_uses(outside: Outside, known: Known, shim: Shim, uses: list[Site]) -> None:
    """Raises Lacks where code of the tree asks for what the shim does not have."""
    title = known.service.title
    stem = known.service.module.rpartition(".")[2]
    passed = False
    for site in uses:
        owner, _, member = site.operation.removesuffix("()").partition(".")
        if site.provider != known.pack.name or owner not in (title, stem):
            continue
        if title in shim.carried or (owner == stem and member in shim.carried):
            continue
        passed = passed or site.reason.code in _OUT_OF_SIGHT
        beyond = _BEYOND if _answers(known) else _BEYOND | {"computed-task"}
        if site.verdict is Verdict.REPORT and site.reason.code in beyond:
            raise _beyond(site.place, member or title, site.reason.words)
    if title in shim.members:
        _refuse_members(outside, known, shim, passed)


def _answers(known: Known) -> bool:
    """Whether a task without a counterpart gives an answer that says so, rather than an exception."""
    methods = (*known.service.methods.values(), *known.service.functions.values())
    return all(method.set.get("on_error") == "return" for method in methods)


def _refuse_members(outside: Outside, known: Known, shim: Shim, passed: bool) -> None:
    """Raises Lacks where a member that is left out may be asked for: in files that may hold
    something of the old module, and in any file once an instance is lost sight of."""
    title = known.service.title
    kinds = [value for value in known.meanings(title) if isinstance(value, Class)]
    held = {name for kind in kinds for name in (*kind.scope.names, *kind.scope.attributes)}
    out = {name for name in held - shim.members[title] if not name.startswith("__")}
    texts = [
        (path, data)
        for path, data in _texts(outside.scan, outside.home)
        if passed or path in outside.files
    ]
    for path, data in texts if passed else ():
        if match := _COMPUTED.search(data):
            line = data.count(b"\n", 0, match.start()) + 1
            raise Lacks(
                "shim-lacks", f"{path}:{line} may ask an instance for a name that is computed"
            )
    if not out:
        return
    names = "|".join(re.escape(name) for name in sorted(out))
    pattern = re.compile(rf"(?:\.\s*|['\"]|\bdef\s+)({names})\b".encode())
    for path, data in texts:
        if match := pattern.search(data):
            name = match[1].decode()
            line = data.count(b"\n", 0, match.start(1)) + 1
            raise _beyond(f"{path}:{line}", name, shim.left.get(f"{title}.{name}", "it is private"))


def _beyond(place: str, name: str, why: str) -> Lacks:
    return Lacks("shim-lacks", f"{place} needs what a shim cannot offer, {name}: {why}")


def _refuse_circle(scan: Scan, home: str, target: str) -> None:
    """Raises Lacks for a target of the tree that is built on the old module itself."""
    first = scan.modules.find(tuple(target.split(".")), "", False)
    waiting, seen = [first] if first else [], set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        if path == home:
            raise Lacks(
                "shim-circle", f"{target} is built on it: a call would go round in a circle"
            )
        file = scan.modules.get(path)
        waiting += [found for found in _imported(scan, file) if found] if file else []


def _imported(scan: Scan, file: Parsed) -> Iterator[str | None]:
    """The files of the tree that a file imports, wherever in it."""
    for node in file.table.parents:
        if isinstance(node, ast.ImportFrom):
            parts, anchored = target_parts(node, file.path)
            for more in ((), *((alias.name,) for alias in node.names)):
                yield scan.modules.find((*parts, *more), file.path, anchored)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield scan.modules.find(tuple(alias.name.split(".")), file.path, False)
