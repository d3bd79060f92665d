"""The hooks that `sophia hooks install` can write, each as pre-commit reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sophia_cli import __version__
from sophia_cli.hooks import pins
from sophia_cli.hooks.detect import Project
from sophia_cli.hooks.gate import GATE
from sophia_cli.hooks.unparsed import COMMENTED

RATCHET = "sophia-migrate-check"
SECRETS = "sophia-secrets"
TOOLS = ("ruff", "black", "bandit", "eslint")
PYTHON_TOOLS = TOOLS[:3]
_PYTHON = ["python", "pyi"]
_SCRIPTS = ["javascript", "jsx", "ts", "tsx"]
_HOST = "https://github.com"
_FEW = 20  # files that a check passes over by name
_SAMPLES = r"(^|/)(tests?|testdata|fixtures|__fixtures__)/"

Hook = dict[str, Any]


def gate(project: Project, tools: tuple[str, ...], language_version: str) -> Hook:
    """The one hook that runs the tools side by side and holds the line."""
    python = [pins.RUFF, pins.BLACK, pins.BANDIT]
    packages = [pin.requirement for pin in python if pin.name in tools]
    rest = project.python and not set(tools) >= set(PYTHON_TOOLS)
    arguments = [f"--tool={tool}" for tool in tools if rest]
    if "eslint" in tools and not project.eslint:
        arguments += [f"--node={pin.requirement}" for pin in pins.NODE]
    types = [*(_PYTHON if set(tools) & set(PYTHON_TOOLS) else [])]
    types += _SCRIPTS if "eslint" in tools else []
    return {
        "id": GATE,
        "name": ", ".join(tools),
        "language": "python",
        **({"language_version": language_version} if language_version else {}),
        "additional_dependencies": [f"sophia-cli=={__version__}", *packages],
        "entry": "sophia-gate",
        **({"args": arguments} if arguments else {}),
        "types_or": types,
        "require_serial": True,
    }


def hygiene(project: Project) -> list[Hook]:
    """Checks of files as files. None of them changes one.

    One that most files would fail is left out, and the few that fail it today are passed over.
    """
    kinds = {"yaml", *project.data, *(["toml"] if project.python else [])}
    charts = [f"^{re.escape(folder)}/templates/" for folder in project.charts]
    more = [
        # Tags of others (CloudFormation, mkdocs) are YAML too.
        _parses(project, "yaml", "check-yaml --unsafe", charts),
        _parses(project, "toml", "check-toml", []),
        _parses(project, "json", "check-json", [COMMENTED]),
    ]
    usual = [
        _file("large-files", "no large file", "check-added-large-files"),
        _file("private-key", "no private key", "detect-private-key", "text", [_SAMPLES]),
    ]
    return usual + [hook for hook in more if hook["types"][0] in kinds - set(hopeless(project))]


def hopeless(project: Project) -> list[str]:
    """The kinds of which so many files do not parse that a check would have to pass over them one by one."""
    return [kind for kind, paths in project.broken.items() if len(paths) > _FEW]


def _parses(project: Project, kind: str, entry: str, excluded: list[str]) -> Hook:
    broken = [f"^{re.escape(path)}$" for path in project.broken.get(kind, ())]
    return _file(kind, f"{kind} parses", entry, kind, [*excluded, *broken])


def _file(name: str, words: str, entry: str, kind: str = "", excluded: Sequence[str] = ()) -> Hook:
    return {
        "id": f"sophia-{name}",
        "name": words,
        "language": "python",
        "additional_dependencies": [pins.FILES.requirement],
        "entry": entry,
        **({"types": [kind]} if kind else {}),
        **({"exclude": "|".join(excluded)} if excluded else {}),
    }


def ratchet() -> Hook:
    """No new direct call of a model: what `sophia migrate check` says of the staged files."""
    return {
        "id": RATCHET,
        "name": "no new direct LLM call",
        "language": "python",
        "additional_dependencies": [f"sophia-cli[cli]=={__version__}"],
        "entry": "sophia migrate check",
        "types_or": ["python", "jupyter", "sql"],
        "require_serial": True,
    }


def secrets(project: Project) -> Hook:
    """No new secret; those in a baseline of its own are known."""
    baseline = ["--baseline", ".secrets.baseline"] if project.has_secrets_baseline else []
    return {
        "id": SECRETS,
        "name": "no secret",
        "language": "python",
        "additional_dependencies": [pins.SECRETS.requirement],
        "entry": "detect-secrets-hook",
        **({"args": baseline} if baseline else {}),
        "types": ["text"],
        "exclude": r"(^|/)(package-lock\.json|[\w.-]+\.lock)$|^\.secrets\.baseline$",
    }


# The classic style: each tool from its repository


def classic(project: Project, tools: tuple[str, ...]) -> list[Hook]:
    """The tools as repositories, each as its maintainers publish it. None of them holds the line."""
    repos = {
        "ruff": _repo("astral-sh/ruff-pre-commit", f"v{pins.RUFF.version}", {"id": "ruff-check"}),
        "black": _repo(
            "psf/black-pre-commit-mirror",
            pins.BLACK.version,
            {"id": "black", "args": ["--check", "--quiet"]},
        ),
        "bandit": _repo("PyCQA/bandit", pins.BANDIT.version, _bandit(project)),
        "eslint": _eslint(project),
    }
    for tool in tools:
        repos[tool]["hooks"][0] = _named(repos[tool]["hooks"][0], f"sophia-{tool}")
    return [repos[tool] for tool in tools]


def classic_hygiene(project: Project) -> Hook:
    """The checks of files from their repository."""
    hooks = [_named(_without(hook, entry=hook["entry"]), hook["id"]) for hook in hygiene(project)]
    return {**_repo("pre-commit/pre-commit-hooks", f"v{pins.FILES.version}"), "hooks": hooks}


def classic_secrets(project: Project) -> Hook:
    """detect-secrets from its repository."""
    hook = _named(_without(secrets(project), entry="detect-secrets"), SECRETS)
    return {**_repo("Yelp/detect-secrets", f"v{pins.SECRETS.version}"), "hooks": [hook]}


def _repo(name: str, rev: str, *hooks: Mapping[str, Any]) -> Hook:
    return {"repo": f"{_HOST}/{name}", "rev": rev, "hooks": [dict(hook) for hook in hooks]}


def _without(hook: Hook, entry: str) -> Hook:
    """What a repository says of its hook itself is left out."""
    word, *arguments = entry.split()
    kept = {key: value for key, value in hook.items() if key in ("args", "exclude", "types_or")}
    return {"id": word, **({"args": arguments} if arguments else {}), **kept}


def _named(hook: Hook, alias: str) -> Hook:
    """By its alias a hook is known as ours: its id is the repository's own."""
    return hook if hook["id"] == alias else {"id": hook.pop("id"), "alias": alias, **hook}


def _bandit(project: Project) -> Hook:
    arguments = ["--quiet", "--severity-level=medium", "--confidence-level=medium"]
    config = (project.configured or {}).get("bandit", "")
    if config and config != ".bandit":
        arguments.append(f"--configfile={config}")
    extra = {"additional_dependencies": ["bandit[toml]"]} if config == "pyproject.toml" else {}
    return {"id": "bandit", "args": arguments, **extra}


def _eslint(project: Project) -> Hook:
    if project.eslint:  # the project's own, which its package.json pins
        hook = {
            "id": "sophia-eslint",
            "name": "eslint",
            "language": "unsupported",
            "entry": "npx --no-install eslint",
            "types_or": _SCRIPTS,
            "require_serial": True,
        }
        return {"repo": "local", "hooks": [hook]}
    hook = {
        "id": "eslint",
        "language_version": "system",
        "additional_dependencies": [pin.requirement for pin in pins.NODE],
        "args": ["--no-warn-ignored"],
        "types": ["file"],
        "types_or": _SCRIPTS,
        "require_serial": True,
    }
    # Its newest tag that is no pre-release; what runs is the package above.
    return _repo("pre-commit/mirrors-eslint", "v9.39.1", hook)
