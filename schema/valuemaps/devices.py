"""Numbers of devices, switches and network filters."""

from enum import IntEnum


class CPUStatus(IntEnum):
    """CIM_Processor.CPUStatus."""

    UNKNOWN = 0
    CPU_ENABLED = 1
    CPU_DISABLED_BY_USER = 2
    CPU_DISABLED_BY_BIOS_POST_ERROR = 3
    CPU_IS_IDLE = 4
    OTHER = 7


class LinkTechnology(IntEnum):
    """CIM_NetworkPort.LinkTechnology."""

    UNKNOWN = 0
    OTHER = 1
    ETHERNET = 2
    IB = 3
    FC = 4
    FDDI = 5
    ATM = 6
    TOKEN_RING = 7
    FRAME_RELAY = 8
    INFRARED = 9
    BLUETOOTH = 10
    WIRELESS_LAN = 11


class PortType(IntEnum):
    """CIM_LogicalPort.PortType."""

    UNKNOWN = 0
    OTHER = 1
    NOT_APPLICABLE = 2


class ProtocolIFType(IntEnum):
    """CIM_ProtocolEndpoint.ProtocolIFType, those in use."""

    UNKNOWN = 0
    OTHER = 1
    ETHERNET_CSMA_CD = 6
    LAYER_2_VLAN_USING_802_1Q = 135


class EndpointMode(IntEnum):
    """CIM_VLANEndpoint.OperationalEndpointMode; DesiredEndpointMode has the same."""

    DMTF_RESERVED = 0
    OTHER = 1
    ACCESS = 2
    DYNAMIC_AUTO = 3
    DYNAMIC_DESIRABLE = 4
    TRUNK = 5
    DOT1Q_TUNNEL = 6


class PointingType(IntEnum):
    """CIM_PointingDevice.PointingType."""

    OTHER = 1
    UNKNOWN = 2
    MOUSE = 3
    TRACK_BALL = 4
    TRACK_POINT = 5
    GLIDE_POINT = 6
    TOUCH_PAD = 7
    TOUCH_SCREEN = 8
    MOUSE_OPTICAL_SENSOR = 9


class ProtocolSupported(IntEnum):
    """Virt_Controller.ProtocolSupported, those in use."""

    OTHER = 1
    UNKNOWN = 2
    ISA = 4
    PCI = 5
    FLEXIBLE_DISKETTE = 7
    SCSI_SERIAL_STORAGE_ARCHITECTURE = 13
    UNIVERSAL_SERIAL_BUS = 16
    IDE = 37
    SERIAL_ATA = 48
    CCID = 32768
    VIRTIO_SERIAL = 32769
    XEN_BUS = 32770


class WatchdogAction(IntEnum):
    """CIM_Watchdog.ActionOnExpiration."""

    NONE_STATUS_ONLY = 0
    SYSTEM_RESET = 1
    SYSTEM_POWER_OFF = 2
    SYSTEM_POWER_OFF_THEN_ON = 3
    GENERATE_SYSTEM_NONMASKABLEINTERRUPT_NMI = 4
    GENERATE_SYSTEM_MANAGEMENT_INTERRUPT_SMI = 5


class MonitoredEntity(IntEnum):
    """CIM_Watchdog.MonitoredEntity."""

    UNKNOWN = 0
    OTHER = 1
    OPERATING_SYSTEM = 2
    OPERATING_SYSTEM_BOOT_PROCESS = 3
    OPERATING_SYSTEM_SHUTDOWN_PROCESS = 4
    FIRMWARE_BOOT_PROCESS = 5
    BIOS_BOOT_PROCESS = 6
    APPLICATION = 7
    SERVICE_PROCESSOR = 8


class Dedicated(IntEnum):
    """CIM_ComputerSystem.Dedicated, one entry, those in use."""

    NOT_DEDICATED = 0
    UNKNOWN = 1
    OTHER = 2
    SWITCH = 5
    ETHERNET_SWITCH = 38
    SERVER = 39


class FilterAction(IntEnum):
    """Virt_Hdr8021Filter.Action; the other kinds of rules have the same."""

    PERMIT = 1
    DENY = 2
    REJECT = 3
    RETURN = 4
    CONTINUE = 5


class FilterDirection(IntEnum):
    """Virt_Hdr8021Filter.Direction; the other kinds of rules and the lists have the same."""

    NOT_APPLICABLE = 0
    INPUT = 1
    OUTPUT = 2
    BOTH = 3
    MIRRORED = 4


class HdrIPVersion(IntEnum):
    """CIM_IPHeadersFilter.HdrIPVersion."""

    IPV4 = 4
    IPV6 = 6
