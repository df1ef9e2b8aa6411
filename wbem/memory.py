"""Requests that were decoded before: clients that poll send the same bytes again and again.

Decoding is a pure function of the bytes, and nearly half of the time of a small read; so the
operations of the last messages are remembered by their bytes, the message ID left out. Only reads
are: what changes something is rare and may carry secrets, and no context of an enumeration is sent
twice.
"""

import re
from collections.abc import Callable

from virtcim.wbem.decode import Call, IntrinsicCall, read_call
from virtcim.wbem.operations import Change, Continued, Operation

MOST_REMEMBERED = 4096
LARGEST_REMEMBERED = 2048  # bytes; together at most 8 MB and the operations

# Anchored and exact: what looks like a message ID elsewhere, in a comment say, is none.
_MESSAGE_ID = re.compile(
    rb"(?:<\?xml [^<>?]*\?>\s*)?"
    rb'<CIM(?:\s+[A-Z]+="[^"<>]*")*\s*>\s*<MESSAGE\s+ID="([A-Za-z0-9_.:-]{1,64})"'
)

Remembered = tuple[str, str, str, Operation]
"""Protocol version, method name, namespace, operation."""


class RequestMemory:
    """What the reads of the last messages were; `read` decodes the others.

    A memory belongs to one way of reading: what one refuses the other may know.
    """

    def __init__(self, read: Callable[[bytes], Call] = read_call) -> None:
        self._read = read
        self._known: dict[bytes, Remembered] = {}

    def read_call(self, body: bytes) -> tuple[Call, Operation | None]:
        """Return the call, with its operation when that is remembered; raises Refusal."""
        found = _MESSAGE_ID.match(body)
        if found is not None:
            known = self._known.get(body[: found.start(1)] + body[found.end(1) :])
            if known is not None:
                version, name, namespace, operation = known
                return IntrinsicCall(found[1].decode(), version, name, namespace, ()), operation
        return self._read(body), None

    def remember(self, body: bytes, call: Call, operation: Operation) -> None:
        """Keep the operation of a call that succeeded."""
        found = _MESSAGE_ID.match(body)
        if found is None or isinstance(operation, Change | Continued):
            return
        if len(body) > LARGEST_REMEMBERED:
            return
        if len(self._known) >= MOST_REMEMBERED:
            del self._known[next(iter(self._known))]
        key = body[: found.start(1)] + body[found.end(1) :]
        self._known[key] = (call.protocol_version, call.name, call.namespace, operation)
