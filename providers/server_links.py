"""Associations of the server itself: what belongs to it, and what follows its profiles.

A row is two classes and which of their instances are related. All of them are few and change with
the namespaces alone, so that they are compared one by one; those of hosts are in links.py.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from virtcim.broker.namespaces import find_record
from virtcim.broker.provider import End, Keys, MethodBody, Provider
from virtcim.providers import profiles
from virtcim.providers.model import INTEROP, NO_METHODS, Server
from virtcim.providers.server_profiles import PROFILE_CLASS, SERVER_PROFILES
from virtcim.providers.server_state import SYSTEM_CLASS
from virtcim.providers.server_statistics import STATISTICS_CLASS
from virtcim.schema.layouts import Getter, Layout, Record
from virtcim.schema.records import RecordSet
from virtcim.schema.valuemaps import Characteristics
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.types import CIMType

MANAGER, SERVER = "CIM_ObjectManager", "CIM_WBEMServer"
MECHANISM = "CIM_CIMXMLCommunicationMechanism"

Relation = Callable[[Server, Record, Record], bool]


def _always(_server: Server, _first: Record, _second: Record) -> bool:
    return True


def _references(server: Server, first: Record, second: Record) -> bool:
    """Tell whether the second profile refers to the first."""
    known = (*SERVER_PROFILES, *profiles.profiles(server.behaviour))
    user = next(one for one in known if one.instance_id == second["InstanceID"])
    return first["InstanceID"] in user.references


def _conforms(family: str) -> Relation:
    """Return whether a profile is followed by a class or family."""

    def related(server: Server, first: Record, _second: Record) -> bool:
        # Clients of libvirt-cim find nothing more beside its profiles than it registers.
        if family == profiles.FAMILY and server.behaviour.legacy_profiles:
            return False
        found = (one for one in SERVER_PROFILES if one.instance_id == first["InstanceID"])
        return any(family in one.conforming for one in found)

    return related


@dataclass(frozen=True, slots=True)
class Pair:
    """Instances of two classes that may be related; a family stands for its classes."""

    first: str
    second: str
    related: Relation = _always


@dataclass(frozen=True, slots=True)
class ServerLink:
    """An association class; pairs name the ends in the order of its references."""

    name: str
    pairs: tuple[Pair, ...]
    properties: Mapping[str, Getter] = field(default_factory=dict)


SERVER_LINKS: tuple[ServerLink, ...] = (
    # class                          first end, second end
    ServerLink("CIM_HostedService", (Pair(SYSTEM_CLASS, MANAGER), Pair(SYSTEM_CLASS, SERVER))),
    ServerLink("CIM_HostedAccessPoint", (Pair(SYSTEM_CLASS, MECHANISM),)),
    ServerLink("CIM_CommMechanismForManager", (Pair(MANAGER, MECHANISM),)),
    ServerLink("CIM_ServiceAccessBySAP", (Pair(SERVER, MECHANISM),)),
    ServerLink("CIM_NamespaceInManager", (Pair(MANAGER, "CIM_Namespace"),)),
    ServerLink("CIM_HostedDependency", (Pair(SERVER, "CIM_WBEMServerNamespace"),)),
    ServerLink("CIM_ElementCapabilities", (Pair(SERVER, "CIM_WBEMServerCapabilities"),),
               {"Characteristics": lambda _: (Characteristics.CURRENT,)}),
    ServerLink("CIM_ElementStatisticalData", (Pair(MANAGER, STATISTICS_CLASS),)),
    ServerLink("CIM_ElementConformsToProfile", tuple(
        Pair(PROFILE_CLASS, family, _conforms(family))
        for family in (SERVER, PROFILE_CLASS, profiles.FAMILY)
    )),
    ServerLink("CIM_ReferencedProfile", (
        Pair(PROFILE_CLASS, PROFILE_CLASS, _references),
        Pair(PROFILE_CLASS, profiles.FAMILY, _references),
    )),
)  # fmt: skip
"""All associations of the server, which are in the interop namespace alone."""


class ServerAssociation:
    """One of them; `families` are the providers of each class or family."""

    def __init__(
        self,
        layout: Layout,
        link: ServerLink,
        server: Server,
        families: Mapping[str, tuple[Provider, ...]],
    ) -> None:
        self.layout = layout
        self.namespaces = (INTEROP,)
        self.methods: Mapping[str, MethodBody] = NO_METHODS
        self.rehearsed: frozenset[str] = frozenset()
        first, second = (
            End(p.name, p.reference_class or "")
            for p in layout.properties
            if p.type is CIMType.REFERENCE
        )
        self.ends = (first, second)
        self._values = layout.bind(
            {first.role: lambda v: v[0], second.role: lambda v: v[1], **link.properties}
        )
        self._server = server
        self._pairs = tuple(
            (pair, (families[pair.first], families[pair.second])) for pair in link.pairs
        )
        self._given: tuple[RecordSet, ...] = ()
        self._set = RecordSet(layout, ())

    def partners(self, end: int, source: Record) -> Iterator[Record]:
        """Yield the instances at the other end."""
        if source.namespace != INTEROP:
            return  # somebody's own instance of a class that has some here
        for pair, sides in self._pairs:
            if source.layout.class_name not in {one.layout.class_name for one in sides[end]}:
                continue
            for other in _all(sides[1 - end]):
                first, second = (source, other) if end == 0 else (other, source)
                if pair.related(self._server, first, second):
                    yield other

    def link(self, first: Record, second: Record) -> Record:
        """Return the association instance."""
        return Record(self.layout, INTEROP, self._values((first.path, second.path)))

    def records(self) -> RecordSet:
        """All association instances; kept as long as what they relate is the same."""
        given = tuple(one.records() for _, sides in self._pairs for side in sides for one in side)
        if given != self._given:
            self._given, self._set = given, RecordSet(self.layout, self._links())
        return self._set

    def _links(self) -> Iterator[Record]:
        for pair, (firsts, seconds) in self._pairs:
            for first in _all(firsts):
                for second in _all(seconds):
                    if pair.related(self._server, first, second):
                        yield self.link(first, second)

    def find(self, keys: Keys) -> Record | None:
        """Return the association instance between the two that the keys name, if they are."""
        first, second = (self._resolve(keys[end.role.lower()]) for end in self.ends)
        if first is None or second is None:
            return None
        wanted = second.path.identity()
        related = any(one.path.identity() == wanted for one in self.partners(0, first))
        return self.link(first, second) if related else None

    def _resolve(self, path: object) -> Record | None:
        if not isinstance(path, ObjectPath):
            return None
        name = path.class_name.lower()
        for one in self._providers():
            if one.layout.class_name.lower() == name:
                return find_record(one, path)
        return None

    def _providers(self) -> Iterator[Provider]:
        for _, sides in self._pairs:
            for side in sides:
                yield from side


def _all(providers: Iterable[Provider]) -> Iterator[Record]:
    for one in providers:
        yield from one.records()
