"""A rule pack: how the calls of a home-made service become calls of the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sophia_cli.migrate.requirements import Least


@dataclass(frozen=True)
class Target:
    """The module that is imported instead, and the function in it that gives the service.

    `nullable` are fields of its answer that can be None; those of the own service are read from it.
    """

    module: str = "sophia_cli.llm"
    getter: str = "get_unified_llm_service"
    nullable: tuple[str, ...] = ()


@dataclass(frozen=True)
class Field:
    """What a field of the old answer becomes.

    `default` stands in for None where the new field has it; `nullable` says that the old field
    could be None too, so that its readers know. `absent` makes it the question whether the new
    field is None: `answer.success` becomes `answer.error is None`.
    """

    name: str
    default: str | int | float | bool | None = None
    nullable: bool = False
    absent: bool = False


@dataclass(frozen=True)
class Method:
    """One old method or function. Names that are not declared are reported, never guessed.

    A method of a part is named with dots: `chat.completions.create` of a client.
    `request` is the class whose instance is the only argument: its arguments are passed instead.
    `positional` names arguments given by place, where the old code itself is not in the tree;
    `arguments` and `result` map old names to new ones. An argument of `drop` has no place, with
    the reason, and `harmless` are values of it that lose nothing; one of `report` keeps the call
    as it is; one of `look` is passed on, and a person has to look. `defaults` are old arguments
    whose default, read in the old code, goes into calls that say nothing. A `result` of None is
    plain text, which is the field `take` of the answer where that is given. `static` methods are
    called on the class itself. `review` is what to look at in every call.
    """

    name: str
    to: str
    is_async: bool = True
    request: str = ""
    positional: tuple[str, ...] = ()
    arguments: Mapping[str, str] = field(default_factory=dict)
    drop: Mapping[str, str] = field(default_factory=dict)
    set: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    result: Mapping[str, Field] | None = None
    harmless: Mapping[str, tuple[str | int | float | bool, ...]] = field(default_factory=dict)
    report: Mapping[str, str] = field(default_factory=dict)
    look: Mapping[str, str] = field(default_factory=dict)
    defaults: tuple[str, ...] = ()
    take: str = ""
    static: bool = False
    review: str = ""

    @property
    def target(self) -> str:
        """The name of the new method: code that does not await gets the `_sync` twin."""
        return self.to if self.is_async else f"{self.to}_sync"


@dataclass(frozen=True)
class Enumeration:
    """An old enum: the new one's name, and the new member for each old one."""

    name: str
    target: str
    members: Mapping[str, str]


@dataclass(frozen=True)
class Service:
    """An old service: its module, class, ready-made instances and the functions that give one.

    `functions` of the module are calls by themselves. `removed` holds methods whose calls are not
    needed any more, with what a person has to know first ("" when there is nothing), `reported`
    those that have no counterpart, with where to turn. `tasks` maps names of tasks given as text.
    """

    module: str
    name: str = ""
    instances: tuple[str, ...] = ()
    factories: tuple[str, ...] = ()
    methods: Mapping[str, Method] = field(default_factory=dict)
    enums: tuple[Enumeration, ...] = ()
    removed: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, Method] = field(default_factory=dict)
    reported: Mapping[str, str] = field(default_factory=dict)
    tasks: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return self.name or self.module.rpartition(".")[2]

    @property
    def entries(self) -> tuple[str, ...]:
        """The names of the module through which its users come in."""
        names = (self.name, *self.instances, *self.factories, *self.functions)
        return tuple(name for name in names if name)


@dataclass(frozen=True)
class Client:
    """A client class of an SDK: its constructor gains an argument, and every later line stays.

    `function` of the target's module gives what is gained: one `argument`, or a mapping of all of
    `spread`. `also` are further modules that the class is imported from; `is_async` is None where
    it waits in both ways. A construction with an argument of `report` stays as it is; one with an
    argument of `look`, or without one of `say`, waits for a person. `review` is what to look at in
    every one. `needs` is the version of its package from which on it takes what it gains.
    """

    module: str
    name: str
    function: str
    also: tuple[str, ...] = ()
    is_async: bool | None = None
    argument: str = ""
    spread: tuple[str, ...] = ()
    report: Mapping[str, str] = field(default_factory=dict)
    look: Mapping[str, str] = field(default_factory=dict)
    say: Mapping[str, str] = field(default_factory=dict)
    review: str = ""
    needs: Least | None = None

    @property
    def modules(self) -> tuple[str, ...]:
        return (self.module, *self.also)


@dataclass(frozen=True)
class Pack:
    """All services and clients of one pack file."""

    name: str
    description: str
    target: Target
    services: tuple[Service, ...]
    clients: tuple[Client, ...] = ()

    @property
    def packages(self) -> frozenset[str]:
        """The SDKs whose clients stay: so do their exceptions."""
        return frozenset(client.module.partition(".")[0] for client in self.clients)

    @property
    def entries(self) -> tuple[tuple[str, str], ...]:
        """Every name that it declares as old, with its module."""
        services = [(service.module, name) for service in self.services for name in service.entries]
        clients = [(module, client.name) for client in self.clients for module in client.modules]
        return (*services, *clients)

    @property
    def words(self) -> tuple[bytes, ...]:
        """Bytes, in lower case, without which a file cannot hold a site."""
        found = [word for service in self.services for word in (*service.entries, *service.methods)]
        found += [client.name for client in self.clients]
        return tuple(dict.fromkeys(word.lower().encode() for word in found))
