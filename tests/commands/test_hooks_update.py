"""`sophia hooks update`, as it is typed: against an index, a registry and repositories on this machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from registries import Registries, Tarball, Wheel, registries
from shell import Said, sophia

NODE = pytest.mark.skipif(
    subprocess.run("command -v npm", shell=True, capture_output=True, check=False).returncode != 0,
    reason="npm is not installed here",
)
PYTHON = """\
# Ours: ruff==0.11.0 since spring.
repos:
  - repo: local
    hooks:
      - id: mine   # a comment
        name: mine
        language: python
        entry: ruff check
        additional_dependencies: ["ruff==0.11.0",  'bandit[toml]==1.7.1']
"""
RUFF = (Wheel("0.11.0"), Wheel("0.17.6", 30), Wheel("0.17.7", 3), Wheel("0.18.0rc1", 30))
BANDIT = (Wheel("1.7.1"), Wheel("1.9.3", yanked="broken"), Wheel("1.9.4", python=">=3.99"))


@pytest.fixture
def known() -> Iterator[Registries]:
    with registries(python={"ruff": RUFF, "bandit": BANDIT}) as found:
        yield found


def project(folder: Path, text: str, **files: str) -> Path:
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    (folder / ".pre-commit-config.yaml").write_bytes(text.encode())
    for name, content in files.items():
        (folder / name).write_text(content)
    return folder


def update(folder: Path, known: Registries, *words: str, **environ: str) -> Said:
    return sophia("hooks", "update", *words, cwd=folder, **{**known.environ, **environ})


def untried(folder: Path, known: Registries, *words: str, **environ: str) -> Said:
    """The same, without the versions being installed and run."""
    return update(folder, known, "--no-trial", *words, **environ)


def config(folder: Path) -> str:
    return (folder / ".pre-commit-config.yaml").read_bytes().decode()


def test_what_is_behind(tmp_path: Path, known: Registries) -> None:
    said = untried(project(tmp_path, PYTHON), known, "--check")
    assert (said.code, said.err) == (1, "")
    assert said.out == """\
  ruff          0.11.0 -> 0.17.6
                not 0.17.7: is 3 days old, the cooldown is 7
  bandit[toml]  1.7.1
                not 1.9.4: needs Python >=3.99, the hook runs on 3.11.7

--- a/.pre-commit-config.yaml
+++ b/.pre-commit-config.yaml
@@ -9 +9 @@
-        additional_dependencies: ["ruff==0.11.0",  'bandit[toml]==1.7.1']
+        additional_dependencies: ["ruff==0.17.6",  'bandit[toml]==1.7.1']

1 of 2 pins is behind. Raise it:  sophia hooks update
""".replace("3.11.7", ".".join(map(str, __import__("sys").version_info[:3])))
    assert config(tmp_path) == PYTHON


def test_it_is_written_once(tmp_path: Path, known: Registries) -> None:
    said = untried(project(tmp_path, PYTHON), known, "--yes")
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith(
        "\nWritten: .pre-commit-config.yaml. Next:  pre-commit run --all-files\n"
    )
    after = PYTHON.replace('"ruff==0.11.0"', '"ruff==0.17.6"')
    assert config(tmp_path) == after
    said = untried(tmp_path, known, "--yes")
    assert said.code == 0
    assert said.out.splitlines()[-1] == "All 2 pins are as new as they can be."
    assert config(tmp_path) == after


def test_every_other_byte_stays(tmp_path: Path, known: Registries) -> None:
    text = "\ufeff" + PYTHON.replace("\n", "\r\n").rstrip()
    untried(project(tmp_path, text), known, "--yes")
    assert config(tmp_path) == text.replace('"ruff==0.11.0"', '"ruff==0.17.6"')


def test_from_a_folder_below(tmp_path: Path, known: Registries) -> None:
    below = project(tmp_path, PYTHON) / "src"
    below.mkdir()
    said = untried(below, known, "ruff", "--yes")
    assert said.code == 0
    assert config(tmp_path) == PYTHON.replace('"ruff==0.11.0"', '"ruff==0.17.6"')


def test_nobody_to_ask(tmp_path: Path, known: Registries) -> None:
    said = untried(project(tmp_path, PYTHON), known)
    assert said.code == 2
    assert said.err == (
        "sophia: nothing was changed: there is nobody to ask here\n"
        "        sophia hooks update --yes\n"
    )
    assert config(tmp_path) == PYTHON


def test_no_cooldown(tmp_path: Path, known: Registries) -> None:
    said = untried(project(tmp_path, PYTHON), known, "--yes", "--cooldown-days", "0")
    assert said.code == 0
    assert 'ruff==0.17.7"' in config(tmp_path)


def test_the_cooldown_of_the_settings(tmp_path: Path, known: Registries) -> None:
    settings = {"sophia.toml": "[hooks]\ncooldown_days = 60\n"}
    said = untried(project(tmp_path, PYTHON, **settings), known, "ruff")
    assert said.code == 0
    assert said.out == """\
  ruff  0.11.0
        not 0.17.7: is 3 days old, the cooldown is 60

All 1 pins are as new as they can be.
"""


def test_only_one(tmp_path: Path, known: Registries) -> None:
    untried(project(tmp_path, PYTHON), known, "bandit", "--yes")
    assert config(tmp_path) == PYTHON
    assert known.asked == ["/simple/bandit/"]
    said = untried(tmp_path, known, "rough")
    assert (said.code, said.err) == (
        2,
        "sophia: no hook pins rough\n        sophia hooks update --check   shows all pins\n",
    )


def test_as_data(tmp_path: Path, known: Registries) -> None:
    said = untried(project(tmp_path, PYTHON), known, "--json", "--check", "ruff")
    assert said.code == 1
    assert said.json["data"] == {
        "pins": [
            {
                "kind": "pypi",
                "name": "ruff",
                "hook": "mine",
                "line": 9,
                "version": "0.11.0",
                "to": "0.17.6",
                "tag": None,
                "held": {"version": "0.17.7", "why": "is 3 days old, the cooldown is 7"},
                "note": None,
                "error": None,
            }
        ],
        "left_alone": [],
        "elsewhere": [],
        "trials": [],
        "written": [],
    }


def test_the_pinned_version_was_withdrawn(tmp_path: Path) -> None:
    with registries(
        python={"ruff": [Wheel("0.11.0", yanked="eats files"), Wheel("0.10.0")]}
    ) as known:
        said = untried(project(tmp_path, PYTHON), known, "ruff")
    assert said.out.splitlines()[:2] == [
        "  ruff  0.11.0",
        "        0.11.0 is yanked: eats files",
    ]


# Registries in trouble


def line_of(said: Said, name: str) -> str:
    return " ".join(said.out.partition(f"  {name} ")[2].partition("\n\n")[0].split())


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"status": 503}, "0.11.0 not known: the package index HOST answers 503 for ruff"),
        ({"status": 401}, "0.11.0 not known: the package index HOST answers 401 for ruff"),
        ({"html": True}, "0.11.0 not known: the package index HOST does not speak JSON (PEP 691)"),
        ({"python": {}}, "0.11.0 not known: ruff is not on HOST"),
    ],
)
def test_an_index_in_trouble(tmp_path: Path, state: dict[str, object], words: str) -> None:
    with registries(**{"python": {"ruff": RUFF}, **state}) as known:
        said = untried(project(tmp_path, PYTHON), known, "ruff", "--yes")
        assert line_of(said, "ruff").startswith(words.replace("HOST", known.url.partition("//")[2]))
    assert said.code == 1
    assert said.out.splitlines()[-1] == "1 of 1 pins could not be looked at."
    assert config(tmp_path) == PYTHON


def test_one_package_in_trouble_keeps_no_other_back(tmp_path: Path) -> None:
    with registries(python={"ruff": RUFF}) as known:
        said = untried(project(tmp_path, PYTHON), known, "--yes")
    assert said.code == 1
    assert config(tmp_path) == PYTHON.replace('"ruff==0.11.0"', '"ruff==0.17.6"')


def test_an_index_that_tells_no_dates(tmp_path: Path) -> None:
    with registries(python={"ruff": [Wheel("0.11.0", None), Wheel("0.12.0", None)]}) as known:
        said = untried(project(tmp_path, PYTHON), known, "ruff")
        assert line_of(said, "ruff") == "0.11.0 not 0.12.0: has no date, so its age is not known"
        untried(tmp_path, known, "ruff", "--yes", "--cooldown-days", "0")
    assert "ruff==0.12.0" in config(tmp_path)


def test_a_login_in_the_address_is_not_shown(tmp_path: Path) -> None:
    with registries(python={"ruff": RUFF}, status=403) as known:
        address = known.url.replace("//", "//me:secret@") + "/simple"
        said = untried(project(tmp_path, PYTHON), known, "ruff", PIP_INDEX_URL=address)
    assert "secret" not in said.out + said.err
    assert said.code == 1


def test_no_configuration_and_one_that_is_none(tmp_path: Path, known: Registries) -> None:
    said = untried(tmp_path, known)
    assert (said.code, said.err) == (
        1,
        "sophia: there is no .pre-commit-config.yaml here\n        sophia hooks install\n",
    )
    said = untried(project(tmp_path, "repos: [\n"), known)
    assert said.code == 1
    assert said.err.startswith("sophia: .pre-commit-config.yaml cannot be read and is left alone")


def test_nothing_is_pinned(tmp_path: Path, known: Registries) -> None:
    said = untried(project(tmp_path, "repos: []\n"), known, "--check")
    assert (said.code, said.out) == (0, "\nNo version is pinned here.\n")


# npm

ESLINT = """\
repos:
  - repo: local
    hooks:
      - {id: eslint, name: eslint, language: node, entry: eslint, additional_dependencies: [eslint@9.0.0,
         "@eslint/js@9.0.0", typescript-eslint@8.0.0, typescript@5.9.3, left-pad@1.0.0]}
"""
NPM = {
    "eslint": (Tarball("9.0.0"), Tarball("9.39.1", node=">=18"), Tarball("10.0.0", node=">=99")),
    "@eslint/js": (Tarball("9.0.0"), Tarball("10.0.1", peers={"eslint": "^10.0.0"})),
    "typescript": (Tarball("5.9.3"), Tarball("6.0.3"), Tarball("7.0.2"), Tarball("8.0.0")),
    "typescript-eslint": (
        Tarball("8.0.0", peers={"typescript": ">=4.8.4"}),
        Tarball("8.73.0", peers={"typescript": ">=4.8.4 <6.1.0", "eslint": "^9.0.0"}),
        Tarball("8.74.0", 3, peers={"typescript": ">=4.8.4 <7.1.0"}),
    ),
    "left-pad": (Tarball("1.0.0", deprecated="use padStart"), Tarball("1.1.0", deprecated="no")),
}


@NODE
def test_packages_of_npm_that_fit_together(tmp_path: Path) -> None:
    with registries(node=NPM, latest={"typescript": "7.0.2"}) as known:
        said = untried(project(tmp_path, ESLINT), known, "--yes")
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    assert (said.code, said.err) == (0, "")
    shown, _, _ = said.out.partition("\n\n")
    assert shown == f"""\
  eslint             9.0.0 -> 9.39.1
                     not 10.0.0: needs Node >=99, this is {node.stdout.strip()[1:]}
  @eslint/js         9.0.0
                     not 10.0.1: it takes eslint ^10.0.0, which is held at
                       9.39.1
  typescript-eslint  8.0.0 -> 8.73.0
                     not 8.74.0: is 3 days old, the cooldown is 7
  typescript         5.9.3 -> 6.0.3
                     not 7.0.2: typescript-eslint 8.73.0 takes typescript
                       >=4.8.4 <6.1.0
  left-pad           1.0.0
                     1.0.0 is deprecated: use padStart"""
    assert config(tmp_path) == ESLINT.replace("eslint@9.0.0,\n", "eslint@9.39.1,\n").replace(
        "8.0.0", "8.73.0"
    ).replace("5.9.3", "6.0.3")


@NODE
def test_one_package_of_npm_must_fit_those_that_nobody_asked_for(tmp_path: Path) -> None:
    text = ESLINT.replace("t@8.0.0", "t@8.73.0")
    with registries(node=NPM, latest={"typescript": "7.0.2"}) as known:
        said = untried(project(tmp_path, text), known, "typescript", "--yes")
    assert (said.code, said.err) == (0, "")
    assert said.out.partition("\n\n")[0] == """\
  typescript  5.9.3 -> 6.0.3
              not 7.0.2: typescript-eslint 8.73.0 takes typescript >=4.8.4
                <6.1.0"""
    assert config(tmp_path) == text.replace("5.9.3", "6.0.3")


@NODE
def test_pins_that_do_not_take_each_other_today(tmp_path: Path) -> None:
    text = ESLINT.replace("typescript@5.9.3", "typescript@7.0.2").replace("t@8.0.0", "t@8.73.0")
    with registries(node=NPM, latest={"typescript": "7.0.2"}) as known:
        said = untried(project(tmp_path, text), known, "--yes")
    assert line_of(said, "typescript").startswith(
        "7.0.2 -> 6.0.3 not 7.0.2: typescript-eslint 8.73.0"
    )
    assert "typescript@6.0.3" in config(tmp_path)


@NODE
def test_a_package_that_npm_does_not_find(tmp_path: Path) -> None:
    with registries(node={name: NPM[name] for name in NPM if name != "left-pad"}) as known:
        said = untried(project(tmp_path, ESLINT), known, "--yes")
    assert said.code == 1
    assert line_of(said, "left-pad").startswith("1.0.0 not known: npm finds no left-pad: Not Found")
    assert "eslint@9.39.1" in config(tmp_path)


def test_without_npm(tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    folder = project(tmp_path / "project", ESLINT)
    with registries(node=NPM) as known:
        said = untried(folder, known, "--check", PATH=str(programs))
    assert said.code == 1
    assert line_of(said, "eslint").startswith("9.0.0 not known: npm is not installed")


# Repositories

REMOTE = """\
repos:
  - repo: URL
    rev: v1.0.0
    hooks:
      - id: a
"""


def git(folder: Path, *words: str, days: int = 0) -> str:
    date = f"2020-01-01T00:00:{days:02d}Z"
    stamp = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date} if days else {}
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    done = subprocess.run(
        ["git", *who, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **stamp},
    )
    return done.stdout.strip()


def repository(folder: Path) -> str:
    """Tags v1.0.0, v1.2.0 (annotated) and v1.10.0 of old, v2.0.0 of today, and others that do not count."""
    folder.mkdir()
    git(folder, "init", "--quiet")
    for number, tag in enumerate(
        ("v1.0.0", "v1.2.0", "v1.10.0", "other-9.0", "v1.11.0rc1", "latest"), 1
    ):
        git(folder, "commit", "--quiet", "--allow-empty", "-m", tag, days=number)
        annotated = ["-a", "-m", tag] if tag == "v1.2.0" else []
        git(folder, "tag", *annotated, tag, days=number)
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "new")
    git(folder, "tag", "v2.0.0")
    return f"file://{folder}"


def test_a_repository(tmp_path: Path, known: Registries) -> None:
    text = REMOTE.replace("URL", repository(tmp_path / "hooks"))
    folder = project(tmp_path / "project", text)
    said = untried(folder, known, "--yes")
    assert (said.code, said.err) == (0, "")
    assert line_of(said, "hooks") == (
        "v1.0.0 -> v1.10.0 not v2.0.0: is less than a day old, the cooldown is 7"
    )
    assert config(folder) == text.replace("v1.0.0", "v1.10.0")
    untried(folder, known, "--yes", "--cooldown-days", "0")
    assert config(folder) == text.replace("v1.0.0", "v2.0.0")


def test_a_commit_with_its_tag(tmp_path: Path, known: Registries) -> None:
    url = repository(tmp_path / "hooks")
    old, new = (
        git(tmp_path / "hooks", "rev-parse", f"{tag}^{{}}") for tag in ("v1.2.0", "v1.10.0")
    )
    text = REMOTE.replace("URL", url).replace("v1.0.0", f"{old}  # frozen: v1.2.0")
    folder = project(tmp_path / "project", text)
    said = untried(folder, known, "--yes")
    assert said.code == 0
    assert config(folder) == text.replace(old, new).replace("v1.2.0", "v1.10.0")


def test_a_repository_that_is_not_there(tmp_path: Path, known: Registries) -> None:
    text = REMOTE.replace("URL", f"file://{tmp_path}/none/hooks")
    said = untried(project(tmp_path, text), known, "--yes")
    assert said.code == 1
    assert "cannot be read" in line_of(said, "hooks")
    assert config(tmp_path) == text


# What the project pins itself

PYPROJECT = """\
[project]
name = "shop"
version = "1"
dependencies = ["httpx>=0.20"]

[dependency-groups]
dev = ["ruff==0.11.0", "Bandit[toml] >=1.7,<2"]  # not "ruff==0.11.0"
"""


def test_the_project_pins_the_same(tmp_path: Path, known: Registries) -> None:
    lock = '[[package]]\nname = "ruff"\nversion = "0.11.0"\n'
    files = {"pyproject.toml": PYPROJECT, "uv.lock": lock}
    folder = project(tmp_path, PYTHON, **files)
    said = untried(folder, known, "--check")
    elsewhere, _, rest = said.out.partition("Elsewhere in the project:\n")[2].partition("\n\n")
    assert elsewhere == """\
  pyproject.toml:7 pins ruff 0.11.0, the hooks 0.17.6
  uv.lock has ruff 0.11.0, the hooks 0.17.6
      uv lock --upgrade-package ruff"""
    assert rest.splitlines()[-1] == (
        "The pins of the project move too with:  sophia hooks update --sync"
    )
    said = untried(folder, known, "--yes", "--sync")
    assert said.code == 0
    assert said.out.splitlines()[-2:] == [
        "Written: .pre-commit-config.yaml, pyproject.toml. Next:",
        "  pre-commit run --all-files",
    ]
    after = PYPROJECT.replace('["ruff==0.11.0"', '["ruff==0.17.6"')
    assert (tmp_path / "pyproject.toml").read_text() == after
    assert (tmp_path / "uv.lock").read_text() == lock


def test_our_own_package_may_come_from_elsewhere(tmp_path: Path, known: Registries) -> None:
    text = PYTHON.replace('"ruff==0.11.0"', '"sophia-cli==0.1.0"')
    said = untried(project(tmp_path, text), known, "sophia-cli", "--check")
    host = known.url.partition("//")[2]
    assert (said.code, said.err) == (0, "")
    assert said.out == f"""\
  sophia-cli  0.1.0
              left alone: sophia-cli is not on {host}

All 1 pins are as new as they can be.
"""
