"""Where the import goes that a changed constructor needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from trees import apply, plant, verdicts

NEW = "from sophia_cli.llm import openai_http_client\n"
GIVEN = "http_client=openai_http_client()"
# Code with `@` where the import is to stand, on a line of its own, and `$` for what the constructor gains.
PLACES = {
    "among those at the top": "import os\nfrom openai import OpenAI\n@\nOpenAI($)\n",
    "in a branch, beside the import that it serves": (
        "def f(x):\n    if x:\n        from openai import OpenAI\n        @\n"
        "        return OpenAI($)\n"
    ),
    "in each branch": (
        "def f(x):\n    if x:\n        from openai import OpenAI\n        @\n"
        "        c = OpenAI($)\n    else:\n        from openai import OpenAI\n        @\n"
        "        c = OpenAI(timeout=1, $)\n    return c\n"
    ),
    "in each case": (
        "def f(x):\n    match x:\n        case 1:\n            from openai import OpenAI\n            @\n"
        "            return OpenAI($)\n        case 2:\n            from openai import OpenAI\n"
        "            @\n            return OpenAI(timeout=1, $)\n"
    ),
    "before branches that a use comes after": (
        "def f(x):\n    @\n    if x:\n        from openai import OpenAI\n    else:\n"
        "        from openai import OpenAI\n    return OpenAI($)\n"
    )
    .replace("    @\n", "", 1)
    .replace("    return", "    @\n    return"),
    "before a try, where a failure would be caught": (
        "def f(x):\n    @\n    try:\n        if x:\n            from openai import OpenAI\n"
        "            return OpenAI($)\n    except Exception:\n        return None\n"
    ),
    "before a branch of a class": (
        "import os\n@\n\nclass A:\n    if os.name:\n        from openai import OpenAI\n"
        "        c = OpenAI($)\n"
    ),
    "among the imports after a try": (
        "try:\n    from openai import OpenAI\nexcept ImportError:\n    raise\n\n"
        "from mine import x\n@\nfrom zlib import y\n\nOpenAI($)\n"
    ),
    "among the imports before a try": (
        "import os\nfrom mine import x\n@\n\ntry:\n    from openai import OpenAI\n"
        "except ImportError:\n    raise\n\n\nc = OpenAI($)\n"
    ),
    "after a try with no import near": (
        "try:\n    from openai import OpenAI\nexcept ImportError:\n    raise\n@\nc = OpenAI($)\n"
    ),
    "after the future": (
        "from __future__ import annotations\n@\ntry:\n    from openai import OpenAI\n"
        "except ImportError:\n    raise\nc = OpenAI($)\n"
    ),
}


@pytest.mark.parametrize("text", PLACES.values(), ids=PLACES)
def test_the_import_stands_where_it_belongs(tmp_path: Path, text: str) -> None:
    before = "".join(line for line in text.splitlines(keepends=True) if line.strip() != "@")
    before = before.replace(", $", "").replace("$", "")
    plant(tmp_path, {"app.py": before})
    apply(tmp_path)
    after = text.replace("@\n", NEW).replace("$", GIVEN)
    assert (tmp_path / "app.py").read_text() == after
    assert apply(tmp_path).changed == ()


def test_after_a_try_it_stands_as_far_from_it_as_what_follows(tmp_path: Path) -> None:
    tried = "try:\n    from openai import OpenAI\nexcept ImportError:\n    raise\n"
    plant(tmp_path, {"app.py": f"{tried}\n\nc = OpenAI()\n"})
    apply(tmp_path)
    assert (tmp_path / "app.py").read_text() == f"{tried}\n{NEW}\n\nc = OpenAI({GIVEN})\n"


def test_one_of_a_branch_does_not_hinder_a_later_run(tmp_path: Path) -> None:
    done = f"    if x:\n        from openai import OpenAI\n        {NEW}        return OpenAI({GIVEN})\n"
    plant(
        tmp_path,
        {"app.py": f"def f(x):\n{done}    from openai import OpenAI\n    return OpenAI()\n"},
    )
    apply(tmp_path)
    rest = f"    from openai import OpenAI\n    {NEW}    return OpenAI({GIVEN})\n"
    assert (tmp_path / "app.py").read_text() == f"def f(x):\n{done}{rest}"


def test_one_that_may_fail_is_taken(tmp_path: Path) -> None:
    text = (
        f"from openai import OpenAI\n\ntry:\n    {NEW}except ImportError:\n    pass\n\nOpenAI()\n"
    )
    plant(tmp_path, {"app.py": text})
    report = apply(tmp_path)
    assert (tmp_path / "app.py").read_text() == text
    assert verdicts(report) == [("report-only", "no-place-for-import", "app.py:8")]
