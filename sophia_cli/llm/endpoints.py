"""The providers that are configured: found in the environment, added or changed by `sophia.toml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sophia_cli.llm.configfile import ConfigFile
from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.keyfile import Keys
from sophia_cli.llm.providers import KINDS, Kind, Provider
from sophia_cli.llm.providers.cortex import ACCOUNT, base_url_of
from sophia_cli.llm.providers.openrouter import fault_in_preferences
from sophia_cli.llm.providers.snowflake import JWT, OAUTH, PAT, TOKEN_TYPES
from sophia_cli.llm.secret import Secret, is_key
from sophia_cli.llm.services import by_service, unset

_NOT_SET = " is not set"
_UNNAMED = "its key is not named"
_NAME_IT = "name the variable that holds it: api_key_env, in sophia.toml"
_COMMON = ("kind", "base_url", "api_key_env", "model", "embedding_model")
_TYPES: dict[str, tuple[type, str]] = {
    "seed": (int, "a whole number"),
    "slugs": (dict, "a table of strings"),
    "faults": (list, "a list of strings"),
    "fallback_models": (list, "a list of strings"),
    "virtual_keys": (dict, "a table of strings"),
    "configs": (dict, "a table of strings"),
    "preferences": (dict, "a table"),
}
_PLAIN = (
    "base_url",
    "api_key_env",
    "account",
    "virtual_key",
    "config",
    "provider",
    "custom_host",
    "slugs",
    "virtual_keys",
    "configs",
    "referer",
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


def from_environment(keys: Keys) -> dict[str, Provider]:
    """The providers that need no file. Without their key they are there, with what is missing."""
    names = ("cortex", "portkey", "openrouter", "openai", "anthropic")
    return {name: _build(name, KINDS[name], {}, keys) for name in names}


def from_file(file: ConfigFile, keys: Keys) -> dict[str, Provider]:
    """The `[providers.NAME]` tables. Raises ConfigError for an unknown kind or key."""
    found = {}
    for name, table in file.table("providers").items():
        where = f"[providers.{name}]"
        if not isinstance(table, dict):
            raise ConfigError(f"{file.name}: {where} must be a table")
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"{file.name}: {where} a provider's name is of letters, digits, '-' and '_'"
            )
        kind_name = table.get("kind", name)
        if not isinstance(kind_name, str) or kind_name not in KINDS:
            raise ConfigError(
                f"{file.name}: {where} kind '{kind_name}' is not known",
                f"allowed: {', '.join(KINDS)}",
            )
        kind = KINDS[kind_name]
        file.check_names(where, table, _COMMON + kind.options)
        _check_values(file, where, table)
        found[name] = _build(name, kind, table, keys)
    return found


def _check_values(file: ConfigFile, where: str, table: Mapping[str, Any]) -> None:
    for key, value in table.items():
        expected, words = _TYPES.get(key, (str, "a string"))
        if not isinstance(value, expected) or isinstance(value, bool):
            raise ConfigError(f"{file.name}: {where} {key} must be {words}, not {value!r}")
        if key == "preferences":  # its values are of several types
            continue
        for text in (value,) if isinstance(value, str) else _members(value):
            if not isinstance(text, str):
                raise ConfigError(f"{file.name}: {where} {key} must be {words}, not {value!r}")
            # A model's name goes into a body, all else into a header, an address or a variable.
            if key in _PLAIN and (not text or _NOT_PRINTABLE.search(text)):
                raise ConfigError(
                    f"{file.name}: {where} {key} must be plain ASCII without spaces, not {text!r}"
                )
    if _NOT_IN_HEADERS.search(str(table.get("title", ""))):
        raise ConfigError(f"{file.name}: {where} title must be plain ASCII, not {table['title']!r}")
    _check_preferences(file, f"{where[:-1]}.preferences]", table.get("preferences", {}))
    _check_faults(file, where, table.get("faults", ()))
    if table.get("token_type", PAT) not in TOKEN_TYPES:
        raise ConfigError(
            f"{file.name}: {where} token_type '{table['token_type']}' is not known",
            f"allowed: {', '.join(TOKEN_TYPES)}",
        )
    if "base_url" in table and not str(table["base_url"]).startswith(_SCHEMES):
        raise ConfigError(f"{file.name}: {where} base_url must start with http:// or https://")


def _members(value: Any) -> list[Any]:
    return (
        list(value.values())
        if isinstance(value, dict)
        else value if isinstance(value, list) else []
    )


def _check_preferences(file: ConfigFile, where: str, table: Mapping[str, Any]) -> None:
    words, mend = fault_in_preferences(table)
    if words:
        raise ConfigError(f"{file.name}: {where} {words}", mend)


def _check_faults(file: ConfigFile, where: str, faults: Any) -> None:
    if faults:
        from sophia_cli.llm.simulator.faults import Fault

        for text in faults:
            try:
                Fault.parse(text)
            except ConfigError as error:
                raise ConfigError(f"{file.name}: {where} {error.message}", error.mend) from None


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
    options = by_service(options, keys.environ)
    if not problem and (variable := unset(options)):
        problem, mend = f"{variable}{_NOT_SET}", f"export {variable}=..."
    if problem.endswith(_NOT_SET) and (begun := _begun(name, kind, table, keys.environ)):
        problem = f"{problem}, though {begun}"
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
