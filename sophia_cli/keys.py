"""The keys of this user: put away, listed masked, tried out. A key is never shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sophia_cli.errors import SophiaError, UsageError
from sophia_cli.http import httpx
from sophia_cli.llm.call import Labels
from sophia_cli.llm.config import Config, load_config
from sophia_cli.llm.errors import CallFailed, LLMError
from sophia_cli.llm.explain import another_key, mend_connection
from sophia_cli.llm.failure import RETRIED, Failure, from_status
from sophia_cli.llm.keyfile import (
    KEYRING,
    key_file,
    read_keyring,
    read_keys,
    write_key,
    write_keyring,
)
from sophia_cli.llm.providers import KINDS, Provider
from sophia_cli.llm.secret import Secret, is_key
from sophia_cli.llm.service import UnifiedLLMService
from sophia_cli.typed import hidden_line

# Of the provider that is in trouble itself nothing is learnt about the key.
OK, REFUSED, FAILED, UNREACHABLE = "ok", "refused", "failed", "unreachable"
UNTESTED = "not tested"
_ABOUT_KEYS = ("auth", "permission")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
_NAME = re.compile(r"[a-z]{1,20}")  # what no key looks like
_PATIENCE = 10.0  # seconds


@dataclass(frozen=True)
class Listed:
    """A key as it may be seen."""

    provider: str
    key: str
    source: str


@dataclass(frozen=True)
class Stored:
    """Where a key was put, or taken away from, and whether one `was_there` before.

    `shadowed` is the variable that goes before it, `shared` are the other providers that read it.
    """

    name: str
    variable: str
    place: str
    shadowed: str = ""
    was_there: bool = False
    shared: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """What became of one key when it was tried, and what mends it.

    `ok` and `not tested` are no trouble; `refused` is about the key, `failed` and `unreachable` are
    about its provider.
    """

    provider: str
    state: str
    words: str = ""
    mend: str = ""

    @property
    def is_trouble(self) -> bool:
        return self.state not in (OK, UNTESTED)


def list_keys(environ: Mapping[str, str], root: Path | None) -> list[Listed]:
    """Every key that is there, those first that a provider reads. Raises ConfigError."""
    config = load_config(environ, root)
    kept = read_keys(environ)
    found = [_listed(p.name, p.secret) for p in config.providers.values() if p.secret]
    read = {provider.key_env for provider in config.providers.values()}
    return found + [
        _listed(name, Secret(kept[name], key_file(environ).name)) for name in sorted({*kept} - read)
    ]


def set_key(name: str, environ: Mapping[str, str], root: Path | None) -> Stored:
    """Ask for a key and keep it, for a provider or under a variable's name.

    Raises UsageError, ConfigError, OSError.
    """
    config = load_config(environ, root)
    variable = _variable_of(name, config)
    value = _read(name)
    if not is_key(value):
        raise UsageError("that is no key: it has spaces, line breaks or letters that no key has")
    return _store(name, variable, value, config, environ)


def remove_key(name: str, environ: Mapping[str, str], root: Path | None) -> Stored:
    """Take a key out of where `set_key` put it. Raises UsageError, ConfigError, OSError."""
    config = load_config(environ, root)
    return _store(name, _variable_of(name, config), None, config, environ)


def _read(name: str) -> str:
    """A key from the terminal, without an echo, or one line of what is piped in."""
    value = hidden_line(f"Key of {name} (it is not shown): ")
    if not value:
        raise UsageError(
            "no key was typed on a terminal, and none was piped in",
            f"on a terminal:  sophia llm keys set {name}\n"
            f"from a pipe:    sophia llm keys set {name} < FILE",
        )
    return value


def check_keys(
    name: str, environ: Mapping[str, str], root: Path | None, *, call: bool
) -> Iterator[Check]:
    """Try the keys out, or the one that is named, with requests that cost nothing.

    With `call` a provider without such a request gets a call of a few tokens. Raises UsageError,
    ConfigError, SophiaError when there is no key to try.
    """
    config = load_config(environ, root)
    if name and name not in config.providers:
        raise _unknown(name, config)
    wanted = [config.providers[name]] if name else list(config.providers.values())
    chosen = [p for p in wanted if p.secret or p.options.get("private_key_path")]
    if not chosen:
        read_keys(environ)  # the reason may be that the file may not be used
        raise SophiaError("there is no key to test", f"sophia llm keys set {name or 'openrouter'}")
    for provider in chosen:
        yield _check(provider, config, call=call)


def _check(provider: Provider, config: Config, *, call: bool) -> Check:
    if not provider.ready:
        return Check(provider.name, UNTESTED, provider.problem)
    kind = KINDS[provider.kind]
    if kind.check:
        return _ask_for_free(provider)
    if not call:
        return Check(provider.name, UNTESTED, "costs a call:  sophia llm keys test --call")
    service = UnifiedLLMService(config)
    try:
        service.complete_text_sync("Answer: ok", provider=provider.name, max_tokens=16)
    except LLMError as error:
        return _called(provider, error)
    finally:
        service.close()
    return Check(provider.name, OK)


def _ask_for_free(provider: Provider) -> Check:
    kind = KINDS[provider.kind]
    headers = kind.headers(provider, Labels(), "")
    try:
        reply = httpx.get(f"{provider.base_url}{kind.check}", headers=headers, timeout=_PATIENCE)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        words = str(error) or type(error).__name__
        mend = mend_connection(Failure("connection", words), provider)
        return Check(provider.name, UNREACHABLE, words, mend)
    if reply.status_code == 200:
        return Check(provider.name, OK)
    # Its words may have the key in them; a failure's have not.
    failure = from_status(reply.status_code, dict(reply.headers), reply.content)
    said = failure.message if failure.message != f"HTTP {failure.status}" else ""
    words = " ".join(part for part in (str(failure.status), said) if part)
    return _judged(provider, failure.kind, words)


def _called(provider: Provider, error: LLMError) -> Check:
    """What an error says of the key that the call was made with."""
    if not isinstance(error, CallFailed):
        return Check(provider.name, FAILED, error.message, error.mend)
    if not error.status:
        return Check(provider.name, UNREACHABLE, error.message, error.mend)
    return _judged(provider, error.kind, error.message)


def _judged(provider: Provider, kind: str, words: str) -> Check:
    if kind in _ABOUT_KEYS:
        secret = provider.secret
        whose = f" (key ends in {secret.masked}, from {secret.source})" if secret else ""
        words = words if "(key ends in " in words else f"{words}{whose}"
        return Check(provider.name, REFUSED, words, f"set another:  {another_key(provider)}")
    mend = f"see whether base_url {provider.base_url} is an API's"
    if kind in RETRIED:
        mend = "try again in a moment"
    return Check(provider.name, FAILED, f"{words}; that says nothing of the key", mend)


def _store(
    name: str, variable: str, value: str | None, config: Config, environ: Mapping[str, str]
) -> Stored:
    shadowed = variable if environ.get(variable, "").strip() else ""
    readers = (p.name for p in config.providers.values() if p.key_env == variable)
    shared = tuple(reader for reader in readers if reader != name)
    if config.keys == KEYRING:
        was_there = bool(read_keyring(variable))
        write_keyring(variable, value)
        return Stored(name, variable, "the keyring", shadowed, was_there, shared)
    was_there = variable in read_keys(environ)
    path = write_key(environ, variable, value)
    return Stored(name, variable, str(path), shadowed, was_there, shared)


def _variable_of(name: str, config: Config) -> str:
    provider = config.providers.get(name)
    if provider is None:
        if _VARIABLE.fullmatch(name):
            return name
        raise _unknown(name, config)
    own = KINDS[provider.kind].key_env if provider.name == provider.kind else ""
    variable = provider.key_env or own
    if not variable:
        raise UsageError(f"{name} has no key that is named", provider.mend)
    return variable


def _unknown(name: str, config: Config) -> UsageError:
    # What was typed there may be a key: it is said again only where it cannot be one.
    said = f"'{name}'" if _NAME.fullmatch(name) else "that"
    known = ", ".join(config.providers)
    return UsageError(
        f"{said} is not the name of a provider",
        f"known: {known}\nor a variable, such as SNOWFLAKE_PAT",
    )


def _listed(name: str, secret: Secret) -> Listed:
    return Listed(name, secret.masked, secret.source)
