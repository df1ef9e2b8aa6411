"""What `compat = "libvirt-cim"` changes: one object that the tables consult.

The rule: nothing else knows the switch. What a table does differently for clients of libvirt-cim is
a field here, with the reason beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from virtcim.broker.rules import STANDARD, Rules

MEMORY, DISK, BANDWIDTH, STORAGE, PROCESSORS = "memory", "disk", "bandwidth", "storage", "processor"
DEVICES = "device"
PASSWORD_MASKS = frozenset({"********", "***"})
"""What units are of: see Behaviour.units; a device is one of its kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How the model is shown.

    swapped: association families whose ends libvirt-cim exchanges against the schema.
    rows: marks of association rows that hold (see associations.py).
    hidden: families that have no instances.
    devices: elements of a definition that are shown; None means all.
    keyboards_point: keyboards are pointing devices.
    consoles_are_displays: a console on a pseudo terminal is a display too, and has its setting.
    protocols: numbers of controllers that differ from ours, by their types at libvirt.
    disks_healthy: the HealthState of a disk is OK whatever its domain does.
    few_ethernets: interfaces of few types are Ethernet, the technology of others is unknown.
    pending_settings: a definition that differs from the running one is shown beside it.
    units: texts of AllocationUnits by what is counted.
    legacy_templates: template settings are those of libvirt-cim, under ids that are not unique.
    legacy_pools: pools are those of libvirt-cim: of active networks and storage pools alone, none
        of the host's own bridges, and types in its own numbers; who configures them gets its
        errors instead of return codes.
    legacy_capabilities: methods are claimed as libvirt-cim claims them, done or not.
    sap_ports: console access points are those of the first VNC displays, named by their ports, and
        enabled but offline while the domain runs.
    bare_octets: octet strings do not begin with their length.
    effects: what a service does to an element is said.
    refusals_are_errors: a refused RequestStateChange is a CIM error, not a return code; so are the
        refusals of the snapshot service.
    legacy_migration: migration is judged as by libvirt-cim, which does not look at all that it is
        given, wants a libvirt at the destination that is newer, gives no reasons, and names files.
    revision: of the management service; None means our own.
    legacy_profiles: the registered profiles are those of libvirt-cim.
    limit_is_cap: the Limit of processors is the cap that a client set, not how many there can be.
    legacy_actions: what a domain does at an end of the guest, in libvirt-cim's numbers.
    password_mask: what stands for a password.
    fixed_are_ignored: properties that cannot be set are ignored in settings that a client gives.
    legacy_errors: who changes a system gets libvirt-cim's errors, which are few, and its texts,
        and never a job.
    legacy_defaults: what a client leaves out of a new system is what libvirt-cim takes for it, and
        what that has no default for is missing.
    limit_follows: a quantity of memory above its limit raises that.
    finished_jobs_seconds: how long jobs stay after their end.
    legacy_snapshots: snapshots are those of memory alone, as far as clients see.
    padded_messages: white space before a message and text after it are tolerated.
    rules: of the broker, for keys in paths and for unknown methods.
    """

    swapped: frozenset[str]
    rows: frozenset[str]
    hidden: frozenset[str]
    devices: frozenset[str] | None
    keyboards_point: bool
    consoles_are_displays: bool
    protocols: Mapping[str, int]
    disks_healthy: bool
    few_ethernets: bool
    pending_settings: bool
    units: Mapping[str, str]
    legacy_templates: bool
    legacy_pools: bool
    legacy_capabilities: bool
    sap_ports: bool
    bare_octets: bool
    effects: bool
    refusals_are_errors: bool
    legacy_migration: bool
    revision: int | None
    legacy_profiles: bool
    limit_is_cap: bool
    legacy_actions: bool
    password_mask: str
    fixed_are_ignored: bool
    legacy_errors: bool
    legacy_defaults: bool
    limit_follows: bool
    finished_jobs_seconds: int
    legacy_snapshots: bool
    padded_messages: bool
    rules: Rules


STRICT = Behaviour(
    swapped=frozenset(),
    rows=frozenset({"both", "strict"}),
    hidden=frozenset(),
    devices=None,
    keyboards_point=False,
    consoles_are_displays=False,
    protocols=MappingProxyType({}),
    disks_healthy=False,
    few_ethernets=False,
    pending_settings=True,
    units=MappingProxyType({
        MEMORY: "byte*2^10",
        DISK: "byte",
        BANDWIDTH: "byte*10^3/second",
        STORAGE: "byte*2^20",
        PROCESSORS: "count",
        DEVICES: "count",
    }),
    legacy_templates=False,
    legacy_pools=False,
    legacy_capabilities=False,
    sap_ports=False,
    bare_octets=False,
    effects=True,
    refusals_are_errors=False,
    legacy_migration=False,
    revision=None,
    legacy_profiles=False,
    limit_is_cap=False,
    legacy_actions=False,
    password_mask="********",  # noqa: S106 - no password
    fixed_are_ignored=False,
    legacy_errors=False,
    legacy_defaults=False,
    limit_follows=False,
    finished_jobs_seconds=300,
    legacy_snapshots=False,
    padded_messages=False,
    rules=STANDARD,
)  # fmt: skip

LIBVIRT_CIM = Behaviour(
    swapped=frozenset({"Virt_HostedDependency", "Virt_ReferencedProfile",
                       "Virt_AppliedFilterList"}),
    rows=frozenset({"both", "compat"}),
    hidden=frozenset({
        "Virt_HostProcessor", "Virt_HostMemory", "Virt_HostEthernetPort", "Virt_StorageVolume",
        "Virt_VirtualEthernetSwitch", "Virt_VirtualEthernetSwitchSettingData",
        "Virt_EthernetSwitchPort", "Virt_LANEndpoint", "Virt_VLANEndpoint",
        "Virt_VirtualSystemSnapshotCapabilities",
        "Virt_PowerManagementService", "Virt_PowerManagementCapabilities",
        "Virt_MetricService", "Virt_MetricServiceCapabilities",
        "Virt_BaseMetricDefinition", "Virt_BaseMetricValue",
    }),
    devices=frozenset({"disk", "filesystem", "interface", "graphics", "console", "input",
                       "controller"}),
    keyboards_point=True,
    consoles_are_displays=True,
    protocols=MappingProxyType({"ccid": 32678}),
    disks_healthy=True,
    few_ethernets=True,
    pending_settings=False,
    units=MappingProxyType({
        MEMORY: "KiloBytes",
        DISK: "Bytes",
        BANDWIDTH: "KiloBytes per Second",
        STORAGE: "Megabytes",
        PROCESSORS: "Processors",
    }),
    legacy_templates=True,
    legacy_pools=True,
    legacy_capabilities=True,
    sap_ports=True,
    bare_octets=True,
    effects=False,
    refusals_are_errors=True,
    legacy_migration=True,
    revision=1347,  # a build of libvirt-cim that has all features which clients ask it for
    legacy_profiles=True,
    limit_is_cap=True,
    legacy_actions=True,
    password_mask="***",  # noqa: S106 - no password
    fixed_are_ignored=True,
    legacy_errors=True,
    legacy_defaults=True,
    limit_follows=True,
    finished_jobs_seconds=86400,  # libvirt-cim's stay for ever
    legacy_snapshots=True,
    padded_messages=True,
    rules=Rules(
        loose_keys=True,
        unknown_method="Unknown Method",
        # The names are those that it looks for; the second is none of the class.
        unsupported_methods=MappingProxyType({"CIM_ResourcePoolConfigurationService": frozenset({
            "createresourcepool", "addresourcestopool", "removeresourcesfromresourcepool",
        })}),
    ),
)  # fmt: skip
