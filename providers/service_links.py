"""Rows of the association table: services, their capabilities and access points."""

from collections.abc import Mapping

from virtcim.providers import (
    allocation_capabilities,
    capabilities,
    console_access,
    management_service,
    metric_service,
    service_capabilities,
    services,
    views,
)
from virtcim.providers.associations import STRICT_ONLY, Association, Link, Row
from virtcim.providers.device_links import HOST, SWITCH, SYSTEM
from virtcim.providers.model import CIMV2
from virtcim.providers.network_links import ENDPOINT_ROWS
from virtcim.providers.pool_links import POOLS
from virtcim.providers.walks import (
    every,
    named,
    of_domain,
    system_of,
)
from virtcim.schema.valuemaps import EnabledState, PowerState
from virtcim.wbem.objects import Value

MANAGEMENT = management_service.FAMILY
POOL_CONFIGURATION, MIGRATION = services.POOL_CONFIGURATION, services.MIGRATION
CONSOLES, SNAPSHOTS = services.CONSOLE_REDIRECTION, services.SNAPSHOT
SWITCHING, POWER, METRICS = services.SWITCH, services.POWER, metric_service.SERVICE
SAP = console_access.FAMILY

_LEGACY_SERVICES = (POOL_CONFIGURATION, MANAGEMENT, MIGRATION, CONSOLES)
_OTHER_SERVICES = (SNAPSHOTS, SWITCHING, POWER, METRICS)

STATES = capabilities.FAMILY
SNAPSHOT_STATES = service_capabilities.DOMAIN_SNAPSHOT
ALLOCATIONS = allocation_capabilities.FAMILY

_SERVICE_CAPABILITIES: Mapping[str, str] = {
    # service            its capabilities
    MANAGEMENT:         service_capabilities.MANAGEMENT,
    MIGRATION:          service_capabilities.MIGRATION,
    CONSOLES:           service_capabilities.CONSOLE_REDIRECTION,
}  # fmt: skip

_OTHER_SERVICE_CAPABILITIES: Mapping[str, str] = {
    POOL_CONFIGURATION: service_capabilities.POOL_CONFIGURATION,
    SNAPSHOTS:          service_capabilities.SNAPSHOT,
    POWER:              service_capabilities.POWER,
    METRICS:            metric_service.CAPABILITIES,
}  # fmt: skip
"""Those that libvirt-cim relates neither to their services nor to the host."""

_BY_DEFAULT = 2  # CIM_ElementCapabilities.Characteristics
_MANAGES = 5  # CIM_ServiceAffectsElement.ElementEffects


def _characteristics(link: Link) -> tuple[int] | None:
    is_host = link.first.layout.class_name == link.model.class_name(HOST)
    return (_BY_DEFAULT,) if is_host else None


def _effects(link: Link) -> tuple[int] | None:
    return (_MANAGES,) if link.model.behaviour.effects else None


def power_state(link: Link) -> PowerState:
    """Return the power state of the domain at the second end."""
    return _POWER_STATES[link.second["EnabledState"]]


_POWER_STATES: Mapping[Value, PowerState] = {
    # total over the EnabledStates of domains
    EnabledState.UNKNOWN:             PowerState.OTHER,
    EnabledState.ENABLED:             PowerState.ON,
    EnabledState.DISABLED:            PowerState.OFF_SOFT,
    EnabledState.SHUTTING_DOWN:       PowerState.ON,
    EnabledState.ENABLED_BUT_OFFLINE: PowerState.HIBERNATE_OFF_SOFT,  # saved or asleep
    EnabledState.QUIESCE:             PowerState.SLEEP_LIGHT,
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
        *(Row(HOST, one, every(one), every(HOST)) for one in _SERVICE_CAPABILITIES.values()),
        Row(HOST, ALLOCATIONS, every(ALLOCATIONS), every(HOST)),
        *(Row(HOST, one, every(one), every(HOST), STRICT_ONLY)
          for one in _OTHER_SERVICE_CAPABILITIES.values()),
        *(Row(service, one, every(one), every(service))
          for service, one in _SERVICE_CAPABILITIES.items()),
        *(Row(service, one, every(one), every(service), STRICT_ONLY)
          for service, one in _OTHER_SERVICE_CAPABILITIES.items()),
        Row(SYSTEM, STATES, named(STATES, "instanceid", "Name"),
            named(SYSTEM, "name", "InstanceID")),
        Row(SYSTEM, SNAPSHOT_STATES, of_domain(SNAPSHOT_STATES), system_of("InstanceID")),
        *(Row(pool, ALLOCATIONS, named(ALLOCATIONS, "instanceid", "InstanceID"),
              named(pool, "instanceid", "InstanceID")) for pool in POOLS),
    ), (CIMV2,), {"Characteristics": _characteristics}),
    Association("Virt_AssociatedPowerManagementService", (
        Row(POWER, SYSTEM, every(SYSTEM), every(POWER)),
    ), properties={"PowerState": power_state}),
)  # fmt: skip
