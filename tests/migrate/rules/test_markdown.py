"""Python samples of pages: what tells of the past, or is no whole program, is left alone first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from brains import moved
from trees import apply, contents, look, plant, verdicts

from sophia_cli.migrate.write import rollback

CODE = "from openai import OpenAI\n\nclient = OpenAI()\n"
OURS = "from sophia_cli.llm import openai_http_client\n"
DONE = f"from openai import OpenAI\n{OURS}\nclient = OpenAI(http_client=openai_http_client())\n"


def sample(code: str = CODE, before: str = "", info: str = "python") -> str:
    return f"# Use\n\n{before}```{info}\n{code}```\n"


def indented(text: str, by: str) -> str:
    return "".join(by + line if line.strip() else line for line in text.splitlines(True))


PAST = {
    "a heading": sample(before="## Before\n\n"),
    "the other half": sample(before="## After\n\n"),
    "a heading further up": sample(before="## Migrating from 0.x\n\n### Clients\n\nMake one:\n\n"),
    "an underlined heading": sample(before="Deprecated\n----------\n\n"),
    "a version": sample(before="## v2.1.0\n\n"),
    "a day": sample(before="## 2024-05-01\n\n"),
    "the words before": sample(before="**Before:**\n\n"),
    "words in a sentence": sample(before="We used to make the client by hand:\n\n"),
    "a tab": sample(before='=== "Old"\n\n'),
    "a fold": sample(before="<details><summary>Legacy code</summary>\n\n"),
    "a bad example": sample(before="Don't do this:\n\n"),
    "a cross": sample(before="\u274c\n"),
    "a comment": sample(f"# OLD\n{CODE}"),
    "a comment with more": sample(f"# Before (direct call)\n{CODE}"),
    "a comment behind": sample(CODE.replace("OpenAI()", "OpenAI()  # \u274c bad")),
    "the second of two": sample(f"# old\n{CODE}") + f"```python\n{CODE}```\n",
    "a front matter": f"---\ntitle: x\ndate: 2024-05-01\n---\n{sample()}",
}
PATHS = [
    "CHANGELOG.md",
    "docs/changelog.md",
    "HISTORY.md",
    "NEWS.md",
    "UPGRADING.md",
    "docs/migration-guide.md",
    "docs/openai-migration.md",
    "docs/adr/use-openai.md",
    "docs/0007-use-openai.md",
    "docs/2024-05-01-launch.md",
    "docs/blog/launch.md",
    "docs/releases/2.md",
    "docs/decisions/one.md",
]


@pytest.mark.parametrize("text", PAST.values(), ids=PAST.keys())
def test_the_past_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    plant(tmp_path, {"use.md": text})
    report = apply(tmp_path, review=True)
    assert contents(tmp_path) == {"use.md": text.encode()}
    assert {(v[0], v[1]) for v in verdicts(report)} == {("report-only", "history")}


@pytest.mark.parametrize("path", PATHS)
def test_a_page_that_is_a_record_is_left_as_it_is(tmp_path: Path, path: str) -> None:
    plant(tmp_path, {path: sample()})
    report = apply(tmp_path, review=True)
    assert contents(tmp_path) == {path: sample().encode()}
    assert [v[:2] for v in verdicts(report)] == [("report-only", "history")]


LEFT = {
    "a fragment": (sample("client = OpenAI(\n    ...\n"), "fragment"),
    "two ways at once": (sample("client = OpenAI() or\nAnthropic()\n"), "fragment"),
    "without its import": (sample("client = OpenAI()\n"), "documentation"),
    "a session": (sample(">>> from openai import OpenAI\n>>> OpenAI()\n"), "prompts"),
    "a session by its name": (sample(info="pycon"), "prompts"),
    "marked lines": (sample(info='python hl_lines="3"'), "numbered-lines"),
    "marked lines of another kind": (sample(info="python {1,3-4}"), "numbered-lines"),
    "a quotation": ("> ```python\n> OpenAI()\n> ```\n", "documentation"),
    "a fence that is not closed": (f"```python\n{CODE}", "documentation"),
    "a sample in a sample": (f"````md\n```python\n{CODE}```\n````\n", "documentation"),
    "further left than its fence": (f"1. x\n\n   ```python\n{CODE}   ```\n", "fragment"),
    "its bytes": (sample(f"# \xe9\n{CODE}").encode("latin-1"), "documentation"),
    "code by its margin": (
        "Write:\n\n" + indented(f"```python\n{CODE}```\n", "    "),
        "documentation",
    ),
    "code by its margin, with a tab": (indented(f"```python\n{CODE}```\n", "\t"), "documentation"),
    "code by its margin, in a list": (
        "- Write:\n\n" + indented(f"```python\n{CODE}```\n", " " * 6),
        "documentation",
    ),
    "code by its margin, after a list": (
        "- Write\n\nCall it:\n\n" + indented(f"```python\n{CODE}```\n", "    "),
        "documentation",
    ),
    "in a <pre>": (f"<pre>\n```python\n{CODE}```\n</pre>\n", "documentation"),
    "in a <PRE> that ends first": (f"<PRE class='x'>\n```python\n{CODE}</PRE>\n", "documentation"),
    "in a comment": (f"<!-- later\n```python\n{CODE}```\n-->\n", "documentation"),
    "a class that is only reported": (
        sample("from openai import AzureOpenAI\n\nAzureOpenAI()\n"),
        "azure",
    ),
}


@pytest.mark.parametrize(("text", "code"), LEFT.values(), ids=LEFT.keys())
def test_left_alone_and_told(tmp_path: Path, text: str | bytes, code: str) -> None:
    before = contents(plant(tmp_path, {"docs/use.md": text}))
    report = apply(tmp_path, review=True)
    assert contents(tmp_path) == before
    assert {v[:2] for v in verdicts(report)} == {("report-only", code)}


@pytest.mark.parametrize("folder", ["fixtures", "docs/golden", "testdata", "a/__snapshots__"])
def test_what_tests_compare_with_is_left_alone(tmp_path: Path, folder: str) -> None:
    before = contents(plant(tmp_path, {f"{folder}/page.md": sample(), f"{folder}/a.py": CODE}))
    report = apply(tmp_path, review=True)
    assert contents(tmp_path) == before
    assert {str(site.category) for site in report.sites} == {"test"}


NOTHING = {
    "a difference": f"```diff\n- {CODE}```\n",
    "another language": f"```js\n{CODE}```\n",
    "no language": f"```\n{CODE}```\n",
    "code in a line": "Call ```OpenAI()``` and `OpenAI()`.\n",
    "indented text": "    client = OpenAI()\n",
    "a comment": sample("import openai\n# client = OpenAI()\n"),
    "a class of the page's own": sample("class OpenAI: ...\n\n\nclient = OpenAI\n"),
}


@pytest.mark.parametrize("text", NOTHING.values(), ids=NOTHING.keys())
def test_finds_nothing(tmp_path: Path, text: str) -> None:
    plant(tmp_path, {"docs/use.md": text})
    assert apply(tmp_path, review=True).sites == ()
    assert contents(tmp_path) == {"docs/use.md": text.encode()}


MOVED = {
    "a sample": (sample(), sample(DONE)),
    "its short name": (sample(info="py"), sample(DONE, info="py")),
    "a title": (sample(info='py title="x.py"'), sample(DONE, info='py title="x.py"')),
    "in braces": (sample(info="{.python .x}"), sample(DONE, info="{.python .x}")),
    "tildes": (f"~~~python\n{CODE}~~~\n", f"~~~python\n{DONE}~~~\n"),
    "a longer fence": (
        f'````python\nx = """\n```python\n"""\n{CODE}````\n',
        f'````python\nx = """\n```python\n"""\n{DONE}````\n',
    ),
    "in a list": (
        "1. Do:\n\n" + indented(f"```python\n{CODE}```\n", "   ") + "\n2. Go\n",
        "1. Do:\n\n" + indented(f"```python\n{DONE}```\n", "   ") + "\n2. Go\n",
    ),
    "indented by tabs, a text over lines in it": (
        "- Do:\n\n" + indented(f'```python\n{CODE}x = """\n  a\n\n"""\n```\n', "\t"),
        "- Do:\n\n" + indented(f'```python\n{DONE}x = """\n  a\n\n"""\n```\n', "\t"),
    ),
    "in a list of a list": (
        "1. Do:\n    - this:\n\n" + indented(f"```python\n{CODE}```\n", " " * 8),
        "1. Do:\n    - this:\n\n" + indented(f"```python\n{DONE}```\n", " " * 8),
    ),
    "in a box": (
        '!!! note "Do"\n\n' + indented(f"```python\n{CODE}```\n", " " * 4),
        '!!! note "Do"\n\n' + indented(f"```python\n{DONE}```\n", " " * 4),
    ),
    "after what is shown as it is": (
        f"<pre>x</pre>\n<!-- a\nb -->\n<pre>\n1\n</pre>\n{sample()}",
        f"<pre>x</pre>\n<!-- a\nb -->\n<pre>\n1\n</pre>\n{sample(DONE)}",
    ),
    "a text around it that reads like one": (
        "`OpenAI()` is old\n\n" + sample(before="Say hello:\n"),
        "`OpenAI()` is old\n\n" + sample(DONE, before="Say hello:\n"),
    ),
    "two samples": (
        f"{sample()}\nThen:\n\n{sample()}",
        f"{sample(DONE)}\nThen:\n\n{sample(DONE)}",
    ),
    "one that stays beside one that moves": (
        f"{sample()}\n## Old\n\n{sample()[7:]}",
        f"{sample(DONE)}\n## Old\n\n{sample()[7:]}",
    ),
    "letters of all kinds": (
        f"\ufeff# \u00e9\U0001f600\n\n```python\ns = '\u00e9'\n{CODE}```\n",
        f"\ufeff# \u00e9\U0001f600\n\n```python\ns = '\u00e9'\n{DONE}```\n",
    ),
    "an answer that is awaited": (
        sample("from openai import AsyncOpenAI\nc = AsyncOpenAI()\nawait c.models.list()\n"),
        sample(
            "from openai import AsyncOpenAI\n"
            "from sophia_cli.llm import openai_async_http_client\n"
            "c = AsyncOpenAI(http_client=openai_async_http_client())\nawait c.models.list()\n"
        ),
    ),
}


@pytest.mark.parametrize("eol", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize(("before", "after"), MOVED.values(), ids=MOVED.keys())
def test_moves(tmp_path: Path, before: str, after: str, eol: str) -> None:
    plant(tmp_path, {"README.md": before.replace("\n", eol)})
    assert apply(tmp_path).changed == ()  # only a person sees whether a page tells of now
    report = apply(tmp_path, review=True)
    assert report.changed == ("README.md",)
    assert (tmp_path / "README.md").read_bytes().decode() == after.replace("\n", eol)
    assert apply(tmp_path, review=True).changed == ()
    rollback(tmp_path)
    assert contents(tmp_path) == {"README.md": before.replace("\n", eol).encode()}


HELD = ["tests/data/use.md", "archive/use.md", "vendor/x/README.md"]


@pytest.mark.parametrize("path", HELD)
def test_pages_of_tests_and_archives_are_held_back(tmp_path: Path, path: str) -> None:
    plant(tmp_path, {path: sample()})
    report = apply(tmp_path, review=True)
    assert report.changed == () and [site.path for site in report.aside] == [path]


def test_a_sample_of_an_own_service(tmp_path: Path) -> None:
    page = sample("from lib.brain import brain\n\nprint(await brain.ask('x'))\n")
    report = moved(tmp_path, {"docs/use.md": page}, review=True)
    assert report.changed == ("docs/use.md",)
    assert (tmp_path / "docs/use.md").read_text() == sample(
        "from sophia_cli.llm import get_unified_llm_service\n\n"
        "print(await get_unified_llm_service().complete_text('x'))\n"
    )


def test_a_page_never_keeps_the_code_from_moving(tmp_path: Path) -> None:
    code = "from lib.brain import Brain\n\nbrain = Brain()\nx = brain.ask_now('x')\n"
    page = sample("from app import brain\n\nbrain.dream()\nprint(brain)\n")
    fragment = sample("smart = Brain(\n")
    report = moved(
        tmp_path, {"app.py": code, "docs/use.md": page, "docs/b.md": fragment}, review=True
    )
    assert report.changed == ("app.py",)
    assert ("report-only", "fragment", "docs/b.md:4") in verdicts(report)


def test_a_page_alone_asks_for_no_dependency(tmp_path: Path) -> None:
    plant(tmp_path, {"README.md": sample(), "requirements.txt": "openai\n"})
    assert apply(tmp_path, review=True).changed == ("README.md",)


def test_lines_and_columns_are_those_of_the_page(tmp_path: Path) -> None:
    plant(tmp_path, {"README.md": indented(sample(), "  ")})
    (site,) = look(tmp_path, review=True).sites
    assert (site.rule, site.line, site.column, site.place) == (
        "openai_client",
        6,
        12,
        "README.md:6",
    )
    assert json.dumps(site.edits[0].text.decode()) == '"http_client=openai_http_client()"'
