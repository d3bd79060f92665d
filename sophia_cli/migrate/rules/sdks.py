"""All further SDKs, found in one pass."""

from __future__ import annotations

from sophia_cli.migrate.rules.azure_inference import AZURE_INFERENCE
from sophia_cli.migrate.rules.bedrock import BEDROCK
from sophia_cli.migrate.rules.cohere import COHERE
from sophia_cli.migrate.rules.family import Families
from sophia_cli.migrate.rules.frameworks import DSPY, INSTRUCTOR, PYDANTIC_AI
from sophia_cli.migrate.rules.google import GOOGLE
from sophia_cli.migrate.rules.langchain import LANGCHAIN
from sophia_cli.migrate.rules.litellm import LITELLM
from sophia_cli.migrate.rules.mistral import BEFORE, MISTRAL
from sophia_cli.migrate.rules.open_models import (
    CREWAI,
    HUGGINGFACE,
    LLAMA_INDEX,
    OLLAMA,
    REPLICATE,
)
from sophia_cli.migrate.rules.openai_alike import GROQ, PORTKEY
from sophia_cli.migrate.rules.snowflake_cortex import CORTEX, SNOWPARK
from sophia_cli.migrate.scan import Scan

SDKS = Families(
    (
        *(LANGCHAIN, LITELLM, PORTKEY, GROQ, MISTRAL, BEFORE, COHERE, GOOGLE, BEDROCK, CORTEX),
        *(SNOWPARK, INSTRUCTOR, DSPY, PYDANTIC_AI, AZURE_INFERENCE),
        *(OLLAMA, REPLICATE, HUGGINGFACE, CREWAI, LLAMA_INDEX),
    )
)


def find(scan: Scan) -> None:
    """Add the sites of all further SDKs."""
    SDKS.find(scan)
