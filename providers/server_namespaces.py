"""The namespaces of the server, as clients see, make and remove them.

The rule: CIM_Namespace and CIM_WBEMServerNamespace are two faces of the same namespaces, and so is
the method that makes one: what one does, the others show at once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from virtcim.broker.arguments import instance
from virtcim.broker.embedded import make
from virtcim.broker.namespace_changes import create_namespace, delete_namespace
from virtcim.broker.namespaces import Namespaces
from virtcim.broker.provider import (
    Arguments,
    Edits,
    InstanceValues,
    Keys,
    MethodBody,
    MethodResult,
)
from virtcim.providers.legacy_paths import read_fixed
from virtcim.providers.model import INTEROP, NO_METHODS, Server
from virtcim.providers.server_state import SYSTEM_CLASS, manager_name
from virtcim.providers.serving import has_keys
from virtcim.schema.layouts import Getter, Layout, Record
from virtcim.schema.records import RecordSet
from virtcim.schema.repository import Repository
from virtcim.schema.valuemaps import SchemaStatus
from virtcim.wbem.objects import ClassDeclaration, Instance, Value, qualifier_value
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import InvalidParameter, WBEMError

_CIM = 2  # CIM_Namespace.ClassType
_OTHER = 1  # CIM_Namespace.ClassInfo: newer than its list of versions
_CIM_VERSION = "2.49.0"
_STRUCTURE = "CIM_SchemaInformationStructure"


_ABOUT: Mapping[str, str] = {
    # schema: what its classes are; the others are stamped for a prefix
    "CIM":  "Classes of DMTF that the model is made of",
    "Virt": "Families of all hypervisors",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listed:
    """A namespace as it is listed: under its name or an alias.

    schemas: what of the server's own schema is in it, as embedded instances.
    """

    server: Server
    name: str
    schemas: tuple[Instance, ...]


NAMESPACE: Mapping[str, Getter] = {
    "SystemCreationClassName":        lambda _: SYSTEM_CLASS,
    "SystemName":                     lambda v: v.server.host_name,
    "ObjectManagerCreationClassName": lambda _: "CIM_ObjectManager",
    "ObjectManagerName":              lambda v: manager_name(v.server),
    "CreationClassName":              lambda _: "CIM_Namespace",
    "Name":                           lambda v: v.name,
    "ElementName":                    lambda v: v.name,
    "Caption":                        lambda v: v.name,
    "ClassInfo":                      lambda _: _OTHER,
    "DescriptionOfClassInfo":         lambda _: "CIM 2.49",
    "ClassType":                      lambda _: _CIM,
    "ClassTypeVersion":               lambda _: _CIM_VERSION,
}  # fmt: skip

SERVER_NAMESPACE: Mapping[str, Getter] = {
    "InstanceID":        lambda v: f"{manager_name(v.server)}:{v.name}",
    "Name":              lambda v: v.name,
    "ElementName":       lambda v: v.name,
    "Caption":           lambda v: v.name,
    "SchemaInformation": lambda v: v.schemas or None,  # of what clients made nothing is known
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listing:
    """The namespaces of the server as they are at each moment.

    aliases: further names under which clients expect one of them to be listed.
    schemas: of the server, as embedded instances.
    """

    server: Server
    namespaces: Namespaces
    aliases: tuple[str, ...]
    schemas: tuple[Instance, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all, aliases last."""
        return (*self.namespaces.names, *self.aliases)

    def listed(self, name: str) -> Listed:
        """Return what is told of one."""
        # The server's own namespaces begin with its whole schema, those of clients with nothing.
        is_own = self.namespaces.get(name).is_own(_STRUCTURE)
        return Listed(self.server, name, self.schemas if is_own else ())


class NamespaceProvider:
    """The namespaces as instances of one class."""

    def __init__(self, layout: Layout, getters: Mapping[str, Getter], listing: Listing) -> None:
        self.layout = layout
        self.namespaces = (INTEROP,)
        self.methods: Mapping[str, MethodBody] = NO_METHODS
        self.rehearsed: frozenset[str] = frozenset()
        self.edits = Edits(create=self.create, delete=self._delete)
        self._values = layout.bind(getters)
        self._listing = listing
        self._seen: tuple[str, ...] = ()
        self._set = RecordSet(layout, ())

    def records(self) -> RecordSet:
        """All namespaces."""
        names = self._listing.names
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
        return Record(self.layout, INTEROP, self._values(self._listing.listed(name)))

    async def create(self, values: InstanceValues) -> ObjectPath:
        """Make one; the keys beside its name are ours whatever the client says."""
        name = values.get("name")
        if not isinstance(name, str):
            raise InvalidParameter("Name of a new namespace is missing")
        return self._record((await create_namespace(self._listing.namespaces, name)).name).path

    async def _delete(self, record: Record) -> None:
        await delete_namespace(self._listing.namespaces, str(record["Name"]))


def own_schemas(repository: Repository) -> tuple[Instance, ...]:
    """Return what is told of the schemas of the server, from a repository that has nothing else."""
    structure = repository.find(_STRUCTURE)
    schemas: dict[str, list[ClassDeclaration]] = {}
    for declaration in repository:
        schemas.setdefault(declaration.name.partition("_")[0], []).append(declaration)
    if structure is None:
        raise KeyError(_STRUCTURE)
    return tuple(make(structure, _schema(name, own)) for name, own in sorted(schemas.items()))


def _schema(name: str, classes: Iterable[ClassDeclaration]) -> Mapping[str, Value]:
    """Return what is told of a schema, which is as new as the newest of its classes."""
    newest: tuple[int, ...] = (0, 0, 0)
    status = SchemaStatus.FINAL
    for one in classes:
        version = qualifier_value(one.qualifiers, "Version")
        if version is not None:
            newest = max(newest, tuple(map(int, str(version).split("."))))
        if qualifier_value(one.qualifiers, "Experimental"):
            status = SchemaStatus.EXPERIMENTAL
    return {
        "Name": name,
        "Version": ".".join(map(str, newest)),
        "Description": _ABOUT.get(name, f"Classes of {name} hosts"),
        "OwningOrganization": "DMTF" if name == "CIM" else "virtcim",
        "Status": status,
    }


class NamespaceService:
    """CIM_WBEMServer.CreateWBEMServerNamespace.

    What cannot be made is a CIM error, as that of CreateInstance, and not the return value Failed:
    clients look at errors.
    """

    def __init__(self, listing: NamespaceProvider) -> None:
        self._listing = listing
        self.methods: Mapping[str, MethodBody] = {"CreateWBEMServerNamespace": self._create}

    async def _create(self, _server: Record, arguments: Arguments) -> MethodResult:
        template = instance(arguments, "NamespaceTemplate")
        if template is None:
            raise InvalidParameter("NamespaceTemplate is missing")
        path = await self._listing.create(template.values)
        return MethodResult(0, {"Namespace": path})
