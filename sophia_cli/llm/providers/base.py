"""A provider as plain data and functions; one `Kind` for each wire format."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sophia_cli.llm.call import Labels
from sophia_cli.llm.secret import Secret

Body = dict[str, Any]


@dataclass(frozen=True)
class Provider:
    """One configured endpoint. `problem` and `mend` say what is missing before it can be used.

    `key_env` is the variable that its key stands in, or is kept under.
    """

    name: str
    kind: str
    base_url: str = ""
    secret: Secret | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    mend: str = ""
    key_env: str = ""

    @property
    def ready(self) -> bool:
        """Whether a call can be sent to it."""
        return not self.problem

    @property
    def key_name(self) -> str:
        """What its key is called, wherever it is kept; empty where it has none."""
        return (self.key_env or self.secret.source) if self.secret else ""

    def for_service(self, service: str) -> Provider:
        """The endpoint as one service is to use it, with what is configured for that service alone."""
        tables = self.options.get("services")
        own = tables.get(service) if tables else None
        if not own:
            return self
        missing = next((said.source for said in own.values() if not said.value), "")
        changed = replace(self, options={**self.options, **own})
        if not missing or self.problem:
            return changed
        return replace(changed, problem=f"{missing} is not set", mend=f"export {missing}=...")


@dataclass(frozen=True)
class Option:
    """One key of a `[providers.NAME]` table and what it is for (the README's table is made of these).

    `plain` is for what goes into an address or a variable's name, `header` for what a header can
    carry: ASCII without and with spaces. The values of a `free` table are checked by its provider.
    """

    name: str
    type: type
    doc: str
    plain: bool = False
    header: bool = False
    free: bool = False
    minimum: int | None = None
    allowed: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What its value must be."""
        text = "a table" if self.free else _TYPES[self.type]
        return text if self.minimum is None else f"{text} of at least {self.minimum}"


_TYPES = {
    str: "a string",
    int: "a whole number",
    list: "a list of strings",
    dict: "a table of strings",
}


def _same_headers(provider: Provider, labels: Labels, call_id: str) -> dict[str, str]:
    return bearer(provider)


def _same_body(operation: str, model: str, body: Body) -> Body:
    return body


def _nothing_added(provider: Provider, operation: str, body: Body) -> Body:
    return body


def _same_reply(operation: str, body: bytes) -> bytes:
    return body


@dataclass(frozen=True)
class Kind:
    """How one kind of provider is spoken to.

    `paths` maps an operation to its path under the base URL: what is not there is not spoken.
    `model_name` turns a vendor's model name into this provider's, None where it has no such model.
    `defaults` names a model by task group: `data`, `primary`, `cheap`, `embeddings`. `shape_body`
    says the same in the provider's words, `extend_body` adds what its options say. `check` is the
    path of a request that costs nothing and needs the key; empty where there is none.
    `keeps_responses`: a later call may refer to an answer of the Responses API by its id.
    `options` are the keys of its table beside those that every provider has.
    """

    name: str
    base_url: str
    key_env: str
    url_env: str
    paths: Mapping[str, str]
    defaults: Mapping[str, str]
    model_name: Callable[[Provider, str], str | None]
    headers: Callable[[Provider, Labels, str], dict[str, str]] = _same_headers
    shape_body: Callable[[str, str, Body], Body] = _same_body
    extend_body: Callable[[Provider, str, Body], Body] = _nothing_added
    adapt_reply: Callable[[str, bytes], bytes] = _same_reply
    options: tuple[Option, ...] = ()
    needs_key: bool = True
    keeps_local: bool = False
    stream_usage: bool = True
    keeps_responses: bool = False
    check: str = ""


def bearer(provider: Provider) -> dict[str, str]:
    """The Authorization header, empty where the provider has no key."""
    return {"Authorization": f"Bearer {provider.secret.value}"} if provider.secret else {}


_VENDORS = (
    (re.compile(r"^(gpt-|chatgpt-|o\d|text-embedding-)"), "openai"),
    (re.compile(r"^claude-"), "anthropic"),
    (re.compile(r"^gemini-"), "google"),
)


def vendor_of(model: str) -> str:
    """The maker of a model by its plain name, such as `openai` for `gpt-5`; empty if not known."""
    return next((vendor for pattern, vendor in _VENDORS if pattern.match(model)), "")


_NEW_LIMIT = re.compile(r"(^|/)(gpt-[5-9]|o\d)")


def rename_limit(operation: str, model: str, body: Body) -> Body:
    """OpenAI's reasoning models refuse `max_tokens` and want `max_completion_tokens`."""
    if operation == "chat" and "max_tokens" in body and _NEW_LIMIT.search(model):
        body = dict(body)
        body["max_completion_tokens"] = body.pop("max_tokens")
    return body
