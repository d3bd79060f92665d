"""What is proposed for a repository, and what is left to those who do it already."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hooked import Tree, tree
from pre_commit.yaml import yaml_load

from sophia_cli.hooks.config import read_config
from sophia_cli.hooks.detect import detect
from sophia_cli.hooks.proposal import Options, Proposal, propose

ROOT = Path(__file__).parents[2]
NAME = ".pre-commit-config.yaml"


@pytest.fixture
def project(tmp_path: Path) -> Tree:
    return tree(tmp_path / "project")


def proposed(made: Tree, options: Options | None = None, **environ: str) -> Proposal:
    file = made.root / NAME
    config = read_config(file.read_bytes() if file.exists() else b"")
    return propose(detect(made.root), config, options or Options(), {**os.environ, **environ})


def hooks(found: Proposal) -> dict[str, dict[str, object]]:
    return {hook["id"]: dict(hook) for repo in found.change.add for hook in repo["hooks"]}


def local(*hooks: str) -> str:
    lines = ["repos:", "  - repo: local", "    hooks:"]
    for number, entry in enumerate(hooks):
        lines.append(f"      - {{id: h{number}, name: h, entry: {entry}, language: system}}")
    return "\n".join(lines) + "\n"


# Whoever does it already keeps doing it.
@pytest.mark.parametrize(
    ("entry", "tools"),
    [
        ("ruff check", ("black", "bandit")),
        ("uv run ruff check --fix", ("black", "bandit")),
        ("python -m black", ("ruff", "bandit")),
        ("poetry run bandit -ll", ("ruff", "black")),
        (".venv/bin/ruff check", ("black", "bandit")),
        ("uvx ruff@0.9.1 check", ("black", "bandit")),
        ("ruff format", ("ruff", "bandit")),
        ("make lint", ("ruff", "black", "bandit")),
        ("echo ruff", ("ruff", "black", "bandit")),
        ("'", ("ruff", "black", "bandit")),
    ],
)
def test_local_hooks_that_run_a_tool(project: Tree, entry: str, tools: tuple[str, ...]) -> None:
    project.put(NAME, local(repr(entry) if "'" not in entry else '"\'"'))
    found = proposed(project)
    assert found.tools == tools
    arguments = hooks(found)["sophia-gate"].get("args", [])
    assert arguments == ([f"--tool={tool}" for tool in tools] if len(tools) < 3 else [])


REMOTE = """\
repos:
  - repo: https://github.com/astral-sh/ruff-pre-commit
    rev: v0.9.1
    hooks:
      - id: ruff
        args: [--fix]
      - id: ruff-format
  - repo: https://github.com/pre-commit/pre-commit-hooks
    rev: v4.5.0
    hooks: [{id: check-yaml}, {id: check-toml}]
  - repo: https://github.com/pre-commit/mirrors-eslint
    rev: v9.0.0
    hooks:
      - id: eslint
"""


def test_hooks_of_repositories_that_run_a_tool(project: Tree) -> None:
    project.put(NAME, REMOTE)
    project.put("a.js", "")
    found = proposed(project)
    assert found.tools == ("bandit",)
    assert [(one.does, one.id) for one in found.provided] == [
        ("ruff", "ruff"),
        ("ruff-format", "ruff-format"),
        ("sophia-yaml", "check-yaml"),
        ("sophia-toml", "check-toml"),
        ("eslint", "eslint"),
    ]
    assert list(hooks(found)) == ["sophia-gate", "sophia-large-files", "sophia-private-key"]
    assert found.notes == (
        "Black is left out: ruff-format formats here, and each would undo the other.",
    )


def test_adopted_hooks_go_and_a_formatter_stays(project: Tree) -> None:
    text = REMOTE.replace(
        "    hooks: [{id: check-yaml}, {id: check-toml}]\n", "    hooks:\n      - id: check-yaml\n"
    )
    file = project.put(NAME, text)
    project.put("a.js", "")
    made = project.install(Options(adopt=True))
    assert [one.id for one in made.proposal.adopted] == ["ruff", "check-yaml", "eslint"]
    data = yaml_load(file.read_text())
    assert [repo["repo"] for repo in data["repos"]] == [
        "https://github.com/astral-sh/ruff-pre-commit",
        "local",
    ]
    assert data["repos"][0]["hooks"] == [{"id": "ruff-format"}]
    assert project.plan().is_done
    project.uninstall()
    assert file.read_text() == text


# What is here


def test_nothing_to_judge(project: Tree) -> None:
    (project.root / "app.py").unlink()
    found = proposed(project)
    assert list(hooks(found)) == ["sophia-large-files", "sophia-private-key", "sophia-yaml"]


def test_a_ratchet_where_there_is_a_baseline_and_secrets_on_request(project: Tree) -> None:
    project.put("llm-baseline.json", "{}\n")
    project.put(".secrets.baseline", "{}\n")
    found = hooks(proposed(project, Options(secrets=True)))
    assert found["sophia-migrate-check"]["entry"] == "sophia migrate check"
    assert found["sophia-secrets"]["args"] == ["--baseline", ".secrets.baseline"]


def test_without_node_eslint_is_left_out(project: Tree) -> None:
    project.put("a.ts", "")
    found = proposed(project, PATH="/nowhere")
    assert "eslint" not in found.tools
    assert found.notes == (
        "ESLint is left out, there is no Node here. Install 20.19 or newer, then:  sophia hooks install",
    )


def test_the_project_s_own_eslint_is_used(project: Tree) -> None:
    project.put("web/package.json", '{"devDependencies": {"eslint": "^9.1.0"}}')
    project.put("web/a.ts", "")
    project.put("web/eslint.config.js", "export default [];\n")
    found = proposed(project)
    assert found.tools == ("ruff", "black", "bandit", "eslint")
    assert "args" not in hooks(found)["sophia-gate"]
    (project.root / "web/eslint.config.js").unlink()
    assert "the project's own has no configuration" in proposed(project).notes[0]


def test_a_newer_python_than_this_one(project: Tree, tmp_path: Path) -> None:
    project.put("pyproject.toml", '[project]\nrequires-python = ">=3.99"\n')
    found = proposed(project)
    assert "language_version" not in hooks(found)["sophia-gate"]
    assert found.notes[0].startswith("The code asks for Python 3.99, which is not here")
    python = tmp_path / "bin" / "python3.99"
    python.parent.mkdir()
    python.write_text("")
    python.chmod(0o755)
    found = proposed(project, PATH=str(python.parent))
    assert hooks(found)["sophia-gate"]["language_version"] == "python3.99"


def test_line_lengths_that_contradict_each_other(project: Tree) -> None:
    project.put(
        "pyproject.toml", "[tool.black]\nline-length = 100\n[tool.ruff]\nline-length = 88\n"
    )
    assert proposed(project).notes == (
        "Ruff's line length is 88, Black's 100: Ruff stops lines that Black writes.",
    )


def test_what_is_detected(project: Tree) -> None:
    project.put("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.10"\n[tool.bandit]\n')
    project.put(".ruff.toml", 'target-version = "py312"\n')
    project.put("apps/web/package.json", '{"devDependencies": []}')
    project.put("apps/web/a.tsx", "")
    project.put("apps/web/.eslintrc.json", "{}")
    project.put("vendor/lib/b.py", "")
    project.put("chart/Chart.yaml", "")
    project.put("chart/templates/x.yaml", "{{ x }}")
    found = detect(project.root)
    assert found.languages == ["Python 3.12 (1 file)", "TypeScript (1 file)"]
    assert (found.foreign, found.charts, found.packages) == (("vendor",), ("chart",), ("apps/web",))
    assert found.configured == {"ruff": ".ruff.toml", "bandit": "pyproject.toml"}
    assert (found.old, found.unconfigured) == (("apps/web/.eslintrc.json",), ("apps/web/a.tsx",))
    assert hooks(proposed(project))["sophia-yaml"]["exclude"] == "^chart/templates/"


def test_files_that_do_not_parse_today_are_passed_over(project: Tree) -> None:
    project.put("a.b.yaml", "a: [\n")
    project.put("good.yml", "a: !tag [b]\n---\nc: *unknown\n")
    project.put("twice.json", '{"a": 1, "a": 2}')
    project.put("tsconfig.json", "{// why\n}")
    project.put("data/x.toml", "a =\n")
    found = proposed(project)
    assert {
        name: hook.get("exclude") for name, hook in hooks(found).items() if "types" in hook
    } == {
        "sophia-private-key": "(^|/)(tests?|testdata|fixtures|__fixtures__)/",
        "sophia-yaml": r"^a\.b\.yaml$",
        "sophia-toml": r"^data/x\.toml$",
        "sophia-json": r"^\.vscode/|(^|/)(tsconfig|jsconfig|devcontainer|api-extractor)[\w.-]*\.json$"
        r"|^twice\.json$",
    }
    assert found.notes == (
        "Passed over, for they do not parse today: a.b.yaml, data/x.toml, twice.json.",
    )


def test_a_check_that_most_files_fail_is_left_out(project: Tree) -> None:
    for number in range(21):
        project.put(f"{number}.json", "[,]")
    found = proposed(project)
    assert "sophia-json" not in hooks(found)
    assert found.notes == ("No check that JSON parses: 21 files of JSON do not parse as such.",)


def test_the_shipped_configuration_is_what_is_written(project: Tree) -> None:
    wanted = [
        {**repo, "hooks": [dict(hook) for hook in repo["hooks"]]}
        for repo in proposed(project).change.add
    ]
    shipped = yaml_load((ROOT / "templates" / "pre-commit-config.yaml").read_text())
    assert shipped["repos"] == wanted


def test_the_repository_of_hooks_has_the_same_gate(project: Tree) -> None:
    ours = {hook["id"]: hook for hook in yaml_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    gate = hooks(proposed(project))["sophia-gate"]
    published = ours["sophia-gate"]
    assert published["additional_dependencies"] == gate["additional_dependencies"][1:]  # type: ignore[index]
    assert (published["entry"], published["language"]) == (gate["entry"], gate["language"])
