"""The providers that are configured: found in the environment, added or changed by `sophia.toml`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sophia_cli.llm.configfile import ConfigFile
from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.keyfile import Keys
from sophia_cli.llm.providers import KINDS, Kind, Option, Provider
from sophia_cli.llm.providers.cortex import ACCOUNT, base_url_of
from sophia_cli.llm.providers.openrouter import fault_in_preferences
from sophia_cli.llm.providers.services import by_service, unset
from sophia_cli.llm.providers.snowflake import JWT, OAUTH, PAT
from sophia_cli.llm.secret import Secret, is_key

At = Callable[[str], str]  # a key of a provider's table -> the file and line where it stands
_NOT_SET = " is not set"
_UNNAMED = "its key is not named"
_NAME_IT = "name the variable that holds it: api_key_env, in sophia.toml"
# What every provider's table may hold; its kind has more.
COMMON = (
    Option("kind", str, "what it speaks; the table's own name where that is a kind"),
    Option("base_url", str, "its address", plain=True),
    Option("api_key_env", str, "the variable that holds its key", plain=True),
    Option("model", str, "the model of calls that name none"),
    Option("embedding_model", str, "the same for embeddings"),
    Option("max_concurrency", int, "calls under way at once, in one process; 0: any", minimum=0),
    Option("requests_per_minute", int, "requests of one process; 0: any", minimum=0),
    Option("tokens_per_minute", int, "tokens of one process, estimated; 0: any", minimum=0),
)
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_SCHEMES = ("http://", "https://")
_NOT_PRINTABLE = re.compile(r"[^\x21-\x7e]")
_NOT_IN_HEADERS = re.compile(r"[^\x20-\x7e]")
# Which variable holds a Snowflake token says what kind of token it is.
_SNOWFLAKE_TOKENS = (
    ("SNOWFLAKE_PAT", PAT),
    ("SNOWFLAKE_JWT", JWT),
    ("SNOWFLAKE_OAUTH_TOKEN", OAUTH),
)


_SNOWFLAKE = (
    ("SNOWFLAKE_ACCOUNT", "organisation-account, for `cortex`"),
    ("SNOWFLAKE_JWT", "token of a key pair, instead of `SNOWFLAKE_PAT`"),
    ("SNOWFLAKE_OAUTH_TOKEN", "OAuth token, instead of `SNOWFLAKE_PAT`"),
    ("SNOWFLAKE_PRIVATE_KEY_PATH", "key pair that tokens are signed with (extra `snowflake`)"),
    ("SNOWFLAKE_USER", "whose key pair it is"),
)


def from_environment(keys: Keys) -> dict[str, Provider]:
    """The providers that need no file. Without their key they are there, with what is missing."""
    names = ("cortex", "portkey", "openrouter", "openai", "anthropic")
    return {name: _build(name, KINDS[name], {}, keys) for name in names}


def from_file(file: ConfigFile, keys: Keys) -> dict[str, Provider]:
    """The `[providers.NAME]` tables. Raises ConfigError for an unknown kind or key."""
    found = {}
    for name, table in file.table("providers").items():
        where = f"[providers.{name}]"
        at = partial(file.at, "providers", name)
        if not isinstance(table, dict):
            raise ConfigError(f"{at()}: {where} must be a table")
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"{at()}: {where} a provider's name is of letters, digits, '-' and '_'"
            )
        kind_name = table.get("kind", name)
        if not isinstance(kind_name, str) or kind_name not in KINDS:
            raise ConfigError(
                f"{at('kind')}: {where} kind '{kind_name}' is not known",
                f"allowed: {', '.join(KINDS)}",
            )
        kind = KINDS[kind_name]
        options = {option.name: option for option in COMMON + kind.options}
        file.check_names(where, table, tuple(options), "providers", name)
        for key, value in table.items():
            _check_value(at, where, options[key], value)
        _check_faults(at, where, table.get("faults", ()))
        _check_preferences(at, f"{where[:-1]}.preferences]", table.get("preferences", {}))
        found[name] = _build(name, kind, table, keys)
    return found


def _check_value(at: At, where: str, option: Option, value: Any) -> None:
    words, mend = _fault_of(option, value)
    if words:
        raise ConfigError(f"{at(option.name)}: {where} {option.name} {words}", mend)


def _fault_of(option: Option, value: Any) -> tuple[str, str]:
    """What is wrong with a value, and what mends it; empty where nothing is."""
    texts = (value,) if isinstance(value, str) else _members(value)
    right = isinstance(value, option.type) and not isinstance(value, bool)
    small = right and option.minimum is not None and value < option.minimum
    mixed = not option.free and not all(isinstance(text, str) for text in texts)
    if not right or small or mixed:
        return f"must be {option.words}, not {value!r}", ""
    if option.header and _NOT_IN_HEADERS.search(value):
        return f"must be plain ASCII, not {value!r}", ""
    for text in texts if option.plain else ():
        if not text or _NOT_PRINTABLE.search(text):
            return f"must be plain ASCII without spaces, not {text!r}", ""
    if option.allowed and value not in option.allowed:
        return f"'{value}' is not known", f"allowed: {', '.join(option.allowed)}"
    if option.name == "base_url" and not str(value).startswith(_SCHEMES):
        return "must start with http:// or https://", ""
    return "", ""


def _members(value: Any) -> list[Any]:
    return (
        list(value.values())
        if isinstance(value, dict)
        else value if isinstance(value, list) else []
    )


def _check_preferences(at: At, where: str, table: Mapping[str, Any]) -> None:
    words, mend = fault_in_preferences(table)
    if words:
        raise ConfigError(f"{at('preferences')}: {where} {words}", mend)


def _check_faults(at: At, where: str, faults: Any) -> None:
    if faults:
        from sophia_cli.llm.simulator.faults import Fault

        for text in faults:
            try:
                Fault.parse(text)
            except ConfigError as error:
                raise ConfigError(f"{at('faults')}: {where} {error.message}", error.mend) from None


def _build(name: str, kind: Kind, table: Mapping[str, Any], keys: Keys) -> Provider:
    options = {
        key: value for key, value in table.items() if key not in ("kind", "base_url", "api_key_env")
    }
    if kind.name == "cortex":
        return _build_cortex(name, table, options, keys)
    url = str(
        table.get("base_url") or keys.environ.get(kind.url_env, "").strip() or kind.base_url
    ).rstrip("/")
    local = url.startswith(("http://127.", "http://localhost", "http://[::1]"))
    keyless = not kind.needs_key or (local and bool(table) and "api_key_env" not in table)
    # A key goes where it belongs: another endpoint than the vendor's own names the key it gets.
    foreign = "base_url" in table and name != kind.name
    key_env = str(table.get("api_key_env", "" if foreign else kind.key_env))
    secret, problem, mend = _secret(keys, key_env) if key_env else (None, _UNNAMED, _NAME_IT)
    if keyless and not secret:
        problem = mend = ""
    if problem.endswith(_NOT_SET) and (begun := _begun(name, kind, table, keys.environ)):
        problem = f"{problem}, though {begun}"
    options = by_service(options, keys)
    if not problem and (variable := unset(options)):
        problem, mend = f"{variable}{_NOT_SET}", f"export {variable}=..."
    if not problem and not url.startswith(_SCHEMES):
        problem = f"{kind.url_env} must start with http:// or https://"
        mend = f"export {kind.url_env}=https://..."
    return Provider(name, kind.name, url, secret, options, problem, mend, key_env)


def _build_cortex(
    name: str, table: Mapping[str, Any], options: dict[str, Any], keys: Keys
) -> Provider:
    environ, variable = keys.environ, ""
    account = str(options.get("account") or environ.get("SNOWFLAKE_ACCOUNT", "").strip())
    key_path = (
        options.get("private_key_path") or environ.get("SNOWFLAKE_PRIVATE_KEY_PATH", "").strip()
    )
    options["account"] = account
    secret: Secret | None = None
    problem = mend = ""
    if key_path:
        options["private_key_path"] = key_path
        options["user"] = options.get("user") or environ.get("SNOWFLAKE_USER", "").strip()
        if not options["user"]:
            problem, mend = (
                "SNOWFLAKE_USER is not set, a key pair needs it",
                "export SNOWFLAKE_USER=...",
            )
    else:
        named = (
            [(table["api_key_env"], options.get("token_type", PAT))]
            if "api_key_env" in table
            else []
        )
        variable, token_type = _present(keys, named or list(_SNOWFLAKE_TOKENS))
        secret, problem, mend = _secret(keys, variable)
        options.setdefault("token_type", token_type)
    url = str(table.get("base_url") or environ.get("SNOWFLAKE_HOST_URL", "").strip()).rstrip("/")
    if not url and not account:
        begun = ", though a private key is" if key_path else ""
        problem = f"SNOWFLAKE_ACCOUNT{_NOT_SET}{begun}"
        mend = f"export SNOWFLAKE_ACCOUNT=...{'' if key_path or secret else ' SNOWFLAKE_PAT=...'}"
    elif not url and not ACCOUNT.match(account):
        problem = f"the Snowflake account '{account}' is not of the form organisation-account"
        mend = "export SNOWFLAKE_ACCOUNT=organisation-account"
    base_url = url or base_url_of(account)
    return Provider(name, "cortex", base_url, secret, options, problem, mend, variable)


def _begun(name: str, kind: Kind, table: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    """What of a provider without its key is there all the same; empty for nothing."""
    if table:
        return f"[providers.{name}] is there"
    return f"{kind.url_env} is" if environ.get(kind.url_env, "").strip() else ""


def _present(keys: Keys, choices: list[tuple[str, str]]) -> tuple[str, str]:
    """The token that is there: one in the environment goes before one that is kept."""
    for choice in choices:
        if keys.environ.get(choice[0], "").strip():
            return choice
    return next((choice for choice in choices if _secret(keys, choice[0])[0]), choices[0])


def _secret(keys: Keys, variable: str) -> tuple[Secret | None, str, str]:
    """The key of that name, or what is wrong with it: never the value itself in the words."""
    mend = f"export {variable}=..."
    try:
        secret = keys.find(variable)
    except ConfigError as error:  # the keyring
        return None, error.message, error.mend
    if secret is None:
        return None, keys.problem or f"{variable}{_NOT_SET}", keys.mend or mend
    if not is_key(secret.value):
        words = "holds spaces, line breaks or letters that no key has"
        return None, f"{variable} {words}", mend
    return secret, "", ""


def describe_options() -> list[tuple[str, str, str, str]]:
    """Name, providers, type and meaning of every option: the rows of the README's table."""
    rows = [("any", option) for option in COMMON]
    rows += [(kind.name, option) for kind in KINDS.values() for option in kind.options]
    return [(one.name, who, _one_of(one) or one.words, one.doc) for who, one in rows]


def _one_of(option: Option) -> str:
    return " or ".join(f"`{value}`" for value in option.allowed)


def describe_variables() -> list[tuple[str, str]]:
    """Name and meaning of every variable that configures a provider."""
    rows = []
    for kind in KINDS.values():
        if kind.needs_key:
            instead = kind.base_url or "`https://ACCOUNT.snowflakecomputing.com`"
            rows.append((kind.key_env, f"key of `{kind.name}`"))
            rows.append((kind.url_env, f"address of `{kind.name}` instead of {instead}"))
    return [*rows, *_SNOWFLAKE]
