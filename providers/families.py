"""What a provider serves, as data: a family of classes, its properties and where its parts are.

The rule: a module of this room describes families; only providers.py turns them into providers.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from virtcim.broker.provider import Arguments, Edits, InstanceValues, Keys, MethodResult
from virtcim.inventory.snapshots import Domain
from virtcim.providers.model import HostModel
from virtcim.schema.layouts import Getter, Record
from virtcim.wbem.objects import Value
from virtcim.wbem.paths import ObjectPath

Method = Callable[[HostModel, Record, Arguments], Awaitable[MethodResult]]
NO_METHODS: Mapping[str, Method] = {}

CAPTION_LENGTH = 64  # CIM_ManagedElement.Caption has MaxLen(64)


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyEdits:
    """How instances of a family are made, changed and removed (broker.provider.Edits)."""

    create: Callable[[HostModel, InstanceValues], Awaitable[ObjectPath]] | None = None
    modify: Callable[[HostModel, Record, InstanceValues], Awaitable[None]] | None = None
    delete: Callable[[HostModel, Record], Awaitable[None]] | None = None

    def of(self, model: HostModel) -> Edits:
        """Return those of one host."""
        return Edits(
            create=None if self.create is None else partial(self.create, model),
            modify=None if self.modify is None else partial(self.modify, model),
            delete=None if self.delete is None else partial(self.delete, model),
        )


NO_FAMILY_EDITS = FamilyEdits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A family of classes; `getters` take one part.

    rehearsed: the methods that honour a dry run.
    absent: says why there is no instance with these keys; None leaves that to the broker.
    """

    name: str
    getters: Mapping[str, Getter]
    methods: Mapping[str, Method] = field(default_factory=lambda: NO_METHODS)
    rehearsed: frozenset[str] = frozenset()
    edits: FamilyEdits = NO_FAMILY_EDITS
    absent: Callable[[HostModel, Keys], str] | None = None


def view_key(model: HostModel) -> object:
    """Return what every instance of a domain depends on beside its snapshot."""
    return model.view_key


Values = Mapping[str, Value]
"""An instance by the names of its properties, as the class spells them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookups:
    """Properties, in lower case, by whose values queries find domains without reading them all.

    names: those that have the name of the domain.
    values: those by which an index is kept once somebody has asked; `of` gives all of them.
    """

    names: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    of: Callable[[HostModel, Domain], Mapping[str, Value]] = lambda _model, _domain: {}


NO_LOOKUPS = Lookups()


def nothing_shared(_model: HostModel) -> Sequence[Values]:
    """Return no instances: all are of domains."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainFamily(Family):
    """A family with instances for each domain.

    parts: what the instances of a domain are made from, in order.
    owners: names of domains that these keys may belong to.
    given: what the instances depend on beside the domain's snapshot, to be compared.
    shared: values by property of instances that no domain owns (templates.py); kept by who makes
        them. They can be fetched and associated, and are not enumerated: who enumerates settings
        wants those of domains.
    lookups: of a family with one instance for each domain.
    """

    parts: Callable[[HostModel, Domain], Iterable[Any]]
    owners: Callable[[Keys], Iterable[str]]
    given: Callable[[HostModel], object] = view_key
    shared: Callable[[HostModel], Sequence[Values]] = nothing_shared
    lookups: Lookups = NO_LOOKUPS


def _host_state(model: HostModel) -> object:
    host = model.host
    return (host.facts, host.resources, model.view_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFamily(Family):
    """A family with instances for each host.

    parts: what the instances are made from, in order.
    given: what the instances depend on, to be compared.
    """

    parts: Callable[[HostModel], Iterable[Any]]
    given: Callable[[HostModel], object] = _host_state


def itself(model: HostModel) -> Iterable[HostModel]:
    """Return the model as the only part: a family with one instance for each host."""
    return (model,)


# Which domains keys may belong to


def owner(key: str) -> Callable[[Keys], Iterable[str]]:
    """Return a function to the domain that a key names."""

    def owners(keys: Keys) -> Iterable[str]:
        name = keys[key]
        return (name,) if isinstance(name, str) else ()

    return owners


def owner_before_slash(keys: Keys) -> Iterable[str]:
    """Yield the names that an InstanceID `<domain>/<part>` can begin with."""
    text = keys["instanceid"]
    if isinstance(text, str):
        yield from beginnings(text)


def owner_after_prefix(keys: Keys) -> Iterable[str]:
    """Yield the names that an InstanceID `<prefix>:<domain>[/<part>]` can begin with."""
    text = keys["instanceid"]
    if isinstance(text, str):
        name = text.partition(":")[2]
        yield name
        yield from beginnings(name)


def beginnings(text: str) -> Iterator[str]:
    """Yield what stands before each slash: names may have some themselves at some hypervisors."""
    for place, letter in enumerate(text):
        if letter == "/":
            yield text[:place]
