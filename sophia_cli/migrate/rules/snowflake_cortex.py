"""The functions of `snowflake.cortex` and the AI functions of Snowpark: models called from Python."""

from __future__ import annotations

from sophia_cli.migrate.rules.family import Family

_CORTEX = ("complete", "classify_text", "extract_answer", "sentiment", "summarize", "translate")
_CLASSES = ("Complete", "ClassifyText", "ExtractAnswer", "Sentiment", "Summarize", "Translate")
_EMBEDS = ("embed_text_768", "embed_text_1024", "EmbedText768", "EmbedText1024")

CORTEX = Family(
    rule="snowflake_cortex",
    provider="cortex",
    packages=("snowflake.cortex",),
    advice="snowflake.cortex: complete(task_type=TaskType.DATA_ANALYSIS) asks Cortex first",
    functions=frozenset({*_CORTEX, *_CLASSES, *_EMBEDS}),
    first=frozenset({"complete", "Complete"}),
)
SNOWPARK = Family(
    rule="snowflake_cortex",
    provider="cortex",
    packages=("snowflake.snowpark.functions",),
    advice="it runs over the rows of a table in the warehouse: it stays there",
    functions=frozenset(
        f"ai_{name}"
        for name in (
            *("complete", "classify", "extract", "sentiment", "translate", "embed", "filter"),
            *("agg", "summarize_agg", "similarity", "transcribe", "parse_document"),
        )
    ),
)
