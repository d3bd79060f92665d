"""What a call may say beside its prompt, and the call that it makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypedDict

from sophia_cli.llm.call import CHAT, EMBEDDINGS, Call, Labels
from sophia_cli.llm.config import Config
from sophia_cli.llm.errors import LLMError
from sophia_cli.llm.form import Form, form_of
from sophia_cli.llm.images import Image, with_images
from sophia_cli.llm.labelling import current_labels, task_of

Messages = Sequence[Mapping[str, Any]]


class CallOptions(TypedDict, total=False):
    """What every call may say beside its prompt."""

    task_type: str
    data_class: str
    model: str
    provider: str
    user: str
    session: str
    service: str
    team: str
    metadata: Mapping[str, Any]
    timeout: float
    deadline: float
    extra: Mapping[str, Any]


class CompletionOptions(CallOptions, total=False):
    """What a completion may say: `messages` instead of a prompt, and how the model should answer."""

    messages: Messages
    system: str
    images: Sequence[Image]
    tools: Sequence[Mapping[str, Any]]
    tool_choice: str | Mapping[str, Any]
    response_format: Mapping[str, Any] | type
    temperature: float
    top_p: float
    seed: int
    max_tokens: int
    stop: str | Sequence[str]
    on_error: Literal["raise", "return"]


_LABELS = ("data_class", "service", "user", "session", "team")
# Options that go into the request's body under their own name.
_IN_BODY = ("tools", "tool_choice", "temperature", "top_p", "seed", "max_tokens", "stop")


def completion_call(
    config: Config, prompt: str, options: CompletionOptions, *, stream: bool
) -> Call:
    """A completion as a call. Raises LLMError where the options make no request."""
    _check_names(options, CompletionOptions.__annotations__)
    body: dict[str, Any] = {"messages": _messages(prompt, options)}
    body |= {name: options[name] for name in _IN_BODY if options.get(name) is not None}  # type: ignore[literal-required]
    asked = options.get("response_format")
    form = None if asked is None else form_of(asked)
    if asked is not None:
        body["response_format"] = form.wire if form else asked
    if stream:
        body["stream"] = True
    return _call(config, CHAT, body, options, stream=stream, form=form)


def embedding_call(config: Config, texts: str | Sequence[str], options: CallOptions) -> Call:
    """Texts to be embedded, as a call."""
    _check_names(options, CallOptions.__annotations__)
    body = {"input": texts if isinstance(texts, str) else list(texts)}
    return _call(config, EMBEDDINGS, body, options)


def _call(
    config: Config,
    operation: str,
    body: dict[str, Any],
    options: CallOptions,
    *,
    stream: bool = False,
    form: Form | None = None,
) -> Call:
    extra = options.get("extra")
    return Call(
        operation=operation,
        body={**body, **extra} if extra else body,
        labels=_labels(config, options),
        stream=stream,
        model=options.get("model") or "",
        provider=options.get("provider") or "",
        attempts=config.attempts,
        timeout=options.get("timeout") or config.timeout,
        deadline=options.get("deadline") or config.deadline,
        form=form,
    )


def _labels(config: Config, options: CallOptions) -> Labels:
    found = current_labels(config.service)
    given: dict[str, Any] = {
        name: str(options[name]) for name in _LABELS if options.get(name)  # type: ignore[literal-required]
    }
    if task := task_of(options.get("task_type") or ""):
        given["task"] = task
    if metadata := options.get("metadata"):
        given["metadata"] = metadata
    return replace(found, **given) if given else found


def _check_names(options: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """A misspelt option must not be ignored. Raises TypeError as Python itself would."""
    for name in options:
        if name not in known:
            allowed = ", ".join(known)
            raise TypeError(f"unexpected keyword argument '{name}'; allowed: {allowed}")


def _messages(prompt: str, options: CompletionOptions) -> list[Mapping[str, Any]]:
    messages = list(options.get("messages") or ())
    if options.get("system"):
        messages.insert(0, {"role": "system", "content": options["system"]})
    if prompt:
        messages.append({"role": "user", "content": prompt})
    if options.get("images"):
        messages = with_images(messages, options["images"])
    if not any(message.get("role") != "system" for message in messages):
        raise LLMError("there is nothing to ask: neither a prompt nor messages were given")
    return messages
