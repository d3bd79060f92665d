"""The shop's own way to language models, for code that needs no SDK."""

from shop.llm.assistant import LLMRequest, TaskKind, assistant

__all__ = ["LLMRequest", "TaskKind", "assistant"]
