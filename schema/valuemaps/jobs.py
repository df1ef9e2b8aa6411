"""Numbers of jobs (DSP1103)."""

from enum import IntEnum


class JobState(IntEnum):
    """CIM_ConcreteJob.JobState."""

    NEW = 2
    STARTING = 3
    RUNNING = 4
    SUSPENDED = 5
    SHUTTING_DOWN = 6
    COMPLETED = 7
    TERMINATED = 8
    KILLED = 9
    EXCEPTION = 10
    SERVICE = 11
    QUERY_PENDING = 12


class JobStateChangeCode(IntEnum):
    """CIM_ConcreteJob.RequestStateChange."""

    COMPLETED_WITH_NO_ERROR = 0
    NOT_SUPPORTED = 1
    UNKNOWN_UNSPECIFIED_ERROR = 2
    CAN_NOT_COMPLETE_WITHIN_TIMEOUT_PERIOD = 3
    FAILED = 4
    INVALID_PARAMETER = 5
    IN_USE = 6
    METHOD_PARAMETERS_CHECKED_TRANSITION_STARTED = 4096
    INVALID_STATE_TRANSITION = 4097
    USE_OF_TIMEOUT_PARAMETER_NOT_SUPPORTED = 4098
    BUSY = 4099


class JobKillCode(IntEnum):
    """CIM_Job.KillJob."""

    SUCCESS = 0
    NOT_SUPPORTED = 1
    UNKNOWN = 2
    TIMEOUT = 3
    FAILED = 4
    ACCESS_DENIED = 6
    NOT_FOUND = 7


class JobErrorCode(IntEnum):
    """CIM_ConcreteJob.GetErrors."""

    SUCCESS = 0
    NOT_SUPPORTED = 1
    UNSPECIFIED_ERROR = 2
    TIMEOUT = 3
    FAILED = 4
    INVALID_PARAMETER = 5
    ACCESS_DENIED = 6


class ErrorType(IntEnum):
    """CIM_Error.ErrorType."""

    UNKNOWN = 0
    OTHER = 1
    COMMUNICATIONS_ERROR = 2
    QUALITY_OF_SERVICE_ERROR = 3
    SOFTWARE_ERROR = 4
    HARDWARE_ERROR = 5
    ENVIRONMENTAL_ERROR = 6
    SECURITY_ERROR = 7
    OVERSUBSCRIPTION_ERROR = 8
    UNAVAILABLE_RESOURCE_ERROR = 9
    UNSUPPORTED_OPERATION_ERROR = 10


class ElementEffect(IntEnum):
    """CIM_AffectedJobElement.ElementEffects, one entry."""

    UNKNOWN = 0
    OTHER = 1
    EXCLUSIVE_USE = 2
    PERFORMANCE_IMPACT = 3
    ELEMENT_INTEGRITY = 4
    CREATE = 5
