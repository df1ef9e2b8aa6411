"""One guest with all that libvirt-cim's clients look for: its instances and associations.

`demo` is a domain on a host with a network, a storage pool and nothing else. Aliases are those of
the list below; strict and legacy are the two behaviours of the server.
"""

from collections.abc import Iterator, Mapping

NETWORK = (
    """<network><name>default</name><forward mode='bridge'/><bridge name='virbr0'/></network>"""
)

POOL = """<pool type='dir'><name>default</name>
<target><path>/var/lib/libvirt/images</path></target></pool>"""

VOLUME = """<volume><name>demo.qcow2</name><capacity>1048576</capacity>
<target><format type='qcow2'/></target></volume>"""

PATH = "/var/lib/libvirt/images/demo.qcow2"
MAC = "52:54:00:12:34:56"
UUID = "11111111-2222-3333-4444-555555555555"

# What libvirt's QEMU driver adds by itself, other drivers have to be told.
ADDED = """
<controller type='usb' index='0' model='piix3-uhci'/>
<controller type='pci' index='0' model='pci-root'/>
<input type='mouse' bus='ps2'/><input type='keyboard' bus='ps2'/>"""


def domain_xml(kind: str, arch: str, devices: str = "") -> str:
    """Return the definition of the guest for a driver's domain type."""
    return f"""<domain type='{kind}'><name>demo</name><uuid>{UUID}</uuid>
<memory unit='KiB'>1048576</memory><currentMemory unit='KiB'>1048576</currentMemory><vcpu>1</vcpu>
<os><type arch='{arch}'>hvm</type><boot dev='hd'/></os>
<features><acpi/><apic/></features><clock offset='utc'/>
<on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
<devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{PATH}'/>
<target dev='vda' bus='virtio'/></disk>
<interface type='network'><mac address='{MAC}'/><source network='default'/>
<model type='virtio'/></interface>
<graphics type='vnc' port='5900' autoport='no' listen='127.0.0.1'/>
{devices}</devices></domain>"""


PROFILES = (
    "CIM:DSP1042-SystemVirtualization-1.0.0",
    "CIM:DSP1057-VirtualSystem-1.0.0a",
    "CIM:DSP1059-GenericDeviceResourceVirtualization-1.0.0_d",
    "CIM:DSP1059-GenericDeviceResourceVirtualization-1.0.0_n",
    "CIM:DSP1059-GenericDeviceResourceVirtualization-1.0.0_p",
    "CIM:DSP1045-MemoryResourceVirtualization-1.0.0",
    "CIM:DSP1081-VirtualSystemMigration-0.8.1",
    "CIM:DSP1076-KVMRedirection-1.0.0",
    "CIM:DSP1043-AllocationCapabilities-1.0.0a",
    "CIM:DSP1041-ResourceAllocation-1.1.0c_d",
    "CIM:DSP1041-ResourceAllocation-1.1.0c_n",
    "CIM:DSP1041-ResourceAllocation-1.1.0c_p",
    "CIM:DSP1041-ResourceAllocation-1.1.0c_m",
)

# alias      family                  id, after the name of the domain and a slash
_DEVICES = """
D1           Processor               0
D2           Memory                  mem
D3           LogicalDisk             vda
D4           NetworkPort             52:54:00:12:34:56
D5           DisplayController       vnc
D6           PointingDevice          mouse:ps2
D7           PointingDevice          keyboard:ps2
D8           Controller              controller:usb:0
D9           Controller              controller:pci:0
"""

_SETTINGS = """
R1           Proc                    proc
R2           Mem                     mem
R3           Disk                    vda
R4           Net                     52:54:00:12:34:56
R5           Graphics                vnc
R6           Input                   mouse:ps2
R7           Input                   keyboard:ps2
R8           Controller              controller:usb:0
R9           Controller              controller:pci:0
"""

_POOLS = """
P1           ProcessorPool           0
P2           MemoryPool              0
P3           NetworkPool             default
P4           NetworkPool             0
P5           DiskPool                default
P6           DiskPool                0
P7           GraphicsPool            0
P8           InputPool               0
P9           ControllerPool          0
"""

_SERVICES = """
S1           VirtualSystemManagementService      Management Service
S2           ResourcePoolConfigurationService    RPCS
S3           VirtualSystemMigrationService       MigrationService
S4           ConsoleRedirectionService           ConsoleRedirectionService
S5           VirtualSystemSnapshotService        SnapshotService
S6           SwitchService                       Switch Virtualization Capabilities
"""

_CAPABILITIES = """
C1           VirtualSystemManagementCapabilities          ManagementCapabilities
C2           VirtualSystemMigrationCapabilities           MigrationCapabilities
C3           ConsoleRedirectionServiceCapabilities        ConsoleRedirectionCapabilities
C4           ResourcePoolConfigurationCapabilities        RPCC
C5           VirtualSystemSnapshotServiceCapabilities     SnapshotCapabilities
E1           EnabledLogicalElementCapabilities            demo
M1           VirtualSystemMigrationSettingData            MigrationSettingData
"""

# Association, its instances as alias/alias in the order of its references, and in both modes
_EDGES = """
SystemDevice                   CS/D1 CS/D2 CS/D3 CS/D4 CS/D5 CS/D6 CS/D7 CS/D8 CS/D9
SettingsDefineState            CS/VSSD D1/R1 D2/R2 D3/R3 D4/R4 D5/R5 D6/R6 D7/R7 D8/R8 D9/R9
VirtualSystemSettingDataComponent VSSD/R1 VSSD/R2 VSSD/R3 VSSD/R4
VirtualSystemSettingDataComponent VSSD/R5 VSSD/R6 VSSD/R7 VSSD/R8 VSSD/R9
ElementAllocatedFromPool       P1/D1 P2/D2 P5/D3 P3/D4 P7/D5 P8/D6 P8/D7 P9/D8 P9/D9 P4/P3 P6/P5
ResourceAllocationFromPool     P1/R1 P2/R2 P5/R3 P3/R4 P7/R5 P8/R6 P8/R7 P9/R8 P9/R9
HostedResourcePool             HOST/P1 HOST/P2 HOST/P3 HOST/P4
HostedResourcePool             HOST/P5 HOST/P6 HOST/P7 HOST/P8 HOST/P9
HostedService                  HOST/S2 HOST/S1 HOST/S3 HOST/S4
HostedAccessPoint              HOST/SAP
ServiceAccessBySAP             S4/SAP
SAPAvailableForElement         SAP/CS
ServiceAffectsElement          CS/S4 D6/S4 D7/S4 D5/S4
ElementCapabilities            HOST/C1 HOST/C2 HOST/C3 HOST/A1 HOST/A2 HOST/A3 HOST/A4 HOST/A5
ElementCapabilities            HOST/A6 HOST/A7 HOST/A8 HOST/A9 S1/C1 S3/C2 S4/C3 CS/E1
ElementCapabilities            P1/A1 P2/A2 P3/A3 P4/A4 P5/A5 P6/A6 P7/A7 P8/A8 P9/A9
"""

_STRICT_EDGES = """
HostedDependency               HOST/CS
HostedService                  HOST/S5 HOST/S6
ServiceAffectsElement          CS/S1 CS/S3 CS/S5 P1/S2 P2/S2 P3/S2
ServiceAffectsElement          P4/S2 P5/S2 P6/S2 P7/S2 P8/S2 P9/S2
ElementCapabilities            S2/C4 S5/C5 HOST/C4 HOST/C5
ElementSettingData             CS/VSSD
"""

_LEGACY_EDGES = """
HostedDependency               CS/HOST
ElementSettingData             VSSD/VSSD R1/R1 R2/R2 R3/R3 R4/R4 R5/R5 R6/R6 R7/R7 R8/R8 R9/R9
ElementAllocatedFromPool       P3/P4 P5/P6
ElementConformsToProfile       F1/HOST F8/HOST F2/CS F9/CS F10/CS F11/CS F12/CS F13/CS
ElementConformsToProfile       F3/P5 F10/P5 F3/P6 F10/P6 F4/P3 F11/P3
ElementConformsToProfile       F4/P4 F11/P4 F5/P1 F12/P1 F6/P2 F13/P2
ElementConformsToProfile       F7/S3 F8/S4 F9/A1 F9/A2 F9/A3 F9/A4 F9/A5 F9/A6 F9/A7 F9/A8 F9/A9
"""

LEGACY_COUNTS: Mapping[str, int] = {
    "HostedDependency": 1,
    "SystemDevice": 9,
    "SettingsDefineState": 10,
    "VirtualSystemSettingDataComponent": 9,
    "ElementSettingData": 10,
    "ElementAllocatedFromPool": 13,
    "ResourceAllocationFromPool": 9,
    "HostedResourcePool": 9,
    "HostedService": 4,
    "HostedAccessPoint": 1,
    "ServiceAccessBySAP": 1,
    "SAPAvailableForElement": 1,
    "ServiceAffectsElement": 4,
    "ElementCapabilities": 25,
    "SettingsDefineCapabilities": 150,
    "ElementConformsToProfile": 31,
    "ReferencedProfile": 12,
    "ConcreteComponent": 0,
    "EntriesInFilterList": 0,
    "HostedFilterList": 0,
    "NestedFilterList": 0,
    "AppliedFilterList": 0,
}
"""How many instances each association has in legacy mode: what clients of libvirt-cim count."""

Edge = tuple[str, str, str]
"""Association, and the paths of its ends."""


def _rows(text: str) -> Iterator[list[str]]:
    return (line.split(maxsplit=2) for line in text.strip().splitlines())


def paths(prefix: str, host: str, *, strict: bool) -> Mapping[str, str]:
    """Return the path of each alias as a WBEM URI without a namespace."""
    scoped = (
        f'CreationClassName="{prefix}_%s",SystemCreationClassName="{prefix}_%s",SystemName="%s"'
    )
    found = {
        "HOST": f'{prefix}_HostSystem.CreationClassName="{prefix}_HostSystem",Name="{host}"',
        "CS": f'{prefix}_ComputerSystem.CreationClassName="{prefix}_ComputerSystem",Name="demo"',
        "VSSD": f'{prefix}_VirtualSystemSettingData.InstanceID="{prefix}:demo"',
        "SAP": f"{prefix}_KVMRedirectionSAP."
        + scoped % ("KVMRedirectionSAP", "ComputerSystem", "demo")
        + f',Name="{"vnc" if strict else "5900:0"}"',
    }
    for alias, base, name in _rows(_DEVICES):
        family = "Keyboard" if strict and name.startswith("keyboard") else base
        keys = scoped % (family, "ComputerSystem", "demo")
        found[alias] = f'{prefix}_{family}.{keys},DeviceID="demo/{name}"'
    for alias, base, name in _rows(_SETTINGS):
        found[alias] = f'{prefix}_{base}ResourceAllocationSettingData.InstanceID="demo/{name}"'
    for alias, base, name in _rows(_POOLS):
        found[alias] = f'{prefix}_{base}.InstanceID="{base}/{name}"'
        found[f"A{alias[1:]}"] = f'{prefix}_AllocationCapabilities.InstanceID="{base}/{name}"'
    for alias, base, name in _rows(_SERVICES):
        found[alias] = f'{prefix}_{base}.{scoped % (base, "HostSystem", host)},Name="{name}"'
    for alias, base, name in _rows(_CAPABILITIES):
        found[alias] = f'{prefix}_{base}.InstanceID="{name}"'
    for number, name in enumerate(PROFILES, 1):
        found[f"F{number}"] = f'{prefix}_RegisteredProfile.InstanceID="{name}"'
    return found


def _ends(named: Mapping[str, str], pair: str) -> tuple[str, str]:
    first, _, second = pair.partition("/")
    return named[first], named[second]


def edges(prefix: str, host: str, *, strict: bool) -> frozenset[Edge]:
    """Return the association instances that clients look for."""
    named = paths(prefix, host, strict=strict)
    text = _EDGES + (_STRICT_EDGES if strict else _LEGACY_EDGES).lstrip()
    return frozenset(
        (association, *_ends(named, pair))
        for association, *pairs in (line.split() for line in text.strip().splitlines())
        for pair in pairs
    )
