"""Which package a repository of hooks wraps: its tags are that package's versions."""

from __future__ import annotations

from sophia_cli.hooks.update.pin import GIT, NPM, PYPI, Pin

_OF_REPOSITORY = {
    "ruff-pre-commit": (PYPI, "ruff"),
    "black": (PYPI, "black"),
    "black-pre-commit-mirror": (PYPI, "black"),
    "bandit": (PYPI, "bandit"),
    "mirrors-mypy": (PYPI, "mypy"),
    "flake8": (PYPI, "flake8"),
    "isort": (PYPI, "isort"),
    "pyupgrade": (PYPI, "pyupgrade"),
    "codespell": (PYPI, "codespell"),
    "detect-secrets": (PYPI, "detect-secrets"),
    "mirrors-eslint": (NPM, "eslint"),
    "mirrors-prettier": (NPM, "prettier"),
}


def short_name(pin: Pin) -> str:
    """The last part of a repository's address; of a package its name."""
    if pin.kind == GIT:
        return pin.name.rstrip("/").removesuffix(".git").rpartition("/")[2].lower()
    return pin.name.lower()


def package(pin: Pin) -> tuple[str, str] | None:
    """The registry and the package that a pin holds; None for a repository that wraps none that is known."""
    return _OF_REPOSITORY.get(short_name(pin)) if pin.kind == GIT else (pin.kind, pin.name)


def version(pin: Pin, text: str) -> str:
    """The package's version that a pin's version, such as the tag `v1.2.3`, stands for."""
    return text.removeprefix("v") if pin.kind == GIT else text
