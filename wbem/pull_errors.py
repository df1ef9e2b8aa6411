"""What goes wrong with pulled enumerations (DSP0200 section 5.3.2.24 and those after it)."""

from virtcim.wbem.status import Status, WBEMError


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
