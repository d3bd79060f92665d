"""Values of Helm charts: their keys are those of the charts, and no secret is in them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sophia_cli.errors import SophiaError
from sophia_cli.infra.helm import CHARTS, values, write_values
from sophia_cli.infra.up import Asked, settle

KNOWN = tomllib.loads((Path(__file__).parent / "helm_keys.toml").read_text())


def made(tmp_path: Path, **images: str) -> dict[str, str]:
    environ = {"XDG_STATE_HOME": str(tmp_path / "state")}
    return values(settle(Asked(tmp_path, "shop", images=images), environ))


def paths(table: dict[str, Any], free: list[str], before: str = "") -> Iterator[str]:
    for key, value in table.items():
        path = f"{before}{key}"
        if isinstance(value, dict) and path not in free:
            yield from paths(value, free, f"{path}.")
        else:
            yield path


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize(
    "images",
    [
        {},
        {"sonarqube": "registry.test:5000/sonar:9.9", "grafana": "registry.test/graf:1"},
        {"prometheus": "registry.test/prom:v3", "alertmanager": "registry.test/alert:v0"},
    ],
)
def test_every_key_is_one_of_the_named_chart(
    tmp_path: Path, chart: str, images: dict[str, str]
) -> None:
    text = made(tmp_path, **images)[f"{chart}.yaml"]
    [(title, known)] = [(key, found) for key, found in KNOWN.items() if key.startswith(f"{chart} ")]
    name, version = title.split()
    assert text.startswith(f"# Values of the chart `{name}` {version}, ")
    assert f"--version {version}" in text
    assert set(paths(yaml.safe_load(text), known["free"])) <= set(known["keys"])


def test_images_are_those_of_the_lock(tmp_path: Path) -> None:
    texts = {name: yaml.safe_load(text) for name, text in made(tmp_path).items()}
    assert texts["sonarqube.yaml"]["community"] == {
        "enabled": True,
        "buildNumber": "26.9.0.129388",
    }
    assert texts["sonarqube.yaml"]["image"] == {"repository": "sonarqube"}
    assert texts["grafana.yaml"]["image"] == {"repository": "grafana/grafana", "tag": "13.2.0"}


def test_images_of_a_closed_network(tmp_path: Path) -> None:
    digest = "@sha256:" + "0" * 64
    found = made(
        tmp_path, sonarqube="registry.test:5000/sonar:9.9", grafana=f"own.test/g:1{digest}"
    )
    sonarqube, grafana = (yaml.safe_load(found[f"{one}.yaml"]) for one in ("sonarqube", "grafana"))
    assert sonarqube["image"] == {"repository": "registry.test:5000/sonar", "tag": "9.9"}
    assert sonarqube["community"] == {"enabled": True}
    assert grafana["image"] == {"registry": "own.test", "repository": "g", "tag": "1"}


def test_images_of_a_chart_that_has_its_own(tmp_path: Path) -> None:
    def images(**named: str) -> list[object]:
        found = yaml.safe_load(made(tmp_path, **named)["kube-prometheus-stack.yaml"])
        specs = (found["prometheus"]["prometheusSpec"], found["alertmanager"]["alertmanagerSpec"])
        return [spec.get("image") for spec in specs]

    assert images() == [None, None]  # the chart's: it is made for them
    assert images(prometheus="r.test:5000/a/prom:v3.5.0") == [
        {"registry": "r.test:5000", "repository": "a/prom", "tag": "v3.5.0"},
        None,
    ]
    assert images(alertmanager="mine/alertmanager:v0.33.1") == [
        None,
        {"registry": "docker.io", "repository": "mine/alertmanager", "tag": "v0.33.1"},
    ]


def test_what_servers_keep_outlives_their_pods(tmp_path: Path) -> None:
    texts = {name: yaml.safe_load(text) for name, text in made(tmp_path).items()}
    stack = texts["kube-prometheus-stack.yaml"]
    for spec in (
        stack["prometheus"]["prometheusSpec"]["storageSpec"],
        stack["alertmanager"]["alertmanagerSpec"]["storage"],
    ):
        assert spec["volumeClaimTemplate"]["spec"]["resources"]["requests"]["storage"]
    for name in ("sonarqube.yaml", "grafana.yaml"):
        assert texts[name]["persistence"]["enabled"] is True


def test_grafana_asks_the_service_that_the_other_chart_makes(tmp_path: Path) -> None:
    texts = {name: yaml.safe_load(text) for name, text in made(tmp_path).items()}
    [source] = texts["grafana.yaml"]["datasources"]["sophia.yaml"]["datasources"]
    full = texts["kube-prometheus-stack.yaml"]["fullnameOverride"]
    assert (source["uid"], source["url"]) == (
        "sophia-prometheus",
        f"http://{full}-prometheus:9090",
    )
    rules = texts["kube-prometheus-stack.yaml"]["additionalPrometheusRulesMap"]["sophia"]
    assert [rule["alert"] for rule in rules["groups"][0]["rules"]] == ["TargetDown"]


def test_files_that_somebody_changed_stay(tmp_path: Path) -> None:
    texts, folder = made(tmp_path), tmp_path / "helm"
    assert write_values(folder, texts) == tuple(texts)
    assert write_values(folder, texts) == ()
    (folder / "grafana.yaml").unlink()
    (folder / "sonarqube.yaml").write_text("mine: 1\n")
    with pytest.raises(SophiaError, match="sonarqube.yaml is there with other content"):
        write_values(folder, texts)
    assert (folder / "sonarqube.yaml").read_text() == "mine: 1\n"
    assert not (folder / "grafana.yaml").exists()
