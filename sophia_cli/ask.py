"""One question to the service, for trying it by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from sophia_cli.errors import SophiaError, UsageError
from sophia_cli.llm.answers import response_of
from sophia_cli.llm.call import LLMResponse
from sophia_cli.llm.config import Config, load_config
from sophia_cli.llm.keyfile import read_keys
from sophia_cli.llm.options import completion_call
from sophia_cli.llm.providers import KINDS, Provider
from sophia_cli.llm.routing import half_configured
from sophia_cli.llm.service import TextStream, UnifiedLLMService

LARGEST_FILE = 10_000_000  # bytes; beyond any model's context


@dataclass(frozen=True)
class Question:
    """What is asked, and what is said about it; empty where nothing is."""

    text: str
    task: str = ""
    data_class: str = ""
    model: str = ""
    provider: str = ""
    system: str = ""
    max_tokens: int = 0
    team: str = ""
    service: str = ""

    @property
    def options(self) -> dict[str, Any]:
        """The options of the service's methods."""
        given = {name: value for name, value in vars(self).items() if name not in ("text", "task")}
        if not self.max_tokens:
            del given["max_tokens"]
        return {"task_type": self.task, **given}

    @property
    def names_provider(self) -> bool:
        """Whether it says where it must go: then nothing may stand in."""
        return bool(self.provider or self.data_class or "/" in self.model)


@dataclass(frozen=True)
class Shape:
    """What a route is tried with beside the question: capabilities that it needs."""

    tools: bool = False
    images: int = 0

    def options_of(self, question: Question) -> dict[str, Any]:
        """Options of the service's methods for a call of that shape; it could not be sent."""
        options = question.options
        if self.tools:
            options["tools"] = [{"type": "function", "function": {"name": "any"}}]
        content: Any = question.text
        if self.images:
            content = [{"type": "text", "text": content}, *[{"type": "image_url"}] * self.images]
        return {**options, "messages": [{"role": "user", "content": content}]}


class Asking:
    """One question under way. Its call has an id from the beginning, whatever becomes of it."""

    def __init__(self, service: UnifiedLLMService, question: Question, *, stream: bool) -> None:
        self._engine = service.engine
        self._call = completion_call(
            service.engine.config, question.text, cast(Any, question.options), stream=stream
        )

    @property
    def id(self) -> str:
        """What names the call in the ledger."""
        return self._call.id

    def whole(self) -> LLMResponse:
        """The complete answer. Raises LLMError."""
        answer, _ = self._engine.run(self._call)
        return response_of(answer)

    def stream(self) -> TextStream:
        """The answer in pieces. Raises LLMError."""
        return TextStream(*self._engine.run(self._call, keep_events=True))


@dataclass(frozen=True)
class Choice:
    """The configuration that a question goes through, and what the person should know about it."""

    config: Config
    note: str = ""
    next_step: str = ""


def open_for(
    question: Question, root: Path | None, environ: Mapping[str, str]
) -> tuple[UnifiedLLMService, Choice]:
    """The service that can take a question, to be closed by the caller. Raises ConfigError."""
    config = load_config(environ, root)
    choice = choose(config, environ, fall_back=not question.names_provider)
    return UnifiedLLMService(choice.config), choice


def choose(config: Config, environ: Mapping[str, str], *, fall_back: bool) -> Choice:
    """What is configured; else, if it may fall back, a local model server that answers; else the simulator.

    Half a key is none: it is said what is missing.
    """
    providers = config.providers.values()
    if not fall_back or any(provider.ready for provider in providers):
        return Choice(config)
    read_keys(environ)  # one that may not be used is no reason to simulate
    half = [provider for provider in providers if half_configured(provider)]
    why = "; ".join(f"{provider.name} is half configured: {provider.problem}" for provider in half)
    why = why or "no provider is configured"
    next_step = f"  a real one:  {half[0].mend if half else 'sophia llm keys set openrouter'}"
    local = find_local_server(environ)
    if local:
        note = f"(local: {why}, {local.name} answers at {local.base_url})"
        return Choice(_only(config, local), note, next_step if half else "")
    simulator = Provider("simulator", "simulator", KINDS["simulator"].base_url)
    return Choice(_only(config, simulator), f"(simulated: {why})", next_step)


def find_local_server(environ: Mapping[str, str]) -> Provider | None:
    """The first OpenAI-compatible server on this machine that lists a model."""
    from sophia_cli.http import httpx

    for name, address in _local_servers(environ):
        try:
            reply = httpx.get(f"{address}/v1/models", timeout=0.5, trust_env=False)
            model = reply.json()["data"][0]["id"]
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, LookupError, TypeError):
            continue
        return Provider(name, "openai", f"{address}/v1", options={"model": str(model)})
    return None


def read_prompt(words: str, files: list[Path], piped: str, command: str) -> str:
    """The question: the words, what was piped in, and the files, in this order.

    `command` is the word of `sophia llm` that wants one. Raises SophiaError.
    """
    parts = [words.strip(), piped.strip(), *(_read(path) for path in files)]
    prompt = "\n\n".join(part for part in parts if part)
    if not prompt:
        raise UsageError(
            f"there is nothing to {command}",
            f'sophia llm {command} "..."   or pipe a text into it',
        )
    return prompt


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise SophiaError(
                f"{path} is larger than {LARGEST_FILE // 1_000_000} MB", "ask about a part of it"
            )
        return f"{path.name}:\n{path.read_text(encoding='utf-8')}"
    except OSError as error:
        raise SophiaError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SophiaError(f"{path} is not a text file in UTF-8") from error


def _local_servers(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    host = environ.get("OLLAMA_HOST", "").strip() or "127.0.0.1:11434"
    ollama = host if host.startswith("http") else f"http://{host}"
    return [("ollama", ollama.rstrip("/")), ("lmstudio", "http://127.0.0.1:1234")]


def _only(config: Config, provider: Provider) -> Config:
    providers = {provider.name: provider}
    return replace(config, providers=providers, routes={}, rules=(), models={})
