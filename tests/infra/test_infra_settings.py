"""`[infra]` of `sophia.toml`: what it may say, and where it counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sophia_cli.infra import stack as stacks
from sophia_cli.infra.images import read_lock
from sophia_cli.infra.quality import wanted_of
from sophia_cli.infra.settings import Settings, load_settings
from sophia_cli.infra.up import Asked, settle
from sophia_cli.infra.upgrade import wanted_images
from sophia_cli.llm.errors import ConfigError


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path / "state")}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    return folder


def write(folder: Path, text: str) -> None:
    (folder / "sophia.toml").write_text(f"[infra]\n{text}\n")


@pytest.mark.parametrize("text", ["", "[infra]\n", "[llm]\nservice = 'x'\n"])
def test_nothing_said_is_the_default(shop: Path, text: str) -> None:
    (shop / "sophia.toml").write_text(text)
    assert load_settings(shop, {}) == Settings()


def test_everything_said(shop: Path) -> None:
    write(
        shop,
        """
        name = "sophia-team"
        profiles = ["quality"]
        ports = { sonarqube = 9001 }
        images = { postgresql = "registry.internal/postgres:17" }
        registry = "registry.internal:5000/mirror"
        search_checks = false
        timeout = 900
        scan_timeout = 60.5
        project = "team:shop"
        conditions = ["new_violations>0", "coverage < 50.5"]
        quality_profiles = { py = "Company way" }
        new_code = "30 days"
        webhook = "https://chat.internal/hook"
        """,
    )
    assert load_settings(shop / "src" / "deeper", {}) == Settings(
        "sophia-team",
        ("quality",),
        {"sonarqube": 9001},
        {"postgresql": "registry.internal/postgres:17"},
        "registry.internal:5000/mirror",
        False,
        900.0,
        60.5,
        "team:shop",
        (("new_violations", "GT", "0"), ("coverage", "LT", "50.5")),
        {"py": "Company way"},
        ("NUMBER_OF_DAYS", "30"),
        "https://chat.internal/hook",
    )


@pytest.mark.parametrize(
    ("text", "words", "mend"),
    [
        ("port = 1", "[infra] has no key 'port'", "allowed: name, profiles, ports, images"),
        (
            'profiles = ["qualty"]',
            "[infra] profiles cannot be 'qualty'",
            "did you mean quality? one of: quality, metrics",
        ),
        (
            "ports = { sonar = 9001 }",
            "[infra] ports cannot be 'sonar'",
            "did you mean sonarqube? one of: sonarqube, prometheus, alertmanager, grafana",
        ),
        ("ports = { sonarqube = 0 }", "[infra] ports cannot be 0", "a number from 1 to 65535"),
        ("ports = { sonarqube = true }", "[infra] ports cannot be True", "a number from 1"),
        ("ports = [9001]", "[infra] ports must be a table, not [9001]", ""),
        ("images = { redis = 'r:7' }", "[infra] images cannot be 'redis'", "one of: postgresql"),
        ("images = { grafana = 7 }", "[infra] images cannot be 7", "such as images = { grafana"),
        ("registry = 'https://r.internal'", "[infra] registry cannot be 'https://r.inter", "such"),
        ("timeout = 0", "[infra] timeout must be a number of at least 1, not 0", ""),
        ("project = '1234'", "[infra] project cannot be '1234'", "letters, digits and _ . : -"),
        ("project = 'a b'", "[infra] project cannot be 'a b'", "letters, digits and _ . : -"),
        (
            'conditions = ["coverage is low"]',
            "[infra] conditions cannot be 'coverage is low'",
            'such as "new_coverage < 80"',
        ),
        (
            "new_code = '91 days'",
            "[infra] new_code cannot be '91 days'",
            '"previous version", or from "1 day" to "90 days"',
        ),
        ("webhook = 'chat'", "[infra] webhook cannot be 'chat'", "such as https://"),
    ],
)
def test_what_it_may_not_say(shop: Path, text: str, words: str, mend: str) -> None:
    write(shop, text)
    with pytest.raises(ConfigError) as caught:
        load_settings(shop, {})
    assert caught.value.message.startswith(f"{shop / 'sophia.toml'}:2: {words}")
    assert caught.value.mend.startswith(mend)


def test_up_goes_by_it_and_an_argument_goes_before(shop: Path, environ: dict[str, str]) -> None:
    write(shop, 'name = "team"\nprofiles = ["metrics"]\nports = { grafana = 3001 }')
    stack = settle(Asked(shop), environ)
    assert (stack.name, stack.ports["grafana"]) == ("team", 3001)
    assert stack.servers == ("prometheus", "alertmanager", "grafana")
    asked = Asked(shop, "other", ("quality",), {"grafana": 3002})
    stack = settle(asked, environ)
    assert (stack.name, stack.ports["grafana"]) == ("other", 3002)
    assert stack.servers == ("postgresql", "sonarqube")


def test_it_goes_before_what_the_stack_had(shop: Path, environ: dict[str, str]) -> None:
    stacks.save(settle(Asked(shop, ports={"grafana": 3002, "sonarqube": 9002}), environ))
    write(shop, 'ports = { grafana = 3001 }\nimages = { grafana = "mine:1" }')
    stack = settle(Asked(shop), environ)
    assert (stack.ports["grafana"], stack.ports["sonarqube"]) == (3001, 9002)
    assert stack.images["grafana"] == "mine:1"


def test_the_locks_images_come_through_the_registry(shop: Path, environ: dict[str, str]) -> None:
    plain = settle(Asked(shop, images={"grafana": "mine:1"}), environ)
    stacks.save(plain)
    write(shop, 'registry = "r.internal"')
    for _ in range(2):
        stack = settle(Asked(shop), environ)
        stacks.save(stack)
        assert stack.images["postgresql"] == f"r.internal/{plain.images['postgresql']}"
        assert stack.images["grafana"] == "mine:1"
    (shop / "sophia.toml").unlink()
    assert settle(Asked(shop), environ).images["grafana"] == "mine:1"


def test_another_registry_has_them_instead(shop: Path, environ: dict[str, str]) -> None:
    lock = settle(Asked(shop), environ).images
    own = {"grafana": "a.internal/mine:1", "sonarqube": f"b.internal/{lock['sonarqube']}"}
    for registry, before in (
        ("a.internal", ""),
        ("b.internal:5000/mirror", "a.internal/"),
        ("", ""),
    ):
        write(shop, f'registry = "{registry}"' if registry else "")
        stack = settle(Asked(shop, images=own if not before else {}), environ)
        stacks.save(stack)
        prefix = f"{registry}/" if registry else ""
        for name in ("postgresql", "prometheus", "alertmanager"):
            assert stack.images[name] == f"{prefix}{lock[name]}"
        # Those that were named are not the registry's.
        assert {name: stack.images[name] for name in own} == own


def test_an_older_image_comes_through_it_too(shop: Path, environ: dict[str, str]) -> None:
    write(shop, 'registry = "a.internal"')
    stack = settle(Asked(shop), environ)
    old = "a.internal/sonarqube:26.1.0.118079-community"
    stacks.save(replace(stack, images={**stack.images, "sonarqube": old}))
    write(shop, 'registry = "b.internal"')
    moved = settle(Asked(shop), environ)
    assert moved.images["sonarqube"] == old.replace("a.", "b.")
    # Its newer version is what an upgrade is for, also where no `up` was between.
    lock = f"b.internal/{read_lock(shop)['sonarqube'].name}"
    for stack in (moved, stacks.find(shop, "", environ)):
        assert wanted_images(stack, {}, environ)["sonarqube"][1] == lock


def test_what_it_names_no_more_is_the_locks_again(shop: Path, environ: dict[str, str]) -> None:
    lock = settle(Asked(shop), environ).images
    write(shop, 'images = { grafana = "theirs:1", prometheus = "theirs:2" }')
    stacks.save(settle(Asked(shop, images={"alertmanager": "mine:1"}), environ))
    write(shop, 'images = { grafana = "theirs:3" }')
    wanted = {"grafana": "theirs:3", "prometheus": lock["prometheus"], "alertmanager": "mine:1"}
    for _ in range(2):
        stack = settle(Asked(shop), environ)
        stacks.save(stack)
        assert stack.images == {**lock, **wanted}


def test_other_commands_find_the_stack_by_it(shop: Path, environ: dict[str, str]) -> None:
    write(shop, 'name = "team"')
    stacks.save(settle(Asked(shop), environ))
    assert stacks.find(shop, "", environ).name == "team"


def test_what_sonarqube_is_told(shop: Path, environ: dict[str, str]) -> None:
    stack = settle(Asked(shop), environ)
    usual = wanted_of(stack)
    assert (usual.project, usual.gate, usual.new_code) == (
        "shop",
        "sophia",
        ("PREVIOUS_VERSION", ""),
    )
    write(shop, 'project = "team:shop"\nconditions = ["coverage < 50"]\nnew_code = "1 day"')
    wanted = wanted_of(stack)
    assert (wanted.project, wanted.gate) == ("team:shop", "sophia team:shop")
    assert wanted.conditions == (("coverage", "LT", "50"),)
    assert wanted.new_code == ("NUMBER_OF_DAYS", "1")
