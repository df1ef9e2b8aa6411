"""The interop namespace: the server itself, its namespaces and the profiles it implements.

Names are those that discovery clients look for (DSP1033, DSP0200 annex on discovery): exactly one
CIM_ObjectManager, a CIM_Namespace for every namespace including this one.
"""

import uuid
from collections.abc import Iterable, Mapping

from virtcim.broker.namespace_changes import create_namespace, delete_namespace
from virtcim.broker.namespaces import Namespaces
from virtcim.broker.provider import Edits, InstanceValues, Keys, MethodBody, Provider
from virtcim.providers import profiles
from virtcim.providers.compatibility import Behaviour
from virtcim.providers.legacy_paths import read_fixed
from virtcim.providers.model import INTEROP, NO_METHODS, Server
from virtcim.providers.serving import has_keys
from virtcim.providers.static import StaticProvider
from virtcim.schema.families import member
from virtcim.schema.layouts import Getter, Layout, Record
from virtcim.schema.records import RecordSet
from virtcim.schema.repository import Repository
from virtcim.schema.valuemaps import (
    AdvertiseTypes,
    EnabledState,
    HealthState,
    OperationalStatus,
    PrimaryStatus,
    RegisteredOrganization,
    RequestedState,
    SpecificationType,
)
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import InvalidParameter, WBEMError

_CIM = 2  # CIM_Namespace.ClassType
_OTHER = 1  # CIM_Namespace.ClassInfo: newer than its list of versions


def manager_name(server: Server) -> str:
    """Return the name of the object manager: always the same on one host."""
    return f"virtcim:{uuid.uuid5(uuid.NAMESPACE_DNS, server.host_name)}"


OBJECT_MANAGER: Mapping[str, Getter] = {
    "SystemCreationClassName": lambda _: "CIM_ComputerSystem",
    "SystemName":              lambda s: s.host_name,
    "CreationClassName":       lambda _: "CIM_ObjectManager",
    "Name":                    manager_name,
    "ElementName":             lambda _: "virtcim",
    "Caption":                 lambda _: "virtcim",
    "Description":             lambda s: f"virtcim version {s.version}",
    "EnabledState":            lambda _: EnabledState.ENABLED,
    "RequestedState":          lambda _: RequestedState.NOT_APPLICABLE,
    "OperationalStatus":       lambda _: (OperationalStatus.OK,),
    "StatusDescriptions":      lambda _: ("serving",),
    "HealthState":             lambda _: HealthState.OK,
    "PrimaryStatus":           lambda _: PrimaryStatus.OK,
    "Started":                 lambda _: True,
    "GatherStatisticalData":   lambda _: False,
}  # fmt: skip

NAMESPACE: Mapping[str, Getter] = {
    # v is the server with the name of the namespace
    "SystemCreationClassName":        lambda _: "CIM_ComputerSystem",
    "SystemName":                     lambda v: v[0].host_name,
    "ObjectManagerCreationClassName": lambda _: "CIM_ObjectManager",
    "ObjectManagerName":              lambda v: manager_name(v[0]),
    "CreationClassName":              lambda _: "CIM_Namespace",
    "Name":                           lambda v: v[1],
    "ElementName":                    lambda v: v[1],
    "ClassInfo":                      lambda _: _OTHER,
    "DescriptionOfClassInfo":         lambda _: "CIM 2.49",
    "ClassType":                      lambda _: _CIM,
    "ClassTypeVersion":               lambda _: "2.49.0",
}  # fmt: skip


PROFILE: Mapping[str, Getter] = {
    "InstanceID":             lambda p: p.instance_id,
    "ElementName":            lambda p: p.name,
    "RegisteredOrganization": lambda _: RegisteredOrganization.DMTF,
    "RegisteredName":         lambda p: p.name,
    "RegisteredVersion":      lambda p: p.version,
    "SpecificationType":      lambda _: SpecificationType.PROFILE,
    "AdvertiseTypes":         lambda _: (AdvertiseTypes.NOT_ADVERTISED,),  # no SLP agent is here
}  # fmt: skip


def _layout(repository: Repository, class_name: str) -> Layout:
    declaration = repository.find(class_name)
    if declaration is None:
        raise KeyError(class_name)
    return Layout(declaration)


class NamespaceProvider:
    """The namespaces of the server, as clients see, make and remove them.

    aliases: further names under which clients expect one of them to be listed.
    """

    def __init__(
        self, layout: Layout, server: Server, namespaces: Namespaces, aliases: Iterable[str]
    ) -> None:
        self.layout = layout
        self.namespaces = (INTEROP,)
        self.methods: Mapping[str, MethodBody] = NO_METHODS
        self.rehearsed: frozenset[str] = frozenset()
        self.edits = Edits(create=self._create, delete=self._delete)
        self._server = server
        self._values = layout.bind(NAMESPACE)
        self._known = namespaces
        self._aliases = tuple(aliases)
        self._seen: tuple[str, ...] = ()
        self._set = RecordSet(layout, ())

    def records(self) -> RecordSet:
        """All namespaces."""
        names = (*self._known.names, *self._aliases)
        if names != self._seen:
            self._seen, self._set = names, RecordSet(self.layout, tuple(map(self._record, names)))
        return self._set

    def find(self, keys: Keys) -> Record | None:
        """Return the namespace whose keys are these."""
        return next((record for record in self.records() if has_keys(record, keys)), None)

    def read_path(self, keys: Keys) -> Record | WBEMError:
        """Return the instance that keys name of which some may be missing, or what is wrong."""
        return read_fixed(self.records(), self.layout, keys)

    def _record(self, name: str) -> Record:
        return Record(self.layout, INTEROP, self._values((self._server, name)))

    async def _create(self, values: InstanceValues) -> ObjectPath:
        """Make one; the keys beside its name are ours whatever the client says."""
        name = values.get("name")
        if not isinstance(name, str):
            raise InvalidParameter("Name of a new namespace is missing")
        return self._record((await create_namespace(self._known, name)).name).path

    async def _delete(self, record: Record) -> None:
        await delete_namespace(self._known, str(record["Name"]))


def interop_providers(
    server: Server, repository: Repository, namespaces: Namespaces, aliases: Iterable[str]
) -> tuple[Provider, ...]:
    """Return the providers of the server itself."""
    manager = StaticProvider(
        _layout(repository, "CIM_ObjectManager"), INTEROP, OBJECT_MANAGER, (server,)
    )
    namespace = NamespaceProvider(_layout(repository, "CIM_Namespace"), server, namespaces, aliases)
    return (manager, namespace)


def profile_provider(repository: Repository, prefix: str, behaviour: Behaviour) -> StaticProvider:
    """Return the registered profiles of one hypervisor prefix."""
    layout = _layout(repository, member(prefix, profiles.FAMILY))
    return StaticProvider(layout, INTEROP, PROFILE, profiles.profiles(behaviour))
