"""The interop namespace: the server itself, how it is talked to, and the profiles it implements.

Names are those that discovery clients look for (DSP1033, DSP1092, DSP0200 annex on discovery):
exactly one CIM_ObjectManager, and beside it the CIM_WBEMServer that DMTF has put in its place. Both
are services of one CIM_ComputerSystem, the machine that the server runs on, whose name is the
SystemName of all that belongs to the server.
"""

from collections.abc import Iterable, Mapping

from virtcim.broker.namespaces import Namespaces
from virtcim.broker.provider import MethodBody, Provider
from virtcim.providers import profiles
from virtcim.providers.communication import COMMUNICATION
from virtcim.providers.compatibility import Behaviour
from virtcim.providers.model import INTEROP, NO_METHODS, Server
from virtcim.providers.server_links import SERVER_LINKS, ServerAssociation
from virtcim.providers.server_namespaces import (
    NAMESPACE,
    SERVER_NAMESPACE,
    Listing,
    NamespaceProvider,
    NamespaceService,
    own_schemas,
)
from virtcim.providers.server_profiles import PROFILE_CLASS, registered
from virtcim.providers.server_state import RUNNING, SYSTEM_CLASS, manager_name, of_server
from virtcim.providers.server_statistics import STATISTICS, STATISTICS_CLASS, StatisticsProvider
from virtcim.providers.static import StaticProvider
from virtcim.schema.families import member
from virtcim.schema.layouts import Getter, Layout
from virtcim.schema.repository import Repository
from virtcim.schema.valuemaps import (
    AdvertiseTypes,
    Dedicated,
    RegisteredOrganization,
    SpecificationType,
    WBEMServerOperation,
)

SYSTEM: Mapping[str, Getter] = {
    # s is the server
    **RUNNING,
    "CreationClassName":  lambda _: SYSTEM_CLASS,
    "Name":               lambda s: s.host_name,
    "ElementName":        lambda s: s.host_name,
    "NameFormat":         lambda _: "IP",
    "Caption":            lambda _: "Machine of the WBEM server",
    "Description":        lambda _: "The machine that the WBEM server runs on",
    "StatusDescriptions": lambda _: ("runs the WBEM server",),
    "Dedicated":          lambda _: (Dedicated.UNKNOWN,),
}  # fmt: skip

OBJECT_MANAGER: Mapping[str, Getter] = {
    **of_server("CIM_ObjectManager"),
    "Name":                  manager_name,
    "ElementName":           lambda _: "virtcim",
    "Caption":               lambda _: "virtcim",
    "Description":           lambda s: f"virtcim version {s.version}",
    "Started":               lambda _: True,
    "GatherStatisticalData": lambda _: True,
}  # fmt: skip

WBEM_SERVER: Mapping[str, Getter] = {
    **of_server("CIM_WBEMServer"),
    "Name":        manager_name,
    "ElementName": lambda _: "virtcim",
    "Caption":     lambda _: "virtcim",
    "Description": lambda s: f"virtcim version {s.version}",
    "Started":     lambda _: True,
}  # fmt: skip

CAPABILITIES: Mapping[str, Getter] = {
    "InstanceID":               lambda s: f"{manager_name(s)}:capabilities",
    "ElementName":              lambda _: "Capabilities of virtcim",
    "Caption":                  lambda _: "Capabilities of virtcim",
    "ElementNameEditSupported": lambda _: False,
    "RequestedStatesSupported": lambda _: (),
    "OperationsSupported":      lambda _: (WBEMServerOperation.CREATEWBEMSERVERNAMESPACE,
                                           WBEMServerOperation.DELETENAMESPACE),
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

_ONE_EACH: Mapping[str, Mapping[str, Getter]] = {
    # class with one instance, made of the server
    SYSTEM_CLASS:                      SYSTEM,
    "CIM_ObjectManager":               OBJECT_MANAGER,
    "CIM_WBEMServer":                  WBEM_SERVER,
    "CIM_WBEMServerCapabilities":      CAPABILITIES,
    "CIM_CIMXMLCommunicationMechanism": COMMUNICATION,
}  # fmt: skip

_NAMESPACES: Mapping[str, Mapping[str, Getter]] = {
    # class with one instance for each namespace
    "CIM_Namespace": NAMESPACE,
    "CIM_WBEMServerNamespace": SERVER_NAMESPACE,
}

SERVER_CLASSES: Mapping[str, Mapping[str, Getter]] = {
    **_ONE_EACH,
    **_NAMESPACES,
    STATISTICS_CLASS: STATISTICS,
    PROFILE_CLASS: {**PROFILE, "Caption": lambda p: f"{p.name} {p.version}"},
}
"""What the server tells of itself; a profile is registered when its central class is here."""


def _layout(repository: Repository, class_name: str) -> Layout:
    declaration = repository.find(class_name)
    if declaration is None:
        raise KeyError(class_name)
    return Layout(declaration)


def interop_providers(
    server: Server,
    repository: Repository,
    namespaces: Namespaces,
    aliases: Iterable[str],
    followed: Iterable[Provider],
) -> tuple[Provider, ...]:
    """Return the providers of the server itself; `followed` has the profiles of its hosts.

    `aliases` are further names under which clients expect a namespace to be listed.
    """
    schemas = own_schemas(namespaces.get(INTEROP).repository)
    shown = Listing(server, namespaces, tuple(aliases), schemas)
    listings = {
        name: NamespaceProvider(_layout(repository, name), getters, shown)
        for name, getters in _NAMESPACES.items()
    }
    methods = {"CIM_WBEMServer": NamespaceService(listings["CIM_WBEMServerNamespace"]).methods}
    elements: tuple[Provider, ...] = (
        *(_static(repository, name, (server,), methods.get(name)) for name in _ONE_EACH),
        *listings.values(),
        StatisticsProvider(_layout(repository, STATISTICS_CLASS), server),
        _static(repository, PROFILE_CLASS, registered(SERVER_CLASSES)),
    )
    families: dict[str, tuple[Provider, ...]] = {one.layout.class_name: (one,) for one in elements}
    families[profiles.FAMILY] = tuple(followed)
    links = (
        ServerAssociation(_layout(repository, one.name), one, server, families)
        for one in SERVER_LINKS
    )
    return (*elements, *links)


def _static(
    repository: Repository,
    class_name: str,
    sources: Iterable[object],
    methods: Mapping[str, MethodBody] | None = None,
) -> StaticProvider:
    layout = _layout(repository, class_name)
    getters = SERVER_CLASSES[class_name]
    return StaticProvider(layout, INTEROP, getters, sources, methods or NO_METHODS)


def profile_provider(repository: Repository, prefix: str, behaviour: Behaviour) -> StaticProvider:
    """Return the registered profiles of one hypervisor prefix."""
    layout = _layout(repository, member(prefix, profiles.FAMILY))
    return StaticProvider(layout, INTEROP, PROFILE, profiles.profiles(behaviour))
