"""The stack's settings as values of the official Helm charts, for those who run it on Kubernetes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import indent

from sophia_cli.assets import asset
from sophia_cli.errors import SophiaError
from sophia_cli.files import put
from sophia_cli.infra.compose import configurations
from sophia_cli.infra.images import bare, read_lock
from sophia_cli.infra.stack import Stack

CHARTS = ("sonarqube", "kube-prometheus-stack", "grafana")
_PROMETHEUS = (
    "http://sophia-metrics-prometheus:9090"  # the service that the chart makes of our fullname
)
_COMMUNITY = "-community"


def values(stack: Stack) -> dict[str, str]:
    """The text of each file by its name: no secret is in them, only the names of Kubernetes' own."""
    blocks = {
        "sonarqube": {"IMAGE": _sonarqube(stack.images["sonarqube"])},
        "kube-prometheus-stack": {
            "RULES": indent(configurations(stack)["rules"].rstrip("\n"), " " * 4),
            **{
                f"{name.upper()}_IMAGE": _own(stack, name)
                for name in ("prometheus", "alertmanager")
            },
        },
        "grafana": {
            "IMAGE": _image(stack.images["grafana"], own_registry=True),
            "PROMETHEUS": f"        url: {stack.attached.get('prometheus', _PROMETHEUS)}",
        },
    }
    return {f"{chart}.yaml": _filled(chart, blocks[chart]) for chart in CHARTS}


def write_values(folder: Path, texts: Mapping[str, str]) -> tuple[str, ...]:
    """Write the files that differ; their names. One that somebody has changed is refused before any is written.

    Raises SophiaError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = {
            name: (folder / name).read_text("utf-8") for name in texts if (folder / name).exists()
        }
        for name, text in there.items():
            if text != texts[name]:
                raise SophiaError(
                    f"{folder / name} is there with other content",
                    "move it away, or write elsewhere:  sophia infra export --helm FOLDER",
                )
        lacking = tuple(name for name in texts if name not in there)
        for name in lacking:
            put(folder / name, texts[name].encode())
    except (OSError, UnicodeDecodeError) as error:
        raise SophiaError(f"{folder} cannot be written: {error}", "free or unlock it") from error
    return lacking


def _filled(chart: str, blocks: Mapping[str, str]) -> str:
    lines = asset(f"templates/helm/{chart}.yaml").read_text(encoding="utf-8").splitlines()
    filled = [blocks.get(line, line) for line in lines if blocks.get(line) != ""]
    return "\n".join(filled) + "\n"


def _sonarqube(reference: str) -> str:
    """The chart makes the tag of Community Build out of its number."""
    name, tag = _parts(reference)
    if not tag.endswith(_COMMUNITY):
        return f"community:\n  enabled: true\n{_image(reference)}"
    number = tag.removesuffix(_COMMUNITY)
    return f'community:\n  enabled: true\n  buildNumber: "{number}"\nimage:\n  repository: {name}'


def _own(stack: Stack, name: str) -> str:
    """The image of a server that is not the lock's, for a chart with one of its own; else nothing."""
    reference = stack.images[name]
    if bare(reference) == read_lock(stack.root)[name].name:
        return ""
    return indent(_image(reference, own_registry=True, else_from="docker.io"), " " * 4)


def _image(reference: str, *, own_registry: bool = False, else_from: str = "") -> str:
    """`own_registry` where the chart keeps the registry's name apart, `else_from` where its own is another."""
    name, tag = _parts(reference)
    first, slash, rest = name.partition("/")
    has_one = own_registry and slash and {".", ":"} & {*first}
    registry, repository = (first, rest) if has_one else (else_from, name)
    lines = {"registry": registry, "repository": repository, "tag": f'"{tag}"' if tag else ""}
    return "\n".join(["image:", *(f"  {key}: {value}" for key, value in lines.items() if value)])


def _parts(reference: str) -> tuple[str, str]:
    """Name and tag; a digest is left out, as the charts have no place for both."""
    name = bare(reference)
    head, colon, tag = name.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (name, "")
