"""Python blocks of Markdown pages that construct or call a client: told, never edited."""

from __future__ import annotations

import re

from sophia_cli.migrate.scan import Scan
from sophia_cli.migrate.site import Category, Reason, Site, Verdict

_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*(python|py|python3|pycon)\b[^\n]*$", re.IGNORECASE)
_CALL = re.compile(
    r"\b(AsyncOpenAI|OpenAI|AsyncAnthropic|Anthropic|AzureOpenAI|AnthropicBedrock|AnthropicVertex)\(|"
    r"\.(chat\.completions\.create|responses\.create|embeddings\.create|messages\.create|messages\.stream)\("
)
_REASON = Reason("documentation", "a page: change it by hand")


def find(scan: Scan) -> None:
    """Add a site for each such line of a fenced block."""
    for path, data in scan.pages.items():
        for number, line in _code_lines(data.decode("utf-8", "replace")):
            for match in _CALL.finditer(line):
                if line.lstrip().startswith("#"):
                    continue
                name = match.group(1) or match.group(2)
                provider = (
                    "anthropic" if "nthropic" in name or name.startswith("messages") else "openai"
                )
                scan.sites.append(
                    Site(
                        rule="markdown",
                        verdict=Verdict.REPORT,
                        reason=_REASON,
                        path=path,
                        line=number,
                        column=match.start() + 1,
                        provider=provider,
                        operation=name,
                        category=Category.DOCUMENTATION,
                    )
                )


def _code_lines(text: str) -> list[tuple[int, str]]:
    """The numbered lines inside Python fences."""
    lines, fence = [], ""
    for number, line in enumerate(text.split("\n"), start=1):
        if fence:
            if line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
            else:
                lines.append((number, line))
        elif opened := _FENCE.match(line):
            fence = opened.group(1)
    return lines
