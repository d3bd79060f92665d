"""Releases of Python packages, from the simple API of an index (PEP 503, 691, 592, 700)."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from sophia_cli.errors import SophiaError
from sophia_cli.hooks.update.indexes import Indexes
from sophia_cli.hooks.update.release import Release
from sophia_cli.http import httpx

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

_ACCEPT = "application/vnd.pypi.simple.v1+json"
_TIMEOUT = 30.0


@dataclass
class _Files:
    """The files of one version."""

    times: list[datetime | None] = field(default_factory=list)
    pythons: list[str] = field(default_factory=list)
    yanked: list[str] = field(default_factory=list)

    def release(self, found: Version, text: str) -> Release:
        # A file that was added later is one that pip would take too: the last one counts.
        told = [time for time in self.times if time is not None]
        uploaded = max(told) if told and len(told) == len(self.times) else None
        return Release(
            text,
            found,
            uploaded,
            found.is_prerelease,
            "" if self.times else f"yanked: {self.yanked[0]}" if self.yanked[0] else "yanked",
            " || ".join(self.pythons) if "" not in self.pythons else "",
        )


def releases(name: str, where: Indexes) -> tuple[Release, ...]:
    """All versions of a package with files to install, of all indexes, oldest first.

    Raises SophiaError where an index does not answer, tells no data, or none knows the package.
    """
    wanted = canonicalize_name(name)
    known = False
    found: dict[Version, _Files] = {}
    for url in where.urls:
        page = _page(url, wanted, where)
        if page is not None:
            known = True
            _add(found, page, wanted)
    if not where.urls:
        raise SophiaError("pip is configured for no index", "pip config unset global.no-index")
    if not known:
        hosts = " and ".join(_host(url) for url in where.urls)
        raise SophiaError(f"{name} is not on {hosts}", "pip config list   names the index")
    return tuple(files.release(one, str(one)) for one, files in sorted(found.items()))


def _page(url: str, name: NormalizedName, where: Indexes) -> Mapping[str, Any] | None:
    """The page of a package on an index; None where it knows none."""
    host = _host(url)
    try:
        verify = ssl.create_default_context(cafile=where.cert or None)
        if _trusts(where, url):
            verify.check_hostname, verify.verify_mode = False, ssl.CERT_NONE
        with httpx.Client(
            verify=verify, proxy=where.proxy or None, timeout=_TIMEOUT, follow_redirects=True
        ) as client:
            answer = client.get(f"{url}/{name}/", headers={"Accept": _ACCEPT})
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        words = str(error) or type(error).__name__
        raise SophiaError(
            f"the package index {host} does not answer: {words}",
            "pip config list   names the index",
        ) from None
    if answer.status_code == 404:
        return None
    if answer.status_code != 200:
        raise SophiaError(
            f"the package index {host} answers {answer.status_code} for {name}",
            "pip config list   names the index and how it is logged in to",
        )
    return _data(answer, host)


def _data(answer: Any, host: str) -> Mapping[str, Any]:
    with suppress(ValueError):
        page = answer.json()
        if isinstance(page, dict) and isinstance(page.get("files"), list):
            return page
    raise SophiaError(
        f"the package index {host} does not speak JSON (PEP 691), so it tells no ages of releases",
        "name one that does:  PIP_INDEX_URL=... sophia hooks update",
    )


def _add(found: dict[Version, _Files], page: Mapping[str, Any], wanted: str) -> None:
    for file in page["files"]:
        if not isinstance(file, dict):
            continue
        version = _version(str(file.get("filename", "")), wanted)
        if version is None:
            continue
        files = found.setdefault(version, _Files())
        yanked = file.get("yanked", False)
        if yanked is not False:
            files.yanked.append(yanked if isinstance(yanked, str) else "")
            continue
        files.times.append(moment(file.get("upload-time")))
        files.pythons.append(str(file.get("requires-python") or "").strip())


def _version(filename: str, wanted: str) -> Version | None:
    """The version of a wheel or source archive; None for other files and other packages."""
    with suppress(InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        if filename.endswith(".whl"):
            name, version, _, _ = parse_wheel_filename(filename)
        else:
            name, version = parse_sdist_filename(filename)
        return version if name == wanted else None
    return None


def moment(text: object) -> datetime | None:
    """A moment with its time zone; None where there is none to read."""
    with suppress(TypeError, ValueError):
        moment = datetime.fromisoformat(re.sub(r"Z$", "+00:00", text))  # type: ignore[call-overload]
        return moment if moment.tzinfo else None
    return None


def _trusts(where: Indexes, url: str) -> bool:
    parts = urlsplit(url)
    names: Iterable[str] = {parts.hostname or "", f"{parts.hostname}:{parts.port}"}
    return any(name in where.trusted for name in names)


def _host(url: str) -> str:
    """An address without what logs in to it."""
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2] or url
