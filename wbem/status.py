"""CIM status codes and the errors that carry them.

Whatever goes wrong inside an operation becomes one of these; the listener turns it into an ERROR
element. A new leaf registers itself under its code, so a code read elsewhere finds its class.
"""

from enum import IntEnum
from typing import ClassVar

LONGEST_REASON = 1000
"""Characters; a reason may repeat what a client sent, and that may be megabytes."""


class Status(IntEnum):
    """CIM status codes (DSP0200 section 5.2.7)."""

    FAILED = 1
    ACCESS_DENIED = 2
    INVALID_NAMESPACE = 3
    INVALID_PARAMETER = 4
    INVALID_CLASS = 5
    NOT_FOUND = 6
    NOT_SUPPORTED = 7
    CLASS_HAS_CHILDREN = 8
    CLASS_HAS_INSTANCES = 9
    INVALID_SUPERCLASS = 10
    ALREADY_EXISTS = 11
    NO_SUCH_PROPERTY = 12
    TYPE_MISMATCH = 13
    QUERY_LANGUAGE_NOT_SUPPORTED = 14
    INVALID_QUERY = 15
    METHOD_NOT_AVAILABLE = 16
    METHOD_NOT_FOUND = 17
    NAMESPACE_NOT_EMPTY = 20
    INVALID_ENUMERATION_CONTEXT = 21
    INVALID_OPERATION_TIMEOUT = 22
    PULL_HAS_BEEN_ABANDONED = 23
    PULL_CANNOT_BE_ABANDONED = 24
    FILTERED_ENUMERATION_NOT_SUPPORTED = 25
    CONTINUATION_ON_ERROR_NOT_SUPPORTED = 26
    SERVER_LIMITS_EXCEEDED = 27
    SERVER_IS_SHUTTING_DOWN = 28
    QUERY_FEATURE_NOT_SUPPORTED = 29


class WBEMError(Exception):
    """An operation failed; `reason` is one sentence for the client, without host paths."""

    status: ClassVar[Status]
    by_status: ClassVar[dict[Status, type["WBEMError"]]] = {}

    def __init_subclass__(cls) -> None:
        """Register the leaf under its code."""
        WBEMError.by_status[cls.status] = cls

    def __init__(self, reason: str) -> None:
        reason = reason[:LONGEST_REASON]
        super().__init__(reason)
        self.reason = reason

    @property
    def description(self) -> str:
        """The DESCRIPTION of the ERROR element; clients parse its `CIM_ERR_X: ` head."""
        return f"CIM_ERR_{self.status.name}: {self.reason}"


class Failed(WBEMError):
    """Something failed that no other code names."""

    status = Status.FAILED


class AccessDenied(WBEMError):
    """The user may not do this."""

    status = Status.ACCESS_DENIED


class InvalidNamespace(WBEMError):
    """The namespace does not exist."""

    status = Status.INVALID_NAMESPACE

    def __init__(self, namespace: str) -> None:
        super().__init__(f"namespace '{namespace}' does not exist")


class InvalidParameter(WBEMError):
    """A parameter is missing, duplicate, unrecognised or otherwise wrong."""

    status = Status.INVALID_PARAMETER


class InvalidClass(WBEMError):
    """The class does not exist in the namespace."""

    status = Status.INVALID_CLASS

    def __init__(self, class_name: str, namespace: str) -> None:
        super().__init__(f"class {class_name} does not exist in namespace {namespace}")


class NotFound(WBEMError):
    """The object does not exist."""

    status = Status.NOT_FOUND


class NotSupported(WBEMError):
    """The operation exists but is not served for this target."""

    status = Status.NOT_SUPPORTED


class ClassHasChildren(WBEMError):
    """The class has subclasses, and cannot be changed or removed."""

    status = Status.CLASS_HAS_CHILDREN


class ClassHasInstances(WBEMError):
    """The class has instances, and cannot be changed or removed."""

    status = Status.CLASS_HAS_INSTANCES


class InvalidSuperclass(WBEMError):
    """The superclass does not exist."""

    status = Status.INVALID_SUPERCLASS


class NamespaceNotEmpty(WBEMError):
    """The namespace has something in it, and cannot be removed."""

    status = Status.NAMESPACE_NOT_EMPTY


class AlreadyExists(WBEMError):
    """Something with that name or key exists."""

    status = Status.ALREADY_EXISTS


class NoSuchProperty(WBEMError):
    """The class does not have the property."""

    status = Status.NO_SUCH_PROPERTY

    def __init__(self, class_name: str, name: str) -> None:
        super().__init__(f"class {class_name} has no property {name}")


class TypeMismatch(WBEMError):
    """The value is not of the property's type."""

    status = Status.TYPE_MISMATCH


class MethodNotAvailable(WBEMError):
    """The class declares the method but nobody implements it here."""

    status = Status.METHOD_NOT_AVAILABLE


class MethodNotFound(WBEMError):
    """The class does not declare the method."""

    status = Status.METHOD_NOT_FOUND

    def __init__(self, class_name: str, method: str) -> None:
        super().__init__(f"class {class_name} has no method {method}")


class InvalidEnumerationContext(WBEMError):
    """The context is not that of an open enumeration which this client may continue so.

    What is wrong with it is not said: whoever guesses learns nothing.
    """

    status = Status.INVALID_ENUMERATION_CONTEXT

    def __init__(self) -> None:
        super().__init__(
            "the EnumerationContext is not, or not any more, that of an open enumeration of this"
            " user, namespace and kind"
        )


class InvalidOperationTimeout(WBEMError):
    """Nobody may keep an enumeration open for so long."""

    status = Status.INVALID_OPERATION_TIMEOUT


class PullHasBeenAbandoned(WBEMError):
    """The enumeration was closed, or ran out of time, while a reply of it was written."""

    status = Status.PULL_HAS_BEEN_ABANDONED


class PullCannotBeAbandoned(WBEMError):
    """Another pull of the same enumeration is under way, and this one does not end it."""

    status = Status.PULL_CANNOT_BE_ABANDONED


class ContinuationOnErrorNotSupported(WBEMError):
    """An enumeration ends with its first error."""

    status = Status.CONTINUATION_ON_ERROR_NOT_SUPPORTED


class ServerLimitsExceeded(WBEMError):
    """The client asks for more than the server gives one client, or has for all of them."""

    status = Status.SERVER_LIMITS_EXCEEDED


class ServerIsShuttingDown(WBEMError):
    """The server stops and takes no new calls."""

    status = Status.SERVER_IS_SHUTTING_DOWN
