"""What can go wrong with a hypervisor, by situation.

A driver maps its native errors to these by one table. The rule: a leaf exists only where a caller
acts differently.
"""


class HypervisorError(Exception):
    """Base of everything a driver raises.

    detail: the hypervisor's own text; may be shown to clients.
    """

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class DomainNotFound(HypervisorError):
    """The domain does not exist (any more)."""


class InvalidState(HypervisorError):
    """The operation is not valid in the domain's present state."""


class NotSupported(HypervisorError):
    """The hypervisor cannot do that, in whatever state."""


class Busy(HypervisorError):
    """Another operation holds the domain, or all workers are busy; nothing was changed."""


class AccessDenied(HypervisorError):
    """The hypervisor refuses us."""


class ConnectionLost(HypervisorError):
    """The connection broke; whether the operation took effect is unknown."""


class ConnectionFailed(HypervisorError):
    """No connection could be made; nothing was changed."""


class DeadlineExceeded(HypervisorError):
    """The hypervisor did not answer in time; whether the operation took effect is unknown."""


class InvalidArgument(HypervisorError):
    """The hypervisor does not understand what was asked."""


class AlreadyExists(HypervisorError):
    """An object of that name or UUID exists."""


class MigrationFailed(HypervisorError):
    """A migration ended without moving the domain."""


class HypervisorFailure(HypervisorError):
    """Everything else: the hypervisor tried and failed."""
