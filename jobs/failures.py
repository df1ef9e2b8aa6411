"""How work fails: a CIM status and a sentence; the hypervisor's situations by one table."""

from collections.abc import Mapping
from types import MappingProxyType

from virtcim.hypervisors import errors
from virtcim.wbem.status import (
    AccessDenied,
    AlreadyExists,
    Failed,
    InvalidParameter,
    NotFound,
    NotSupported,
    WBEMError,
)

# Total over the leaves of HypervisorError.
# fmt: off
STATUS_OF: Mapping[type[errors.HypervisorError], type[WBEMError]] = MappingProxyType({
    errors.DomainNotFound:    NotFound,
    errors.InvalidState:      Failed,
    errors.NotSupported:      NotSupported,
    errors.Busy:              Failed,
    errors.AccessDenied:      AccessDenied,
    errors.ConnectionLost:    Failed,
    errors.ConnectionFailed:  Failed,
    errors.DeadlineExceeded:  Failed,
    errors.InvalidArgument:   InvalidParameter,
    errors.AlreadyExists:     AlreadyExists,
    errors.MigrationFailed:   Failed,
    errors.HypervisorFailure: Failed,
})
# fmt: on


def wbem_error(error: errors.HypervisorError, sentence: str) -> WBEMError:
    """Return the CIM error for what a hypervisor said; the sentence says what was being done."""
    return STATUS_OF[type(error)](f"{sentence}: {error.detail}")


class JobFailed(Exception):
    """Work has failed in a way that it knows; `error` is what a client is told."""

    def __init__(self, error: WBEMError) -> None:
        super().__init__(error.description)
        self.error = error


def told(error: Exception) -> tuple[int, str]:
    """Return what a job says of an error: the CIM status code, and the sentence."""
    if isinstance(error, JobFailed):
        return error.error.status.value, error.error.reason
    if isinstance(error, errors.HypervisorError):
        return STATUS_OF[type(error)].status.value, error.detail
    return Failed.status.value, str(error)
