"""What services can do, as their capabilities tell it.

The rule: a method is claimed when it is in DONE, and DONE has what is implemented, so that who adds
a method adds a row there. Clients of libvirt-cim, which read these lists and were written for what
it does, are told its lists as they are, but for the number of AddResourceSettings, which it gives
as one that the class does not have.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum

from virtcim.inventory.snapshots import Domain
from virtcim.providers import migration_settings
from virtcim.providers.families import DomainFamily, HostFamily, itself, owner
from virtcim.providers.model import HostModel
from virtcim.providers.snapshot_types import types_enabled, types_supported
from virtcim.providers.states import requested_states_supported
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import (
    DestinationHostFormat,
    ManagementMethod,
    MigrationMethod,
    MigrationType,
    PoolMethod,
    PowerChangeCapability,
    PowerState,
    RedirectionSharingMode,
    RequestedState,
    SnapshotMethod,
    StorageCopy,
    TransportType,
)

MANAGEMENT = "Virt_VirtualSystemManagementCapabilities"
MIGRATION = "Virt_VirtualSystemMigrationCapabilities"
MIGRATION_SETTING = "Virt_VirtualSystemMigrationSettingData"
POOL_CONFIGURATION = "Virt_ResourcePoolConfigurationCapabilities"
SNAPSHOT = "Virt_VirtualSystemSnapshotServiceCapabilities"
DOMAIN_SNAPSHOT = "Virt_VirtualSystemSnapshotCapabilities"
CONSOLE_REDIRECTION = "Virt_ConsoleRedirectionServiceCapabilities"
POWER = "Virt_PowerManagementCapabilities"


class Way(Enum):
    """How a method is done."""

    AT_ONCE = "the reply says how it went"
    AS_JOB = "a job says how it goes"


_ONCE, _JOB = frozenset({Way.AT_ONCE}), frozenset({Way.AS_JOB})

DONE: Mapping[str, frozenset[Way]] = {
    # method                                   ways in which it is done
    "DefineSystem":                           _ONCE,
    "DestroySystem":                          _ONCE,
    "ModifySystemSettings":                   _ONCE,
    "AddResourceSettings":                    _ONCE,
    "ModifyResourceSettings":                 _ONCE,
    "RemoveResourceSettings":                 _ONCE,
    "CreateChildResourcePool":                _ONCE,
    "DeleteResourcePool":                     _ONCE,
    "CreateResourceInPool":                   _ONCE,
    "DeleteResourceInPool":                   _ONCE,
    "ResizeResourceInPool":                   _ONCE,
    "RefreshResourcesInPool":                 _ONCE,
    "RequestPowerStateChange":                _ONCE,
    "CreateSnapshot":                         _JOB,
    "ApplySnapshot":                          _JOB,
    "DestroySnapshot":                        _ONCE | _JOB,  # memory at once
    "CheckVirtualSystemIsMigratableToHost":   _ONCE,
    "CheckVirtualSystemIsMigratableToSystem": _ONCE,
    "MigrateVirtualSystemToHost":             _JOB,
    "MigrateVirtualSystemToSystem":           _JOB,
    "MigrateSSHKeyCopy":                      _ONCE,
    "MigrateSSHKeyDelete":                    _ONCE,
}  # fmt: skip
"""The methods of services that are implemented."""

_AT_ONCE, _AS_JOB = Way.AT_ONCE, Way.AS_JOB


@dataclass(frozen=True, slots=True)
class Methods:
    """The methods that a class of capabilities has numbers for, and which libvirt-cim claims."""

    numbers: Mapping[str, IntEnum]
    legacy: Mapping[Way, tuple[IntEnum, ...]]

    def claimed(self, way: Way) -> Getter:
        """Return a getter of the numbers of the methods that are done so."""

        def read(m: HostModel) -> tuple[IntEnum, ...]:
            if m.behaviour.legacy_capabilities:
                return self.legacy.get(way, ())
            return tuple(
                number for name, number in self.numbers.items() if way in DONE.get(name, ())
            )

        return read


MANAGEMENT_METHODS = Methods(
    {
        "DefineSystem":           ManagementMethod.DEFINESYSTEMSUPPORTED,
        "DestroySystem":          ManagementMethod.DESTROYSYSTEMSUPPORTED,
        "ModifyResourceSettings": ManagementMethod.MODIFYRESOURCESETTINGSSUPPORTED,
        "ModifySystemSettings":   ManagementMethod.MODIFYSYSTEMSETTINGSSUPPORTED,
        "RemoveResourceSettings": ManagementMethod.REMOVERESOURCESSUPPORTED,
        "AddResourceSettings":    ManagementMethod.ADDRESOURCESSUPPORTED,
    },
    {
        _AT_ONCE: (
            ManagementMethod.DEFINESYSTEMSUPPORTED,
            ManagementMethod.DESTROYSYSTEMSUPPORTED,
            ManagementMethod.MODIFYRESOURCESETTINGSSUPPORTED,
            ManagementMethod.MODIFYSYSTEMSETTINGSSUPPORTED,
            ManagementMethod.REMOVERESOURCESSUPPORTED,
            ManagementMethod.ADDRESOURCESSUPPORTED,
        ),
    },
)  # fmt: skip

MIGRATION_METHODS = Methods(
    {
        "MigrateVirtualSystemToHost":   MigrationMethod.MIGRATEVIRTUALSYSTEMTOHOSTSUPPORTED,
        "MigrateVirtualSystemToSystem": MigrationMethod.MIGRATEVIRTUALSYSTEMTOSYSTEMSUPPORTED,
        "CheckVirtualSystemIsMigratableToHost":
            MigrationMethod.CHECKVIRTUALSYSTEMISMIGRATABLETOHOSTSUPPORTED,
        "CheckVirtualSystemIsMigratableToSystem":
            MigrationMethod.CHECKVIRTUALSYSTEMISMIGRATABLETOSYSTEMSUPPORTED,
    },
    {
        _AT_ONCE: (
            MigrationMethod.CHECKVIRTUALSYSTEMISMIGRATABLETOHOSTSUPPORTED,
            MigrationMethod.CHECKVIRTUALSYSTEMISMIGRATABLETOSYSTEMSUPPORTED,
        ),
        _AS_JOB: (
            MigrationMethod.MIGRATEVIRTUALSYSTEMTOHOSTSUPPORTED,
            MigrationMethod.MIGRATEVIRTUALSYSTEMTOSYSTEMSUPPORTED,
        ),
    },
)  # fmt: skip

POOL_METHODS = Methods(
    {
        "CreateResourcePool":              PoolMethod.CREATERESOURCEPOOL_IS_SUPPORTED,
        "CreateChildResourcePool":         PoolMethod.CREATECHILD_RESOURCEPOOL_IS_SUPPORTED,
        "DeleteResourcePool":              PoolMethod.DELETERESOURCEPOOL_IS_SUPPORTED,
        "AddResourcesToResourcePool":      PoolMethod.ADDRESOURCESTORESOURCEPOOL_IS_SUPPORTED,
        "RemoveResourcesFromResourcePool": PoolMethod.REMOVERESOURCESFROMRESOURCEPOOL_IS_SUPPORTED,
        "ChangeParentResourcePool":        PoolMethod.CIM_CHANGEPARENTRESOURCEPOOL_IS_SUPPORTED,
    },
    {
        _AT_ONCE: (
            PoolMethod.CREATECHILD_RESOURCEPOOL_IS_SUPPORTED,
            PoolMethod.DELETERESOURCEPOOL_IS_SUPPORTED,
        ),
    },
)  # fmt: skip

SNAPSHOT_METHODS = Methods(
    {
        "CreateSnapshot":  SnapshotMethod.CREATESNAPSHOTSUPPORTED,
        "DestroySnapshot": SnapshotMethod.DESTROYSNAPSHOTSUPPORTED,
        "ApplySnapshot":   SnapshotMethod.APPLYSNAPSHOTSUPPORTED,
    },
    {
        _AT_ONCE: (SnapshotMethod.DESTROYSNAPSHOTSUPPORTED,),
        _AS_JOB: (SnapshotMethod.CREATESNAPSHOTSUPPORTED, SnapshotMethod.APPLYSNAPSHOTSUPPORTED),
    },
)  # fmt: skip


def done(name: str) -> bool:
    """Tell whether a method of a service is implemented."""
    return name in DONE


def _if_done(name: str, values: tuple[int, ...]) -> Callable[[HostModel], tuple[int, ...]]:
    return lambda m: values if m.behaviour.legacy_capabilities or done(name) else ()


def _named(instance_id: str, caption: str) -> Mapping[str, Getter]:
    return {
        "InstanceID":  lambda _: instance_id,
        "ElementName": lambda _: instance_id,
        "Caption":     lambda _: caption,
        "Description": lambda m: f"{caption} of {m.hypervisor_uri}",
    }  # fmt: skip


_NO_STATES: Mapping[str, Getter] = {
    # A service follows its hypervisor's connection; nobody can rename or switch it.
    "ElementNameEditSupported": lambda _: False,
    "RequestedStatesSupported": lambda _: (),
}

MANAGEMENT_PROPERTIES: Mapping[str, Getter] = {
    # m is a model, here and below
    **_named("ManagementCapabilities", "Capabilities of the management of domains"),
    **_NO_STATES,
    "VirtualSystemTypesSupported":  lambda m: (m.host.prefix,),
    "SynchronousMethodsSupported":  MANAGEMENT_METHODS.claimed(_AT_ONCE),
    "AsynchronousMethodsSupported": MANAGEMENT_METHODS.claimed(_AS_JOB),
    "IndicationsSupported":         lambda _: (),
}  # fmt: skip

MIGRATION_PROPERTIES: Mapping[str, Getter] = {
    **_named("MigrationCapabilities", "Capabilities of migration"),
    "SynchronousMethodsSupported":     MIGRATION_METHODS.claimed(_AT_ONCE),
    "AsynchronousMethodsSupported":    MIGRATION_METHODS.claimed(_AS_JOB),
    "DestinationHostFormatsSupported": _if_done("MigrateVirtualSystemToHost", (
        DestinationHostFormat.DOMAINNAMEFORMATSUPPORTED,
        DestinationHostFormat.IPV4DOTTEDDECIMALFORMATSUPPORTED,
        DestinationHostFormat.IPV6TEXTFORMATSUPPORTED,
    )),
}  # fmt: skip

MIGRATION_SETTING_PROPERTIES: Mapping[str, Getter] = {
    **_named("MigrationSettingData", "How a domain is migrated by default"),
    "MigrationType": lambda _: MigrationType.LIVE,
    "Priority":      lambda _: 0,
    "TransportType": lambda _: TransportType.SSH,
    "StorageCopy":   lambda _: StorageCopy.NONE,
    **{flag: lambda _: False for flag in migration_settings.FLAGS},
}  # fmt: skip

POOL_CONFIGURATION_PROPERTIES: Mapping[str, Getter] = {
    **_named("RPCC", "Capabilities of the management of resource pools"),
    "SynchronousMethodsSupported":  POOL_METHODS.claimed(_AT_ONCE),
    "AsynchronousMethodsSupported": POOL_METHODS.claimed(_AS_JOB),
}  # fmt: skip


SNAPSHOT_PROPERTIES: Mapping[str, Getter] = {
    **_named("SnapshotCapabilities", "Capabilities of snapshots"),
    "SynchronousMethodsSupported": SNAPSHOT_METHODS.claimed(_AT_ONCE),
    "AynchronousMethodsSupported": SNAPSHOT_METHODS.claimed(_AS_JOB),  # the class spells it so
    "SnapshotTypesSupported":      types_supported,
}  # fmt: skip

CONSOLE_REDIRECTION_PROPERTIES: Mapping[str, Getter] = {
    **_named("ConsoleRedirectionCapabilities", "Capabilities of graphical consoles"),
    **_NO_STATES,
    "SharingModeSupported": lambda _: (RedirectionSharingMode.SHARED,),
}


# Power, see DSP1027 (which has other numbers for what was requested)

POWER_STATES: Mapping[RequestedState, PowerState] = {
    # what RequestStateChange is asked for, and the power state that comes of it
    RequestedState.ENABLED:   PowerState.ON,
    RequestedState.QUIESCE:   PowerState.SLEEP_LIGHT,
    RequestedState.DISABLED:  PowerState.OFF_HARD,
    RequestedState.OFFLINE:   PowerState.HIBERNATE_OFF_SOFT,
    RequestedState.RESET:     PowerState.MASTER_BUS_RESET,
    RequestedState.SHUT_DOWN: PowerState.OFF_SOFT_GRACEFUL,
    RequestedState.REBOOT:    PowerState.POWER_CYCLE_OFF_SOFT_GRACEFUL,
}  # fmt: skip
"""Total over the requests that a domain can follow (states.py)."""

_POWER_METHOD = "RequestPowerStateChange"


def _power_states(m: HostModel) -> tuple[int, ...]:
    supported = requested_states_supported(m.host.hypervisor.verbs)
    return tuple(POWER_STATES[wanted] for wanted in supported)


POWER_PROPERTIES: Mapping[str, Getter] = {
    **_named("PowerManagementCapabilities", "Capabilities of power management"),
    "PowerStatesSupported":          _power_states,
    "RequestedPowerStatesSupported": lambda m: _power_states(m) if done(_POWER_METHOD) else (),
    "PowerChangeCapabilities":       lambda _: (
        PowerChangeCapability.POWER_STATE_SETTABLE,
        PowerChangeCapability.POWER_CYCLING_SUPPORTED,
        PowerChangeCapability.HW_RESET_SUPPORTED,
        PowerChangeCapability.GRACEFUL_SHUTDOWN_SUPPORTED,
    ) if done(_POWER_METHOD) else (),
}  # fmt: skip


# Of each domain

DOMAIN_SNAPSHOT_PROPERTIES: Mapping[str, Getter] = {
    # v is a model and a domain
    "InstanceID":                 lambda v: v[1].name,
    "ElementName":                lambda v: v[1].name,
    "Caption":                    lambda _: "Snapshots of a virtual system",
    "SnapshotTypesEnabled":       lambda v: types_enabled(*v),
    "GuestOSNotificationEnabled": lambda _: False,
}  # fmt: skip


def _domain(model: HostModel, domain: Domain) -> tuple[tuple[HostModel, Domain]]:
    return ((model, domain),)


FAMILIES = (
    HostFamily(name=MANAGEMENT, getters=MANAGEMENT_PROPERTIES, parts=itself),
    HostFamily(name=MIGRATION, getters=MIGRATION_PROPERTIES, parts=itself),
    HostFamily(name=MIGRATION_SETTING, getters=MIGRATION_SETTING_PROPERTIES, parts=itself),
    HostFamily(name=POOL_CONFIGURATION, getters=POOL_CONFIGURATION_PROPERTIES, parts=itself),
    HostFamily(name=SNAPSHOT, getters=SNAPSHOT_PROPERTIES, parts=itself),
    HostFamily(name=CONSOLE_REDIRECTION, getters=CONSOLE_REDIRECTION_PROPERTIES, parts=itself),
    HostFamily(name=POWER, getters=POWER_PROPERTIES, parts=itself),
    DomainFamily(
        name=DOMAIN_SNAPSHOT,
        getters=DOMAIN_SNAPSHOT_PROPERTIES,
        parts=_domain,
        owners=owner("instanceid"),
    ),
)
