"""Refusals below CIM: messages answered by an HTTP status that never reach an operation."""

from enum import StrEnum


class CIMErrorToken(StrEnum):
    """Values of the CIMError header (DSP0200 section 6.3.2)."""

    UNSUPPORTED_PROTOCOL_VERSION = "unsupported-protocol-version"
    MULTIPLE_REQUESTS_UNSUPPORTED = "multiple-requests-unsupported"
    UNSUPPORTED_CIM_VERSION = "unsupported-cim-version"
    UNSUPPORTED_DTD_VERSION = "unsupported-dtd-version"
    REQUEST_NOT_VALID = "request-not-valid"
    REQUEST_NOT_WELL_FORMED = "request-not-well-formed"
    REQUEST_NOT_LOOSELY_VALID = "request-not-loosely-valid"
    HEADER_MISMATCH = "header-mismatch"
    UNSUPPORTED_OPERATION = "unsupported-operation"


LONGEST_DETAIL = 400
"""Characters of a detail: it goes into a header, and may quote what the client sent."""


class Refusal(Exception):
    """The message is refused with an HTTP status; `detail` is a sentence for the client.

    `token` is None where the message must not be treated as CIM at all.
    """

    def __init__(self, http_status: int, token: CIMErrorToken | None, detail: str) -> None:
        self.http_status = http_status
        self.token = token
        self.detail = detail[:LONGEST_DETAIL]
        super().__init__(self.detail)


def not_valid(detail: str) -> Refusal:
    """Return the refusal of XML that is well-formed but not what DSP0201 asks for."""
    return Refusal(400, CIMErrorToken.REQUEST_NOT_VALID, detail)


def not_well_formed(detail: str) -> Refusal:
    """Return the refusal of something that is not XML."""
    return Refusal(400, CIMErrorToken.REQUEST_NOT_WELL_FORMED, detail)


def header_mismatch(detail: str) -> Refusal:
    """Return the refusal of a message whose headers and body disagree."""
    return Refusal(400, CIMErrorToken.HEADER_MISMATCH, detail)
