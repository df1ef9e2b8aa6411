"""Numbers that many classes have in common: states, health, capabilities and profiles."""

from enum import IntEnum


class EnabledState(IntEnum):
    """CIM_EnabledLogicalElement.EnabledState."""

    UNKNOWN = 0
    OTHER = 1
    ENABLED = 2
    DISABLED = 3
    SHUTTING_DOWN = 4
    NOT_APPLICABLE = 5
    ENABLED_BUT_OFFLINE = 6
    IN_TEST = 7
    DEFERRED = 8
    QUIESCE = 9
    STARTING = 10


class RequestedState(IntEnum):
    """CIM_EnabledLogicalElement.RequestedState.

    The maps of AvailableRequestedStates, TransitioningToState, RequestedStatesSupported and of the
    parameter of RequestStateChange have some of these numbers with the same meaning.
    """

    UNKNOWN = 0
    ENABLED = 2
    DISABLED = 3
    SHUT_DOWN = 4
    NO_CHANGE = 5
    OFFLINE = 6
    TEST = 7
    DEFERRED = 8
    QUIESCE = 9
    REBOOT = 10
    RESET = 11
    NOT_APPLICABLE = 12


class EnabledDefault(IntEnum):
    """CIM_EnabledLogicalElement.EnabledDefault."""

    ENABLED = 2
    DISABLED = 3
    NOT_APPLICABLE = 5
    ENABLED_BUT_OFFLINE = 6
    NO_DEFAULT = 7
    QUIESCE = 9


class RequestStateChangeCode(IntEnum):
    """Return value of CIM_EnabledLogicalElement.RequestStateChange."""

    COMPLETED_WITH_NO_ERROR = 0
    NOT_SUPPORTED = 1
    UNKNOWN_OR_UNSPECIFIED_ERROR = 2
    CANNOT_COMPLETE_WITHIN_TIMEOUT_PERIOD = 3
    FAILED = 4
    INVALID_PARAMETER = 5
    IN_USE = 6
    METHOD_PARAMETERS_CHECKED_JOB_STARTED = 4096
    INVALID_STATE_TRANSITION = 4097
    USE_OF_TIMEOUT_PARAMETER_NOT_SUPPORTED = 4098
    BUSY = 4099


class HealthState(IntEnum):
    """CIM_ManagedSystemElement.HealthState."""

    UNKNOWN = 0
    OK = 5
    DEGRADED_WARNING = 10
    MINOR_FAILURE = 15
    MAJOR_FAILURE = 20
    CRITICAL_FAILURE = 25
    NON_RECOVERABLE_ERROR = 30


class OperationalStatus(IntEnum):
    """CIM_ManagedSystemElement.OperationalStatus, one entry."""

    UNKNOWN = 0
    OTHER = 1
    OK = 2
    DEGRADED = 3
    STRESSED = 4
    PREDICTIVE_FAILURE = 5
    ERROR = 6
    NON_RECOVERABLE_ERROR = 7
    STARTING = 8
    STOPPING = 9
    STOPPED = 10
    IN_SERVICE = 11
    NO_CONTACT = 12
    LOST_COMMUNICATION = 13
    ABORTED = 14
    DORMANT = 15
    SUPPORTING_ENTITY_IN_ERROR = 16
    COMPLETED = 17
    POWER_MODE = 18
    RELOCATING = 19


class OperatingStatus(IntEnum):
    """Virt_ComputerSystem.OperatingStatus; STARTED is ours, out of the range for vendors."""

    UNKNOWN = 0
    NOT_AVAILABLE = 1
    SERVICING = 2
    STARTING = 3
    STOPPING = 4
    STOPPED = 5
    ABORTED = 6
    DORMANT = 7
    COMPLETED = 8
    MIGRATING = 9
    EMIGRATING = 10
    IMMIGRATING = 11
    SNAPSHOTTING = 12
    SHUTTING_DOWN = 13
    IN_TEST = 14
    TRANSITIONING = 15
    IN_SERVICE = 16
    STARTED = 32768


class PrimaryStatus(IntEnum):
    """CIM_ManagedSystemElement.PrimaryStatus."""

    UNKNOWN = 0
    OK = 1
    DEGRADED = 2
    ERROR = 3


class DetailedStatus(IntEnum):
    """CIM_ManagedSystemElement.DetailedStatus."""

    NOT_AVAILABLE = 0
    NO_ADDITIONAL_INFORMATION = 1
    STRESSED = 2
    PREDICTIVE_FAILURE = 3
    NON_RECOVERABLE_ERROR = 4
    SUPPORTING_ENTITY_IN_ERROR = 5


class CommunicationStatus(IntEnum):
    """CIM_ManagedSystemElement.CommunicationStatus."""

    UNKNOWN = 0
    NOT_AVAILABLE = 1
    COMMUNICATION_OK = 2
    LOST_COMMUNICATION = 3
    NO_CONTACT = 4


class Characteristics(IntEnum):
    """CIM_ElementCapabilities.Characteristics, one entry."""

    DEFAULT = 2
    CURRENT = 3


class SpecificationType(IntEnum):
    """CIM_RegisteredSpecification.SpecificationType."""

    OTHER = 1
    PROFILE = 2
    INITIATIVE_WRAPPER = 3
    MAPPING = 4


class AdvertiseTypes(IntEnum):
    """CIM_RegisteredSpecification.AdvertiseTypes, one entry."""

    OTHER = 1
    NOT_ADVERTISED = 2
    SLP = 3
    WS_IDENTIFY = 4


class RegisteredOrganization(IntEnum):
    """CIM_RegisteredSpecification.RegisteredOrganization."""

    OTHER = 1
    DMTF = 2
    COMPTIA = 3
    CONSORTIUM_FOR_SERVICE_INNOVATION = 4
    FAST = 5
    GGF = 6
    INTAP = 7
    ITSMF = 8
    NAC = 9
    NORTHWEST_ENERGY_EFFICIENCY_ALLIANCE = 10
    SNIA = 11
    TM_FORUM = 12
    THE_OPEN_GROUP = 13
    ANSI = 14
    IEEE = 15
    IETF = 16
    INCITS = 17
    ISO = 18
    W3C = 19
    OGF = 20
    THE_GREEN_GRID = 21
