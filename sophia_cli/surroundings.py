"""What can be said of a folder at a glance, for the front door. Nothing is run and nothing is parsed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_SDKS = (
    "openai",
    "anthropic",
    "langchain",
    "litellm",
    "portkey-ai",
    "groq",
    "mistralai",
    "cohere",
    "google-genai",
)
_MANIFESTS = (
    "pyproject.toml",
    "requirements.txt",
    "requirements.in",
    "setup.cfg",
    "setup.py",
    "Pipfile",
)


@dataclass(frozen=True)
class Surroundings:
    """A folder as it looks from outside: is it a repository, what is it written in, which SDKs does it name.

    `half` says of each provider that somebody began to configure what is missing.
    """

    repository: bool
    languages: tuple[str, ...]
    sdks: tuple[str, ...]
    hooks: bool
    providers: tuple[str, ...]
    half: tuple[str, ...]

    def describe(self) -> str:
        """One sentence."""
        parts = ["git repository" if self.repository else "no git repository", *self.languages]
        sdks = len(self.sdks)
        parts.append(
            f"{sdks} LLM SDK{'s' if sdks != 1 else ''} named" if sdks else "no LLM SDK named"
        )
        parts.append("pre-commit hooks configured" if self.hooks else "no hooks")
        if self.providers:
            parts.append(f"{', '.join(self.providers)} configured")
        if self.half:
            parts.append("half a key")
        if not self.providers and not self.half:
            parts.append("no key configured")
        return f"Here: {', '.join(parts)}."


def look_around(root: Path) -> Surroundings:
    """Look at a folder and the environment. Raises ConfigError when `sophia.toml` is wrong."""
    from sophia_cli.llm.config import load_config
    from sophia_cli.llm.routing import half_configured

    folders = [root, *root.parents]
    providers = load_config(start=root).providers.values()
    manifests = "\n".join(_text(root / name) for name in _MANIFESTS)
    named = tuple(sdk for sdk in _SDKS if re.search(rf"(?im)^[\s\"'\-]*{sdk}\b", manifests))
    languages = []
    if manifests.strip() or any(root.glob("*.py")) or any(root.glob("*/*.py")):
        languages.append("Python")
    if (root / "package.json").exists():
        languages.append("JavaScript")
    return Surroundings(
        repository=any((folder / ".git").exists() for folder in folders),
        languages=tuple(languages),
        sdks=named,
        hooks=(root / ".pre-commit-config.yaml").exists(),
        providers=tuple(p.name for p in providers if p.ready),
        half=tuple(f"{p.name}: {p.problem}" for p in providers if half_configured(p)),
    )


def _text(path: Path) -> str:
    try:
        with path.open(errors="replace") as file:
            return file.read(200_000)
    except OSError:
        return ""


def here(root: Path | None) -> Path:
    """The folder to work on. Raises SophiaError when it is not there."""
    from sophia_cli.errors import SophiaError

    folder = (root or Path.cwd()).absolute()
    if not folder.is_dir():
        raise SophiaError(f"there is no folder {folder}")
    return folder
