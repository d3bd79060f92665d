"""`sonar-project.properties`: what any scanner reads in a project. Written where there is none, never changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sophia_cli.checked import WARN, Check
from sophia_cli.errors import SophiaError
from sophia_cli.files import put

FILE = "sonar-project.properties"
_KEY = re.compile(r"^[ \t]*sonar\.projectKey[ \t]*[=:][ \t]*(.*?)[ \t]*$", re.MULTILINE)
_TEXT = """\
# For SonarQube's scanners, wherever they run. Made by `sophia infra up`, which leaves it alone from now on.
sonar.projectKey={}
sonar.sourceEncoding=UTF-8
"""


def write(root: Path, project: str) -> bool:
    """Write the file where there is none; True if it was written. Raises SophiaError."""
    path = root / FILE
    if path.exists():
        return False
    try:
        put(path, _TEXT.format(project).encode())
    except OSError as error:
        raise SophiaError(
            f"{path} cannot be written: {error.strerror}", "free or unlock the folder"
        ) from error
    return True


def check(root: Path, project: str) -> Iterator[Check]:
    """What of a file that is there does not fit the stack: its project's key."""
    path = root / FILE
    if not path.exists():
        return
    keys = _KEY.findall(path.read_text(encoding="utf-8", errors="replace"))
    if keys and keys[-1] != project:
        words = f"{FILE} names the project `{keys[-1]}`, the stack `{project}`; it is left as it is"
        yield Check("project", WARN, words, f'in sophia.toml: [infra] project = "{keys[-1]}"')
