"""The tests of the drop-in door once more, with the vendors' previous major versions, which use httpx itself."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".venv-previous" / "bin" / "python"


@pytest.mark.skipif(
    not PYTHON.exists(), reason=f"{PYTHON.parents[1].name} is not there; .ci/run makes it"
)
def test_the_previous_major_versions() -> None:
    files = sorted(HERE.glob("test_dropin*.py"))
    others = [str(file) for file in files if file != Path(__file__)]
    code = "import openai, anthropic; print(openai.__version__[:2], anthropic.__version__[:2])"
    versions = subprocess.run(
        [PYTHON, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert versions == "2. 1.\n"
    done = subprocess.run(
        [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", *others],
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    last = done.stdout.splitlines()[-1] if done.stdout else done.stderr
    assert re.fullmatch(r"\d+ passed in .*", last), done.stdout
