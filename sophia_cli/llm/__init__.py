"""The service that every LLM call goes through.

    from sophia_cli.llm import get_unified_llm_service

    text = get_unified_llm_service().complete_text_sync("Hello")

A vendor's own client keeps its types and becomes a door to the same service:

    client = OpenAI(http_client=openai_http_client())

Nothing heavy is imported before it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sophia_cli.llm.call import LLMResponse as LLMResponse
    from sophia_cli.llm.completions import acompletion as acompletion
    from sophia_cli.llm.completions import aembedding as aembedding
    from sophia_cli.llm.completions import completion as completion
    from sophia_cli.llm.completions import embedding as embedding
    from sophia_cli.llm.config import Config as Config
    from sophia_cli.llm.config import load_config as load_config
    from sophia_cli.llm.dropin import anthropic_async_http_client as anthropic_async_http_client
    from sophia_cli.llm.dropin import anthropic_http_client as anthropic_http_client
    from sophia_cli.llm.dropin import langchain_openai_clients as langchain_openai_clients
    from sophia_cli.llm.dropin import openai_async_http_client as openai_async_http_client
    from sophia_cli.llm.dropin import openai_http_client as openai_http_client
    from sophia_cli.llm.dropin import portkey_async_http_client as portkey_async_http_client
    from sophia_cli.llm.dropin import portkey_http_client as portkey_http_client
    from sophia_cli.llm.errors import BudgetExceeded as BudgetExceeded
    from sophia_cli.llm.errors import CallFailed as CallFailed
    from sophia_cli.llm.errors import ConfigError as ConfigError
    from sophia_cli.llm.errors import LLMError as LLMError
    from sophia_cli.llm.errors import NoRoute as NoRoute
    from sophia_cli.llm.errors import NotConfigured as NotConfigured
    from sophia_cli.llm.labelling import labels as labels
    from sophia_cli.llm.ledger.store import Ledger as Ledger
    from sophia_cli.llm.metrics.collector import register_metrics as register_metrics
    from sophia_cli.llm.service import UnifiedLLMService as UnifiedLLMService
    from sophia_cli.llm.service import get_unified_llm_service as get_unified_llm_service
    from sophia_cli.llm.service import reset_unified_llm_service as reset_unified_llm_service
    from sophia_cli.llm.tasks import TaskType as TaskType

_HOMES = {
    "LLMResponse": "call",
    "acompletion": "completions",
    "aembedding": "completions",
    "completion": "completions",
    "embedding": "completions",
    "Config": "config",
    "load_config": "config",
    "anthropic_async_http_client": "dropin",
    "anthropic_http_client": "dropin",
    "langchain_openai_clients": "dropin",
    "openai_async_http_client": "dropin",
    "openai_http_client": "dropin",
    "portkey_async_http_client": "dropin",
    "portkey_http_client": "dropin",
    "BudgetExceeded": "errors",
    "CallFailed": "errors",
    "ConfigError": "errors",
    "LLMError": "errors",
    "NoRoute": "errors",
    "NotConfigured": "errors",
    "labels": "labelling",
    "Ledger": "ledger.store",
    "register_metrics": "metrics.collector",
    "UnifiedLLMService": "service",
    "get_unified_llm_service": "service",
    "reset_unified_llm_service": "service",
    "TaskType": "tasks",
}
__all__ = [
    "BudgetExceeded",
    "CallFailed",
    "Config",
    "ConfigError",
    "LLMError",
    "LLMResponse",
    "Ledger",
    "NoRoute",
    "NotConfigured",
    "TaskType",
    "UnifiedLLMService",
    "acompletion",
    "aembedding",
    "anthropic_async_http_client",
    "anthropic_http_client",
    "completion",
    "embedding",
    "get_unified_llm_service",
    "labels",
    "langchain_openai_clients",
    "load_config",
    "openai_async_http_client",
    "openai_http_client",
    "portkey_async_http_client",
    "portkey_http_client",
    "register_metrics",
    "reset_unified_llm_service",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
