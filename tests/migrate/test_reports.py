"""The documents: SARIF by its schema's rules, HTML that asks for nothing, Markdown as it is pasted."""

from __future__ import annotations

import ast
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from trees import plant

from sophia_cli.migrate.inventory import Options
from sophia_cli.migrate.pipeline import survey
from sophia_cli.migrate.reports import FORMATS
from sophia_cli.migrate.reports.markdown import LARGEST
from sophia_cli.migrate.rules.names import RULE_NAMES
from sophia_cli.migrate.survey import Survey

RULES = Path(__file__).parents[2] / "sophia_cli" / "migrate" / "rules"
OFF = (
    "from openai import OpenAI\nclient = OpenAI()\nclient.chat.completions.create(model='m|`<b>')\n"
)
NASTY = "</script><img src=x onerror=alert(1)>&amp; `|@ai\x1b.py"
FILES: dict[str, str | bytes] = {
    "CODEOWNERS": "/agents/ @ai a@b.example\n",
    "agents/a.py": OFF,
    "agents/on.py": "from openai import OpenAI\nfrom sophia_cli.llm import openai_http_client\n"
    "client = OpenAI(http_client=openai_http_client())\n",
    "own.py": "from openai import OpenAI\nclient = OpenAI(http_client=mine)  # ``` </pre>\n",
    "with space/é.py": OFF,
    "tests/test_a.py": OFF,
    "docs/a.md": "```python\nclient = OpenAI()\n```\n",
    "broken.py": "import openai\nx = (\n",
}


@pytest.fixture
def found(tmp_path: Path) -> Survey:
    return survey(Options(plant(tmp_path / "shop", FILES)))


@pytest.fixture
def nothing(tmp_path: Path) -> Survey:
    return survey(Options(plant(tmp_path / "empty", {"a.py": "x = 1\n"})))


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_tree_gives_the_same_bytes(form: str, found: Survey) -> None:
    assert FORMATS[form](found) == FORMATS[form](survey(Options(found.root)))
    assert str(found.root) not in FORMATS[form](found)


def test_json_holds_progress_and_every_site(found: Survey) -> None:
    data = json.loads(FORMATS["json"](found))
    assert data["progress"]["all"] == {
        "name": "all",
        "sites": {"total": 6, "migrated": 1, "percent": 16},
        "files": {"total": 4, "migrated": 1, "percent": 25},
        "left": {"safe": 4, "review": 1, "by_hand": 0},
    }
    site = next(site for site in data["sites"] if site["path"] == "agents/a.py")
    assert (site["owner"], site["part"]) == ("@ai a@b.example", "agent")
    assert (site["before"], site["after"]) == (
        "client = OpenAI()",
        "client = OpenAI(http_client=openai_http_client())",
    )
    assert len(data["sites"]) == len(found.sites)


# SARIF 2.1.0: what an object may hold (? for what it need not), as its schema has it.
SHAPES: dict[str, dict[str, Any]] = {
    "log": {"version": "2.1.0", "$schema": str, "runs": ["run"]},
    "run": {
        "tool": "tool",
        "automationDetails?": "details",
        "columnKind?": "unicodeCodePoints",
        "originalUriBaseIds?": {"%SRCROOT%": "base"},
        "invocations?": ["invocation"],
        "results": ["result"],
    },
    "tool": {"driver": "driver"},
    "driver": {
        "name": str,
        "fullName?": str,
        "version?": str,
        "semanticVersion?": str,
        "rules?": ["rule"],
    },
    "details": {"id?": str},
    "base": {"description?": "message"},
    "rule": {
        "id": str,
        "name?": str,
        "shortDescription?": "message",
        "fullDescription?": "message",
        "help?": "message",
        "defaultConfiguration?": {"level": ("none", "note", "warning", "error")},
    },
    "invocation": {"executionSuccessful": bool, "toolExecutionNotifications?": ["notification"]},
    "notification": {
        "message": "message",
        "level?": ("none", "note", "warning", "error"),
        "locations?": ["location"],
    },
    "result": {
        "ruleId": str,
        "ruleIndex": int,
        "level": ("none", "note", "warning", "error"),
        "message": "message",
        "locations": ["location"],
        "partialFingerprints?": {"sophiaSite/v1": str},
        "suppressions?": ["suppression"],
        "properties?": dict,
    },
    "message": {"text": str},
    "location": {"physicalLocation": "place"},
    "place": {"artifactLocation": "artifact", "region?": "region"},
    "artifact": {"uri": str, "uriBaseId?": "%SRCROOT%"},
    "region": {"startLine": int, "startColumn?": int},
    "suppression": {"kind": ("inSource", "external"), "justification?": str},
}


def fits(value: Any, shape: Any, where: str = "log") -> None:
    """Fail where a value is not of a shape."""
    if isinstance(shape, str) and shape in SHAPES:
        fits(value, SHAPES[shape], where)
    elif isinstance(shape, str):
        assert value == shape, where
    elif isinstance(shape, tuple):
        assert value in shape, where
    elif isinstance(shape, list):
        assert isinstance(value, list), where
        for index, item in enumerate(value):
            fits(item, shape[0], f"{where}[{index}]")
    elif isinstance(shape, dict):
        assert isinstance(value, dict), where
        assert {key for key in shape if not key.endswith("?")} <= set(value), where
        known = {key.removesuffix("?"): inner for key, inner in shape.items()}
        for key, item in value.items():
            assert key in known, f"{where}.{key}"
            fits(item, known[key], f"{where}.{key}")
    else:
        assert type(value) is shape, where
        assert value or shape is not str, where


def test_sarif_has_the_shape_of_its_schema(found: Survey, nothing: Survey) -> None:
    for one in (found, nothing):
        text = FORMATS["sarif"](one)
        assert text.isascii()
        log = json.loads(text)
        fits(log, "log")
        (run,) = log["runs"]
        rules = run["tool"]["driver"]["rules"]
        assert [rule["id"] for rule in rules] == list(RULE_NAMES)
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            region = result["locations"][0]["physicalLocation"]["region"]
            assert region["startLine"] >= 1 and region["startColumn"] >= 1


def test_sarif_holds_what_is_left_and_suppresses_what_does_not_count(found: Survey) -> None:
    run = json.loads(FORMATS["sarif"](found))["runs"][0]
    places = [
        (
            place["artifactLocation"]["uri"],
            place["region"]["startLine"],
            result["level"],
            [one["justification"] for one in result.get("suppressions", ())],
        )
        for result in run["results"]
        for place in (result["locations"][0]["physicalLocation"],)
    ]
    aside = ["In test code, which is left alone unless --include names it."]
    assert places == [
        ("agents/a.py", 2, "warning", []),
        ("agents/a.py", 3, "warning", []),
        ("docs/a.md", 2, "note", ["A page: no code that runs."]),
        ("own.py", 2, "warning", []),
        ("tests/test_a.py", 2, "note", aside),
        ("tests/test_a.py", 3, "note", aside),
        ("with%20space/%C3%A9.py", 2, "warning", []),
        ("with%20space/%C3%A9.py", 3, "warning", []),
    ]
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"] == {"text": "not looked at: line 2: '(' was never closed"}


def test_a_fingerprint_stays_when_lines_move(tmp_path: Path) -> None:
    def prints(text: str) -> list[str]:
        found = survey(Options(plant(tmp_path, {"a.py": text})))
        results = json.loads(FORMATS["sarif"](found))["runs"][0]["results"]
        return [result["partialFingerprints"]["sophiaSite/v1"] for result in results]

    twice = OFF + OFF.splitlines()[2] + "\n"
    assert prints(twice) == prints("# one\n\n" + twice)
    assert len(set(prints(twice))) == 3


def test_every_rule_that_a_site_may_carry_is_named() -> None:
    used = set()
    for path in RULES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if not isinstance(node, ast.Call):
                continue
            given = [keyword.value for keyword in node.keywords if keyword.arg == "rule"]
            if ast.unparse(node.func) == "Found":
                given += node.args[:1]
            used |= {one.value for one in given if isinstance(one, ast.Constant)}
    assert used - set(RULE_NAMES) == set()


class Page(HTMLParser):
    """Reads a page strictly: what is opened is closed, in order."""

    EMPTY = frozenset({"meta", "br", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_html_asks_nobody_for_anything(found: Survey) -> None:
    text = FORMATS["html"](found)
    page = Page(text)
    assert text.isascii()
    assert "http:" not in text and "https:" not in text and "//" not in text
    assert not re.search(r"url\(|@import|\$", text)
    loading = {"src", "href", "srcset", "data", "action", "style"}
    assert [tag for tag, given in page.tags if (loading - {"style"}) & set(given)] == []
    (policy,) = [meta for meta in page.all("meta") if "http-equiv" in meta]
    assert str(policy["content"]).startswith("default-src 'none';")
    assert "prefers-color-scheme: dark" in text


def test_html_shows_progress_filters_and_every_site(found: Survey) -> None:
    page = Page(FORMATS["html"](found))
    assert "1 of 6 sites on the service (16 %)" in page.words
    assert "1 of 4 files (25 %)" in page.words
    sites = [body for body in page.all("tbody") if body.get("class") == "site"]
    assert [(one["data-class"], one["data-owner"], one["data-part"]) for one in sites] == [
        ("safe", "@ai a@b.example", "agent"),
        ("safe", "@ai a@b.example", "agent"),
        ("on the service", "@ai a@b.example", "agent"),
        ("to review", "(nobody)", "other"),
        ("safe", "(nobody)", "other"),
        ("safe", "(nobody)", "other"),
    ]
    choices = {str(option["value"]) for option in page.all("option")}
    for name in ("data-class", "data-owner", "data-part"):
        assert {str(one[name]) for one in sites} <= choices
    assert [select["id"] for select in page.all("select")] == ["class", "owner", "part"]
    assert "- client = OpenAI()+ client = OpenAI(http_client=openai_http_client())" in page.words
    assert "broken.pyline 2: '(' was never closed" in page.words


def test_html_without_a_site_says_so(nothing: Survey) -> None:
    page = Page(FORMATS["html"](nothing))
    assert "No LLM call was found in source files." in page.words
    assert page.all("select") == []


def test_words_of_the_tree_are_words_everywhere(tmp_path: Path) -> None:
    folder = NASTY.replace("/", "_")
    found = survey(Options(plant(tmp_path / "a<b>", {folder: OFF + "# </script>"})))
    page = Page(FORMATS["html"](found))
    assert page.all("img") == [] and len(page.all("script")) == 1
    assert folder.replace("\x1b", "\ufffd") in page.words
    markdown = FORMATS["markdown"](found)
    assert "<img" not in markdown and "@ai" not in markdown
    fits(json.loads(FORMATS["sarif"](found)), "log")


MARKDOWN = """\
<!-- sophia migrate report -->
## LLM calls

**1 of 6 sites (16 %)** and **1 of 4 files (25 %)** are on the service.
Left: 4 safe, 1 to review, 0 by hand.
Not counted, in tests, archives and pages: 3.

| owner | sites on the service | files | safe | review | by hand |
|---|---|---|---|---|---|
| `(nobody)` | 0 of 3 (0 %) | 0 of 2 (0 %) | 2 | 1 | 0 |
| `@ai a@b.example` | 1 of 3 (33 %) | 1 of 2 (50 %) | 2 | 0 | 0 |

| part | sites on the service | files | safe | review | by hand |
|---|---|---|---|---|---|
| `other` | 0 of 3 (0 %) | 0 of 2 (0 %) | 2 | 1 | 0 |
| `agent` | 1 of 3 (33 %) | 1 of 2 (50 %) | 2 | 0 | 0 |

Not looked at: 1 file.
- `broken.py`: line 2: '(' was never closed

<details><summary>Safe: rewritten by <code>sophia migrate --apply</code> (4)</summary>

- `agents/a.py:2` `OpenAI`, `@ai a@b.example`: the constructor gains http\\_client, all else stays
  ```diff
  -client = OpenAI()
  +client = OpenAI(http_client=openai_http_client())
  +from sophia_cli.llm import openai_http_client
  ```
"""


def test_markdown_is_whole(found: Survey, nothing: Survey) -> None:
    text = FORMATS["markdown"](found)
    assert text.startswith(MARKDOWN)
    assert "   client = OpenAI(http_client=mine)  # ``` </pre>\n  ````\n" in text
    assert text.count("<details>") == text.count("</details>") == 3
    assert FORMATS["markdown"](nothing) == (
        "<!-- sophia migrate report -->\n## LLM calls\n\nNo LLM call was found in source files.\n"
    )


def test_markdown_fits_in_a_comment_and_says_what_did_not(tmp_path: Path) -> None:
    many = "client.embeddings.create(model='m', input='long enough to fill a line')\n" * 1_000
    found = survey(Options(plant(tmp_path, {"a.py": OFF + many})))
    text = FORMATS["markdown"](found)
    assert len(text) < LARGEST + 500
    assert re.search(
        r"\n[\d,]+ sites more did not fit here: `sophia migrate report --format html`\n$", text
    )
