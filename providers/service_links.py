"""Rows of the association table: services, their capabilities and access points."""

from collections.abc import Iterator, Mapping

from virtcim.providers import capabilities, management_service, views
from virtcim.providers.associations import STRICT_ONLY, Association, Link, Row
from virtcim.providers.device_links import HOST, SWITCH, SYSTEM
from virtcim.providers.model import CIMV2, HostModel, domain_named
from virtcim.providers.network_links import ENDPOINT_ROWS
from virtcim.providers.pool_links import POOLS
from virtcim.providers.walks import (
    every,
    named,
    of_domain,
    system_of,
)
from virtcim.schema.layouts import Record
from virtcim.schema.valuemaps import EnabledState
from virtcim.wbem.objects import Value

MANAGEMENT = management_service.FAMILY
POOL_CONFIGURATION = "Virt_ResourcePoolConfigurationService"
MIGRATION = "Virt_VirtualSystemMigrationService"
CONSOLES = "Virt_ConsoleRedirectionService"
SNAPSHOTS = "Virt_VirtualSystemSnapshotService"
SWITCHING, POWER, METRICS = (
    "Virt_SwitchService", "Virt_PowerManagementService", "Virt_MetricService",
)  # fmt: skip
SAP = "Virt_KVMRedirectionSAP"

_LEGACY_SERVICES = (POOL_CONFIGURATION, MANAGEMENT, MIGRATION, CONSOLES)
_OTHER_SERVICES = (SNAPSHOTS, SWITCHING, POWER, METRICS)

STATES = capabilities.FAMILY
SNAPSHOT_STATES = "Virt_VirtualSystemSnapshotCapabilities"
ALLOCATIONS = "Virt_AllocationCapabilities"

_HOST_CAPABILITIES = (
    "Virt_VirtualSystemManagementCapabilities", "Virt_VirtualSystemMigrationCapabilities",
    "Virt_ConsoleRedirectionServiceCapabilities",
)  # fmt: skip
_OTHER_HOST_CAPABILITIES = (
    "Virt_ResourcePoolConfigurationCapabilities", "Virt_VirtualSystemSnapshotServiceCapabilities",
    "Virt_PowerManagementCapabilities", "Virt_MetricServiceCapabilities",
)  # fmt: skip

_SERVICE_CAPABILITIES: Mapping[str, str] = {
    # service            its capabilities
    MANAGEMENT:         "Virt_VirtualSystemManagementCapabilities",
    MIGRATION:          "Virt_VirtualSystemMigrationCapabilities",
    CONSOLES:           "Virt_ConsoleRedirectionServiceCapabilities",
}  # fmt: skip

_OTHER_SERVICE_CAPABILITIES: Mapping[str, str] = {
    POOL_CONFIGURATION: "Virt_ResourcePoolConfigurationCapabilities",
    SNAPSHOTS:          "Virt_VirtualSystemSnapshotServiceCapabilities",
    POWER:              "Virt_PowerManagementCapabilities",
    METRICS:            "Virt_MetricServiceCapabilities",
}  # fmt: skip

_BY_DEFAULT = 2  # CIM_ElementCapabilities.Characteristics
_MANAGES = 5  # CIM_ServiceAffectsElement.ElementEffects


def _characteristics(link: Link) -> tuple[int] | None:
    is_host = link.first.layout.class_name == link.model.class_name(HOST)
    return (_BY_DEFAULT,) if is_host else None


def _effects(link: Link) -> tuple[int] | None:
    return (_MANAGES,) if link.model.behaviour.effects else None


def _snapshot_states(model: HostModel, source: Record) -> Iterator[Record]:
    domain = domain_named(model, source["Name"])
    if domain is not None:
        yield from model.parts(SNAPSHOT_STATES).records_of(domain)


def _system_of_snapshot_states(model: HostModel, source: Record) -> Iterator[Record]:
    domain = model.owner(source)
    if domain is not None:
        yield from model.parts(SYSTEM).records_of(domain)


def power_state(link: Link) -> int:
    """Return the power state of the domain at the second end."""
    return _POWER_STATES[link.second["EnabledState"]]


# CIM_AssociatedPowerManagementService.PowerState, total over the EnabledStates of domains
_OTHER, _ON, _LIGHT_SLEEP, _HIBERNATE, _OFF = 1, 2, 3, 7, 8
_POWER_STATES: Mapping[Value, int] = {
    EnabledState.UNKNOWN:             _OTHER,
    EnabledState.ENABLED:             _ON,
    EnabledState.DISABLED:            _OFF,
    EnabledState.SHUTTING_DOWN:       _ON,
    EnabledState.ENABLED_BUT_OFFLINE: _HIBERNATE,  # saved or asleep
    EnabledState.QUIESCE:             _LIGHT_SLEEP,
}  # fmt: skip


SERVICE_LINKS: tuple[Association, ...] = (
    # family                       first end, second end, and the walks between them
    Association("Virt_HostedService", (
        *(Row(HOST, service, every(service), every(HOST)) for service in _LEGACY_SERVICES),
        *(Row(HOST, service, every(service), every(HOST), STRICT_ONLY)
          for service in _OTHER_SERVICES),
    ), (CIMV2,)),
    Association("Virt_HostedAccessPoint", (
        Row(HOST, SAP, every(SAP), every(HOST)),
        *ENDPOINT_ROWS,
    ), (CIMV2,)),
    Association("Virt_ServiceAccessBySAP", (
        Row(CONSOLES, SAP, every(SAP), every(CONSOLES)),
    )),
    Association("Virt_SAPAvailableForElement", (
        Row(SAP, SYSTEM, system_of(), of_domain(SAP)),
    )),
    Association("Virt_ServiceAffectsElement", (
        *(Row(element, CONSOLES, every(CONSOLES), every(element))
          for element in (SYSTEM, views.POINTING, views.DISPLAY)),
        Row(views.KEYBOARD, CONSOLES, every(CONSOLES), every(views.KEYBOARD), STRICT_ONLY),
        *(Row(SYSTEM, service, every(service), every(SYSTEM), STRICT_ONLY)
          for service in (MANAGEMENT, MIGRATION, SNAPSHOTS, METRICS)),
        *(Row(pool, POOL_CONFIGURATION, every(POOL_CONFIGURATION), every(pool), STRICT_ONLY)
          for pool in POOLS),
        Row(SWITCH, SWITCHING, every(SWITCHING), every(SWITCH)),
    ), properties={"ElementEffects": _effects}),
    Association("Virt_ElementCapabilities", (
        *(Row(HOST, one, every(one), every(HOST)) for one in _HOST_CAPABILITIES),
        Row(HOST, ALLOCATIONS, every(ALLOCATIONS), every(HOST)),
        *(Row(HOST, one, every(one), every(HOST), STRICT_ONLY)
          for one in _OTHER_HOST_CAPABILITIES),
        *(Row(service, one, every(one), every(service))
          for service, one in _SERVICE_CAPABILITIES.items()),
        *(Row(service, one, every(one), every(service), STRICT_ONLY)
          for service, one in _OTHER_SERVICE_CAPABILITIES.items()),
        Row(SYSTEM, STATES, named(STATES, "instanceid", "Name"),
            named(SYSTEM, "name", "InstanceID")),
        Row(SYSTEM, SNAPSHOT_STATES, _snapshot_states, _system_of_snapshot_states),
        *(Row(pool, ALLOCATIONS, named(ALLOCATIONS, "instanceid", "InstanceID"),
              named(pool, "instanceid", "InstanceID")) for pool in POOLS),
    ), (CIMV2,), {"Characteristics": _characteristics}),
    Association("Virt_AssociatedPowerManagementService", (
        Row(POWER, SYSTEM, every(SYSTEM), every(POWER)),
    ), properties={"PowerState": power_state}),
)  # fmt: skip
