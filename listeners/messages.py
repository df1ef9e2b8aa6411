"""HTTP messages as the shell and the applications behind it exchange them."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol
from urllib.parse import quote

from virtcim.listeners.clients import Client
from virtcim.wbem.refusal import Refusal


@dataclass(slots=True)
class Request:
    """One complete request; header names are lower-case, repeated headers joined by a comma.

    `peer` is the address of the client, `version` of HTTP is "1.0" or "1.1"; `client` is what the
    connection says of it.
    """

    method: bytes
    target: bytes
    version: str
    headers: Mapping[bytes, bytes]
    body: bytes
    peer: str
    received: float
    held: int = 0  # bytes of the body that count against the limit of all bodies
    client: Client = field(default_factory=lambda: Client("-"))


def _nothing(_sent: int) -> None:
    pass


@dataclass(slots=True)
class Response:
    """An answer; `headers` are complete lines, `pieces` the body.

    `sent` is told the number of body bytes once they are handed to the transport. `cim_status`
    and `cim_description` are what a trailer says, for clients that read it before the body.
    """

    status: int
    headers: bytes = b""
    pieces: Iterable[bytes] = ()
    close: bool = False
    sent: Callable[[int], None] = field(default=_nothing)
    cim_status: int = 0
    cim_description: str = ""


class Broken(Exception):
    """Raised by the pieces of a response that cannot be written to its end; `instead` says why."""

    def __init__(self, instead: Response) -> None:
        super().__init__()
        self.instead = instead


class Application(Protocol):
    """What answers requests; a coroutine is run while the connection reads nothing further."""

    def __call__(self, request: Request) -> Response | Awaitable[Response]:
        """Answer a request; raises nothing."""


REASONS: Mapping[int, bytes] = {status.value: status.phrase.encode() for status in HTTPStatus}


def response_head(response: Response, date: bytes, framing: bytes, connection: bytes) -> bytes:
    """Return the head of a response.

    `framing` are the headers that say how long its body is, `connection` those that say whether
    another request may follow.
    """
    return b"HTTP/1.1 %d %b\r\nServer: virtcim\r\nDate: %b\r\n%b%b%b\r\n" % (
        response.status,
        REASONS[response.status],
        date,
        response.headers,
        framing,
        connection,
    )


def refuse(
    status: int, *, token: str | None = None, detail: str = "", headers: bytes = b""
) -> Response:
    """Return an answer without a body that says why in its headers (DSP0200 section 6.3.2).

    The pair CIMError and PGErrorDetail is what pywbem decodes and shows.
    """
    if token is not None:
        headers += b"CIMError: %b\r\n" % token.encode()
        headers += b"PGErrorDetail: %b\r\n" % quote(detail, safe="").encode()
    return Response(status, headers)


def refusal_response(refusal: Refusal) -> Response:
    """Return the HTTP form of a refusal of the protocol core."""
    token = None if refusal.token is None else str(refusal.token)
    return refuse(refusal.http_status, token=token, detail=refusal.detail)
