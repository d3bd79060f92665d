"""Bedrock through boto3: told by the name that `boto3.client` is given, or by its operations."""

from __future__ import annotations

from sophia_cli.migrate.rules.family import Family

_GIVEN = frozenset({"modelId"})
_CALLS = ("converse", "converse_stream", "invoke_model", "invoke_model_with_response_stream")

BEDROCK = Family(
    rule="bedrock",
    provider="bedrock",
    packages=("boto3",),
    advice="Bedrock's runtime: call the service in its place",
    clients={"client": False},
    only=frozenset({"bedrock-runtime"}),
    telling=dict.fromkeys(_CALLS, _GIVEN),
    operations=frozenset(_CALLS),
)
