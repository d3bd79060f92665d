"""Hooks into repositories of every kind, and out again: real git, real pre-commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from configs import BROKEN, CONFIGS
from hooked import MARKER, PLAIN, Tree, tree

from sophia_cli.errors import SophiaError
from sophia_cli.hooks.clone import look
from sophia_cli.hooks.config import read_config
from sophia_cli.hooks.proposal import Options
from sophia_cli.hooks.write import alone

NAME = ".pre-commit-config.yaml"


@pytest.fixture
def project(tmp_path: Path) -> Tree:
    made = tree(tmp_path / "project")
    made.put(NAME, MARKER)
    return made


def refused(made: Tree, options: Options = PLAIN) -> SophiaError:
    """The error of an installation that changes nothing."""
    before = made.everything()
    with pytest.raises(SophiaError) as caught:
        made.install(options)
    assert made.everything() == before
    return caught.value


# Left alone


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_configuration_that_does_not_parse(project: Tree, text: str) -> None:
    project.put(NAME, text)
    assert "left alone" in refused(project).message


def test_one_that_pre_commit_refuses(project: Tree) -> None:
    project.put(NAME, "repos: []\nfail_fast: sometimes\n")
    error = refused(project)
    assert error.message.startswith(f"pre-commit refuses {NAME}: Expected bool got str")


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(SophiaError, match="is no git repository") as caught:
        look(tmp_path)
    assert caught.value.mend == "git init"


def test_a_bare_repository(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "bare.git")], check=True)
    with pytest.raises(SophiaError, match="this is a bare repository"):
        look(tmp_path / "bare.git")


def test_the_folder_of_git(project: Tree) -> None:
    with pytest.raises(SophiaError, match="this is a folder of git's own"):
        look(project.root / ".git")


def test_a_local_hooks_path(project: Tree) -> None:
    project.git("config", "core.hooksPath", ".githooks")
    error = refused(project)
    assert error.message == "core.hooksPath (local) sends git to .githooks for its hooks"
    assert error.mend == (
        "add the line `pre-commit run` to .githooks/pre-commit, or\n"
        "git config --unset-all core.hooksPath"
    )
    project.git(*error.mend.splitlines()[1].split()[1:])
    project.install()
    project.commit()
    assert project.ran == 1


def test_a_global_hooks_path_and_its_mend(tmp_path: Path) -> None:
    settings = tmp_path / "gitconfig"
    settings.write_text(f"[core]\n\thooksPath = {tmp_path}/everywhere\n")
    made = tree(tmp_path / "project", GIT_CONFIG_GLOBAL=str(settings))
    made.put(NAME, MARKER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", str(settings))
        error = refused(made)
        assert error.message.startswith("core.hooksPath (global) sends git to ")
        made.git(*error.mend.splitlines()[1].split()[1:])
        made.install()
    made.commit()
    assert made.ran == 1
    assert not (tmp_path / "everywhere").exists()


@pytest.mark.parametrize("what", ["merge", "rebase", "cherry-pick"])
def test_in_the_middle_of_something(project: Tree, what: str) -> None:
    project.commit()
    project.git("checkout", "-q", "-b", "other")
    project.put("app.py", "import sys\n")
    project.commit()
    project.git("checkout", "-q", "main")
    project.put("app.py", "import re\n")
    project.commit()
    project.git(what, "other", code=1)
    error = refused(project)
    assert error.message == f"a {what} is under way here"
    assert error.mend == f"git {what} --continue  or  git {what} --abort"


def test_another_installation_is_under_way(project: Tree) -> None:
    with alone(look(project.root)):
        assert "by another command" in refused(project).message


def test_a_file_that_changed_meanwhile(project: Tree) -> None:
    from sophia_cli.hooks.install import install

    made = project.plan()
    project.put(NAME, MARKER + "# mine\n")
    before = project.everything()
    with pytest.raises(SophiaError, match="was changed while"):
        install(made, project.env)
    assert project.everything() == before


def test_a_place_that_cannot_be_written(project: Tree) -> None:
    project.put(".sophia", "a file of that name\n")
    error = refused(project)
    assert error.message.endswith("; nothing was changed")


def test_pre_commit_that_fails(project: Tree) -> None:
    """What was written by then is taken back."""
    place = project.put("a file", "")
    project.env["PRE_COMMIT_HOME"] = str(place / "cache")
    error = refused(project)
    assert error.message.startswith("pre-commit install failed: ")
    assert error.mend == "pre-commit install --allow-missing-config --hook-type pre-commit"


# Installed, used, taken back


def there_and_back(made: Tree, *, commits: int = 1) -> None:
    """Install, install again, commit, uninstall: git runs the hooks, and nothing of it stays."""
    before = made.everything()
    first = made.install()
    assert not first.is_done
    between = made.everything()
    assert made.plan().is_done
    made.install()
    assert made.everything() == between
    made.commit()
    assert made.ran == commits
    made.uninstall()
    assert made.everything() == before
    made.git("reset", "-q")


def test_a_repository_without_a_commit(project: Tree) -> None:
    there_and_back(project)


def test_from_a_folder_below(project: Tree) -> None:
    project.put("sub/b.py", "")
    made = Tree(project.root / "sub", project.env).install()
    assert made.clone.root == project.root
    assert not (project.root / "sub" / NAME).exists()


def test_a_linked_work_tree(project: Tree, tmp_path: Path) -> None:
    project.commit()
    project.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = Tree(tmp_path / "side", project.env)
    assert side.plan().clone.is_linked
    there_and_back(side)
    side.install()
    project.commit()
    assert project.ran == 1


def test_another_branch_without_a_configuration_can_be_committed(project: Tree) -> None:
    (project.root / NAME).unlink()
    project.commit()
    project.git("branch", "old")
    project.install()
    project.commit()
    project.git("checkout", "-q", "old")
    assert "Skipping `pre-commit`" in project.commit()


def test_a_submodule(project: Tree, tmp_path: Path) -> None:
    inner = tree(tmp_path / "inner")
    inner.put(NAME, MARKER)
    inner.commit()
    allow = ("-c", "protocol.file.allow=always")
    project.git(*allow, "submodule", "add", "-q", str(inner.root), "inner")
    sub = Tree(project.root / "inner", project.env)
    assert sub.plan().clone.is_submodule
    there_and_back(sub)
    assert not (project.root / ".git/hooks/pre-commit").exists()


HOOK = "#!/bin/sh\necho mine >> .git/mine\n"


def test_a_hook_that_is_there_is_kept_and_runs_first(project: Tree) -> None:
    project.put(".git/hooks/pre-commit", HOOK, 0o755)
    assert project.plan().chained == ("pre-commit",)
    there_and_back(project)
    assert (project.root / ".git/mine").read_text() == "mine\n"
    assert (project.root / ".git/hooks/pre-commit").read_text() == HOOK


def test_the_hook_of_pre_commit_stays_where_it_was_before(project: Tree) -> None:
    subprocess.run(["pre-commit", "install"], cwd=project.root, env=with_tools(project), check=True)
    before = project.everything()
    assert project.install().missing == ()
    project.uninstall()
    assert project.everything() == before


def with_tools(made: Tree) -> dict[str, str]:
    import sys

    return {**made.env, "PATH": f"{Path(sys.executable).parent}:{made.env['PATH']}"}


def test_all_kinds_of_hooks_that_the_configuration_names(project: Tree) -> None:
    project.put(NAME, "default_install_hook_types: [pre-commit, commit-msg]\n" + MARKER)
    there_and_back(project, commits=2)


def test_a_configuration_whose_hooks_run_at_other_times(project: Tree) -> None:
    project.put(
        NAME, "default_install_hook_types: [pre-push]\ndefault_stages: [pre-push]\n" + MARKER
    )
    made = project.install()
    assert made.missing == ("pre-push", "pre-commit")
    hooks = [hook for _, hook in read_config((project.root / NAME).read_bytes()).hooks]
    assert [hook.get("stages") for hook in hooks[:2]] == [None, ["pre-commit"]]
    assert "Skipped" in project.commit() and project.ran == 0
    project.uninstall()
    assert not (project.root / ".git/hooks/pre-commit").exists()
    assert not (project.root / ".git/hooks/pre-push").exists()


def test_a_clone_in_which_nobody_installed_yet(project: Tree, tmp_path: Path) -> None:
    project.install()
    project.commit()
    project.git("clone", "-q", str(project.root), str(tmp_path / "clone"))
    clone = Tree(tmp_path / "clone", project.env)
    made = clone.plan()
    assert (made.files, made.missing) == ((), ("pre-commit",))
    clone.install()
    clone.commit()
    assert clone.ran == 1
    clone.uninstall()
    assert not (clone.root / ".git/hooks/pre-commit").exists()
    assert clone.git("status", "--short") == ""


@pytest.mark.parametrize("name", CONFIGS)
def test_configurations_of_every_kind(tmp_path: Path, name: str) -> None:
    made = tree(tmp_path / "project")
    file = made.put(NAME, CONFIGS[name])
    made.install()
    after = file.read_bytes()
    assert after != CONFIGS[name].encode()
    assert made.plan().is_done
    made.uninstall()
    assert file.read_bytes() == CONFIGS[name].encode()


def test_a_configuration_behind_a_link(project: Tree) -> None:
    project.put("etc/hooks.yaml", MARKER)
    (project.root / NAME).unlink()
    (project.root / NAME).symlink_to("etc/hooks.yaml")
    project.install()
    assert (project.root / NAME).is_symlink()
    assert "sophia-gate" in (project.root / "etc/hooks.yaml").read_text()
    project.uninstall()
    assert (project.root / "etc/hooks.yaml").read_text() == MARKER


# Taken back after somebody edited


def test_edits_since_stay(project: Tree) -> None:
    project.install()
    file = project.root / NAME
    mine = "  - repo: meta\n    hooks:\n      - id: identity\n"
    file.write_text(file.read_text() + mine)
    project.put("ruff.toml", "line-length = 90\n")
    made = project.uninstall()
    assert made.left == ("ruff.toml",)
    assert file.read_text() == MARKER + mine
    assert (project.root / "ruff.toml").read_text() == "line-length = 90\n"


def test_edits_between_two_installations_stay(project: Tree) -> None:
    project.install()
    file = project.root / NAME
    file.write_text(file.read_text().replace(MARKER, "# mine\n" + MARKER))
    project.install(Options(secrets=True))
    assert "sophia-secrets" in file.read_text()
    project.uninstall()
    assert file.read_text() == "# mine\n" + MARKER


def test_without_a_record_our_hooks_go(project: Tree) -> None:
    project.install()
    (project.root / ".sophia/hooks/install.json").unlink()
    project.uninstall()
    assert (project.root / NAME).read_text() == MARKER


def test_a_second_uninstall_has_nothing_to_do(project: Tree) -> None:
    from sophia_cli.hooks.uninstall import plan_removal

    project.install()
    assert not plan_removal(project.root).is_done
    project.uninstall()
    assert plan_removal(project.root).is_done


# What is there stays as the user has it


def test_versions_and_settings_of_the_user_stay(project: Tree) -> None:
    project.install()
    file = project.root / NAME
    text = file.read_text().replace("ruff==0.17.6", "ruff==0.16.9")
    text = text.replace(
        "        require_serial: true\n", "        require_serial: true\n        exclude: ^old/\n"
    )
    file.write_text(text)
    assert project.plan().is_done
    project.put("web/app.ts", "let a = 1;\n")
    project.install()
    hook = next(
        hook for _, hook in read_config(file.read_bytes()).hooks if hook["id"] == "sophia-gate"
    )
    assert hook["additional_dependencies"][1] == "ruff==0.16.9"
    assert hook["exclude"] == "^old/"
    assert "--node=eslint@10.15.0" in hook["args"] and "ts" in hook["types_or"]
