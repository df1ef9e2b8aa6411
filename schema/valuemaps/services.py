"""Numbers of services and of their capabilities: configuration, migration, power, metrics."""

from enum import IntEnum


class ManagementMethod(IntEnum):
    """CIM_VirtualSystemManagementCapabilities.SynchronousMethodsSupported, one entry."""

    DEFINESYSTEMSUPPORTED = 2
    DESTROYSYSTEMSUPPORTED = 3
    DESTROYSYSTEMCONFIGURATIONSUPPORTED = 4
    MODIFYRESOURCESETTINGSSUPPORTED = 5
    MODIFYSYSTEMSETTINGSSUPPORTED = 6
    REMOVERESOURCESSUPPORTED = 7
    SELECTSYSTEMCONFIGURATIONSUPPORTED = 8
    SNAPSHOTSYSTEMSUPPORTED = 9
    ADDRESOURCESSUPPORTED = 10


class PoolMethod(IntEnum):
    """CIM_ResourcePoolConfigurationCapabilities.SynchronousMethodsSupported, one entry."""

    CREATERESOURCEPOOL_IS_SUPPORTED = 2
    CREATECHILD_RESOURCEPOOL_IS_SUPPORTED = 3
    DELETERESOURCEPOOL_IS_SUPPORTED = 4
    ADDRESOURCESTORESOURCEPOOL_IS_SUPPORTED = 5
    REMOVERESOURCESFROMRESOURCEPOOL_IS_SUPPORTED = 6
    CIM_CHANGEPARENTRESOURCEPOOL_IS_SUPPORTED = 7


class PoolConfigurationCode(IntEnum):
    """Return value of CIM_ResourcePoolConfigurationService.CreateChildResourcePool."""

    JOB_COMPLETED_WITH_NO_ERROR = 0
    NOT_SUPPORTED = 1
    UNKNOWN = 2
    TIMEOUT = 3
    FAILED = 4
    INVALID_PARAMETER = 5
    IN_USE = 6
    INCORRECT_RESOURCETYPE_FOR_THE_POOL = 7
    INSUFFICIENT_RESOURCES = 8
    METHOD_PARAMETERS_CHECKED_JOB_STARTED = 4096
    SIZE_NOT_SUPPORTED = 4097


class MigrationMethod(IntEnum):
    """CIM_VirtualSystemMigrationCapabilities.SynchronousMethodsSupported, one entry."""

    MIGRATEVIRTUALSYSTEMTOHOSTSUPPORTED = 2
    MIGRATEVIRTUALSYSTEMTOSYSTEMSUPPORTED = 3
    CHECKVIRTUALSYSTEMISMIGRATABLETOHOSTSUPPORTED = 4
    CHECKVIRTUALSYSTEMISMIGRATABLETOSYSTEMSUPPORTED = 5


class DestinationHostFormat(IntEnum):
    """CIM_VirtualSystemMigrationCapabilities.DestinationHostFormatsSupported, one entry."""

    DOMAINNAMEFORMATSUPPORTED = 2
    IPV4DOTTEDDECIMALFORMATSUPPORTED = 3
    IPV6TEXTFORMATSUPPORTED = 4


class MigrationType(IntEnum):
    """CIM_VirtualSystemMigrationSettingData.MigrationType."""

    UNKNOWN = 0
    OTHER = 1
    LIVE = 2
    RESUME = 3
    RESTART = 4


class TransportType(IntEnum):
    """CIM_VirtualSystemMigrationSettingData.TransportType."""

    UNKNOWN = 0
    OTHER = 1
    SSH = 2
    TLS = 3
    TLS_STRICT = 4
    TCP = 5
    IPC = 6


class StorageCopy(IntEnum):
    """Virt_VirtualSystemMigrationSettingData.StorageCopy."""

    NONE = 0
    ALL = 1
    INCREMENT = 2


class SnapshotMethod(IntEnum):
    """CIM_VirtualSystemSnapshotServiceCapabilities.SynchronousMethodsSupported, one entry."""

    CREATESNAPSHOTSUPPORTED = 2
    DESTROYSNAPSHOTSUPPORTED = 3
    APPLYSNAPSHOTSUPPORTED = 4


class SnapshotType(IntEnum):
    """CIM_VirtualSystemSnapshotServiceCapabilities.SnapshotTypesSupported, one entry."""

    FULL_SNAPSHOT = 2
    DISK_SNAPSHOT = 3


class SnapshotCode(IntEnum):
    """Return value of CIM_VirtualSystemSnapshotService.CreateSnapshot, and of its other methods."""

    COMPLETED_WITH_NO_ERROR = 0
    NOT_SUPPORTED = 1
    FAILED = 2
    TIMEOUT = 3
    INVALID_PARAMETER = 4
    INVALID_STATE = 5
    INVALID_TYPE = 6
    METHOD_PARAMETERS_CHECKED_JOB_STARTED = 4096


class RedirectionServiceType(IntEnum):
    """CIM_RedirectionService.RedirectionServiceType, one entry."""

    UNKNOWN = 0
    OTHER = 1
    TEXT = 2
    KVM = 3
    USB = 4
    MEDIA = 5


class RedirectionSharingMode(IntEnum):
    """CIM_RedirectionService.SharingMode."""

    UNKNOWN = 0
    EXCLUSIVE = 2
    SHARED = 3


class KVMProtocol(IntEnum):
    """CIM_KVMRedirectionSAP.KVMProtocol."""

    UNKNOWN = 0
    OTHER = 1
    RAW = 2
    RDP = 3
    VNC_RFB = 4


class PowerState(IntEnum):
    """CIM_AssociatedPowerManagementService.PowerState."""

    OTHER = 1
    ON = 2
    SLEEP_LIGHT = 3
    SLEEP_DEEP = 4
    POWER_CYCLE_OFF_SOFT = 5
    OFF_HARD = 6
    HIBERNATE_OFF_SOFT = 7
    OFF_SOFT = 8
    POWER_CYCLE_OFF_HARD = 9
    MASTER_BUS_RESET = 10
    DIAGNOSTIC_INTERRUPT_NMI = 11
    OFF_SOFT_GRACEFUL = 12
    OFF_HARD_GRACEFUL = 13
    MASTER_BUS_RESET_GRACEFUL = 14
    POWER_CYCLE_OFF_SOFT_GRACEFUL = 15
    POWER_CYCLE_OFF_HARD_GRACEFUL = 16
    DIAGNOSTIC_INTERRUPT_INIT = 17


class RequestedPowerState(IntEnum):
    """CIM_AssociatedPowerManagementService.RequestedPowerState.

    From 12 on the numbers are not those of PowerState.
    """

    UNKNOWN = 0
    OTHER = 1
    ON = 2
    SLEEP_LIGHT = 3
    SLEEP_DEEP = 4
    POWER_CYCLE_OFF_SOFT = 5
    OFF_HARD = 6
    HIBERNATE_OFF_SOFT = 7
    OFF_SOFT = 8
    POWER_CYCLE_OFF_HARD = 9
    MASTER_BUS_RESET = 10
    DIAGNOSTIC_INTERRUPT_NMI = 11
    NOT_APPLICABLE = 12
    OFF_SOFT_GRACEFUL = 13
    OFF_HARD_GRACEFUL = 14
    MASTER_BUS_RESET_GRACEFUL = 15
    POWER_CYCLE_OFF_SOFT_GRACEFUL = 16
    POWER_CYCLE_OFF_HARD_GRACEFUL = 17
    DIAGNOSTIC_INTERRUPT_INIT = 18


class PowerChangeCapability(IntEnum):
    """CIM_PowerManagementCapabilities.PowerChangeCapabilities, one entry."""

    UNKNOWN = 0
    OTHER = 1
    POWER_SAVING_MODES_ENTERED_AUTOMATICALLY = 2
    POWER_STATE_SETTABLE = 3
    POWER_CYCLING_SUPPORTED = 4
    TIMED_POWER_ON_SUPPORTED = 5
    OFF_HARD_POWER_CYCLING_SUPPORTED = 6
    HW_RESET_SUPPORTED = 7
    GRACEFUL_SHUTDOWN_SUPPORTED = 8


class ElementEffects(IntEnum):
    """CIM_ServiceAffectsElement.ElementEffects, one entry."""

    UNKNOWN = 0
    OTHER = 1
    EXCLUSIVE_USE = 2
    PERFORMANCE_IMPACT = 3
    ELEMENT_INTEGRITY = 4
    MANAGES = 5
    CONSUMES = 6
    ENHANCES_INTEGRITY = 7
    DEGRADES_INTEGRITY = 8
    ENHANCES_PERFORMANCE = 9
    DEGRADES_PERFORMANCE = 10


class MetricMethod(IntEnum):
    """CIM_MetricServiceCapabilities.SupportedMethods, one entry."""

    CONTROLMETRICS = 2
    CONTROLMETRICSBYCLASS = 3
    SHOWMETRICS = 4
    SHOWMETRICSBYCLASS = 5
    GETMETRICVALUES = 6
    CONTROLSAMPLETIMES = 7


class MetricDataType(IntEnum):
    """CIM_BaseMetricDefinition.DataType."""

    BOOLEAN = 1
    CHAR16 = 2
    DATETIME = 3
    REAL32 = 4
    REAL64 = 5
    SINT16 = 6
    SINT32 = 7
    SINT64 = 8
    SINT8 = 9
    STRING = 10
    UINT16 = 11
    UINT32 = 12
    UINT64 = 13
    UINT8 = 14


class Calculable(IntEnum):
    """CIM_BaseMetricDefinition.Calculable."""

    NON_CALCULABLE = 1
    SUMMABLE = 2
    NON_SUMMABLE = 3


class ChangeType(IntEnum):
    """CIM_BaseMetricDefinition.ChangeType."""

    UNKNOWN = 0
    N_A = 2
    COUNTER = 3
    GAUGE = 4


class TimeScope(IntEnum):
    """CIM_BaseMetricDefinition.TimeScope."""

    UNKNOWN = 0
    POINT = 2
    INTERVAL = 3
    STARTUPINTERVAL = 4


class GatheringType(IntEnum):
    """CIM_BaseMetricDefinition.GatheringType."""

    UNKNOWN = 0
    ONCHANGE = 2
    PERIODIC = 3
    ONREQUEST = 4
