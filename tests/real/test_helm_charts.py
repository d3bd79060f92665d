"""Values for Helm, rendered with the charts they are for, which nobody may take into this repository.

    HELM_CHARTS=FOLDER pytest tests/real/test_helm_charts.py

In that folder lie the charts as their repositories have them, each with the charts that it needs in `charts/`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from sophia_cli.infra.helm import values
from sophia_cli.infra.up import Asked, settle

CHARTS = Path(os.environ.get("HELM_CHARTS", "nowhere"))
pytestmark = [
    pytest.mark.skipif(not shutil.which("helm"), reason="helm is not installed"),
    pytest.mark.skipif(not CHARTS.is_dir(), reason="HELM_CHARTS names no folder of charts"),
]


def rendered(folder: Path, chart: str, **images: str) -> list[dict[str, Any]]:
    """What Helm makes of a chart with our values."""
    environ = {"XDG_STATE_HOME": str(folder / "state")}
    path = folder / f"{chart}.yaml"
    path.write_text(values(settle(Asked(folder, "shop", images=images), environ))[path.name])
    words = [
        "helm",
        "template",
        chart,
        CHARTS / chart,
        "--values",
        path,
        "--kube-version",
        "1.34.0",
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def specs(found: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [one["spec"] for one in found if one["kind"] == kind]


def pods(found: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    [spec] = specs(found, kind)
    pod: dict[str, Any] = spec["template"]["spec"]
    return pod


def secrets(pod: dict[str, Any]) -> set[tuple[str, str]]:
    """(secret, key) of what its containers get from one."""
    return {
        (one["valueFrom"]["secretKeyRef"]["name"], one["valueFrom"]["secretKeyRef"]["key"])
        for container in pod["containers"]
        for one in container["env"]
        if "secretKeyRef" in one.get("valueFrom", {})
    }


def claims(pod: dict[str, Any]) -> list[str]:
    found = [one.get("persistentVolumeClaim") for one in pod["volumes"]]
    return [one["claimName"] for one in found if one]


def test_sonarqube(tmp_path: Path) -> None:
    found = rendered(tmp_path, "sonarqube")
    pod = pods(found, "StatefulSet")
    images = {one["image"] for one in [*pod["containers"], *pod["initContainers"]]}
    assert images == {"sonarqube:26.9.0.129388-community"}
    name = "sophia-sonarqube"
    assert secrets(pod) == {(name, "jdbc-password"), (name, "passcode")}
    assert secrets(pods(found, "Job")) == {(name, "password"), (name, "currentPassword")}
    assert claims(pod) == [name]
    assert [
        one["resources"]["requests"]["storage"] for one in specs(found, "PersistentVolumeClaim")
    ] == ["5Gi"]
    data = {
        key: value
        for one in found
        if one["kind"] == "ConfigMap"
        for key, value in one["data"].items()
    }
    assert data["SONAR_JDBC_URL"] == "jdbc:postgresql://postgresql:5432/sonarqube"
    assert data["sonar.properties"].strip() == "sonar.telemetry.enable=false"
    found = rendered(tmp_path, "sonarqube", sonarqube="registry.test:5000/sonar:9.9")
    assert pods(found, "StatefulSet")["containers"][0]["image"] == "registry.test:5000/sonar:9.9"


def test_grafana(tmp_path: Path) -> None:
    found = rendered(tmp_path, "grafana", grafana="registry.test/g:1")
    pod = pods(found, "Deployment")
    assert [one["image"] for one in pod["containers"]] == ["registry.test/g:1"]
    assert secrets(pod) == {("sophia-grafana", "admin-user"), ("sophia-grafana", "admin-password")}
    assert claims(pod) == ["sophia-grafana"]
    assert [one for one in found if one["kind"] == "Secret"] == []
    [data] = [one["data"] for one in found if one["kind"] == "ConfigMap"]
    [source] = yaml.safe_load(data["sophia.yaml"])["datasources"]
    assert (source["uid"], source["url"]) == (
        "sophia-prometheus",
        "http://sophia-metrics-prometheus:9090",
    )
    assert "allow_sign_up = false" in data["grafana.ini"]


def test_prometheus_and_alertmanager(tmp_path: Path) -> None:
    own = {"prometheus": "registry.test:5000/a/prom:v3.5.0", "alertmanager": "mine/alert:v0.33.1"}
    found = rendered(tmp_path, "kube-prometheus-stack", **own)
    [prometheus], [alertmanager] = specs(found, "Prometheus"), specs(found, "Alertmanager")
    assert prometheus["image"] == own["prometheus"]
    assert alertmanager["image"] == f"docker.io/{own['alertmanager']}"
    assert prometheus["enableRemoteWriteReceiver"] is True
    assert (prometheus["retention"], prometheus["scrapeInterval"]) == ("15d", "15s")
    sizes = [
        one["storage"]["volumeClaimTemplate"]["spec"]["resources"]["requests"]["storage"]
        for one in (prometheus, alertmanager)
    ]
    assert sizes == ["10Gi", "1Gi"]
    names = {one["metadata"]["name"]: one for one in found if one["kind"] == "Service"}
    assert "sophia-metrics-prometheus" in names
    rules = [one for one in found if one["metadata"]["name"] == "sophia-metrics-sophia"]
    assert [one["metadata"]["labels"]["release"] for one in rules] == ["kube-prometheus-stack"]
    text = yaml.safe_dump(rules[0]["spec"])
    assert "{{ $labels.job }} at {{ $labels.instance }} does not answer" in text
    assert "grafana" not in {one["metadata"]["name"] for one in found}
