"""Reads what a rule pack says of an SDK's client classes."""

from __future__ import annotations

from sophia_cli.migrate.pack import Client, Target
from sophia_cli.migrate.packtable import Table
from sophia_cli.migrate.requirements import Least, read_least
from sophia_cli.migrate.target import offered

_KEYS = ("module", "also", "class", "async", "function", "argument", "spread")


def read_clients(root: Table, target: Target, review: str) -> tuple[Client, ...]:
    """The `[[client]]` tables. Raises SophiaError with file, line and what is allowed there."""
    found: list[Client] = []
    seen: set[tuple[str, str]] = set()
    for table in root.tables("client", "[[client]]"):
        client = _client(table, target, review)
        for module in client.modules:
            if (module, client.name) in seen:
                words = f"declares {module}.{client.name} twice"
                raise table.wrong(words, "leave one of them out", "class")
            seen.add((module, client.name))
        found.append(client)
    return tuple(found)


def _client(table: Table, target: Target, review: str) -> Client:
    table.only(*_KEYS, "report", "look", "say", "review", "needs")
    name = table.text("class")
    named = table.named(f"[[client]] {name}:")
    client = Client(
        module=named.text("module"),
        name=name,
        function=named.text("function"),
        also=named.names("also"),
        is_async=named.flag("async", False) if "async" in named.values else None,
        argument=named.text("argument", ""),
        spread=named.names("spread"),
        report=named.table("report", "[client.report]").mapping(),
        look=named.table("look", "[client.look]").mapping(),
        say=named.table("say", "[client.say]").mapping(),
        review=named.text("review", review),
        needs=_needs(named),
    )
    if bool(client.argument) == bool(client.spread):
        words = "says not which arguments the function gives"
        mend = 'argument = "http_client", or spread = ["a", "b"] where it gives a mapping'
        raise named.wrong(words, mend, "function")
    for key in sorted(client.report.keys() & client.look.keys()):
        raise named.wrong(f"{key} stands under report and look", "leave one out", "report", key)
    if target.module == Target.module:
        named.check({("function",): client.function}, offered(target.module))
    return client


def _needs(table: Table) -> Least | None:
    """`needs = "package>=1.2"`."""
    if "needs" not in table.values:
        return None
    least = read_least(table.text("needs"))
    if least is None:
        words = f"needs says {table.text('needs')!r}"
        raise table.wrong(words, 'such as needs = "langchain-openai>=0.1.9"', "needs")
    return least
