"""Where a project names the packages of its hooks itself: found where it does, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from sophia_cli.hooks.elsewhere import places

WANTED = [("pypi", "ruff"), ("pypi", "detect-secrets"), ("npm", "eslint"), ("npm", "@eslint/js")]


def found(tmp_path: Path, name: str, text: str) -> list[tuple[str, str, str]]:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return [(one.where, one.how, f"{one.name} {one.version}") for one in places(tmp_path, WANTED)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '# "ruff==0.11.0"\n[project]\nname = "a" # "ruff==0.11.0"\n'),
        ("pyproject.toml", '[project]\ndependencies = ["ruff-lsp==0.11.0", "my-ruff==1", "ruff"]\n'),
        ("pyproject.toml", '[project\ndependencies = ["ruff==0.11.0"]\n'),
        ("requirements.txt", "# ruff==0.11.0\nruff-lsp==0.1\n--hash=ruff==0.11.0\nruff\n"),
        ("package.json", '{"name": "eslint", "scripts": {"eslint": "10.0.0"}}'),
        ("package.json", "{"),
        ("package-lock.json", '{"packages": {"": {"name": "eslint", "version": "1.0.0"}}}'),
        ("package-lock.json", '{"packages": {"node_modules/a/node_modules/eslint": {"version": "1.0.0"}}}'),
        ("uv.lock", '[[package]]\nname = "other"\nversion = "0.11.0"\n'),
        (".github/workflows/a.yml", "steps:\n  - uses: org/ruff@v3\n  # - run: pip install ruff==0.11.0\n"),
        ("src/setup.toml", '[project]\ndependencies = ["ruff==0.11.0"]\n'),
    ],
)  # fmt: skip
def test_what_names_none(tmp_path: Path, name: str, text: str) -> None:
    assert found(tmp_path, name, text) == []


@pytest.mark.parametrize(
    ("name", "text", "where"),
    [
        ("pyproject.toml", '[a]\nb = ["ruff==0.11.0"]\n', [("pyproject.toml:2", "exact", "ruff 0.11.0")]),
        ("pyproject.toml", "[a]\r\nb = ['Detect_Secrets[x] == 1.5.0; python_version > \"3\"']\r\n",
         [("pyproject.toml:2", "exact", "detect-secrets 1.5.0")]),
        ("pyproject.toml", '[a]\nb = ["ruff>=0.11,<0.12 ; x"]\n', [("pyproject.toml:2", "range", "ruff >=0.11,<0.12")]),
        ("requirements-dev.txt", "a==1\nruff==0.11.0  # why\n", [("requirements-dev.txt:2", "exact", "ruff 0.11.0")]),
        ("requirements/dev.txt", "ruff==0.11.0\n", [("requirements/dev.txt:1", "exact", "ruff 0.11.0")]),
        ("package.json", '{\n "devDependencies": {"eslint": "10.0.0", "@eslint/js": "^10.0.0"}\n}',
         [("package.json:2", "exact", "eslint 10.0.0"), ("package.json:2", "range", "@eslint/js ^10.0.0")]),
        ("package-lock.json", '{"packages": {"node_modules/@eslint/js": {"version": "10.0.1"}}}',
         [("package-lock.json", "locked", "@eslint/js 10.0.1")]),
        ("poetry.lock", '[[package]]\nname = "ruff"\nversion = "0.11.0"\n', [("poetry.lock", "locked", "ruff 0.11.0")]),
        (".gitlab-ci.yml", "a:\n  script:\n    - uvx ruff@0.11.0 check\n", [(".gitlab-ci.yml:3", "exact", "ruff 0.11.0")]),
        (".github/workflows/a.yml", "- run: npx eslint@10.0.0 .\n",
         [(".github/workflows/a.yml:1", "exact", "eslint 10.0.0")]),
    ],
)  # fmt: skip
def test_what_names_one(
    tmp_path: Path, name: str, text: str, where: list[tuple[str, str, str]]
) -> None:
    assert found(tmp_path, name, text) == where
