"""Associations as tables: which instance is related to which, in both directions.

A row is two ends and two walks. Everything else, which end a source is, all filters, association
instances that can be listed and fetched, follows from the rows. The rows are in links.py.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from virtcim.broker.provider import Edits, End, InstanceValues, Keys, MethodBody
from virtcim.providers.model import INTEROP, NO_METHODS, HostModel
from virtcim.schema.layouts import Getter, Layout, Record
from virtcim.schema.records import RecordSet
from virtcim.wbem.objects import Value
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import AlreadyExists, InvalidParameter
from virtcim.wbem.types import CIMType
from virtcim.wbem.uri import format_uri

Walk = Callable[[HostModel, Record], Iterable[Record]]
NO_PROPERTIES: Mapping[str, Getter] = {}

BOTH, STRICT_ONLY, COMPAT_ONLY = "both", "strict", "compat"
"""Marks of rows; compatibility.py says which hold."""


@dataclass(frozen=True, slots=True)
class Row:
    """Instances of the `first` family are related to instances of the `second`."""

    first: str
    second: str
    forth: Walk
    back: Walk
    mark: str = BOTH

    def swapped(self) -> "Row":
        """Return the row with its ends exchanged."""
        return Row(self.second, self.first, self.back, self.forth, self.mark)


@dataclass(frozen=True, slots=True)
class Link:
    """Two related instances, as the properties of an association read them."""

    model: HostModel
    first: Record
    second: Record


Relate = Callable[[HostModel, Record, Record], Awaitable[None]]
"""Relates two instances, or ends that; when it returns, the walks say so."""


@dataclass(frozen=True, slots=True)
class Association:
    """An association family; rows name the ends in the order of the class's references.

    elsewhere: namespaces that answer it beside the host's own.
    properties: getters of what it says beside its ends; they take a Link.
    relate, part: how clients make and remove instances of it; None means that they cannot.
    """

    family: str
    rows: tuple[Row, ...]
    elsewhere: tuple[str, ...] = ()
    properties: Mapping[str, Getter] = field(default_factory=lambda: NO_PROPERTIES)
    relate: Relate | None = None
    part: Relate | None = None


class TableAssociation:
    """An association family of one host, as its rows say."""

    def __init__(self, model: HostModel, association: Association) -> None:
        self._model = model
        self.layout: Layout = model.layout(association.family)
        self.namespaces = (model.namespace, *association.elsewhere)
        self.methods: Mapping[str, MethodBody] = NO_METHODS
        self.rehearsed: frozenset[str] = frozenset()
        self.ends = self._references()
        first, second = (end.role for end in self.ends)
        self._values = self.layout.bind(
            {first: _first_path, second: _second_path, **association.properties}
        )
        self._swapped = swap = association.family in model.behaviour.swapped
        self._rows = tuple(
            row.swapped() if swap else row
            for row in association.rows
            if row.mark in model.behaviour.rows
            and model.behaviour.hidden.isdisjoint({row.first, row.second})
        )
        self._association = association
        self._walks = (self._by_class("first", "forth"), self._by_class("second", "back"))

    def _references(self) -> tuple[End, End]:
        first, second = (
            End(p.name, p.reference_class or "")
            for p in self.layout.properties
            if p.type is CIMType.REFERENCE
        )
        return first, second

    def _by_class(self, end: str, walk: str) -> Mapping[str, tuple[Walk, ...]]:
        found: dict[str, tuple[Walk, ...]] = {}
        for row in self._rows:
            name = self._model.class_name(getattr(row, end))
            found[name] = (*found.get(name, ()), getattr(row, walk))
        return found

    @property
    def edits(self) -> Edits:
        """Which changes of instances there are."""
        return Edits(
            create=None if self._association.relate is None else self._create,
            delete=None if self._association.part is None else self._delete,
        )

    async def _create(self, values: InstanceValues) -> ObjectPath:
        first, second = self._both({end.role: values.get(end.role.lower()) for end in self.ends})
        if self._related(first, second):
            raise AlreadyExists(f"{self.layout.class_name} of these two exists")
        if self._association.relate is not None:
            await self._association.relate(self._model, first, second)
        return self.link(first, second).path

    async def _delete(self, record: Record) -> None:
        first, second = self._both({end.role: record[end.role] for end in self.ends})
        if self._association.part is not None:
            await self._association.part(self._model, first, second)

    def _both(self, values: Mapping[str, Value]) -> tuple[Record, Record]:
        """Return what two references name; raises InvalidParameter where they cannot stand."""
        first, second = (self._end(role, value) for role, value in values.items())
        first, second = self._ordered(first, second)
        for end, walks, found in zip(self.ends, self._walks, (first, second), strict=True):
            if found.layout.class_name not in walks:
                raise InvalidParameter(f"{end.role} cannot be a {found.layout.class_name}")
        return first, second

    def _end(self, role: str, value: Value) -> Record:
        if not isinstance(value, ObjectPath):
            raise InvalidParameter(f"{role} of {self.layout.class_name} is needed")
        found = self._model.resolve(value)
        if found is None:
            raise InvalidParameter(f"{role} does not exist: {format_uri(value)}")
        return found

    def _ordered(self, first: Record, second: Record) -> tuple[Record, Record]:
        """Return two ends as they stand here: libvirt-cim takes them as its schema has them."""
        exchanged = self._swapped and first.layout.class_name not in self._walks[0]
        return (second, first) if exchanged else (first, second)

    def _related(self, first: Record, second: Record) -> bool:
        wanted = second.path.identity()
        return any(one.path.identity() == wanted for one in self.partners(0, first))

    def partners(self, end: int, source: Record) -> Iterator[Record]:
        """Yield the instances at the other end."""
        if source.namespace not in {self._model.namespace, INTEROP}:
            return  # a domain of another host with the same prefix
        for walk in self._walks[end].get(source.layout.class_name, ()):
            yield from walk(self._model, source)

    def link(self, first: Record, second: Record) -> Record:
        """Return the association instance."""
        values = self._values(Link(self._model, first, second))
        return Record(self.layout, self._model.namespace, values)

    def records(self) -> RecordSet:
        """All association instances; kept as long as what they relate is the same."""
        host = self._model.host
        model = self._model
        given = (
            host.listing, host.resources, host.facts, host.sample, model.jobs, model.view_key,
        )  # fmt: skip
        return self._model.derive(self, given, self._link_all)

    def _link_all(self) -> RecordSet:
        return RecordSet(self.layout, self._links())

    def _links(self) -> Iterator[Record]:
        for row in self._rows:
            for source in self._model.provider(row.first).records():
                for partner in row.forth(self._model, source):
                    yield self.link(source, partner)

    def find(self, keys: Keys) -> Record | None:
        """Return the association instance between the two that the keys name, if they are."""
        paths = [keys[end.role.lower()] for end in self.ends]
        if not all(isinstance(path, ObjectPath) for path in paths):
            return None
        first, second = (
            self._model.resolve(path) for path in paths if isinstance(path, ObjectPath)
        )
        if first is None or second is None:
            return None
        first, second = self._ordered(first, second)
        return self.link(first, second) if self._related(first, second) else None


def _first_path(link: Link) -> ObjectPath:
    return link.first.path


def _second_path(link: Link) -> ObjectPath:
    return link.second.path
