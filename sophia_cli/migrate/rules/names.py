"""The rules by the names that sites carry, with what each finds."""

from __future__ import annotations

RULE_NAMES = {
    "openai_client": "A client of the openai package",
    "anthropic_client": "A client of the anthropic package",
    "calls": "A call on a client of openai or anthropic",
    "module_settings": "A setting of a whole SDK, such as its key or its address",
    "client": "A client of an SDK that a pack declares",
    "wrapper": "A use of a wrapper service that a pack declares",
    "wrapper_proposed": "A class that wraps an SDK and that no pack declares",
    "templates": "A program in a string that calls a model",
    "raw_http": "A request to a provider's host without an SDK",
    "langchain": "A model of langchain",
    "litellm": "A call through litellm",
    "portkey": "A client or call of Portkey's SDK",
    "groq": "A client or call of Groq's SDK",
    "mistral": "A client or call of Mistral's SDK",
    "cohere": "A client or call of Cohere's SDK",
    "google": "A client or call of one of Google's SDKs",
    "bedrock": "A call of Amazon Bedrock",
    "azure_inference": "A client or call of Azure's inference package",
    "instructor": "A client or call of instructor",
    "dspy": "A model of dspy",
    "pydantic_ai": "An agent or model of pydantic_ai",
    "snowflake_cortex": "A call of Snowflake Cortex",
    "cortex_sql": "A Cortex function in SQL that stands in a string",
    "exceptions": "An exception of an SDK that is caught",
    "patches": "A test that replaces a part of an SDK by its name",
    "markdown": "A sample in a page",
    "service": "A call of the service itself",
    "unread": "A file that may hold calls and could not be looked at",
}
