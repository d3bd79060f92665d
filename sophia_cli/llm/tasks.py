"""What a call is for: the word that decides which provider is asked first."""

from __future__ import annotations

from enum import StrEnum


class TaskType(StrEnum):
    """The tasks that routes are written for."""

    DATA_ANALYSIS = "data_analysis"
    SQL_GENERATION = "sql_generation"
    EMBEDDINGS = "embeddings"
    CODE_GENERATION = "code_generation"
    CODE_ANALYSIS = "code_analysis"
    BUSINESS_INTELLIGENCE = "business_intelligence"
    DOCUMENT_SUMMARY = "document_summary"
    CHAT_CONVERSATION = "chat_conversation"
    EXPERIMENTAL = "experimental"
    BULK = "bulk"


DATA_TASKS = frozenset({TaskType.DATA_ANALYSIS, TaskType.SQL_GENERATION, TaskType.EMBEDDINGS})
CHEAP_TASKS = frozenset({TaskType.EXPERIMENTAL, TaskType.BULK})


def parse_task(value: str) -> TaskType:
    """The task of that name, whatever its case. Raises ValueError with the allowed names."""
    try:
        return TaskType(str(value).strip().lower())
    except ValueError:
        allowed = ", ".join(task.value for task in TaskType)
        raise ValueError(f"unknown task '{value}'; allowed: {allowed}") from None
