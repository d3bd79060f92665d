"""Which calls may be answered from the cache, and for how long: `[cache]` in `sophia.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sophia_cli.llm.call import EMBEDDINGS, OTHER, Call
from sophia_cli.llm.configfile import ConfigFile, Key, path_of
from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.tasks import TaskType

KEYS = (
    Key(
        "cache.max_temperature",
        float,
        0.3,
        "a request with a higher temperature is not cached",
        minimum=0,
    ),
    Key(
        "cache.unset_temperature",
        bool,
        False,
        "whether a request without a temperature is cached; providers then take 1",
    ),
    Key(
        "cache.pure_tools",
        tuple,
        (),
        "tools without effects; a request with any other is not cached",
    ),
    Key(
        "cache.shared_by",
        str,
        "service",
        "who shares answers: `user`, `service` (of one team), `team` or `all`",
    ),
    Key(
        "cache.max_bytes", int, 200_000_000, "size of the file; the oldest answers go", minimum=1e5
    ),
    Key("cache.path", str, "", "path of the cache (default: `cache.sqlite3` beside the ledger)"),
)
SHARED_BY = ("user", "service", "team", "all")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"([0-9]{1,6})([smhd])")
# With these a provider looks something up, runs something or keeps something.
_OUTSIDE = (
    "background",
    "container",
    "conversation",
    "data_sources",
    "mcp_servers",
    "plugins",
    "previous_response_id",
    "store",
    "web_search_options",
)


@dataclass(frozen=True)
class CachePolicy:
    """The `[cache]` table, checked. `tasks` says for how many seconds an answer serves."""

    tasks: Mapping[str, float] = field(default_factory=dict)
    max_temperature: float = 0.3
    unset_temperature: bool = False
    pure_tools: tuple[str, ...] = ()
    shared_by: str = "service"
    max_bytes: int = 200_000_000
    path: Path | None = None

    def lifetime(self, call: Call) -> float:
        """Seconds for which an answer to this call serves; 0 when it must be asked anew."""
        seconds = self.tasks.get(task_of(call), 0.0)
        if not seconds or call.operation == OTHER or call.model.endswith(":online"):
            return 0.0
        body = call.body
        if body.get("n") not in (None, 1) or any(body.get(name) for name in _OUTSIDE):
            return 0.0
        if call.operation != EMBEDDINGS and not self._is_cool(body.get("temperature")):
            return 0.0
        return seconds if set(_tools(body)) <= set(self.pure_tools) else 0.0

    def _is_cool(self, temperature: Any) -> bool:
        if temperature is None:
            return self.unset_temperature
        is_number = isinstance(temperature, int | float) and not isinstance(temperature, bool)
        return is_number and temperature <= self.max_temperature


def task_of(call: Call) -> str:
    """The task under which a call is cached: the one it is routed by."""
    if call.operation == EMBEDDINGS:
        return TaskType.EMBEDDINGS.value
    return call.labels.task or TaskType.CHAT_CONVERSATION.value


def parse_cache(file: ConfigFile, environ: Mapping[str, str]) -> CachePolicy:
    """The `[cache]` table. Raises ConfigError naming what is not known."""
    names = tuple(key.path.partition(".")[2] for key in KEYS)
    table = file.table("cache", (*names, "tasks"))
    highest, unset, pure, shared_by, most, path = (file.value(key, environ) for key in KEYS)
    if shared_by not in SHARED_BY:
        raise ConfigError(
            f"{file.at('cache', 'shared_by')}: [cache] shared_by '{shared_by}' is not known",
            f"allowed: {', '.join(SHARED_BY)}",
        )
    return CachePolicy(
        tasks=_tasks(file, table.get("tasks", {})),
        max_temperature=highest,
        unset_temperature=unset,
        pure_tools=pure,
        shared_by=shared_by,
        max_bytes=most,
        path=(
            _beside(file, path_of(f"{file.at('cache', 'path')}: [cache] path", path))
            if path
            else None
        ),
    )


def seconds_of(text: str) -> float:
    """The seconds of `90s`, `30m`, `12h` or `7d`. Raises ValueError for anything else."""
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise ValueError(f"'{text}' is no time such as 90s, 30m, 12h or 7d")
    return float(int(found[1]) * _UNITS[found[2]])


def _tasks(file: ConfigFile, table: Any) -> dict[str, float]:
    where = "[cache.tasks]"
    if not isinstance(table, dict):
        raise ConfigError(
            f"{file.at('cache', 'tasks')}: {where} must be a table",
            'such as document_summary = "1d"',
        )
    file.check_names(where, table, tuple(task.value for task in TaskType), "cache", "tasks")
    found = {}
    for name, text in table.items():
        try:
            found[name] = seconds_of(str(text))
        except ValueError as error:
            at = file.at("cache", "tasks", name)
            raise ConfigError(f"{at}: {where} {name}: {error}") from None
    return found


def _beside(file: ConfigFile, path: Path) -> Path:
    return path if path.is_absolute() or file.path is None else file.path.parent / path


def _tools(body: Mapping[str, Any]) -> Iterator[str]:
    """The names of the tools that the model may call, in any dialect; empty for one without."""
    for tool in (*_listed(body, "tools"), *_listed(body, "functions")):
        function = tool.get("function") if isinstance(tool, Mapping) else None
        named = function if isinstance(function, Mapping) else tool
        yield str(named.get("name", "")) if isinstance(named, Mapping) else ""


def _listed(body: Mapping[str, Any], name: str) -> tuple[Any, ...]:
    found = body.get(name) or ()
    return tuple(found) if isinstance(found, list | tuple) else (found,)
