"""The services of a host beside the management service: one instance each (DSP1042, DSP1076...).

Names are libvirt-cim's: clients build the paths of services from them. What a service can do is the
`methods` of its family and nothing else; service_capabilities.py says it to clients.
"""

from collections.abc import Mapping

from virtcim.inventory.host import Communication
from virtcim.providers import (
    host_system,
    migration_service,
    pool_configuration,
    power_management,
    snapshot_service,
)
from virtcim.providers.families import HostFamily, Method, itself
from virtcim.providers.host_state import STATE_PROPERTIES
from virtcim.providers.model import HostModel
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import RedirectionServiceType, RedirectionSharingMode

MIGRATION = "Virt_VirtualSystemMigrationService"
SNAPSHOT = "Virt_VirtualSystemSnapshotService"
POOL_CONFIGURATION = "Virt_ResourcePoolConfigurationService"
CONSOLE_REDIRECTION = "Virt_ConsoleRedirectionService"
SWITCH = "Virt_SwitchService"
POWER = "Virt_PowerManagementService"

NAMES: Mapping[str, tuple[str, str]] = {
    # family             Name, which is ElementName too        what it does
    MIGRATION:           ("MigrationService", "Migration of the domains"),
    SNAPSHOT:            ("SnapshotService", "Snapshots of the domains"),
    POOL_CONFIGURATION:  ("RPCS", "Management of the resource pools"),
    CONSOLE_REDIRECTION: ("ConsoleRedirectionService", "Graphical consoles of the domains"),
    SWITCH:              ("Switch Virtualization Capabilities", "Ports of switches outside"),
    POWER:               ("PowerManagementService", "Power of the domains"),
}  # fmt: skip

_MOST_CONSOLES = 65535  # MaxCurrentEnabledSAPs: there is no bound, and its type ends here
_ETHERNET = 15  # CIM_ForwardingService.ProtocolType


def _started(m: HostModel) -> bool:
    return m.host.communication is Communication.OK  # a service can do nothing without it


def _properties(family: str) -> Mapping[str, Getter]:
    name, task = NAMES[family]
    return {
        # m is a model
        **STATE_PROPERTIES,
        "SystemCreationClassName": lambda m: m.class_name(host_system.FAMILY),
        "SystemName":              lambda m: m.system_name,
        "CreationClassName":       lambda m: m.class_name(family),
        "Name":                    lambda _: name,
        "ElementName":             lambda _: name,
        "Caption":                 lambda _: task,
        "Description":             lambda m: f"{task} of {m.hypervisor_uri}",
        "Started":                 _started,
    }  # fmt: skip


_OWN: Mapping[str, Mapping[str, Getter]] = {
    CONSOLE_REDIRECTION: {
        "RedirectionServiceType": lambda _: (RedirectionServiceType.KVM,),
        "MaxCurrentEnabledSAPs":  lambda _: _MOST_CONSOLES,
        "SharingMode":            lambda _: RedirectionSharingMode.SHARED,
    },
    SWITCH: {
        "ProtocolType":           lambda _: _ETHERNET,
        # No hypervisor tells whether a switch outside does IEEE 802.1Qbg.
        "IsVSISupported":         lambda _: False,
    },
}  # fmt: skip
"""What some have beside it."""

METHODS: Mapping[str, Mapping[str, Method]] = {
    POOL_CONFIGURATION: {**pool_configuration.METHODS, **pool_configuration.UNSUPPORTED},
    POWER: power_management.METHODS,
    SNAPSHOT: snapshot_service.METHODS,
    MIGRATION: migration_service.METHODS,
}
"""What each can do; the methods of a family stand in a module of their own."""

REHEARSED: Mapping[str, frozenset[str]] = {
    MIGRATION: migration_service.REHEARSED,
}
"""Those of them that honour a dry run."""

FAMILIES = tuple(
    HostFamily(
        name=family,
        getters={**_properties(family), **_OWN.get(family, {})},
        parts=itself,
        methods=METHODS.get(family, {}),
        rehearsed=REHEARSED.get(family, frozenset()),
    )
    for family in NAMES
)
