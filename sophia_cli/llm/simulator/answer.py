"""From a request that was understood to its answer, by operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sophia_cli.llm.simulator import chat, cortex, messages, responses
from sophia_cli.llm.simulator.account import account
from sophia_cli.llm.simulator.ask import Ask
from sophia_cli.llm.simulator.draft import Draft, draft
from sophia_cli.llm.simulator.embeddings import cortex_embeddings, embeddings
from sophia_cli.llm.simulator.models import models
from sophia_cli.llm.simulator.prompt import prompt_of
from sophia_cli.llm.simulator.reply import JSON_TYPE, Output, encode


class _Format(NamedTuple):
    """How one wire format carries a draft; the last argument is whether usage is told."""

    whole: Callable[[Ask, Draft, bool], dict[str, Any]]
    stream: Callable[[Ask, Draft, bool], Output]


_FORMATS: Mapping[str, _Format] = {
    "chat": _Format(chat.completion, chat.stream),
    "messages": _Format(messages.message, messages.stream),
    "responses": _Format(responses.response, responses.stream),
    "cortex_complete": _Format(cortex.complete, cortex.stream),
}


def answer(ask: Ask, with_usage: bool) -> Output:
    """The answer in the format of its operation. Raises Refusal for a body that does not fit it."""
    if ask.operation == "models":
        return whole(models(ask))
    if ask.operation == "key":
        return whole(account())
    if ask.operation == "embeddings":
        return whole(embeddings(ask, with_usage))
    if ask.operation == "cortex_embed":
        return whole(cortex_embeddings(ask, with_usage))
    prompt = prompt_of(ask.operation, ask.body)
    if ask.operation == "count_tokens":
        return whole({"input_tokens": prompt.tokens})
    form = _FORMATS[ask.operation]
    content = draft(prompt, ask.digest)
    if ask.stream:
        return form.stream(ask, content, with_usage)
    return whole(form.whole(ask, content, with_usage))


def whole(body: dict[str, Any], status: int = 200) -> Output:
    """A body of JSON that comes in one piece."""
    return Output(status, (("content-type", JSON_TYPE),), (encode(body),))
