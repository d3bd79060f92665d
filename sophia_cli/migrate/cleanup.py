"""Old services that nothing refers to any more, and the dependencies that went with them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sophia_cli.errors import SophiaError, UsageError
from sophia_cli.migrate.change import Change
from sophia_cli.migrate.dependency import REQUIREMENT, add_dependency
from sophia_cli.migrate.discover import list_files, matches
from sophia_cli.migrate.inventory import Options, take_inventory
from sophia_cli.migrate.links import link_on
from sophia_cli.migrate.orphans import Orphan, find_orphans
from sophia_cli.migrate.pack import Pack, Service
from sophia_cli.migrate.packfile import load_pack
from sophia_cli.migrate.pipeline import refuse_dirty
from sophia_cli.migrate.references import Reference, find_references
from sophia_cli.migrate.write import Written, write

_LARGEST = 64 * 1024 * 1024  # what is larger is data
_MANIFEST = re.compile(
    r"(?:^|/)(?:pyproject\.toml|setup\.cfg|Pipfile|requirements[^/]*\.(?:txt|in))$"
)
# What an SDK is called in a manifest, and what code imports of it.
_SDKS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "portkey-ai": "portkey_ai",
    "litellm": "litellm",
    "langchain-openai": "langchain_openai",
    "langchain-anthropic": "langchain_anthropic",
    "groq": "groq",
    "mistralai": "mistralai",
    "cohere": "cohere",
    "ollama": "ollama",
    "replicate": "replicate",
    "instructor": "instructor",
    "dspy": "dspy",
    "crewai": "crewai",
    "pydantic-ai": "pydantic_ai",
    "pydantic-ai-slim": "pydantic_ai",
    "llama-index-llms-openai": "llama_index.llms.openai",
    "llama-index-llms-anthropic": "llama_index.llms.anthropic",
    "azure-ai-inference": "azure.ai.inference",
    "google-genai": "google.genai",
    "google-generativeai": "google.generativeai",
}


@dataclass(frozen=True)
class Leftover:
    """The file of an old service, and what still refers to it."""

    path: str
    service: str
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True)
class Cleanup:
    """What was found. `unused` are dependencies by manifest, `advice` what to add to which.

    `proposed` are modules that no pack declares: they go only where they are named. `written` is
    None for a dry run.
    """

    free: tuple[Leftover, ...]
    held: tuple[Leftover, ...]
    unused: tuple[tuple[str, str], ...]
    advice: str
    written: Written | None = None
    proposed: tuple[Orphan, ...] = ()


def clean_up(options: Options, also: Iterable[str] = ()) -> Cleanup:
    """Find old services, and with `apply` remove those that nothing refers to.

    `also` are proposed modules that go with them. Raises SophiaError; then nothing is removed.
    """
    root = options.root
    paths, in_git = list_files(root)
    paths = [path for path in paths if not matches(path, options.choice.exclude)]
    texts = dict(_texts(root, paths))
    packs = {path for path, text in texts.items() if _is_pack(root, path, text)}
    told = {path: text for path, text in texts.items() if path not in packs}
    free, held = _sort(told, tuple(_candidates(options.packs, texts)))
    gone = {leftover.path for leftover in free}
    left = {path: text for path, text in texts.items() if path not in gone}
    users = [p for p, text in left.items() if p.endswith(".py") and _imports(text, "sophia_cli")]
    declared = gone | {leftover.path for leftover in held}
    proposed = _proposed(options, told, declared) if users else ()
    taken = _taken(proposed, set(also))
    free += tuple(Leftover(item.path, item.reason) for item in proposed if item.path in taken)
    proposed = tuple(item for item in proposed if item.path not in taken)
    gone |= taken
    left = {path: text for path, text in texts.items() if path not in gone}
    dependency = add_dependency(root, users)
    lacking = dependency.change.path if dependency.change else ""
    advice = f"add {REQUIREMENT} to the dependencies in {lacking}" if lacking else dependency.advice
    written = None
    if options.apply:
        refuse_dirty(options, in_git, gone)
        changes = [
            Change(path, (root / path).read_bytes(), b"", removed=True) for path in sorted(gone)
        ]
        written = write(root, changes, [], dry_run=False, asked=dict(options.asked or {}))
    return Cleanup(free, held, tuple(_unused(left)), advice, written, proposed)


def _proposed(options: Options, texts: Mapping[str, str], declared: set[str]) -> tuple[Orphan, ...]:
    """Modules around an SDK that nothing refers to, once the migration has begun."""
    sites = [site for site in take_inventory(options).sites if site.path not in declared]
    others = {path: text for path, text in texts.items() if path not in declared}
    return find_orphans(others, sites)


def _taken(proposed: Iterable[Orphan], also: set[str]) -> set[str]:
    """The proposed modules that were named. Raises UsageError for what is none, or is needed by one that stays."""
    known = {orphan.path: orphan for orphan in proposed}
    for path in sorted(also):
        if path not in known:
            raise UsageError(f"{path} is not proposed", "sophia migrate cleanup")
        if lacking := sorted(known[path].named_by - also):
            words = f"{path} is named in {lacking[0]}, which stays"
            raise UsageError(words, f"add --also {lacking[0]}, or leave --also {path} out")
    return also


def _texts(root: Path, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Every file that a person can read; nothing behind a link."""
    for path in paths:
        full = root / path
        try:
            if link_on(root, path) is not None or full.stat().st_size > _LARGEST:
                continue
            data = full.read_bytes()
        except OSError:
            continue
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            yield path, data.decode("utf-16", "replace")
        elif b"\0" not in data:
            yield path, data.decode("utf-8", "replace")


def _candidates(packs: Iterable[Pack], texts: Mapping[str, str]) -> Iterator[tuple[str, Service]]:
    """The files in which the services of the packs are defined."""
    for pack in packs:
        for service in pack.services:
            tail = service.module.replace(".", "/") + ".py"
            for path in texts:
                if (path == tail or path.endswith(f"/{tail}")) and _defines(texts[path], service):
                    yield path, service


def _defines(text: str, service: Service) -> bool:
    """Another package may have a module of that name."""
    return not service.name or bool(re.search(rf"\bclass\s+{re.escape(service.name)}\b", text))


def _sort(
    texts: Mapping[str, str], candidates: tuple[tuple[str, Service], ...]
) -> tuple[tuple[Leftover, ...], tuple[Leftover, ...]]:
    """Those that can go, and those that something refers to which does not go with them."""
    services: dict[str, list[Service]] = {}
    for path, service in candidates:
        services.setdefault(path, []).append(service)
    found = {
        path: [
            reference
            for service in declared
            for reference in find_references(texts, path, service.module, (service.name,))
        ]
        for path, declared in services.items()
    }
    free = set(found)
    while stuck := {path for path in free if any(other not in free for other, _ in found[path])}:
        free -= stuck
    leftovers = [
        Leftover(
            path,
            services[path][0].title,
            tuple(dict.fromkeys(ref for other, ref in found[path] if other not in free)),
        )
        for path in sorted(found)
    ]
    gone = tuple(item for item in leftovers if item.path in free)
    return gone, tuple(item for item in leftovers if item.path not in free)


def _is_pack(root: Path, path: str, text: str) -> bool:
    if not path.endswith(".toml") or "[[service]]" not in text:
        return False
    try:
        load_pack(root / path)
    except SophiaError:  # somebody else's services
        return False
    return True


def _unused(texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Manifests with an SDK that no code imports or names in a string."""
    code = [text for path, text in texts.items() if path.endswith((".py", ".ipynb"))]
    for name, module in _SDKS.items():
        parts = re.escape(name).replace(r"\-", "[-_.]")
        entry = re.compile(
            rf"""(?:^|["'])[ \t]*{parts}(?:\[[^\]]*\])?[ \t]*(?=[<>=!~;@"'\s#]|$)""",
            re.MULTILINE | re.IGNORECASE,
        )
        manifests = [p for p, text in texts.items() if _MANIFEST.search(p) and entry.search(text)]
        if manifests and not any(_imports(text, module) for text in code):
            yield from ((path, name) for path in manifests)


def _imports(text: str, module: str) -> bool:
    front, _, last = module.rpartition(".")
    of_front = rf"|\bfrom\s+{re.escape(front)}\s+import\b[^;#]*?\b{last}\b" if front else ""
    whole = rf"""(?:\bimport|\bfrom|,|["'])\s*{re.escape(module)}(?!\w)"""
    return bool(re.search(whole + of_front, text))
