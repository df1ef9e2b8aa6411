"""Numbers of settings, of their relations and of the pools that they are allocated from."""

from enum import IntEnum


class ResourceType(IntEnum):
    """Virt_ResourceAllocationSettingData.ResourceType.

    The maps of CIM_ResourcePool and CIM_AllocationCapabilities have those below 32768 with the same
    meaning.
    """

    OTHER = 1
    COMPUTER_SYSTEM = 2
    PROCESSOR = 3
    MEMORY = 4
    IDE_CONTROLLER = 5
    PARALLEL_SCSI_HBA = 6
    FC_HBA = 7
    ISCSI_HBA = 8
    IB_HCA = 9
    ETHERNET_ADAPTER = 10
    OTHER_NETWORK_ADAPTER = 11
    I_O_SLOT = 12
    I_O_DEVICE = 13
    FLOPPY_DRIVE = 14
    CD_DRIVE = 15
    DVD_DRIVE = 16
    DISK_DRIVE = 17
    TAPE_DRIVE = 18
    STORAGE_EXTENT = 19
    OTHER_STORAGE_DEVICE = 20
    SERIAL_PORT = 21
    PARALLEL_PORT = 22
    USB_CONTROLLER = 23
    GRAPHICS_CONTROLLER = 24
    IEEE_1394_CONTROLLER = 25
    PARTITIONABLE_UNIT = 26
    BASE_PARTITIONABLE_UNIT = 27
    POWER = 28
    COOLING_CAPACITY = 29
    ETHERNET_SWITCH_PORT = 30
    LOGICAL_DISK = 31
    STORAGE_VOLUME = 32
    ETHERNET_CONNECTION = 33
    STORAGE_VOLUME_IMAGE = 32768
    CONSOLE = 32769
    EMULATOR = 32770
    CONTROLLER = 32771


class ConsumerVisibility(IntEnum):
    """CIM_ResourceAllocationSettingData.ConsumerVisibility."""

    UNKNOWN = 0
    PASSED_THROUGH = 2
    VIRTUALIZED = 3
    NOT_REPRESENTED = 4


class EmulatedType(IntEnum):
    """Virt_DiskResourceAllocationSettingData.EmulatedType."""

    DISK = 0
    CDROM = 1
    FLOPPY = 2
    FILESYSTEM = 3
    LUN = 4


class CharacterSourceType(IntEnum):
    """Virt_CharacterResourceAllocationSettingData.SourceType."""

    NULL = 0
    VC = 1
    PTY = 2
    DEV = 3
    FILE = 4
    PIPE = 5
    STDIO = 6
    UDP = 7
    TCP = 8
    UNIX = 9
    SPICEVMC = 10
    SPICEPORT = 11
    NMDM = 12
    QEMU_VDAGENT = 13
    DBUS = 14


class NetworkPoolForwardMode(IntEnum):
    """Virt_NetPoolResourceAllocationSettingData.ForwardMode."""

    NONE = 0
    NAT = 1
    ROUTED = 2
    OPEN = 3
    BRIDGE = 4
    PRIVATE = 5
    VEPA = 6
    PASSTHROUGH = 7


class DiskPoolType(IntEnum):
    """Virt_DiskPoolResourceAllocationSettingData.Type."""

    UNKNOWN = 0
    DIRECTORY = 1
    FILE_SYSTEM = 2
    NETWORK_FILE_SYSTEM = 3
    DISK = 4
    ISCSI = 5
    LOGICAL = 6
    SCSI_HBA = 7


class VolumeFormatType(IntEnum):
    """Virt_StorageVolumeResourceAllocationSettingData.FormatType."""

    UNKNOWN = 0
    RAW = 1
    QCOW2 = 2


class ClockOffset(IntEnum):
    """Virt_VirtualSystemSettingData.ClockOffset."""

    UTC = 0
    LOCAL = 1


class AutomaticStartupAction(IntEnum):
    """CIM_VirtualSystemSettingData.AutomaticStartupAction."""

    NONE = 2
    RESTART_IF_PREVIOUSLY_ACTIVE = 3
    ALWAYS_STARTUP = 4


class AutomaticShutdownAction(IntEnum):
    """Virt_VirtualSystemSettingData.AutomaticShutdownAction."""

    TURN_OFF = 2
    SAVE_STATE = 3
    SHUTDOWN = 4


class AutomaticRecoveryAction(IntEnum):
    """CIM_VirtualSystemSettingData.AutomaticRecoveryAction."""

    NONE = 2
    RESTART = 3
    REVERT_TO_SNAPSHOT = 4


class IsDefault(IntEnum):
    """CIM_ElementSettingData.IsDefault."""

    UNKNOWN = 0
    IS_DEFAULT = 1
    IS_NOT_DEFAULT = 2


class IsCurrent(IntEnum):
    """CIM_ElementSettingData.IsCurrent."""

    UNKNOWN = 0
    IS_CURRENT = 1
    IS_NOT_CURRENT = 2


class IsNext(IntEnum):
    """CIM_ElementSettingData.IsNext."""

    UNKNOWN = 0
    IS_NEXT = 1
    IS_NOT_NEXT = 2
    IS_NEXT_FOR_SINGLE_USE = 3


class IsMinimum(IntEnum):
    """Virt_ElementSettingData.IsMinimum."""

    UNKNOWN = 0
    NOT_APPLICABLE = 1
    IS_MINIMUM = 2
    IS_NOT_MINIMUM = 3


class IsMaximum(IntEnum):
    """Virt_ElementSettingData.IsMaximum."""

    UNKNOWN = 0
    NOT_APPLICABLE = 1
    IS_MAXIMUM = 2
    IS_NOT_MAXIMUM = 3


class PropertyPolicy(IntEnum):
    """CIM_SettingsDefineCapabilities.PropertyPolicy."""

    INDEPENDENT = 0
    CORRELATED = 1


class ValueRole(IntEnum):
    """CIM_SettingsDefineCapabilities.ValueRole."""

    DEFAULT = 0
    OPTIMAL = 1
    MEAN = 2
    SUPPORTED = 3


class ValueRange(IntEnum):
    """CIM_SettingsDefineCapabilities.ValueRange."""

    POINT = 0
    MINIMUMS = 1
    MAXIMUMS = 2
    INCREMENTS = 3


class RequestTypesSupported(IntEnum):
    """CIM_AllocationCapabilities.RequestTypesSupported."""

    UNKNOWN = 0
    SPECIFIC = 2
    GENERAL = 3
    BOTH = 4


class AllocationSharingMode(IntEnum):
    """CIM_AllocationCapabilities.SharingMode."""

    UNKNOWN = 0
    OTHER = 1
    DEDICATED = 2
    SHARED = 3
