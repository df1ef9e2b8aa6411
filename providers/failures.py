"""Failures of a hypervisor → CIM errors, for methods and operations without a code of their own.

The rule: the text says what was tried and on what, and then what the hypervisor said.
"""

from collections.abc import Mapping

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

STATUSES: Mapping[type[errors.HypervisorError], type[WBEMError]] = {
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
}  # fmt: skip
"""Total over the situations."""


def error_of(error: errors.HypervisorError, tried: str) -> WBEMError:
    """Return the CIM error for a failure of what was tried."""
    return STATUSES.get(type(error), Failed)(f"{tried}: {error.detail}")
