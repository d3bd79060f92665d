"""A page as a picture, taken by a headless Chromium."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from sophia_cli import process
from sophia_cli.dashboards.preview.page import WIDTH
from sophia_cli.errors import SophiaError
from sophia_cli.files import whole

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PATIENCE = 120.0  # seconds


def browser() -> str:
    """The program that takes pictures. Raises SophiaError where there is none."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        raise SophiaError(
            "a picture needs Chromium, and there is none",
            "apt install chromium   (the page needs none)",
        )
    return found


def take(program: str, page: Path, height: int, picture: Path) -> None:
    """Write the picture of a page so many pixels high. Raises SophiaError."""
    with tempfile.TemporaryDirectory(prefix="sophia-preview-") as profile, whole(picture) as file:
        shot = Path(profile) / "shot.png"
        command = [
            program,
            "--headless",
            "--disable-gpu",
            "--hide-scrollbars",
            "--disable-dev-shm-usage",
            # Nothing of the page is of the network, nor does the browser itself ask for anything.
            "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={profile}/profile",
            f"--window-size={WIDTH},{height}",
            f"--screenshot={shot}",
            # Its sandbox cannot be had by root; what it opens is a page of ours without a script.
            *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
            page.absolute().as_uri(),
        ]
        done = process.run(command, timeout=_PATIENCE)
        if done.code or not shot.is_file():
            told = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise SophiaError(f"{Path(program).name} took no picture of {page}: {told}")
        file.write_bytes(shot.read_bytes())
