"""The association table: which instance is related to which, in both directions.

A row is two ends and two walks. Everything else, which end a source is, all filters, association
instances that can be listed and fetched, follows from the table.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from virtcim.broker.provider import End, Keys, MethodBody
from virtcim.inventory.snapshots import Listing
from virtcim.providers import capabilities, computer_system, host_system, management_service
from virtcim.providers.interop import PROFILES
from virtcim.providers.model import CIMV2, INTEROP, NO_METHODS, HostModel
from virtcim.schema.layouts import Layout, Record, RecordSet
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.types import CIMType

Walk = Callable[[HostModel, Record], Iterable[Record]]
Families = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """Instances of the `first` family are related to instances of the `second`."""

    first: str
    second: str
    forth: Walk
    back: Walk

    def swapped(self) -> "Row":
        """Return the row with its ends exchanged."""
        return Row(self.second, self.first, self.back, self.forth)


@dataclass(frozen=True, slots=True)
class Association:
    """An association family; rows name the ends in the order of the class's references.

    `elsewhere` are namespaces that answer it beside the host's own.
    """

    family: str
    rows: tuple[Row, ...]
    elsewhere: tuple[str, ...] = ()


# Walks


def _all(family: str) -> Walk:
    return lambda model, _source: model.provider(family).records()


def _same_name(family: str, key: str, source_property: str) -> Walk:
    """Return a walk to the instance whose key is the source's property."""

    def walk(model: HostModel, source: Record) -> Iterator[Record]:
        provider = model.provider(family)
        wanted = source[source_property]
        if isinstance(wanted, str):
            names = provider.layout.keys
            keys = {key: wanted}
            if "creationclassname" in names:
                keys["creationclassname"] = provider.layout.class_name
            found = provider.find(keys)
            if found is not None:
                yield found

    return walk


def _conforming(model: HostModel, profile: Record) -> Iterable[Record]:
    central = next(p.central for p in PROFILES if p.instance_id == profile["InstanceID"])
    return model.provider(central).records()


def _profiles_of(family: str) -> Walk:
    wanted = {p.instance_id for p in PROFILES if p.central == family}
    return lambda model, _source: (
        record for record in model.provider(_PROFILE).records() if record["InstanceID"] in wanted
    )


def _conforming_to(family: str) -> Walk:
    def walk(model: HostModel, profile: Record) -> Iterable[Record]:
        central = {p.central for p in PROFILES if p.instance_id == profile["InstanceID"]}
        return _conforming(model, profile) if family in central else ()

    return walk


_SYSTEM, _HOST = computer_system.FAMILY, host_system.FAMILY
_CAPABILITIES, _PROFILE = capabilities.FAMILY, "Virt_RegisteredProfile"
_MANAGEMENT = management_service.FAMILY

ASSOCIATIONS: tuple[Association, ...] = (
    # family                       first end, second end, and the walks between them
    Association("Virt_HostedDependency", (
        Row(_HOST, _SYSTEM, _all(_SYSTEM), _all(_HOST)),
    ), (CIMV2,)),
    Association("Virt_HostedService", (
        Row(_HOST, _MANAGEMENT, _all(_MANAGEMENT), _all(_HOST)),
    ), (CIMV2,)),
    Association("Virt_ElementCapabilities", (
        Row(_SYSTEM, _CAPABILITIES,
            _same_name(_CAPABILITIES, "instanceid", "Name"),
            _same_name(_SYSTEM, "name", "InstanceID")),
    ), (CIMV2,)),
    Association("Virt_ElementConformsToProfile", (
        Row(_PROFILE, _HOST, _conforming_to(_HOST), _profiles_of(_HOST)),
        Row(_PROFILE, _SYSTEM, _conforming_to(_SYSTEM), _profiles_of(_SYSTEM)),
    ), (INTEROP, CIMV2)),
)  # fmt: skip
"""All associations of a host."""

COMPAT_SWAPPED = frozenset({"Virt_HostedDependency"})
"""Families whose ends libvirt-cim exchanges against the schema; the switch restores that."""


class TableAssociation:
    """An association family of one host, as its rows say."""

    def __init__(self, model: HostModel, association: Association) -> None:
        self._model = model
        self.layout: Layout = model.layout(association.family)
        self.namespaces = (model.namespace, *association.elsewhere)
        self.methods: Mapping[str, MethodBody] = NO_METHODS
        references = [p for p in self.layout.properties if p.type is CIMType.REFERENCE]
        first, second = references
        self.ends = (
            End(first.name, first.reference_class or ""),
            End(second.name, second.reference_class or ""),
        )
        self._values = self.layout.bind(
            {first.name: lambda pair: pair[0], second.name: lambda pair: pair[1]}
        )
        swap = model.server.compat and association.family in COMPAT_SWAPPED
        self._rows = tuple(
            (model.class_name(row.first), model.class_name(row.second), row)
            for row in (r.swapped() if swap else r for r in association.rows)
        )

    def partners(self, end: int, source: Record) -> Iterator[Record]:
        """Yield the instances at the other end."""
        if source.namespace not in {self._model.namespace, INTEROP}:
            return  # a domain of another host with the same prefix
        for first, second, row in self._rows:
            if source.layout.class_name == (first, second)[end]:
                yield from (row.forth, row.back)[end](self._model, source)

    def link(self, first: Record, second: Record) -> Record:
        """Return the association instance."""
        values = self._values((first.path, second.path))
        return Record(self.layout, self._model.namespace, values)

    def records(self) -> RecordSet:
        """All association instances; kept while the listing and the connection are the same."""
        key = (self, self._model.view_key)
        return self._model.host.listing.derive(key, self._link_all)

    def _link_all(self, _listing: Listing) -> RecordSet:
        return RecordSet(self.layout, self._links())

    def _links(self) -> Iterator[Record]:
        for _, _, row in self._rows:
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
        wanted = second.path.identity()
        for partner in self.partners(0, first):
            if partner.path.identity() == wanted:
                return self.link(first, partner)
        return None
